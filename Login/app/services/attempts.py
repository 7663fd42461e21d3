"""Guesses at passwords and codes: counted in the database before they are judged, so that no burst outruns the count.

A counter's key is an HMAC: a copy of the database does not tell who was attacked, from where, or what was typed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from app import crud
from app.clients import Client
from app.counters import (
    Counter,
    hash_address,
    name_code_counters,
    name_move_counter,
    name_password_counters,
)
from app.errors import TooManyAttempts, TotpInvalid
from app.keys import Keyrings
from app.limits import CODE, CODE_DAY, Limit, Tally, add_guess, find_end, find_wait
from app.logs import log_event
from app.resources import Resources
from app.services.mails import THROTTLED, queue_note

Result = TypeVar("Result")

# So many wrong codes after a right password: in a row, and in a day, for whoever stays below that on purpose.
SUSPICIOUS_CODES = {CODE: 3, CODE_DAY: 10}


@dataclass(frozen=True)
class Guess:
    """A password about to be judged: what counts it, what being right clears, whose it is and who tries."""

    counters: tuple[Counter, ...]
    clears: tuple[bytes, ...]
    user_id: int  # 0 for nobody's
    public_id: str | None
    client: Client


def expect_guess(
    connection: Connection, resources: Resources, account: crud.Credentials | None, name: str, client: Client
) -> Guess:
    """Prepare to judge a password for the account of this name; refuse at once, before any queue, if it must wait.

    Where the account has signed in before, the address' own counter is all: no crowd elsewhere keeps the owner out.
    """
    keys, user_id, public_id = resources.keys, account.id if account else 0, account.public_id if account else None
    here, everywhere = name_password_counters(keys, name, client.address)
    known = crud.is_known_address(connection, user_id, hash_address(keys, public_id or "", client.address))
    counters = (here,) if known else (here, everywhere)
    tallies = crud.list_tallies(connection, [counter.key for counter in counters])
    for counter in counters:
        if found := tallies.get(counter.key):
            _require_turn(resources, counter.limit, *found, public_id)
    return Guess(counters, (here.key, everywhere.key), user_id, public_id, client)


async def judge_password(resources: Resources, guess: Guess, password: str, stored: str | None) -> bool:
    """Compare a password with a stored hash, counting it first; a right one clears its counters.

    The place in the hash queue comes before the count: what is shed there is not counted, rows grow no faster than
    hashes, and of many parallel guesses only those in the hands of a hash thread are counted and not yet judged.
    """
    async with resources.hashes.place() as place:
        is_last = await resources.database.transaction(_count, resources, guess)
        right = await place.verify(password, stored)
        if right:
            await resources.database.transaction(crud.delete_tallies, guess.clears)
        elif is_last:
            await _tell_throttled(resources, guess)
    return right


async def _tell_throttled(resources: Resources, guess: Guess) -> None:
    """Leave a note for the mail worker, also about nobody's account: no time must tell whose it is."""
    await resources.database.transaction(queue_note, resources, THROTTLED, guess.user_id, guess.client)


async def judge_code(
    resources: Resources,
    public_id: str,
    judge: Callable[[Connection], Result],
    warn: Callable[[Connection], None] | None = None,
) -> Result:
    """Let `judge` look at a code of an account, and count it when it raises TotpInvalid; return what it returns.

    The counters are held meanwhile, so parallel guesses are judged one by one, each after the last was counted. Right
    codes are not counted at all: a form sent eight times by a nervous finger is no attack. `warn` is called when wrong
    ones begin to look like one.
    """
    outcome = await resources.database.transaction(_judge_code, resources, public_id, judge, warn)
    if isinstance(outcome, TotpInvalid):
        raise outcome
    return outcome


def settle_code(connection: Connection, keys: Keyrings, public_id: str) -> None:
    """Clear the shortest counter of codes, once a right one was spent.

    Not the others: an attacker who knows the password must not be given a new day's guesses by the owner's own logins.
    """
    crud.delete_tallies(connection, [name_code_counters(keys, public_id)[0].key])


def clear_attempts(connection: Connection, keys: Keyrings, public_id: str) -> None:
    """Clear what stands against an account once its password was reset by mail; call it in that transaction.

    This deletes the counters of codes. Those of passwords need nothing: `name_account` gives them new keys.
    """
    crud.delete_tallies(connection, [counter.key for counter in name_code_counters(keys, public_id)])


def count_move(connection: Connection, resources: Resources, public_id: str) -> None:
    """Count a change of address, for each mails a stranger who may know nothing of it; TooManyAttempts in the end."""
    counter = name_move_counter(resources.keys, public_id)
    _save(connection, counter, *_hold(connection, resources, counter, public_id))


def _count(connection: Connection, resources: Resources, guess: Guess) -> bool:
    """Count a guess on all of its counters, or on none when one makes it wait; say whether it is one's last."""
    is_last = False
    for counter in sorted(guess.counters, key=lambda counter: counter.key):  # one order for all: no deadlocks
        counted = _save(connection, counter, *_hold(connection, resources, counter, guess.public_id))
        is_last |= counted.guesses == counter.limit.amount
    return is_last


def _judge_code(
    connection: Connection,
    resources: Resources,
    public_id: str,
    judge: Callable[[Connection], Result],
    warn: Callable[[Connection], None] | None,
) -> Result | TotpInvalid:
    """Return the refusal instead of raising it: raising would roll back the count."""
    counters = name_code_counters(resources.keys, public_id)
    held = [(counter, *_hold(connection, resources, counter, public_id)) for counter in counters]
    try:
        return judge(connection)
    except TotpInvalid as error:
        counted = {counter.limit: _save(connection, counter, tally, now).guesses for counter, tally, now in held}
        if warn is not None and any(counted[limit] >= enough for limit, enough in SUSPICIOUS_CODES.items()):
            warn(connection)
        return error


def _hold(
    connection: Connection, resources: Resources, counter: Counter, public_id: str | None
) -> tuple[Tally, datetime]:
    tally, now = crud.hold_tally(connection, counter.key)
    _require_turn(resources, counter.limit, tally, now, public_id)
    return tally, now


def _save(connection: Connection, counter: Counter, tally: Tally, now: datetime) -> Tally:
    counted = add_guess(counter.limit, tally, now)
    crud.save_tally(connection, counter.key, counted, find_end(counter.limit, counted))
    return counted


def _require_turn(resources: Resources, limit: Limit, tally: Tally, now: datetime, public_id: str | None) -> None:
    seconds = find_wait(limit, tally, now).total_seconds()
    if seconds > 0 and resources.settings.rate_limits_enabled:
        whose = {"user_id": public_id} if public_id else {}
        log_event("attempt_throttled", "failure", reason=TooManyAttempts.code, limit=limit.name, **whose)
        raise TooManyAttempts(retry_after=math.ceil(seconds))
