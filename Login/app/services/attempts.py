"""Guesses at passwords and codes: counted in the database before they are judged, so that no burst outruns the count.

A counter's key is an HMAC: a copy of the database does not tell who was attacked, from where, or what was typed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from app.clients.addresses import Client
from app.crud import attempts
from app.crud.accounts import Account, Credentials
from app.errors import PasskeyInvalid, TooManyAttempts, TotpInvalid
from app.passwords.fair_queue import Party, party_of
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.mails import THROTTLED, queue_note
from app.services.notices import notify_wrong_codes
from app.services.paces import save_counts
from app.throttling.counters import Counter, hash_address, list_keys, name_counter, name_password_counters
from app.throttling.limits import CODE, CODE_DAY, EXPORT, MOVE, PASSKEY, PASSKEY_DAY, RECOVERY, Limit, find_wait

Result = TypeVar("Result")

WRONG = (TotpInvalid, PasskeyInvalid)
# So many wrong codes after a right password: in a row, and in a day, for whoever stays below that on purpose.
SUSPICIOUS_CODES = {CODE: 3, CODE_DAY: 10, PASSKEY: 3, PASSKEY_DAY: 10, RECOVERY: 3}


@dataclass(frozen=True)
class Guess:
    """A password about to be judged: what counts it, what being right clears, whose it is and who tries.

    The long counters of strangers' guesses only get this one back: the owner's logins buy no attacker a new day.
    """

    counters: tuple[Counter, ...]
    clears: tuple[bytes, ...]
    gives_back: tuple[bytes, ...]
    user_id: int  # 0 for nobody's
    public_id: str | None
    client: Client
    known: bool = False  # whether the account has signed in from there

    @property
    def party(self) -> Party:
        """Return whose turn in the hash queue it takes; nobody's account looks like one that is new to the address."""
        return party_of(self.client.address, known=self.known)


def expect_guess(
    connection: Connection, resources: Resources, account: Credentials | None, name: str, client: Client
) -> Guess:
    """Prepare to judge a password for the account of this name; refuse at once, before any queue, if it must wait.

    Where the account has signed in before, the address' own counter is all: no crowd elsewhere keeps the owner out.
    """
    keys, user_id, public_id = resources.keys, account.id if account else 0, account.public_id if account else None
    every = name_password_counters(keys, name, client.address)
    here = hash_address(keys, public_id or "", client.address)
    tallies, known = attempts.look(connection, list_keys(every), user_id, here)
    counters = (every.here,) if known else tuple(every)
    _require_turn(resources, counters, tallies, public_id)
    gives_back = () if known else (every.hour.key, every.day.key)
    return Guess(counters, (every.here.key, every.everywhere.key), gives_back, user_id, public_id, client, known)


async def judge_password(resources: Resources, guess: Guess, password: str, stored: str | None) -> bool:
    """Compare a password with a stored hash, counting it first; a right one clears its counters.

    The place in the hash queue comes before the count: what is shed there is not counted, rows grow no faster than
    hashes, and of many parallel guesses few are counted and not yet judged. It is given back before the verdict is
    written: a database far away must keep no thread from the next hash for longer than it has to.
    """
    async with resources.hashes.place(guess.party):
        is_last = await resources.database.transaction(_count, resources, guess)
        right = await resources.hashes.verify(password, stored)
    if right:
        await resources.database.transaction(_settle, guess)
    elif is_last:
        # Also about nobody's account: no time must tell whose it is.
        await resources.database.transaction(queue_note, resources, THROTTLED, guess.user_id, guess.client)
    return right


def _settle(connection: Connection, guess: Guess) -> None:
    attempts.delete_tallies(connection, guess.clears)
    if guess.gives_back:
        attempts.give_back(connection, guess.gives_back)


def expect_code(
    connection: Connection, resources: Resources, counters: tuple[Counter, ...], account: Credentials, client: Client
) -> Party:
    """Refuse at once a code that must wait, before it costs a hash; else return whose turn in the queue that takes."""
    here = hash_address(resources.keys, account.public_id, client.address)
    tallies, known = attempts.look(connection, list_keys(counters), account.id, here)
    _require_turn(resources, counters, tallies, account.public_id)
    return party_of(client.address, known=known)


