"""The table of authority: for every change, which proof it wants, what it ends, whom it tells, what takes it back.

`services/consequences.py` does what the rows say, `services/sessions.py: prove_for` asks for what they want. A new
feature is a new row; docs/authority.md shows them all. `writes` names the functions of crud/ that make the change: a
test finds the write that no row knows of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum
from types import MappingProxyType

from app.authority.letters import Link
from app.authority.webhooks import TELLS

UNDO_FOR = timedelta(hours=72)  # as long as "this was not me" takes something back


class Proof(Enum):
    """What somebody shows before a change is made."""

    NOTHING = "nothing"
    TOKEN = "the access token"
    PASSWORD = "current password, and the code or a passkey where a second factor is on"
    PASSWORD_OR_PASSKEY = "current password, and the code or a passkey where a second factor is on; or a passkey alone"
    PASSWORD_OR_FRESH = "a fresh session, or current password and code or passkey"
    PASSWORD_AND_FRESH = "current password, and where a second factor is on a fresh session, the code or a passkey"
    FRESH = "a fresh session"
    NEW_CODE = "a code of the secret that this session was given"
    NEW_KEY = "a new key's answer to the challenge that this session was given while fresh"
    LINK = "a link from a mail"
    OPERATOR = "the operator's command"


class Ends(Enum):
    """Which sessions end."""

    NONE = "none"
    ONE = "the one meant"
    OTHERS = "all others"
    ALL = "all"


class Actor(StrEnum):
    """By whom something happens."""

    PERSON = "person"
    LINK = "link"
    OPERATOR = "operator"
    SERVICE = "service"
    SOMEBODY = "somebody"  # who has proved nothing


_FACTORS = {"enable_totp", "disable_totp", "insert_passkey", "remove_passkey", "remove_factors"}
_FACTORS |= {"replace_recovery_codes"}  # what a trusted device spares, and what stands in for that
_ACTORS = {Proof.NOTHING: Actor.SOMEBODY, Proof.LINK: Actor.LINK, Proof.OPERATOR: Actor.OPERATOR}


class Mailbox(Enum):
    """Whom a notice goes to."""

    OWNER = "the account's address"
    FORMER = "the former address"
    NEW = "the new address"
    LINKED = "the address that the link went to"


@dataclass(frozen=True)
class Notice:
    """A kind of mail and its mailbox; `unproved` is what a mailbox gets instead that nobody has confirmed."""

    kind: str
    to: Mailbox = Mailbox.OWNER
    unproved: str | None = None


@dataclass(frozen=True)
class Change:
    """A row: what can happen to an account."""

    event: str
    proof: Proof
    writes: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
    ends: Ends = Ends.NONE
    reason: str = ""  # what sessions are said to have ended of
    voids: tuple[Link, ...] = ()
    takes_back: str = ""  # what "this was not me" of its notice undoes, beside ending every session
    by: Actor | None = None  # where the proof does not tell

    @property
    def actor(self) -> Actor:
        """Return by whom it happens: in most cases whoever showed the proof."""
        return self.by or _ACTORS.get(self.proof, Actor.PERSON)

    @property
    def untrusts(self) -> bool:
        """Whether no device is trusted any more: nobody is to stay signed in, or the second factor is another one."""
        return self.ends in {Ends.OTHERS, Ends.ALL} or not _FACTORS.isdisjoint(self.writes)

    @property
    def webhooks(self) -> tuple[str, ...]:
        """Return the kinds of webhooks that tell of it, in their order."""
        return TELLS.get(self.event, ())


_TO_NEW = Notice("email_changed", Mailbox.NEW, unproved="email_changed_unverified")
_MOVED_BACK = Notice("email_moved_back", Mailbox.FORMER, unproved="email_left")
_TO_FORMER = Notice("email_moved_away", Mailbox.FORMER, unproved="email_left")
_TO_THERE = (Link.CHANGE, Link.RESET, Link.RESCUE, Link.VERIFY)  # what the address that is left could still use

_ROWS = (
    Change(
        "account.registered",
        Proof.NOTHING,
        ("insert_user", "insert_token"),
        (Notice("verify_email"),),
        by=Actor.PERSON,
    ),
    Change("email.confirmed", Proof.LINK, ("update_user", "take_link"), voids=(Link.VERIFY,)),
    Change(
        "email.change_requested",
        Proof.PASSWORD_AND_FRESH,
        ("insert_token",),
        (Notice("email_change_requested", Mailbox.NEW),),
        voids=(Link.CHANGE,),
    ),
    Change(
        "email.changed",
        Proof.PASSWORD_AND_FRESH,
        ("update_user", "insert_token"),
        (_TO_FORMER, _TO_NEW),
        voids=(Link.CHANGE,),
        takes_back="the address, while the former one holds its way back",
    ),
    Change(
        "email.change_confirmed",
        Proof.LINK,
        ("update_user", "take_link", "insert_token"),
        (_TO_FORMER, _TO_NEW),
        voids=(Link.CHANGE,),
        takes_back="the address, while the former one holds its way back",
    ),
    Change("email.returned", Proof.PASSWORD_AND_FRESH, ("update_user",), (_MOVED_BACK, _TO_NEW), voids=(Link.CHANGE,)),
    Change(
        "email.reverted",
        Proof.LINK,
        ("update_user", "take_link"),
        (_MOVED_BACK, Notice("account_rescue", Mailbox.NEW)),
        Ends.ALL,
        "email_reverted",
        _TO_THERE,
    ),
    Change(
        "email.recovered",
        Proof.LINK,
        ("update_user", "take_link"),
        (_MOVED_BACK,),
        Ends.ALL,
        "email_reverted",
        _TO_THERE,
    ),
    Change(
        "password.changed",
        Proof.PASSWORD_AND_FRESH,
        ("update_user", "insert_session"),
        (Notice("password_changed"),),
        Ends.ALL,
        "password_changed",
        (Link.CHANGE,),
    ),
    Change(
        "password.reset",
        Proof.LINK,
        ("update_user", "take_link"),
        (Notice("password_was_reset", Mailbox.LINKED),),
        Ends.ALL,
        "password_reset",
        (Link.RESET, Link.RESCUE, Link.CHANGE),
    ),
    Change(
        "account.claimed",
        Proof.LINK,
        ("update_user", "take_link", "remove_factors", "drop_enrolment"),
        (Notice("password_was_reset", Mailbox.LINKED),),
        Ends.ALL,
        "account_claimed",
        tuple(Link),
    ),
    Change(
        "username.changed",
        Proof.TOKEN,
        ("update_user",),
        (Notice("username_changed"),),
        takes_back="the former username, which is reserved meanwhile",
    ),
    Change(
        "phrase.changed", Proof.TOKEN, ("update_user",), (Notice("phrase_changed"),), takes_back="the former phrase"
    ),
    Change("language.changed", Proof.TOKEN, ("update_user",)),
    Change("factor.totp.started", Proof.PASSWORD_OR_FRESH, ("replace_enrolment",)),
    Change(
        "factor.totp.enabled",
        Proof.NEW_CODE,
        ("take_enrolment", "enable_totp", "replace_recovery_codes", "make_others_stale"),
        (Notice("totp_enabled"),),
        takes_back="the factor; one that is older stays",
    ),
    Change("factor.totp.disabled", Proof.PASSWORD_OR_FRESH, ("disable_totp",), (Notice("totp_disabled"),)),
    Change(
        "factor.passkey.added",
        Proof.NEW_KEY,
        ("insert_passkey", "replace_recovery_codes", "make_others_stale"),
        (Notice("passkey_added"),),
        takes_back="the passkey and any that were added since",
    ),
    Change("factor.passkey.renamed", Proof.FRESH, ("rename_passkey",)),
    Change("factor.passkey.removed", Proof.FRESH, ("remove_passkey",), (Notice("passkey_removed"),)),
    Change(
        "recovery_codes.replaced",
        Proof.PASSWORD_OR_FRESH,
        ("replace_recovery_codes",),
        (Notice("recovery_codes_made"),),
        takes_back="the codes: none is left",
    ),
    Change("recovery_code.used", Proof.PASSWORD, ("spend_recovery_code",), (Notice("recovery_code_used"),)),
    Change("session.started", Proof.PASSWORD_OR_PASSKEY, ("insert_session", "note_login"), (Notice("new_device"),)),
    Change(
        "session.renewed",
        Proof.PASSWORD_OR_PASSKEY,
        ("end_session", "insert_session", "hand_enrolment_over"),
        ends=Ends.ONE,
        reason="renewed",
    ),
    Change(
        "sessions.displaced",
        Proof.PASSWORD_OR_PASSKEY,
        ("end_surplus",),
        ends=Ends.ONE,
        reason="displaced",
        by=Actor.SERVICE,
    ),
    Change("device.trusted", Proof.PASSWORD, ("insert_device",), (Notice("device_trusted"),)),
    Change("device.untrusted", Proof.FRESH, ("remove_device",)),
    Change("session.ended", Proof.TOKEN, ("end_session",), ends=Ends.ONE, reason="logged_out"),
    Change("session.revoked", Proof.FRESH, ("end_own_session",), ends=Ends.ONE, reason="revoked"),
    Change("sessions.revoked", Proof.FRESH, ("end_sessions",), ends=Ends.OTHERS, reason="revoked"),
    Change(
        "session.reused",
        Proof.NOTHING,
        ("end_session",),
        (Notice("refresh_token_reused"),),
        Ends.ONE,
        "refresh_token_reused",
        by=Actor.SERVICE,
    ),
    Change(
        "account.disowned",
        Proof.LINK,
        (
            *("take_link", "update_user", "disable_totp", "void_recovery_codes"),
            *("remove_passkey", "remove_passkeys_since"),
        ),
        (Notice("account_rescue", Mailbox.LINKED),),
        Ends.ALL,
        "disowned",
        (Link.CHANGE,),
    ),
    Change(
        "event.disowned",
        Proof.FRESH,
        (
            *("take_link_of_event", "update_user", "disable_totp", "void_recovery_codes"),
            *("remove_passkey", "remove_passkeys_since"),
        ),
        (Notice("account_rescue", Mailbox.LINKED),),
        Ends.ALL,
        "disowned",
        (Link.CHANGE,),
    ),
    Change("account.exported", Proof.FRESH, (), (Notice("data_exported"),)),
    Change("account.deleted", Proof.PASSWORD, ("delete_user",), (Notice("account_deleted"),), Ends.ALL),
    Change("account.role_set", Proof.OPERATOR, ("update_user",), (Notice("role_set"),)),
    Change(
        "account.disabled",
        Proof.OPERATOR,
        ("update_user", "end_sessions"),
        (Notice("account_disabled"),),
        Ends.ALL,
        "account_disabled",
    ),
    Change("account.enabled", Proof.OPERATOR, ("update_user",), (Notice("account_enabled"),)),
    Change("sessions.ended", Proof.OPERATOR, ("end_sessions",), (Notice("signed_out"),), Ends.ALL, "ended_by_operator"),
    Change("factor.totp.reset", Proof.OPERATOR, ("remove_factors",), (Notice("second_factor_reset"),)),
)

CHANGES: Mapping[str, Change] = MappingProxyType({row.event: row for row in _ROWS})
