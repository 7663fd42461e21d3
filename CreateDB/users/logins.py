"""Why somebody cannot log in now, and until when; and forgetting the failures that make them wait."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import URL, Connection

from app.config import Settings
from app.crud import accounts, attempts, directory
from app.crud.accounts import Addressee, Credentials
from app.secrets.encryption import UnreadableSecret, decrypt
from app.secrets.keys import Keyrings
from app.throttling.counters import (
    Counter,
    hash_address,
    list_keys,
    name_account,
    name_code_counters,
    name_passkey_counters,
    name_password_counters,
    name_recovery_counters,
)
from app.throttling.limits import Tally, find_wait, look_at
from CreateDB.command.api_settings import load_for, make_keys
from CreateDB.command.arguments import Arguments
from CreateDB.command.terminal import count, say, show
from CreateDB.server.engine import make_engine
from CreateDB.users.accounts import find_one, moment, name
from CreateDB.users.changes import Change, changes_one
from CreateDB.users.events import describe_sign_ins

CLEAR = "--clear-throttle lets them try at once"
# The rows are hashes: an address can be looked up, never listed.
ONE_ADDRESS = "Each client address has a counter of its own: --from ADDRESS looks at one (the API's log names them)."


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way, and what an operator can do about it."""

    text: str
    remedy: str


@dataclass(frozen=True)
class Counted:
    """A counter, and what it counts in words."""

    what: str
    counter: Counter
    binds: bool = True


Failures: TypeAlias = list[tuple[Counted, Tally, datetime]]  # each with the time of the database


def explain_login(arguments: Arguments, url: URL) -> int:
    """Do --explain-login: status 1 if anything stands in the way."""
    settings = load_for(url)
    keys = make_keys(settings)
    with make_engine(url, echo=arguments.echo).connect() as connection:
        if not directory.find_entries(connection, arguments.who):
            return _explain_unknown(connection, arguments, settings, keys)
        entry = find_one(connection, arguments.who)
        account = accounts.find_credentials(connection, {"id": entry.id})
        failures = _read(connection, list(_list_counters(connection, keys, entry, arguments.from_address)))
        history = describe_sign_ins(connection, entry)
    obstacles = [*_find_standing(settings, keys, entry, account), *_find_waits(settings, failures)]
    hint = [] if arguments.from_address else [ONE_ADDRESS]
    _print(name(entry), obstacles, [*_describe_counts(failures), *history, *hint])
    return 1 if obstacles else 0


@changes_one
def clear_throttle(arguments: Arguments, connection: Connection, entry: Addressee) -> Change:
    """Do --clear-throttle: for all addresses together, for codes, and for each address that is known or given."""
    keys = make_keys(load_for(connection.engine.url))
    counted = list(_list_counters(connection, keys, entry, arguments.from_address))
    found = len(_read(connection, counted))
    rows = list_keys(one.counter for one in counted)
    attempts.delete_tallies(connection, [row for pair in rows.items() for row in pair if row])
    if not found:
        return Change(f"{name(entry)}: no failures are counted. {'' if arguments.from_address else ONE_ADDRESS}")
    text = f"{name(entry)} may try again at once: {count(found, 'counter')} cleared."
    return Change(text, "user_throttle_cleared", {"counters": found})


def _list_counters(connection: Connection, keys: Keyrings, entry: Addressee, address: str | None) -> Iterator[Counted]:
    """List the counters of an account: of one address if given, else of all that its sessions came from.

    The rows do not tell their addresses, so an address that we are not told of cannot be looked for.
    """
    title, id_ = name_account(entry), entry.public_id
    for one in [address] if address else directory.list_addresses(connection, entry.id):
        yield Counted(f"passwords from {one}", name_password_counters(keys, title, one).here)
        for counter in name_recovery_counters(keys, id_, one):
            yield Counted(f"recovery codes from {one}", counter)
        for counter in name_passkey_counters(keys, id_, one):
            yield Counted(f"passkeys from {one} in {_span(counter)}", counter)
    known = address and attempts.is_known_address(connection, entry.id, hash_address(keys, id_, address))
    for counter in name_password_counters(keys, title, address or "127.0.0.1")[1:]:
        what = f"passwords from addresses that are new to the account in {_span(counter)}"
        yield Counted(what, counter, binds=not known)
    for counter in name_code_counters(keys, id_):
        yield Counted(f"codes of the second factor in {_span(counter)}", counter)
    for counter in name_passkey_counters(keys, id_):
        yield Counted(f"answers of passkeys in {_span(counter)}", counter)


