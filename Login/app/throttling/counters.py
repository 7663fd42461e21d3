"""Which counters a guess is held to: pure naming, for those who count and for those who look.

A counter's key is an HMAC: a copy of the database does not tell who was attacked, from where, or what was typed.
"""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from app.clients.addresses import group_address
from app.identifiers import login_keys
from app.secrets.keys import Keyrings
from app.throttling import limits
from app.throttling.limits import Limit


class NamedAccount(Protocol):
    """What names an account, whichever query found it."""

    @property
    def public_id(self) -> str:
        """Return its id outside."""

    @property
    def password_changed_at(self) -> datetime:
        """Return since when its password is valid."""


@dataclass(frozen=True)
class Counter:
    """A row of `attempts` and the limit that it is held to; the window before a long one has a row of its own."""

    key: bytes
    limit: Limit

    @property
    def before(self) -> bytes | None:
        """Return the key of the window before, where that counts too."""
        return hashlib.sha256(self.key).digest() if self.limit.by_first else None


class PasswordCounters(NamedTuple):
    """What counts the passwords at one account: those of this address, and those of all that are new to it."""

    here: Counter
    everywhere: Counter
    hour: Counter
    day: Counter


def list_keys(counters: Iterable[Counter]) -> dict[bytes, bytes | None]:
    """Return the keys of counters' rows, each with that of the window before it."""
    return {counter.key: counter.before for counter in counters}


def name_account(account: NamedAccount | None, *identifiers: str | None) -> str:
    """Name what is guessed at: the account however it was typed, else the canonical form of what nobody is called.

    The time of the last password change is part of the name: a new password starts new counters by itself.
    """
    if account is not None:
        return f"id:{account.public_id}:{account.password_changed_at.isoformat()}"
    if keys := login_keys(*identifiers):
        return f"typed:{json.dumps(sorted(keys.items()))}"
    folded = [unicodedata.normalize("NFKC", typed.strip()).casefold() for typed in identifiers if typed]
    return f"nobody:{json.dumps(folded)}"


def name_password_counters(keys: Keyrings, name: str, address: str) -> PasswordCounters:
    """Name the counters of passwords: of this address alone, and of all addresses together."""
    hour, day = (name_counter(keys, limit, name) for limit in (limits.EVERYWHERE_HOUR, limits.EVERYWHERE_DAY))
    here = Counter(_hash(keys, name, group_address(address)), limits.ADDRESS)
    return PasswordCounters(here, Counter(_hash(keys, name), limits.EVERYWHERE), hour, day)


def hash_address(keys: Keyrings, public_id: str, address: str) -> bytes:
    """Hash an address for one account, so that equal networks of two accounts do not show."""
    return _hash(keys, "known address", public_id, group_address(address))


def name_code_counters(keys: Keyrings, public_id: str) -> tuple[Counter, ...]:
    """Name the counters of an authenticator's codes, the shortest first."""
    return tuple(name_counter(keys, limit, public_id) for limit in (limits.CODE, limits.CODE_HOUR, limits.CODE_DAY))


def name_passkey_counters(keys: Keyrings, public_id: str, address: str | None = None) -> tuple[Counter, ...]:
    """Name the counters of passkeys' answers, the shortest first: of an account, or of one address alone.

    Where no password and no session came before, an answer is counted by its address: nobody guesses a signature, but
    somebody who has seen a credential's id may want to keep the owner out.
    """
    where = (group_address(address),) if address else ()
    spans = (limits.PASSKEY, limits.PASSKEY_HOUR, limits.PASSKEY_DAY)
    return tuple(name_counter(keys, limit, public_id, *where) for limit in spans)


def name_recovery_counters(keys: Keyrings, public_id: str, address: str) -> tuple[Counter, ...]:
    """Name the counter of recovery codes: no failure of another factor, or from elsewhere, is counted by it."""
    return (name_counter(keys, limits.RECOVERY, public_id, group_address(address)),)


def hash_mailbox(keys: Keyrings, email_key: str) -> bytes:
    """Hash the mailbox of a mail, so that an address that is gone stands nowhere."""
    return _hash(keys, "mailbox", email_key)


def hash_refusals(keys: Keyrings, *of_what: str) -> bytes:
    """Hash what refusals have in common that are summed up."""
    return _hash(keys, "refusals", *of_what)


def name_counter(keys: Keyrings, limit: Limit, *who: str) -> Counter:
    """Name the counter of a limit for an account, for an address of it, or for a mailbox."""
    return Counter(_hash(keys, limit.name, *who), limit)


def _hash(keys: Keyrings, *parts: str) -> bytes:
    return hmac.digest(keys.throttles, json.dumps(parts).encode(), "sha256")
