"""Every mail that we send: its subject, then its paragraphs, from which text and HTML are both made.

Names in braces are facts; a paragraph that is nothing but `{…_link}` becomes a link. No fact stands in a subject.
"""

from collections.abc import Mapping

from app.letters.letter import Letter, Paragraph

WHEN_AND_WHERE = "When: {when}\nFrom: {where}"
NOT_YOU = "If this was not you, open this page within 72 hours and press its button; you need not sign in for it. "
RESCUE = "everybody is signed out of your account, and you get a link for a new password."
NEW_PASSWORD = (
    "To choose a new password, open this page within 30 minutes:",
    "{reset_link}",
    "It works once. Until then your password stays as it is, and so does two-factor authentication.",
)


def _mail(subject: str, *paragraphs: str) -> tuple[str, ...]:
    return (subject, *paragraphs)


def _notice(subject: str, *paragraphs: str, undoes: str = "") -> tuple[str, ...]:
    """Say what happened, when, from where, and what to do if it was somebody else."""
    return _mail(subject, *paragraphs, WHEN_AND_WHERE, f"{NOT_YOU}Then {undoes}{RESCUE}", "{disown_link}")


CATALOGUE: Mapping[str, tuple[str, ...]] = {
    "verify_email": _mail(
        "Confirm your email address",
        "An account at Pupero uses this address.",
        "Opened: {opened_when}\nFrom: {opened_where}",
        "To confirm that it is yours, open this page within 24 hours and press its button:",
        "{verify_link}",
        "If it was not you who opened the account, do not confirm it. You may do nothing: without your confirmation "
        "the address counts as nobody's. Or open this page and press its button: then everybody is signed out of that "
        "account, and you get a link by which it becomes yours.",
        "{disown_link}",
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
        *NEW_PASSWORD,
        WHEN_AND_WHERE,
        "If you did not ask for it, do nothing: nobody can use it without reading your mail.",
    ),
    "account_rescue": _mail(
        "Choose a new password",
        "You said that it was not you, or took your account back to this address. Everybody is signed out of it.",
        *NEW_PASSWORD,
        WHEN_AND_WHERE,
    ),
    "password_reset_elsewhere": _mail(
        "No new password by this address yet",
        "Somebody, perhaps you, asked for a new password for the account that uses this address. The address of that "
        "account was changed within the last 72 hours, and until they are over a new password comes by the former "
        "address only.",
        WHEN_AND_WHERE,
        "If the account is yours, ask for a new password with your former address, or wait. If you do not know it, "
        "open this page and press its button: then the account goes back to its former address, and this one is free "
        "for an account of your own.",
        "{disown_link}",
    ),
    "password_changed": _notice("Your password was changed", "The password of your account was changed."),
    "password_was_reset": _notice(
        "Your password was reset",
        "A new password was chosen for your account by a link from a mail. Every session has ended; sign in again.",
    ),
    "email_changed": _notice(
        "Your email address was changed",
        "This is the new email address of your account. Before, it was {old_email}.",
        undoes="the account goes back to its former address if that holds a way back, else ",
    ),
    "email_changed_unverified": _mail(
        "Confirm your new email address",
        "Somebody gave this address to an account at Pupero. To confirm that it is yours, open this page within 24 "
        "hours and press its button:",
        "{verify_link}",
        WHEN_AND_WHERE,
        "If you do not know the account, do not confirm it. You may do nothing, or open this page and press its "
        "button: then this address is taken off it if it had another one that was confirmed; else everybody is signed "
        "out of it, and you get a link by which it becomes yours.",
        "{disown_link}",
    ),
    "email_left": _mail(
        "An account has another email address now",
        "An account at Pupero that used this address uses another one now. There is nothing to do.",
        WHEN_AND_WHERE,
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
    "totp_enabled": _notice(
        "Two-factor authentication is on",
        "Two-factor authentication was switched on.",
        undoes="it is switched off again, ",
    ),
    "totp_disabled": _notice(
        "Two-factor authentication is off",
        "Two-factor authentication was switched off. That cannot be taken back: set it up anew once you have signed "
        "in.",
    ),
    "passkey_added": _notice(
        "A passkey was added to your account",
        "A passkey was added to your account. Whoever has it can sign in with it.",
        undoes="that passkey and any that were added since are removed, ",
    ),
    "passkey_removed": _notice(
        "A passkey was removed from your account",
        "A passkey was removed from your account. That cannot be taken back: add it anew once you have signed in.",
    ),
    "passkey_counter": _notice(
        "There may be a copy of your passkey",
        "One of your passkeys signed in, and its counter did not go on as it should: there may be a copy of the key. "
        "If it happens again, remove the passkey and add another.",
    ),
    "recovery_codes_made": _notice(
        "New recovery codes were made",
        "New recovery codes were made for your account. The former ones work no more.",
        undoes="the new ones work no more either, ",
    ),
    "second_factor_reset": _notice(
        "Two-factor authentication is off",
        "Somebody who runs this service switched two-factor authentication off for your account and removed its "
        "passkeys. If you asked for it, sign in with your password and set it up anew.",
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
        "Somebody gave your right password, but failed at your second factor, several times.",
    ),
    "refresh_token_reused": _notice(
        "A session was ended for your safety",
        "An old token of one of your sessions was used, as a thief's copy would be. So the session has ended.",
    ),
    "phrase_changed": _notice(
        "Your anti-phishing phrase was changed",
        "The phrase by which you know our pages and mails was changed. This mail still carries the former one.",
        undoes="the former phrase comes back, ",
    ),
    "username_changed": _notice(
        "Your username was changed",
        "The username of your account was changed. This mail still carries the former one; for 72 hours nobody else "
        "can take it.",
        undoes="the former username comes back, ",
    ),
    "role_set": _notice(
        "Your role was changed", "Somebody who runs this service changed the role of your account to: {role}."
    ),
    "account_disabled": _mail(
        "Your account was disabled",
        "Somebody who runs this service disabled your account. Every session has ended, and nobody can sign in to it. "
        "Ask them if you do not know why.",
        WHEN_AND_WHERE,
    ),
    "account_enabled": _notice(
        "Your account is open again", "Somebody who runs this service opened your account again: you can sign in."
    ),
    "signed_out": _notice(
        "You were signed out everywhere", "Somebody who runs this service ended every session of your account."
    ),
    "data_exported": _notice(
        "Your data was downloaded",
        "Somebody who was signed in to your account downloaded everything that we store about you, such as addresses "
        "and devices. Nothing in that file opens your account, and it cannot be taken back.",
    ),
    "account_deleted": _mail(
        "Your account was deleted",
        "Your account at Pupero and everything that belonged to it was deleted.",
        WHEN_AND_WHERE,
        "This cannot be undone. If this was not you, somebody knew your password: change it wherever else you use it. "
        "This address is free for a new account.",
    ),
}


def write_letter(kind: str, to: str, facts: Mapping[str, object], *, name: str | None, phrase: str | None) -> Letter:
    """Write a mail of this kind, with the person's name and own anti-phishing phrase if they are to stand in it."""
    subject, *texts = CATALOGUE[kind]
    paragraphs = [Paragraph(f"Hello {name}," if name else "Hello,")]
    if phrase:
        paragraphs.append(Paragraph(f"Your phrase: {phrase}"))
    paragraphs += [
        Paragraph(text.format_map(facts), text.startswith("{") and text.endswith("_link}")) for text in texts
    ]
    return Letter(to, subject, [*paragraphs, Paragraph("Pupero")])
