"""--events: what happened to an account or to all, the latest first; and what of it tells why somebody is kept out."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import URL, Connection

from app.clients.devices import describe_device
from app.crud import directory
from app.crud.accounts import Addressee
from app.crud.event_search import PAGE, Found, Wanted, find_events, has_events
from app.crud.events import EventRow
from app.crud.operations import current_time
from app.errors import ApiError
from CreateDB.command.arguments import Arguments
from CreateDB.command.flags import LIST_LIMIT
from CreateDB.command.terminal import align, count, say, show
from CreateDB.server.engine import make_engine
from CreateDB.users.accounts import find_one, moment

EVERYBODY = "all"
HEAD = ("WHEN (UTC)", "WHO", "KIND", "BY", "FROM", "DEVICE", "DETAILS")
LAST_FEW = 5


def show_events(arguments: Arguments, url: URL) -> int:
    """Do --events."""
    with make_engine(url, echo=arguments.echo).connect() as connection:
        found = find_events(connection, _read_wanted(connection, arguments))
        if arguments.json:
            show(json.dumps(_make_object(one)) for one in found)  # each as it comes, and in ASCII: no byte steers
        else:
            _print(found, arguments.limit or LIST_LIMIT)
    return 0


def _read_wanted(connection: Connection, arguments: Arguments) -> Wanted:
    since, everything = arguments.since, arguments.json and not arguments.limit
    return Wanted(
        subject=None if arguments.who == EVERYBODY else _find_subject(connection, arguments.who),
        kinds=arguments.kind,
        address=arguments.address,
        since=current_time(connection) - since if isinstance(since, timedelta) else since,
        limit=None if everything else arguments.limit or LIST_LIMIT,
    )


def _find_subject(connection: Connection, who: str) -> str:
    """Find whose events are meant: an account's, or of a public id that is nobody's any more."""
    if who and not directory.find_entries(connection, who) and has_events(connection, who):
        return who
    return find_one(connection, who).public_id


def _print(found: Iterator[Found], limit: int) -> None:
    """Print a table, laid out page by page."""
    shown = 0
    while rows := [_list_one(one) for one in islice(found, PAGE)]:
        if not show(align([HEAD, *rows])[bool(shown) :]):
            return
        shown += len(rows)
    say(f"{count(shown, 'event')} shown, the latest first{'; --limit N shows more' if shown == limit else ''}.")


def _list_one(found: Found) -> tuple[str, ...]:
    event = found.event
    return (
        f"{event.at:%Y-%m-%d %H:%M:%S}",
        found.email or event.subject or "-",
        event.kind,
        f"{event.actor} {event.operator}" if event.operator else event.actor,
        event.client_address or "-",
        describe_device(event.user_agent) if event.user_agent else "-",
        ", ".join(_list_details(event)),
    )


def _list_details(event: EventRow) -> Iterator[str]:
    if event.reason:
        yield event.reason
    if event.times > 1:
        yield f"{event.times} times until {event.last_at:%H:%M:%S}"
    yield from (f"{name}={value}" for name, value in json.loads(event.facts or "{}").items())


def _make_object(found: Found) -> dict[str, object]:
    """Make what --json says; a name keeps its meaning from version to version."""
    event = found.event
    return {
        "id": str(uuid.UUID(bytes=event.id)),
        "at": event.at.isoformat(timespec="microseconds"),
        "last_at": event.last_at.isoformat(timespec="microseconds"),
        "count": event.times,
        "user_id": event.subject or None,
        "email": found.email,
        "kind": event.kind,
        "outcome": event.outcome,
        "reason": event.reason,
        "actor": event.actor,
        "operator": event.operator,
        "client_address": event.client_address or None,
        "user_agent": event.user_agent or None,
        "session_id": event.sid,
        "amr": event.amr.split() if event.amr else [],
        "facts": json.loads(event.facts or "{}"),
    }


def describe_sign_ins(connection: Connection, entry: Addressee) -> list[str]:
    """Tell of an account's last sign-in and of the last few that were refused, and why."""
    refused, started = (
        list(find_events(connection, Wanted(entry.public_id, kinds=(kind,), limit=limit)))
        for kind, limit in (("session.refused", LAST_FEW), ("session.started", 1))
    )
    last = started[0].event if started else None
    text = f"{moment(last.at)} {_describe_place(last)}" if last else moment(entry.last_login_at)
    return [*(_describe_refusal(one.event) for one in refused), f"Last sign-in: {text}."]


def _describe_refusal(event: EventRow) -> str:
    times = f", {event.times} times until {event.last_at:%H:%M:%S}" if event.times > 1 else ""
    return f"Refused {moment(event.at)} {_describe_place(event)}{times}: {_explain(event.reason)}"


def _describe_place(event: EventRow) -> str:
    return f"from {event.client_address} ({describe_device(event.user_agent)})"


def _explain(reason: str | None) -> str:
    """Give the sentence that the person was told."""
    for kind in _list_refusals(ApiError):
        if kind.code == reason:
            return kind.detail
    return f"{reason}."


def _list_refusals(family: type[ApiError]) -> Iterator[type[ApiError]]:
    for kind in family.__subclasses__():
        yield kind
        yield from _list_refusals(kind)
