"""The trail: what happened to an account, written in the transaction of its cause; never what somebody typed."""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from sqlalchemy import Connection

from app.authority.changes import CHANGES
from app.authority.signs import SIGNS, Sign
from app.clients.addresses import Client
from app.config import Settings
from app.crud import events
from app.crud.events import EventRow
from app.crud.operations import current_time

Facts: TypeAlias = Mapping[str, object]  # by the names that letters have for them
NO_FACTS: Facts = MappingProxyType({})
# Others may have been typed.
KEPT_FACTS = ("left", "sessions_ended", "ended_session", "passkey", "device", "role", "former_role", "service")
NOWHERE = Client("", "")


def record(  # noqa: PLR0913 what happened to whom, when, by whom
    connection: Connection,
    settings: Settings | None,
    kind: str,
    subject: str,
    client: Client | None,
    *,
    now: datetime | None = None,
    facts: Facts = NO_FACTS,
    operator: str | None = None,
) -> bytes | None:
    """Add what happened to an account, by its public id, and return the event's id; None where none is kept."""
    if settings is not None and not settings.events_keep_days:
        return None
    at = now or current_time(connection)
    kept = {name: facts[name] for name in KEPT_FACTS if name in facts}
    event = make_event(events.make_id(at), kind, subject, client or NOWHERE, at)
    event = event._replace(facts=json.dumps(kept) if kept else None, operator=operator)
    events.insert_event(connection, event)
    return event.id


def make_event(id_: bytes, kind: str, subject: str, client: Client, at: datetime) -> EventRow:
    """Describe what happened; by whom is said by its row of the table of authority, or of signs."""
    row = CHANGES.get(kind)
    actor, outcome = Sign(row.actor, "success") if row else SIGNS[kind]
    return EventRow(
        id=id_,
        subject=subject,
        kind=kind,
        at=at,
        outcome=outcome,
        reason=None,
        times=1,
        last_at=at,
        actor=actor,
        operator=None,
        client_address=client.address,
        user_agent=client.user_agent,
        sid=client.sid,
        amr=client.amr,
        facts=None,
    )
