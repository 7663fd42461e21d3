"""Users as an operator sees them: listed, shown, found and named. Never shows a hash or a secret."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import URL, Connection

from app.clients.devices import describe_device
from app.crud import directory, passkeys, second_factors, sessions, trusted_devices
from app.crud.accounts import Addressee
from app.crud.passkeys import PasskeyRow
from app.crud.sessions import SessionRow
from app.crud.trusted_devices import TrustedDeviceRow
from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.flags import LIST_LIMIT
from CreateDB.command.terminal import align, count, say, show
from CreateDB.server.engine import make_engine

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = "never"
MOST_SESSIONS = 100  # that crud lists


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
        lists = _list_what_signs_in(connection, entry.id)
    counts = [(name, _count_listed(name, rows)) for name, rows in lists.items()]
    lines = align([*_describe(entry, codes), *counts])
    show(lines[: -len(lists)])
    for line, rows in zip(lines[-len(lists) :], lists.values(), strict=True):
        show([line, *(f"  {row}" for row in align(rows))])
    return 0


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


def _list_what_signs_in(connection: Connection, user_id: int) -> dict[str, list[tuple[str, ...]]]:
    keys = passkeys.list_passkeys(connection, user_id)
    devices = trusted_devices.list_devices(connection, user_id, LONG_AGO)
    live = sessions.list_sessions(connection, user_id, LONG_AGO, LONG_AGO)
    return {
        "passkeys": [_describe_passkey(key) for key in keys],
        "trusted devices": [_describe_device(device) for device in devices],
        "sessions": [_describe_session(session) for session in live],
    }


def _count_listed(name: str, rows: Sequence[object]) -> str:
    return f"{MOST_SESSIONS} or more" if name == "sessions" and len(rows) >= MOST_SESSIONS else str(len(rows))


def _describe_passkey(passkey: PasskeyRow) -> tuple[str, ...]:
    return (
        passkey.name,
        f"since {moment(passkey.created_at)}",
        f"last used {moment(passkey.last_used_at)}",
        "synced" if passkey.synced else "bound to a device",
    )


def _describe_device(device: TrustedDeviceRow) -> tuple[str, ...]:
    return (
        describe_device(device.user_agent),
        f"from {device.client_address}",
        f"since {moment(device.created_at)}",
        f"last used {moment(device.last_used_at)}",
        f"until {moment(device.expires_at)}",
    )


def _describe_session(session: SessionRow) -> tuple[str, ...]:
    return (
        describe_device(session.user_agent),
        f"from {session.client_address}",
        f"since {moment(session.created_at)}",
        f"last seen {moment(session.last_seen_at)}",
        "remembered" if session.remember else "",
    )