def _span(counter: Counter) -> str:
    minutes = int(counter.limit.window.total_seconds()) // 60
    return {60: "an hour", 24 * 60: "a day"}.get(minutes, f"{minutes} minutes")


def _find_standing(
    settings: Settings, keys: Keyrings, entry: Addressee, account: Credentials | None
) -> Iterator[Obstacle]:
    """Find what does not pass by itself."""
    if entry.disabled_at is not None:
        yield Obstacle(f"The account is disabled since {moment(entry.disabled_at)}.", "--enable-user lets it in again")
    if settings.needs_verified_email and entry.email_verified_at is None:
        yield Obstacle(
            "The email address is not verified, and REQUIRE_VERIFIED_EMAIL or PREVENT_ENUMERATION asks for it.",
            "the owner opens the link in the mail; each login with the right password sends another",
        )
    if account is not None and account.password_hash is None:
        yield Obstacle("The account has no password.", "the owner asks for a password reset")
    if account is not None and account.totp_secret and not _is_readable(account, keys):
        yield Obstacle(
            "No configured key opens the account's second factor.",
            "put the key back into TOTP_ENCRYPTION_KEYS, or --reset-second-factor",
        )


def _is_readable(account: Credentials, keys: Keyrings) -> bool:
    try:
        decrypt(account.totp_secret or "", f"totp:{account.public_id}", keys.secrets)
    except UnreadableSecret:
        return False
    return True


def _find_waits(settings: Settings, failures: Failures) -> Iterator[Obstacle]:
    """Find what passes by itself, and when."""
    if not settings.rate_limits_enabled:
        return
    for one, tally, now in failures:
        if one.binds and (wait := find_wait(one.counter.limit, tally, now)):
            text = f"{_guesses(tally)} at {one.what}: the next is judged at {moment(now + wait)}, in {_last(wait)}."
            yield Obstacle(text, CLEAR)


def _describe_counts(failures: Failures) -> list[str]:
    """Tell of failures that do not stand in the way yet."""
    return [
        f"{_guesses(tally)} at {one.what}; {one.counter.limit.amount} are allowed."
        for one, tally, now in failures
        if not (one.binds and find_wait(one.counter.limit, tally, now))
    ]


def _read(connection: Connection, counted: list[Counted]) -> Failures:
    """Read the counters that still count something, each with the time."""
    tallies = attempts.list_tallies(connection, list_keys(one.counter for one in counted))
    found = [(one, *tallies[one.counter.key]) for one in counted if one.counter.key in tallies]
    current = [(one, look_at(one.counter.limit, tally, now), now) for one, tally, now in found]
    return [failure for failure in current if failure[1].total]


def _last(wait: timedelta) -> str:
    """Write how long, rounded up."""
    minutes, seconds = divmod(math.ceil(wait.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _guesses(tally: Tally) -> str:
    return count(tally.total, "failed guess", "es")


def _explain_unknown(connection: Connection, arguments: Arguments, settings: Settings, keys: Keyrings) -> int:
    """Explain what a name that nobody has is answered: failures are counted for it all the same."""
    here, *everywhere = name_password_counters(
        keys, name_account(None, arguments.who), arguments.from_address or "127.0.0.1"
    )
    counted = [Counted(f"this name from anywhere in {_span(counter)}", counter) for counter in everywhere]
    if arguments.from_address:
        counted.append(Counted(f"this name from {arguments.from_address}", here))
    unknown = Obstacle(
        "No account has this email, username or public id: the answer is invalid_credentials.",
        "look for it by --list-users --like TEXT",
    )
    _print(repr(arguments.who), [unknown, *_find_waits(settings, _read(connection, counted))], [])
    return 1


def _print(who: str, obstacles: list[Obstacle], notes: list[str]) -> None:
    say(f"{who} is kept from logging in:" if obstacles else f"Nothing that is kept here stops {who} from logging in.")
    for obstacle in obstacles:
        show([f"  - {obstacle.text}", f"    -> {obstacle.remedy}"])
    show(f"  {note}" for note in notes)
