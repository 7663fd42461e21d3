"""What people type, made comparable: one key for each email address and each username."""

import re
import unicodedata

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, ValidatedEmail, validate_email

from app.field_errors import FieldCode, FieldError

EMAIL_MAX = 254
LOCAL_PART_MAX = 64  # RFC 5321, section 4.5.3.1.1; email-validator lets 65 pass
USERNAME_MIN = 3
USERNAME_MAX = 50
PHRASE_MAX = 255
PASSKEY_NAME_MAX = 64

# Domains that no mail from outside reaches (RFC 6761 and the like). The library would call their addresses malformed,
# which they are not: its list is emptied, as its documentation says, and who may use them is decided with a reason.
PRIVATE_NAMES = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)
SPECIAL_USE_DOMAIN_NAMES.clear()

JOINERS = "\u200d\ufe0e\ufe0f"  # what emoji are put together with
# Default-ignorable characters whose category is not Cf: they show nothing and would make look-alikes.
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
BARE_ADDRESS = re.compile(r'[^\s@,;:<>()\[\]"\\]+@[^\s@,;:<>()\[\]"\\]+')
ENCODED_WORD = "=?"  # RFC 2047: mail libraries decode what follows, and it may hold line breaks or another address
USERNAME_EXTRA = "._-"
BLANKS = " \t\u00a0\u3000"  # what is trimmed; a line break is refused, for it could split a header


def require_text(text: str, *, allowed: str = "") -> str:
    """Return text without control, bidi or invisible characters, else raise FieldError; `allowed` lists exceptions."""
    rest = text.translate(dict.fromkeys(map(ord, allowed)))
    if INVISIBLE.search(rest) or any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in rest):
        raise FieldError(FieldCode.INVISIBLE_CHARACTER, "must not contain control or invisible characters")
    return text


def _canonical(typed: str) -> str:
    """Trim and compose; raise FieldError for what NFKC would change (full-width letters, ligatures and the like)."""
    text = require_text(unicodedata.normalize("NFC", typed.strip(BLANKS)))
    if unicodedata.normalize("NFKC", text) != text:
        sentence = "must not contain compatibility characters, such as full-width letters"
        raise FieldError(FieldCode.COMPATIBILITY_CHARACTER, sentence)
    return text


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def parse_email(text: str) -> ValidatedEmail:
    """Return the parts of an address, else raise EmailNotValidError; whether its domain is private is not asked."""
    return validate_email(text, check_deliverability=False)


def find_private_domain(email: str) -> str | None:
    """Return the domain of a good address if no mail from outside can reach it."""
    domain = parse_email(email).ascii_domain
    return domain if domain.lower().endswith(PRIVATE_NAMES) else None


def normalize_email(typed: str) -> tuple[str, str]:
    """Return an address as displayed and its key; FieldError unless it is one bare address."""
    text = _canonical(typed)
    if not BARE_ADDRESS.fullmatch(text) or ENCODED_WORD in text:
        raise FieldError(FieldCode.NOT_AN_EMAIL, "must be one bare email address")
    try:
        parts = parse_email(text)
    except EmailNotValidError as error:
        raise FieldError(FieldCode.NOT_AN_EMAIL, "must be one valid email address") from error
    key = _fold(f"{parts.local_part}@{parts.domain}")
    if len(parts.local_part.encode()) > LOCAL_PART_MAX or max(len(key), len(text)) > EMAIL_MAX:
        raise FieldError(FieldCode.TOO_LONG, "must be a shorter email address")
    return text, key


def name_mailbox(address: str) -> str:
    """Name the mailbox of an address that we accept: letters of another case are the same one to us.

    A key says less: ß and ss have one, and as domains lead to two places.
    """
    parts = parse_email(address)
    return f"{parts.local_part}@{parts.ascii_domain}".lower()


def normalize_username(typed: str) -> tuple[str, str]:
    """Return a username as displayed and its key; FieldError names the rule that it breaks."""
    text = _canonical(typed)
    key = _fold(text)
    if not USERNAME_MIN <= len(key) <= USERNAME_MAX or len(text) > USERNAME_MAX:
        code = FieldCode.TOO_SHORT if len(key) < USERNAME_MIN else FieldCode.TOO_LONG
        raise FieldError(code, f"must have {USERNAME_MIN} to {USERNAME_MAX} characters")
    if not all(c in USERNAME_EXTRA or unicodedata.category(c)[0] == "L" or c.isdecimal() for c in key):
        raise FieldError(FieldCode.FORBIDDEN_CHARACTER, "may contain letters, digits, '.', '_' and '-' only")
    return text, key


def login_keys(*identifiers: str | None) -> dict[str, str] | None:
    """Return {column: key} for what was typed at login, or None when it can match nobody."""
    keys: dict[str, str] = {}
    for typed in filter(None, identifiers):
        column, normalize = ("email_key", normalize_email) if "@" in typed else ("username_key", normalize_username)
        try:
            key = normalize(typed)[1]
        except ValueError:
            return None
        if keys.setdefault(column, key) != key:
            return None
    return keys or None


def normalize_words(typed: str, longest: int) -> str:
    """Return words of a person's own, trimmed and composed; FieldError if empty, too long or in part invisible."""
    text = require_text(unicodedata.normalize("NFC", typed.strip(BLANKS)), allowed=JOINERS)
    if not text.strip(JOINERS):
        raise FieldError(FieldCode.BLANK, "must not be empty")
    if len(text) > longest:
        raise FieldError(FieldCode.TOO_LONG, f"must have at most {longest} characters")
    return text
