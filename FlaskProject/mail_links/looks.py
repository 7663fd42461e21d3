"""What a link from a mail is about, asked before its button is pressed; its page stands without an answer, too."""

from typing import cast

from flask import g

from FlaskProject.backend.answers import LinkInfo
from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.rendering.error_pages import log_outage
from FlaskProject.signed_in.identity import api

# Which links each page is for; the words "this was not me" stand beside the confirmation of a new account, too.
PURPOSES = {"reset": {"reset", "rescue"}, "disown": {"disown", "verify"}}

# What pressing the button of a page does beyond its title.
EFFECTS = {"revert": ("address", "signed_out", "mail", "factor"), "disown": ("signed_out", "mail", "factor")}
FORMER_ADDRESS = ("former", "signed_out", "factor")
# What "this was not me" takes back, by what the mail told.
TAKEN_BACK = {
    "factor.totp.enabled": ("factor_off", "signed_out", "mail"),
    "factor.passkey.added": ("passkeys_off", *EFFECTS["disown"]),
    "device.trusted": ("untrusted", *EFFECTS["disown"]),
    "phrase.changed": ("phrase", *EFFECTS["disown"]),
    "username.changed": ("username", *EFFECTS["disown"]),
    "recovery_codes.replaced": ("codes", *EFFECTS["disown"]),
    "email.changed": FORMER_ADDRESS,
    "email.change_confirmed": FORMER_ADDRESS,
}


def is_over(refusal: Refusal) -> bool:
    """Tell whether a link was refused because it is used, expired or mangled."""
    return refusal.code == "link_invalid" or "token" in refusal.fields


def works(kind: str, token: str) -> bool:
    """Tell whether a link may still do what its page is for: not if the API says no."""
    about = look(token)
    return not g.link_is_over and (about is None or about.purpose in PURPOSES.get(kind, {kind}))


def effects_of(kind: str, about: LinkInfo | None) -> tuple[str, ...]:
    """Name what pressing the button of a page does."""
    return effects_of_disowning(about.event if about else None) if kind == "disown" else EFFECTS.get(kind, ())


def effects_of_disowning(event: str | None) -> tuple[str, ...]:
    """Name what "this was not me" does, by what it is said of."""
    return TAKEN_BACK.get(event or "", EFFECTS["disown"])


def look(token: str) -> LinkInfo | None:
    """Return what a link is about, asked for once a request, or None when the API does not say."""
    if "about_link" not in g:
        g.about_link, g.link_is_over = None, False
        try:
            g.about_link = api().look_at_link(token)
        except BackendUnavailable as outage:
            log_outage(outage)
        except Refusal as refusal:
            # Any other refusal, such as of a busy network, says nothing about the link.
            g.link_is_over = is_over(refusal)
    return cast("LinkInfo | None", g.about_link)
