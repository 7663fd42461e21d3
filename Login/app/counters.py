"""Which counters a guess is held to: pure naming, for those who count and for those who look.

A counter's key is an HMAC: a copy of the database does not tell who was attacked, from where, or what was typed.
"""

import hmac
import json
import unicodedata
from dataclasses import dataclass

from app import crud
from app.clients import group_address
from app.identifiers import login_keys
from app.keys import Keyrings
from app.limits import ADDRESS, CODE, CODE_DAY, CODE_HOUR, EVERYWHERE, MOVE, Limit


@dataclass(frozen=True)
class Counter:
    """A row of `attempts` and the limit that it is held to."""

    key: bytes
    limit: Limit


def name_account(account: crud.Credentials | None, *identifiers: str | None) -> str:
    """Name what is guessed at: the account however it was typed, else the canonical form of what nobody is called.

    The time of the last password change is part of the name: a new password starts new counters by itself.
    """
    if account is not None:
        return f"id:{account.public_id}:{account.password_changed_at.isoformat()}"
    if keys := login_keys(*identifiers):
        return f"typed:{json.dumps(sorted(keys.items()))}"
    folded = [unicodedata.normalize("NFKC", typed.strip()).casefold() for typed in identifiers if typed]
    return f"nobody:{json.dumps(folded)}"


def name_password_counters(keys: Keyrings, name: str, address: str) -> tuple[Counter, Counter]:
    """Name the counters of passwords: of this address alone, and of all addresses together."""
    return Counter(_hash(keys, name, group_address(address)), ADDRESS), Counter(_hash(keys, name), EVERYWHERE)


def hash_address(keys: Keyrings, public_id: str, address: str) -> bytes:
    """Hash an address for one account, so that equal networks of two accounts do not show."""
    return _hash(keys, "known address", public_id, group_address(address))


def name_code_counters(keys: Keyrings, public_id: str) -> tuple[Counter, ...]:
    """Name the counters of codes, the shortest first."""
    return tuple(Counter(_hash(keys, limit.name, public_id), limit) for limit in (CODE, CODE_HOUR, CODE_DAY))


def name_move_counter(keys: Keyrings, public_id: str) -> Counter:
    """Name the counter of an account's changes of address."""
    return Counter(_hash(keys, MOVE.name, public_id), MOVE)


def name_mail_counter(keys: Keyrings, limit: Limit, email_key: str) -> Counter:
    """Name a counter of mails to a mailbox, whosever it is: accounts come and go."""
    return Counter(_hash(keys, limit.name, email_key), limit)


def hash_mailbox(keys: Keyrings, email_key: str) -> bytes:
    """Hash the mailbox of a mail, so that an address that is gone stands nowhere."""
    return _hash(keys, "mailbox", email_key)


def _hash(keys: Keyrings, *parts: str) -> bytes:
    return hmac.digest(keys.throttles, json.dumps(parts).encode(), "sha256")
