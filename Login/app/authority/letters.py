"""Every kind of mail: which links it carries, how many of it a mailbox gets, and whether it goes before others.

Counted by mailbox, for that is what a stranger cannot make more of; accounts come and go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from app.throttling.limits import Limit

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# A mailbox that nobody has confirmed may be a stranger's who is to be annoyed: all kinds together, and of these
# only half for what carries no link, so that whoever makes notices there keeps no link away.
UNPROVED = Limit("mails to an unconfirmed address", 10, HOUR, by_first=True)
UNPROVED_NOTICES = Limit("notices to an unconfirmed address", 5, HOUR, by_first=True)
# Whoever knows an address can ask for resets: the last place of an hour is kept for "this was not me".
WAYS_IN = Limit("ways to a new password", 5, HOUR, by_first=True)
ASKED_FOR = Limit("ways to a new password, asked for", 4, HOUR, by_first=True)
NOTICE_PAUSE = timedelta(minutes=1)  # for a confirmed mailbox, between two of a kind; what comes meanwhile is summed up


class Link(StrEnum):
    """What a link in a mail is for."""

    RESET = "reset"
    RESCUE = "rescue"
    VERIFY = "verify"
    CHANGE = "change"
    REVERT = "revert"
    DISOWN = "disown"


@dataclass(frozen=True)
class LetterRule:
    """How a kind of mail is treated."""

    links: tuple[Link, ...] = (Link.DISOWN,)
    limits: tuple[Limit, ...] = ()  # what a mailbox gets at most, beyond it nothing
    is_notice: bool = True  # summed up where several come within a minute; else it is a link that somebody waits for
    outlives: bool = False  # it is said though the account is gone


def _link(*links: Link, limits: tuple[Limit, ...] = ()) -> LetterRule:
    return LetterRule(links, limits, is_notice=False)


def _rare(name: str, window: timedelta) -> LetterRule:
    return LetterRule(limits=(Limit(name, 1, window, by_first=True),))


def _five_an_hour(name: str) -> tuple[Limit, ...]:
    return (Limit(name, 5, HOUR, by_first=True),)


# Of a change or a sign, each with the link by which the owner says that it was somebody else.
NOTICES = (
    *("email_changed", "password_changed", "password_was_reset", "username_changed", "phrase_changed"),
    *("totp_enabled", "totp_disabled", "passkey_added", "passkey_removed", "passkey_counter", "second_factor_reset"),
    *("recovery_codes_made", "recovery_code_used", "recovery_codes_low", "new_device", "refresh_token_reused"),
    *("device_trusted", "role_set", "account_enabled", "signed_out", "data_exported"),
)

LETTERS: Mapping[str, LetterRule] = MappingProxyType(
    {
        "verify_email": _link(Link.VERIFY, Link.DISOWN, limits=_five_an_hour("links that confirm an address")),
        "account_exists": _link(limits=_five_an_hour("notes that there is an account")),
        "password_reset": _link(Link.RESET, limits=(ASKED_FOR, WAYS_IN)),
        "password_reset_elsewhere": _link(Link.DISOWN, limits=(ASKED_FOR, WAYS_IN)),
        "account_rescue": _link(Link.RESCUE, limits=(WAYS_IN,)),
        "email_change_requested": _link(Link.CHANGE),
        "email_changed_unverified": _link(Link.VERIFY, Link.DISOWN),
        "email_moved_away": _link(Link.REVERT),  # each is its own way back
        "email_moved_back": LetterRule(links=()),
        "email_left": LetterRule(links=()),
        "sign_ins_throttled": _rare("notices of throttled sign-ins", DAY),
        "wrong_codes": _rare("notices of wrong codes", HOUR),
        "account_deleted": LetterRule(links=(), outlives=True),
        "account_disabled": LetterRule(links=()),
        **dict.fromkeys(NOTICES, LetterRule()),
    }
)
