"""Users as an operator changes them: shut out, let in, signed out, given a role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import TypeAlias

from sqlalchemy import URL, Connection

from app.authority.changes import CHANGES
from app.crud import accounts, passkeys, sessions, trusted_devices
from app.crud.accounts import Addressee
from app.crud.operations import current_time
from CreateDB.command.arguments import Arguments
from CreateDB.command.terminal import count, say
from CreateDB.server.engine import transaction
from CreateDB.users.accounts import find_one, moment, name
from CreateDB.users.telling import log_change, record_change, tell_owner, tell_receiver


@dataclass(frozen=True)
class Change:
    """What was done: a sentence for the operator, and facts for the log unless nothing changed."""

    sentence: str
    event: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    row: str | None = None  # of the table of authority: the owner hears of it


Work: TypeAlias = Callable[[Arguments, Connection, Addressee], Change]


def changes_one(work: Work) -> Callable[[Arguments, URL], int]:
    """Make a task of what changes one account: done in one transaction, then logged and said."""

    @wraps(work)
    def do(arguments: Arguments, url: URL) -> int:
        with transaction(url, echo=arguments.echo) as connection:
            entry = find_one(connection, arguments.who)
            done = work(arguments, connection, entry)
            why_not = _conclude(connection, done.row, entry, done.facts) if done.row else None
            untold = tell_receiver(connection, done.row, entry.public_id, done.facts) if done.row else None
        mailed = {"owner_mailed": not why_not} if done.row else {}
        if done.event is not None:
            log_change(done.event, user_id=entry.public_id, **done.facts, **mailed)
        told = f"No mail was sent ({why_not}): tell the owner." if why_not else "A mail to the owner is in the queue."
        say(f"{done.sentence} {told}" if done.row else done.sentence)
        if untold:
            say(f"If the API has a WEBHOOK_URL, no webhook tells of it ({untold}).")
        return 0

    return do


def _conclude(connection: Connection, row: str, entry: Addressee, facts: Mapping[str, object]) -> str | None:
    if CHANGES[row].untrusts:
        trusted_devices.forget_devices(connection, entry.id)
    event_id = record_change(connection, row, entry.public_id, facts)
    return tell_owner(connection, row, event_id, entry.id, facts)


@changes_one
def disable_user(_arguments: Arguments, connection: Connection, entry: Addressee) -> Change:
    """Do --disable-user: the API asks for this at every call, so it takes effect at once."""
    if entry.disabled_at is not None:
        return Change(f"{name(entry)} has been disabled since {moment(entry.disabled_at)}.")
    now, reason = current_time(connection), CHANGES["account.disabled"].reason
    accounts.update_user(connection, entry.id, disabled_at=now)
    ended = sessions.end_sessions(connection, entry.id, reason, now)
    text = f"{name(entry)} is disabled; {_sessions_ended(ended)}."
    return Change(text, "user_disabled", {"sessions_ended": ended}, row="account.disabled")


@changes_one
def enable_user(_arguments: Arguments, connection: Connection, entry: Addressee) -> Change:
    """Do --enable-user."""
    if entry.disabled_at is None:
        return Change(f"{name(entry)} is not disabled.")
    accounts.update_user(connection, entry.id, disabled_at=None)
    return Change(f"{name(entry)} may log in again.", "user_enabled", row="account.enabled")


@changes_one
def end_sessions(_arguments: Arguments, connection: Connection, entry: Addressee) -> Change:
    """Do --end-sessions."""
    reason, now = CHANGES["sessions.ended"].reason, current_time(connection)
    ended = sessions.end_sessions(connection, entry.id, reason, now)
    text = f"{name(entry)}: {_sessions_ended(ended)}."
    if not ended and not trusted_devices.forget_devices(connection, entry.id):
        return Change(text)
    return Change(text, "user_sessions_ended", {"sessions_ended": ended}, row="sessions.ended")


@changes_one
def set_role(arguments: Arguments, connection: Connection, entry: Addressee) -> Change:
    """Do --set-role."""
    if entry.role == arguments.role:
        return Change(f"{name(entry)} has the role {entry.role} already.")
    accounts.update_user(connection, entry.id, role=arguments.role)
    facts = {"role": arguments.role, "former_role": entry.role}
    text = f"{name(entry)} has the role {arguments.role} now, and had {entry.role}."
    return Change(text, "user_role_set", facts, row="account.role_set")


@changes_one
def reset_second_factor(_arguments: Arguments, connection: Connection, entry: Addressee) -> Change:
    """Do --reset-second-factor: for somebody who has lost the device and the recovery codes."""
    if not passkeys.remove_factors(connection, entry.id):
        return Change(f"{name(entry)} has no second factor.")
    return Change(
        f"{name(entry)} has no second factor any more: the password alone signs in. "
        "Add --end-sessions in a second run to sign the lost device out.",
        "user_second_factor_reset",
        row="factor.totp.reset",
    )


def _sessions_ended(number: int) -> str:
    return f"{count(number, 'session') if number else 'no sessions'} ended"
