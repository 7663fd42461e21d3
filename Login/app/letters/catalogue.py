"""Every mail that we send: its subject, then its paragraphs, from which text and HTML are both made.

Names in braces are facts, which stand in tables and links alone, but for the name of the service.
"""

from collections.abc import Mapping

from app.letters.letter import Paragraph, Role

# Each under the title of the page that it opens.
VERIFY = Paragraph("{verify_link}", Role.ACTION, "Confirm your email address")
CHANGE = Paragraph("{change_link}", Role.ACTION, "Use this email address")
RESET = Paragraph("{reset_link}", Role.ACTION, "Choose a new password")
FORGOT = Paragraph("{forgot_link}", Role.ACTION, "Ask for a new password")
DISOWN = Paragraph("{disown_link}", Role.ASIDE, "This was not me")
REVERT = Paragraph("{revert_link}", Role.ASIDE, "Take your account back")

NOT_YOU = (
    "If this was not you, open this page within 72 hours and press the button there; you need not sign in for it. "
)
RESCUE = "everybody is signed out of your account, and you get a link for a new password."
NEW_PASSWORD = (
    "To choose a new password, open this page within 30 minutes:",
    RESET,
    "It works once. Until then your password stays as it is. Your second factor, if it is on, stays on.",
)
HELLO, HELLO_NAME, YOUR_PHRASE = "Hello,", "Hello {name},", "Your phrase"
SIGNATURE = "{service}. Check the address in your browser before you type a password."

Parts = tuple[str, tuple[Paragraph, ...]]


def _facts(what: str, *rows: str, when: str = "{when}", where: str = "{where}") -> Paragraph:
    return Paragraph("\n".join((f"What: {what}", *rows, f"When: {when}", f"Where: {where}")), Role.FACTS)


def _aside(text: str) -> Paragraph:
    return Paragraph(text, Role.ASIDE)


def _mail(subject: str, *parts: str | Paragraph) -> Parts:
    return (subject, tuple(Paragraph(part) if isinstance(part, str) else part for part in parts))


def _notice(subject: str, text: str, facts: Paragraph, undoes: str = "") -> Parts:
    """Say what happened, when, from where, and what to do if it was somebody else."""
    return _mail(subject, text, facts, _aside(f"{NOT_YOU}Then {undoes}{RESCUE}"), DISOWN)


