"""Every mail that we send: its subject and its paragraphs, from which text and HTML are both made.

Names in braces are facts; a paragraph that is nothing but `{…_link}` becomes a link. No fact stands in a subject.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.mail.letters import Letter, Paragraph


@dataclass(frozen=True)
class Template:
    """One kind of mail."""

    subject: str
    paragraphs: tuple[str, ...]


WHEN_AND_WHERE = "When: {when}\nFrom: {where}"
NOT_YOU = "If this was not you, open this page within 72 hours and press its button; you need not sign in for it. "
RESCUE = "everybody is signed out of your account, and you get a link for a new password."


def _mail(subject: str, *paragraphs: str) -> Template:
    return Template(subject, paragraphs)


def _notice(subject: str, *paragraphs: str) -> Template:
    """Say what happened, when, from where, and what to do if it was somebody else."""
    return _mail(subject, *paragraphs, WHEN_AND_WHERE, f"{NOT_YOU}Then {RESCUE}", "{disown_link}")


CATALOGUE = {
    "verify_email": _mail(
        "Confirm your email address",
        "An account at Pupero uses this address. To confirm that it is yours, open this page within 24 hours and "
        "press its button:",
        "{verify_link}",
        "If you have no account at Pupero, do nothing: without your confirmation the address counts as nobody's.",
    ),
    "account_exists": _mail(
        "You have an account already",
        "Somebody, perhaps you, tried to use this address for an account at Pupero. It belongs to your account "
        "already, and nothing was changed.",
        WHEN_AND_WHERE,
        "If it was you, sign in; if you have forgotten your password, ask for a new one here:",
        "{forgot_link}",
        "If it was not you, there is nothing to do.",
    ),
    "password_reset": _mail(
        "Choose a new password",
        "To choose a new password, open this page within 30 minutes:",
        "{reset_link}",
        "It works once. Until then your password stays as it is, and so does two-factor authentication.",
        WHEN_AND_WHERE,
        "If you did not ask for it, do nothing: nobody can use it without reading your mail.",
    ),
    "password_changed": _notice("Your password was changed", "The password of your account was changed."),
    "password_was_reset": _notice(
        "Your password was reset",
        "A new password was chosen for your account by a link from a mail. Every session has ended; sign in again.",
    ),
    "email_changed": _notice(
        "Your email address was changed",
        "This is the new email address of your account. Before, it was {old_email}.",
    ),
    "email_changed_unverified": _notice(
        "Your email address was changed",
        "This is the new email address of your account. Before, it was {old_email}.",
        "To confirm that this address is yours, open this page within 24 hours and press its button:",
        "{verify_link}",
    ),
    "email_moved_away": _mail(
        "Your email address was changed",
        "The email address of your account was changed to {new_email}. From now on mails go there.",
        WHEN_AND_WHERE,
        f"{NOT_YOU}Then this address is your account's again, {RESCUE}",
        "{revert_link}",
    ),
    "email_moved_back": _mail(
        "Your email address was changed",
        "The email address of your account was changed from this one back to one that it had before: {new_email}. "
        "From now on mails go there.",
        WHEN_AND_WHERE,
    ),
    "email_change_requested": _mail(
        "Confirm your new email address",
        "Your account at Pupero is to use this address. Open this page within 24 hours and press its button; until "
        "then nothing changes:",
        "{change_link}",
        WHEN_AND_WHERE,
        "If you did not ask for it, do nothing.",
    ),
    "totp_enabled": _notice("Two-factor authentication is on", "Two-factor authentication was switched on."),
    "totp_disabled": _notice("Two-factor authentication is off", "Two-factor authentication was switched off."),
    "second_factor_reset": _notice(
        "Two-factor authentication is off",
        "Somebody who runs this service switched two-factor authentication off for your account. If you asked for it, "
        "sign in with your password and set it up anew.",
    ),
    "recovery_code_used": _notice(
        "A recovery code was used", "One of your recovery codes was used. Recovery codes left: {left}."
    ),
    "recovery_codes_low": _notice(
        "Few recovery codes are left",
        "Recovery codes left: {left}. Make new ones on the security page, while you can sign in.",
    ),
    "new_device": _notice(
        "A new sign-in to your account", "Somebody signed in to your account from a place that we had not seen before."
    ),
    "sign_ins_throttled": _notice(
        "Many failed attempts to sign in",
        "There were so many failed attempts to sign in to your account that further ones have to wait. Nobody got in "
        "by them, and you can go on signing in from where you usually do.",
    ),
    "wrong_codes": _notice(
        "Somebody knows your password",
        "Somebody gave your right password, but wrong codes of your second factor, several times.",
    ),
    "refresh_token_reused": _notice(
        "A session was ended for your safety",
        "An old token of one of your sessions was used, as a thief's copy would be. So the session has ended.",
    ),
    "phrase_changed": _notice(
        "Your anti-phishing phrase was changed",
        "The phrase by which you know our pages and mails was changed. This mail still carries the former one.",
    ),
    "account_deleted": _mail(
        "Your account was deleted",
        "Your account at Pupero and everything that belonged to it was deleted.",
        WHEN_AND_WHERE,
        "This cannot be undone. If this was not you, somebody knew your password: change it wherever else you use it. "
        "This address is free for a new account.",
    ),
}


def write_letter(kind: str, to: str, facts: Mapping[str, object], *, name: str, phrase: str | None) -> Letter:
    """Write a mail of this kind, with the person's own anti-phishing phrase if there is one."""
    template = CATALOGUE[kind]
    return Letter(to, template.subject, list(_write(template, facts, name, phrase)))


def _write(template: Template, facts: Mapping[str, object], name: str, phrase: str | None) -> Iterator[Paragraph]:
    yield Paragraph(f"Hello {name},")
    if phrase:
        yield Paragraph(f"Your phrase: {phrase}")
    for text in template.paragraphs:
        yield Paragraph(text.format_map(facts), is_link=text.startswith("{") and text.endswith("_link}"))
    yield Paragraph("Pupero")
