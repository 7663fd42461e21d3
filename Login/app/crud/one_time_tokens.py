"""Queries on the links that mails carry, each good once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from app.crud.clock import utc_horizon, utc_now
from app.crud.operations import insert_row
from app.models import OneTimeToken, metadata

tokens = metadata.tables["one_time_tokens"]


class Link(NamedTuple):
    """What a link from a mail stands for."""

    id: int
    purpose: str
    user_id: int
    email: str
    email_key: str
    event: str | None
    former: Mapping[str, str | None]
    created_at: datetime


_COLUMNS = [tokens.c[name] for name in Link._fields]


def insert_token(connection: Connection, token: OneTimeToken) -> None:
    """Keep a new link."""
    insert_row(connection, token)


def find_link(connection: Connection, token_hash: bytes, *purposes: str) -> Link | None:
    """Look at a live link without using it."""
    return _find(connection, purposes, tokens.c.token_hash == token_hash)


def take_link(connection: Connection, token_hash: bytes, *purposes: str) -> Link | None:
    """Use a live link up; of rivals a single one succeeds."""
    link = find_link(connection, token_hash, *purposes)
    return link if link is not None and _use(connection, link) else None


def take_link_of_event(connection: Connection, user_id: int, event_id: bytes, purpose: str) -> Link | None:
    """Use up an account's live link that tells of an event."""
    link = _find(connection, [purpose], tokens.c.user_id == user_id, tokens.c.event_id == event_id)
    return link if link is not None and _use(connection, link) else None


def list_told(connection: Connection, user_id: int, purpose: str) -> set[bytes]:
    """List the events that an account's live links tell of."""
    live = select(tokens.c.event_id).where(tokens.c.user_id == user_id, tokens.c.purpose == purpose, _has_not_expired())
    return set(connection.execute(live.where(tokens.c.event_id.is_not(None))).scalars())


def find_way_back(connection: Connection, purpose: str, user_id: int, *, beside: str) -> Link | None:
    """Find the oldest live link of a purpose that a mailbox of an account other than `beside` has received."""
    return _find(connection, [purpose], tokens.c.user_id == user_id, tokens.c.email_key != beside)


def find_link_to(connection: Connection, purpose: str, user_id: int, email_key: str) -> Link | None:
    """Find the oldest live link of a purpose that an account's mailbox has received."""
    return _find(connection, [purpose], tokens.c.user_id == user_id, tokens.c.email_key == email_key)


def find_reservation(connection: Connection, purpose: str, email_key: str, own: int = 0) -> Link | None:
    """Find a live link of a purpose by which an account other than `own` may claim this address."""
    return _find(connection, [purpose], tokens.c.email_key == email_key, tokens.c.user_id != own)


def is_claimed(connection: Connection, username_key: str, own: int) -> bool:
    """Whether an account other than `own` had this username lately, and may take it back."""
    query = select(tokens.c.id).where(tokens.c.username_key == username_key, tokens.c.user_id != own)
    return connection.execute(query.where(_has_not_expired()).limit(1)).first() is not None


def void_links(connection: Connection, user_id: int, purposes: Iterable[str], *, since: datetime | None = None) -> None:
    """Delete an account's links of these purposes, all or those made since then."""
    query = delete(tokens).where(tokens.c.user_id == user_id, tokens.c.purpose.in_(list(purposes)))
    connection.execute(query if since is None else query.where(tokens.c.created_at >= since))


def _find(connection: Connection, purposes: Sequence[str], *conditions: ColumnElement[bool]) -> Link | None:
    """Find the oldest live link of these purposes."""
    live = select(*_COLUMNS).where(tokens.c.purpose.in_(purposes), _has_not_expired(), *conditions)
    row = connection.execute(live.order_by(tokens.c.created_at).limit(1)).one_or_none()
    return None if row is None else Link._make(row)._replace(former=json.loads(row.former or "{}"))


def _use(connection: Connection, link: Link) -> bool:
    used = delete(tokens).where(tokens.c.id == link.id, _has_not_expired())
    return connection.execute(used).rowcount == 1


def _has_not_expired() -> ColumnElement[bool]:
    """Be alive, and not made while the clock was ahead: such a link would live until then."""
    return and_(tokens.c.expires_at > utc_now(), tokens.c.created_at <= utc_horizon())
