"""What a password may be: NIST SP 800-63B-4, section 3.1.1, the same in every place that sets one."""

import re
import unicodedata
from collections.abc import Container, Iterable

from app.errors import PasswordTooCommon, PasswordTooPersonal, PasswordTooShort
from app.field_errors import FieldCode, FieldError

LENGTH_MIN = 8  # code points
BYTES_MAX = 1024  # in UTF-8
WORD_MIN = 4  # characters; a shorter word of the account's is no clue
SLACK = 4  # characters that a password must have beside the account's own words


def normalize_password(typed: str) -> str:
    """Return what is hashed: NFKC, nothing trimmed or cut; FieldError when too long or not text."""
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in typed):
        raise FieldError(FieldCode.INVISIBLE_CHARACTER, "must not contain control characters")
    password = unicodedata.normalize("NFKC", typed)
    if len(password.encode()) > BYTES_MAX:
        raise FieldError(FieldCode.TOO_LONG, f"must have at most {BYTES_MAX} bytes")
    return password


def fold_password(password: str) -> str:
    """Return what is compared with lists and words; a variant in capitals is as easily guessed."""
    return unicodedata.normalize("NFKC", password).casefold()


def check_password(password: str, own_words: Iterable[str | None], common: Container[str]) -> None:
    """Refuse a new password that is short, common, or made of the account's own words."""
    if len(password) < LENGTH_MIN:
        raise PasswordTooShort
    folded = fold_password(password)
    if password in common or len(set(folded)) <= 2:  # noqa: PLR2004 "aaaaaaaa", "abababab"
        raise PasswordTooCommon
    if _is_personal(folded, own_words):
        raise PasswordTooPersonal


def _is_personal(folded: str, own_words: Iterable[str | None]) -> bool:
    """Whether little is left once the account's words are taken out."""
    rest = folded
    for word in sorted(_words(own_words), key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(rest) < len(folded) and len(rest) < SLACK


def _words(own_words: Iterable[str | None]) -> set[str]:
    texts = [fold_password(word) for word in own_words if word] + ["pupero"]
    parts = [part for text in texts for part in re.split(r"[\W_]+", text)]
    return {word for word in texts + parts if _weigh(word) >= WORD_MIN}


def _weigh(word: str) -> int:
    """Count characters, each of Chinese, Japanese or Korean as two: names in them are that much shorter."""
    return sum(2 if unicodedata.east_asian_width(character) == "W" else 1 for character in word)
