"""Users as an operator manages them: listed, shown, shut out, let in, signed out. Never shows a hash or a secret."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from typing import TypeAlias

from sqlalchemy import URL, Connection

from app.authority.changes import CHANGES
from app.clients.devices import describe_device
from app.crud import accounts, directory, passkeys, second_factors, sessions, trusted_devices
from app.crud.accounts import Addressee
from app.crud.operations import current_time
from app.crud.passkeys import PasskeyRow
from app.crud.sessions import SessionRow
from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.flags import LIST_LIMIT
from CreateDB.command.terminal import align, count, say, show
from CreateDB.server.engine import make_engine, transaction
from CreateDB.users.telling import log_change, record_change, tell_owner, tell_receiver

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = "never"
MOST_SESSIONS = 100  # that crud lists


@dataclass(frozen=True)
class Change:
    """What was done: a sentence for the operator, and facts for the log unless nothing changed."""

    sentence: str
    event: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    row: str | None = None  # of the table of authority: the owner hears of it


Work: TypeAlias = Callable[[Arguments, Connection, Addressee], Change]


def list_users(arguments: Arguments, url: URL) -> int:
    """Do --list-users."""
    with make_engine(url, echo=arguments.echo).connect() as connection:
        entries = directory.list_entries(connection, arguments.like, arguments.limit or LIST_LIMIT)
        total = directory.count_entries(connection)
    head = ("PUBLIC ID", "EMAIL", "USERNAME", "ROLE", "2FA", "LAST LOGIN", "STATE")
    rows = [_list_one(entry) for entry in entries]
    show(align([head, *rows]) if rows else [])
    matching = f" with {arguments.like!r}" if arguments.like else ""
    say(f"{len(rows)} shown{matching}, {total} in all.")
    return 0


def show_user(arguments: Arguments, url: URL) -> int:
    """Do --show-user."""
    with make_engine(url, echo=arguments.echo).connect() as connection:
        entry = find_one(connection, arguments.who)
        codes = second_factors.count_recovery_codes(connection, entry.id)
        keys = passkeys.list_passkeys(connection, entry.id)
        live = sessions.list_sessions(connection, entry.id, LONG_AGO, LONG_AGO)
    number = f"{MOST_SESSIONS} or more" if len(live) >= MOST_SESSIONS else str(len(live))
    *lines, last = align([*_describe(entry, codes), ("passkeys", str(len(keys))), ("sessions", number)])
    show(lines)
    show(f"  {line}" for line in align([_describe_passkey(key) for key in keys]))
    show([last])
    show(f"  {line}" for line in align([_describe_session(session) for session in live]))
    return 0


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


def find_one(connection: Connection, who: str) -> Addressee:
    """Find the one account that is meant, or raise OperatorError."""
    entries = directory.find_entries(connection, who)
    if not entries:
        raise OperatorError(f"No account has the email, username or public id {who!r}. Try --list-users --like TEXT.")
    if len(entries) > 1:
        raise OperatorError(f"{who!r} is one account's username and another's public id: give the email instead.")
    return entries[0]


def name(entry: Addressee) -> str:
    """Name an account for a person."""
    return f"{entry.email} ({entry.public_id})"


def moment(time: datetime | None) -> str:
    """Write a time as operators read it."""
    return NEVER if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _sessions_ended(number: int) -> str:
    return f"{count(number, 'session') if number else 'no sessions'} ended"


def _list_one(entry: Addressee) -> tuple[str, ...]:
    state = "disabled" if entry.disabled_at else "" if entry.email_verified_at else "email not verified"
    second = "yes" if entry.has_totp or entry.passkey_count else "no"
    last = f"{entry.last_login_at:%Y-%m-%d %H:%M}" if entry.last_login_at else NEVER
    return (entry.public_id, entry.email, entry.username or "-", entry.role, second, last, state)


def _describe(entry: Addressee, codes: int) -> list[tuple[str, str]]:
    kind = "on" if entry.has_totp else "passkeys only" if entry.passkey_count else ""
    second = f"{kind}, {count(codes, 'recovery code')} left" if kind else "off"
    return [
        ("public id", entry.public_id),
        ("email", entry.email),
        ("email verified", moment(entry.email_verified_at) if entry.email_verified_at else "no"),
        ("username", entry.username or "-"),
        ("role", entry.role),
        ("second factor", second),
        ("created", moment(entry.created_at)),
        ("last login", moment(entry.last_login_at)),
        ("password set", moment(entry.password_changed_at)),
        ("disabled", f"since {moment(entry.disabled_at)}" if entry.disabled_at else "no"),
    ]


def _describe_passkey(passkey: PasskeyRow) -> tuple[str, ...]:
    return (
        passkey.name,
        f"since {moment(passkey.created_at)}",
        f"last used {moment(passkey.last_used_at)}",
        "synced" if passkey.synced else "bound to a device",
    )


def _describe_session(session: SessionRow) -> tuple[str, ...]:
    return (
        describe_device(session.user_agent),
        f"from {session.client_address}",
        f"since {moment(session.created_at)}",
        f"last seen {moment(session.last_seen_at)}",
        "remembered" if session.remember else "",
    )