CATALOGUE: Mapping[str, Parts] = {
    "verify_email": _mail(
        "Confirm your email address",
        "An account at {service} uses this address.",
        _facts("New account", when="{opened_when}", where="{opened_where}"),
        "To confirm that it is yours, open this page within 24 hours and press the button there:",
        VERIFY,
        _aside(
            "If it was not you who opened the account, do not confirm it. You may do nothing: without your "
            "confirmation the address counts as nobody's. Or open this page and press the button there: then "
            "everybody is signed out of that account, and you get a link by which it becomes yours."
        ),
        DISOWN,
    ),
    "account_exists": _mail(
        "You have an account already",
        "Somebody, perhaps you, tried to use this address for an account at {service}. It belongs to your account "
        "already, and nothing was changed. If it was you, sign in; if you have forgotten your password, ask for a new "
        "one here:",
        FORGOT,
        _facts("This address wanted for an account"),
        _aside("If it was not you, there is nothing to do."),
    ),
    "password_reset": _mail(
        "Choose a new password",
        *NEW_PASSWORD,
        _facts("New password asked for"),
        _aside("If you did not ask for it, do nothing: nobody can use it without reading your mail."),
    ),
    "account_rescue": _mail(
        "Choose a new password",
        "You said that it was not you, or took your account back to this address. Everybody is signed out of it.",
        *NEW_PASSWORD,
        _facts("Everybody signed out"),
    ),
    "password_reset_elsewhere": _mail(
        "No new password by this address yet",
        "Somebody, perhaps you, asked for a new password for the account that uses this address. The address of that "
        "account was changed within the last 72 hours, and until they are over a new password comes by the former "
        "address only.",
        _facts("New password asked for"),
        "If the account is yours, ask for a new password with your former address, or wait.",
        _aside(
            "If you do not know the account, open this page and press the button there: then it goes back to its "
            "former address, and this one is free for an account of your own."
        ),
        DISOWN,
    ),
    "password_changed": _notice(
        "Your password was changed", "The password of your account was changed.", _facts("New password")
    ),
    "password_was_reset": _notice(
        "Your password was reset",
        "A new password was chosen for your account by a link from a mail. You are signed out everywhere; sign in "
        "with the new one.",
        _facts("New password, by a link from a mail"),
    ),
    "email_changed": _notice(
        "Your email address was changed",
        "This is the new email address of your account.",
        _facts("New email address", "Before: {old_email}"),
        undoes="the account goes back to its former address if that holds a way back, else ",
    ),
    "email_changed_unverified": _mail(
        "Confirm your new email address",
        "Somebody gave this address to an account at {service}. To confirm that it is yours, open this page within 24 "
        "hours and press the button there:",
        VERIFY,
        _facts("New email address"),
        _aside(
            "If you do not know the account, do not confirm it. You may do nothing, or open this page and press the "
            "button there: then this address is taken off it if it had another one that was confirmed; else everybody "
            "is signed out of it, and you get a link by which it becomes yours."
        ),
        DISOWN,
    ),
    "email_left": _mail(
        "An account has another email address now",
        "An account at {service} that used this address uses another one now. There is nothing to do.",
        _facts("Another email address"),
    ),
    "email_moved_away": _mail(
        "Your email address was changed",
        "The email address of your account was changed from this one to another. From now on mails go there.",
        _facts("New email address", "Now: {new_email}"),
        _aside(f"{NOT_YOU}Then this address is your account's again, {RESCUE}"),
        REVERT,
    ),
    "email_moved_back": _mail(
        "Your email address was changed",
        "The email address of your account was changed from this one back to one that it had before. From now on "
        "mails go there.",
        _facts("Former email address is back", "Now: {new_email}"),
    ),
    "email_change_requested": _mail(
        "Confirm your new email address",
        "Your account at {service} is to use this address. Open this page within 24 hours and press the button there; "
        "until then nothing changes:",
        CHANGE,
        _facts("New email address asked for"),
        _aside("If you did not ask for it, do nothing."),
    ),
    "totp_enabled": _notice(
        "Your second factor is on",
        "The second factor of your account was switched on.",
        _facts("Second factor switched on"),
        undoes="it is switched off again, ",
    ),
    "totp_disabled": _notice(
        "Your second factor is off",
        "The second factor of your account was switched off. That cannot be taken back: set it up anew once you have "
        "signed in.",
        _facts("Second factor switched off"),
    ),
    "passkey_added": _notice(
        "A passkey was added to your account",
        "Whoever has the passkey that was added can sign in with it.",
        _facts("Passkey added"),
        undoes="that passkey and any that were added since are removed, ",
    ),
    "passkey_removed": _notice(
        "A passkey was removed from your account",
        "The passkey opens your account no more. That cannot be taken back: add it anew once you have signed in.",
        _facts("Passkey removed"),
    ),
    "passkey_counter": _notice(
        "There may be a copy of your passkey",
        "One of your passkeys signed in, and its counter did not go on as it should: there may be a copy of the key. "
        "If it happens again, remove the passkey and add another.",
        _facts("Sign-in by a passkey that may be a copy"),
    ),
    "recovery_codes_made": _notice(
        "New recovery codes were made",
        "New recovery codes were made for your account. The old ones no longer work.",
        _facts("New recovery codes"),
        undoes="the new ones stop working, too, ",
    ),
    "second_factor_reset": _notice(
        "Your second factor is off",
        "Somebody who runs this service switched the second factor of your account off and removed its passkeys. If "
        "you asked for it, sign in with your password and set it up anew.",
        _facts("Second factor switched off"),
    ),
    "recovery_code_used": _notice(
        "A recovery code was used",
        "One of your recovery codes was used. Each works once.",
        _facts("Recovery code used", "Codes left: {left}"),
    ),
    "recovery_codes_low": _notice(
        "Few recovery codes are left",
        "Few of your recovery codes are left. Make new ones under Security, while you can sign in.",
        _facts("Recovery code used", "Codes left: {left}"),
    ),
    "new_device": _notice(
        "A new sign-in to your account",
        "Somebody signed in to your account from a place that we had not seen before.",
        _facts("Sign-in from a new place"),
    ),
    "device_trusted": _notice(
        "A device signs in without your second factor",
        "On the device that has just signed in to your account, the password alone is enough from now on. Under "
        "Security you see every such device, and can remove it.",
        _facts("Device trusted"),
        undoes="no device is trusted any more, ",
    ),
    "sign_ins_throttled": _notice(
        "Many failed attempts to sign in",
        "There were so many failed attempts to sign in to your account that further ones have to wait. Nobody got in "
        "by them, and you can go on signing in from where you usually do.",
        _facts("Failed attempts to sign in"),
    ),
    "wrong_codes": _notice(
        "Somebody knows your password",
        "Somebody gave your right password, but failed at your second factor, several times.",
        _facts("Right password, wrong second factor"),
    ),
    "refresh_token_reused": _notice(
        "We signed you out to protect you",
        "An old copy of one of your sign-ins was used, perhaps by somebody else. So we ended that sign-in. Sign in "
        "again, and change your password to be safe.",
        _facts("Old copy of a sign-in used"),
    ),
    "phrase_changed": _notice(
        "Your phrase was changed",
        "The phrase by which you know our pages and mails was changed. This mail still carries the old one.",
        _facts("New phrase"),
        undoes="the former phrase comes back, ",
    ),
    "username_changed": _notice(
        "Your username was changed",
        "The username of your account was changed. This mail still carries the old one; for 72 hours nobody else can "
        "take it.",
        _facts("New username"),
        undoes="the former username comes back, ",
    ),
    "role_set": _notice(
        "Your role was changed",
        "Somebody who runs this service changed the role of your account.",
        _facts("New role", "Role: {role}"),
    ),
    "account_disabled": _mail(
        "Your account was switched off",
        "Somebody who runs this service switched your account off. You are signed out everywhere, and nobody can sign "
        "in to it. Ask them if you do not know why.",
        _facts("Account switched off"),
    ),
    "account_enabled": _notice(
        "Your account is open again",
        "Somebody who runs this service switched your account on again: you can sign in.",
        _facts("Account switched on"),
    ),
    "signed_out": _notice(
        "You were signed out everywhere",
        "Somebody who runs this service signed you out on every device.",
        _facts("Signed out everywhere"),
    ),
    "data_exported": _notice(
        "Your data was downloaded",
        "Somebody who was signed in to your account downloaded everything that we store about you, such as addresses "
        "and devices. Nothing in that file opens your account, and it cannot be taken back.",
        _facts("Data downloaded"),
    ),
    "account_deleted": _mail(
        "Your account was deleted",
        "Your account at {service} and everything that belonged to it was deleted. This cannot be undone. This address "
        "is free for a new account.",
        _facts("Account deleted"),
        _aside("If this was not you, somebody knew your password: change it wherever else you use it."),
    ),
}
