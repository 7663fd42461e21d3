"""Time that passes for sessions and tokens without anybody waiting."""

import time
from datetime import UTC, datetime, timedelta

from app import auth
from app.config import Settings
from app.secrets.keys import make_keyrings
from testing.api import RunSql
from testing.mail import Mailbox


def age(sql: RunSql, column: str, seconds: float) -> None:
    """Move a time of every session into the past, as waiting would."""
    _move(sql, "sessions", (column,), seconds)


def hold_pause(sql: RunSql) -> None:
    """Let a pause after wrong passwords last, however slow the machine: until a minute from now no time passes."""
    ahead = f"{datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%d %H:%M:%S.%f}"
    sql("UPDATE attempts SET last_at = :then, window_started_at = :then", then=ahead)


def age_counters(sql: RunSql, seconds: float) -> None:
    """Let so much time pass for all counters of guesses."""
    names = ("window_started_at", "last_at", "expires_at")
    rows = [
        {"key": key} | {name: _earlier(moment, seconds) for name, moment in zip(names, moments, strict=True)}
        for key, *moments in sql(f"SELECT key_hash, {', '.join(names)} FROM attempts")  # noqa: S608 our own column names
    ]
    changes = ", ".join(f"{name} = :{name}" for name in names)
    if rows:
        sql(f"UPDATE attempts SET {changes} WHERE key_hash = :key", rows)  # noqa: S608 likewise


def let_a_minute_pass(sql: RunSql, mailbox: Mailbox) -> None:
    """Let what was held back for a minute go out, and what comes next be told at once."""
    earlier = f"{datetime.now(UTC) - timedelta(seconds=61):%Y-%m-%d %H:%M:%S.%f}"
    sql("UPDATE mails SET next_try_at = :then WHERE state = 'queued'", then=earlier)
    mailbox.read()
    sql("UPDATE mails SET created_at = :then", then=earlier)


def age_mails(sql: RunSql, seconds: float) -> None:
    """Let so much time pass for mails and for the links in them."""
    _move(sql, "mails", ("created_at", "next_try_at"), seconds)
    _move(sql, "one_time_tokens", ("created_at", "expires_at"), seconds)


def issued_earlier(settings: Settings, refresh_token: str, seconds: float) -> str:
    """Make the same refresh token as it would be, had it been issued so long ago."""
    ring = make_keyrings(settings.signing_secrets, []).tokens
    claims = auth.decode_token("refresh", refresh_token, ring)
    return auth.encode_token("refresh", {**claims, "iat": claims["iat"] - seconds}, ring)


def ending_in(settings: Settings, access_token: str, seconds: float) -> str:
    """Make the same access token as it would be, had it so many seconds to live."""
    ring = make_keyrings(settings.signing_secrets, []).tokens
    claims = auth.decode_token("access", access_token, ring)
    moved = int(time.time() + seconds) - claims["exp"]
    return auth.encode_token("access", {**claims, "iat": claims["iat"] + moved, "exp": claims["exp"] + moved}, ring)


def _move(sql: RunSql, table: str, names: tuple[str, ...], seconds: float) -> None:
    """Move moments of every row into the past."""
    for row_id, *moments in sql(f"SELECT id, {', '.join(names)} FROM {table}"):  # noqa: S608 our own names
        earlier = {name: _earlier(moment, seconds) for name, moment in zip(names, moments, strict=True)}
        changes = ", ".join(f"{name} = :{name}" for name in names)
        sql(f"UPDATE {table} SET {changes} WHERE id = :id", id=row_id, **earlier)  # noqa: S608 likewise


def _earlier(moment: object, seconds: float) -> str:
    earlier = datetime.fromisoformat(str(moment)) - timedelta(seconds=seconds)
    return earlier.isoformat(sep=" ", timespec="microseconds")
