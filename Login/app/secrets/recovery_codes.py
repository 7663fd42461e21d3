"""Recovery codes: made, recognised, and hashed with the salt of their set. Values in, values out."""

import hashlib
import math
import re
import secrets
from base64 import b64decode, b64encode

from argon2.low_level import Type, hash_secret_raw

NUMBER = 10
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: nothing to mistake
LENGTH = 16  # 80 bits: short enough to type, so a password hash is wanted (ASVS 6.5.2)
FORMER_LENGTH = 24  # 120 bits, for which a plain hash suffices; those that are out go on
LOOK_ALIKES = str.maketrans("OIL", "011")

# The least that OWASP's Password Storage Cheat Sheet has: random bits need no more, and a new set costs ten of them.
PASSES, MEMORY_KIB = 2, 19456
SALT = re.compile(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{22}", re.ASCII)


def make_codes() -> list[str]:
    """Make the codes of a set, in groups of four characters."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(NUMBER)]
    return ["-".join(code[i : i + 4] for i in range(0, LENGTH, 4)) for code in codes]


def is_recovery_code(code: str) -> bool:
    """Whether a normalised code has the form of a recovery code."""
    return len(code) in {LENGTH, FORMER_LENGTH}


def is_former_code(code: str) -> bool:
    """Whether it has the form that they had before."""
    return len(code) == FORMER_LENGTH


def hash_former_code(code: str, public_id: str) -> bytes:
    """Hash a normalised code of the former form for one account."""
    return hashlib.sha256(f"recovery:{public_id}:{_read(code)}".encode(errors="surrogatepass")).digest()


class RecoveryCodeHasher:
    """Argon2id with one salt a set: an attempt costs one hash, however many codes are left."""

    def __init__(self, *, time_cost: int, memory_kib: int) -> None:
        """Take the cost of a password's hash, which those of codes do not exceed."""
        passes, memory = min((PASSES, MEMORY_KIB), (time_cost, memory_kib), key=math.prod)
        self._cost = f"m={memory},t={passes},p=1"
        self._nobodys = self.make_salt()

    def make_salt(self) -> str:
        """Make the salt of a new set, with today's cost before it (a PHC string without a hash)."""
        return f"$argon2id$v=19${self._cost}${b64encode(secrets.token_bytes(16)).decode().rstrip('=')}"

    def hash(self, code: str, salt: str | None) -> bytes:
        """Hash a normalised code; without a salt that can be read at the same cost, to what is nobody's."""
        readable = salt if salt and SALT.fullmatch(salt) else self._nobodys
        *_, cost, text = readable.split("$")
        memory, passes, lanes = (int(part[2:]) for part in cost.split(","))
        secret = _read(code).encode(errors="surrogatepass")
        return hash_secret_raw(secret, b64decode(f"{text}=="), passes, memory, lanes, 32, Type.ID)


def _read(code: str) -> str:
    """Read O as 0, and I and L as 1."""
    return code.translate(LOOK_ALIKES)
