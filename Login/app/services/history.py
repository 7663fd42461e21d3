"""A person's own history: what happened to the account, page by page."""

import json
import uuid

from sqlalchemy import Connection

from app.authority.letters import Link
from app.clients.devices import describe_device
from app.config import Settings
from app.crud import events, one_time_tokens
from app.crud.events import EventRow
from app.crud.sessions import Principal
from app.errors import EventNotFound
from app.event_schemas import EventInfo, EventList, EventQuery
from app.resources import Resources
from app.services.own_account import find_account


async def list_own(resources: Resources, principal: Principal, query: EventQuery) -> EventList:
    """List what happened to the caller's account, the latest first."""
    return await resources.database.read(_find_own, resources.settings, principal, query)


def _find_own(connection: Connection, settings: Settings, principal: Principal, query: EventQuery) -> EventList:
    before = read_id(query.before) if query.before else None
    rows = events.list_events(connection, principal.account.public_id, before, query.kind, query.limit + 1)
    told = one_time_tokens.list_told(connection, principal.account.id, Link.DISOWN)
    page = rows[: query.limit]
    infos = [describe_event(row, principal, is_told=row.id in told) for row in page]
    account = find_account(connection, settings, principal) if query.include else None
    return EventList(events=infos, next=infos[-1].id if len(rows) > query.limit else None, account=account)


def describe_event(row: EventRow, principal: Principal, *, is_told: bool) -> EventInfo:
    """Tell a person what happened; which operator it was is the operators' own matter."""
    return EventInfo(
        id=str(uuid.UUID(bytes=row.id)),
        kind=row.kind,
        at=row.at,
        last_at=row.last_at,
        count=row.times,
        outcome=row.outcome,
        reason=row.reason,
        actor=row.actor,
        client_address=row.client_address or None,
        label=describe_device(row.user_agent) if row.client_address else None,
        session_id=row.sid,
        current=row.sid == principal.session.sid,
        amr=row.amr.split() if row.amr else [],
        facts=json.loads(row.facts or "{}"),
        can_disown=is_told and can_disown(row.kind),
    )


def read_id(text: str) -> bytes:
    """Read an event's id; EventNotFound for what is none."""
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        raise EventNotFound from None


def can_disown(kind: str | None) -> bool:
    """Whether a change can be taken back by whoever is signed in; the address is the mailbox' to move."""
    return kind is not None and not kind.startswith("email.")