async def judge_code(
    resources: Resources,
    counters: tuple[Counter, ...],
    account: Credentials | Account,
    judge: Callable[[Connection], Result],
    client: Client | None = None,
) -> Result:
    """Let `judge` look at a code of an account, or a passkey's answer, and count a wrong one; return what it returns.

    The counters are held meanwhile, so parallel guesses are judged one by one, each after the last was counted. Right
    codes are not counted at all: a form sent eight times by a nervous finger is no attack. Where a right password came
    before, from a `client`, the owner hears of wrong ones when they begin to look like one.
    """
    outcome = await resources.database.transaction(_judge_code, resources, counters, account, judge, client)
    if isinstance(outcome, WRONG):
        raise outcome
    return outcome


def settle_code(connection: Connection, counters: tuple[Counter, ...]) -> None:
    """Clear the shortest counter of the kind of code that was right, once it was spent.

    Not the others: an attacker who knows the password must not be given a new day's guesses by the owner's own logins.
    """
    attempts.delete_tallies(connection, [counters[0].key])


def count_move(connection: Connection, resources: Resources, public_id: str) -> None:
    """Count a change of address, for each mails a stranger who may know nothing of it; TooManyAttempts in the end."""
    _count_one(connection, resources, MOVE, public_id)


def count_export(connection: Connection, resources: Resources, public_id: str) -> None:
    """Count a download of everything that is stored about somebody, the dearest of all reads."""
    _count_one(connection, resources, EXPORT, public_id)


def _count_one(connection: Connection, resources: Resources, limit: Limit, public_id: str) -> None:
    counters = (name_counter(resources.keys, limit, public_id),)
    save_counts(connection, counters, _hold(connection, resources, counters, public_id))


def _count(connection: Connection, resources: Resources, guess: Guess) -> bool:
    """Count a guess on all of its counters, or on none when one makes it wait; say whether it is one's last."""
    held = _hold(connection, resources, guess.counters, guess.public_id)
    return any(tally.total == limit.amount for limit, tally in save_counts(connection, guess.counters, held).items())


def _judge_code(  # noqa: PLR0913, PLR0917 what is judged, by which counters, and who hears of it
    connection: Connection,
    resources: Resources,
    counters: tuple[Counter, ...],
    account: Credentials | Account,
    judge: Callable[[Connection], Result],
    client: Client | None,
) -> Result | TotpInvalid | PasskeyInvalid:
    """Return the refusal instead of raising it: raising would roll back the count."""
    held = _hold(connection, resources, counters, account.public_id)
    try:
        return judge(connection)
    except WRONG as error:
        counted = save_counts(connection, counters, held)
        suspicious = any(tally.guesses >= SUSPICIOUS_CODES.get(limit, math.inf) for limit, tally in counted.items())
        if client is not None and suspicious:
            notify_wrong_codes(connection, resources, account.id, client)
        return error


def _hold(
    connection: Connection, resources: Resources, counters: tuple[Counter, ...], public_id: str | None
) -> attempts.Tallies:
    """Hold counters, or refuse what one of them makes wait."""
    held = attempts.hold_tallies(connection, list_keys(counters))
    _require_turn(resources, counters, held, public_id)
    return held


def _require_turn(
    resources: Resources, counters: tuple[Counter, ...], tallies: attempts.Tallies, public_id: str | None
) -> None:
    for counter in counters if resources.settings.rate_limits_enabled else ():
        found = tallies.get(counter.key)
        if found and (wait := find_wait(counter.limit, *found)):
            whose = {"user_id": public_id} if public_id else {}
            log_event("attempt_throttled", "failure", reason=TooManyAttempts.code, limit=counter.limit.name, **whose)
            raise TooManyAttempts(retry_after=math.ceil(wait.total_seconds()))
