"""What a form that was not taken leaves for the page that shows it: POST, redirect, GET, so that Back asks nothing.

Never a password, a code or what a passkey said; each for one page, and for one sign-in or person.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import update_wrapper
from http import HTTPStatus
from typing import cast

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import Json
from FlaskProject.forms.form import ANSWER, SECRETS, Form
from FlaskProject.messages import t
from FlaskProject.rendering.error_pages import leave_for_login
from FlaskProject.rendering.own_paths import here
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import session_id, subject
from FlaskProject.signed_in.sealed_cookies import SealedCookie

REFUSED = SealedCookie("form_refused", timedelta(minutes=5))  # in case the page is away for a while
ASKED = SealedCookie("form_asked", timedelta(minutes=10))
UNSENT = SealedCookie("form_unsent", timedelta(minutes=15))
LEFT_OUT = ANSWER | {"csrf_token", "secret"}

Show = Callable[..., str]


@dataclass
class Page:
    """What shows a form, and where it is to be had by GET; perhaps what was typed there waits for another sign-in."""

    show: Show
    address: Callable[[Form], str]
    awaits_sign_in: bool

    def __call__(self, *form: Form) -> str:
        """Show the form, or the one that was left for this page."""
        return self.show(*form)


def stands_at(address: str | Callable[[Form], str], *, awaits_sign_in: bool = False) -> Callable[[Show], Page]:
    """Say where a form's page is: an endpoint, or what makes its address."""
    make = address if callable(address) else lambda _form: url_for(address)
    # Flask and its extensions want a view's name.
    return lambda show: cast("Page", update_wrapper(Page(show, make, awaits_sign_in), show))


def leave(form: Form, page: Page, cookie: SealedCookie = REFUSED) -> ResponseReturnValue:
    """Lead to the form's page, which shows it again."""
    address = page.address(form)
    _keep(cookie, form, address, session_id())
    return redirect(address, HTTPStatus.SEE_OTHER)


def ask_again(form: Form, action: str) -> ResponseReturnValue:
    """Lead to the page that asks for the password, which then goes on with this address of ours."""
    address = url_for("reauthenticate.show")
    _keep(ASKED, form, address, session_id(), action=action)
    return redirect(address, HTTPStatus.SEE_OTHER)


def leave_unsent(form: Form, page: Page, owner: str) -> ResponseReturnValue:
    """Lead to the sign-in and from there to the form's page; what was typed waits for its owner, and nobody else."""
    address = page.address(form)
    if form.typed:
        is_kept = bool(owner) and _keep(UNSENT, form, address, owner)
        tell("unsent.kept" if is_kept else "unsent.lost", "warning")
    return leave_for_login(address)


def take_form() -> Form:
    """Return the form that was left for this page, which then is gone, or a fresh one; last, when all else is known."""
    if (content := _left_here(REFUSED, session_id())) is not None:
        REFUSED.forget()
        return _restore(content)
    content = _waiting_here(subject())
    if content is None:
        return Form()
    form = _restore(content)
    form.try_again(t("unsent.here"))
    return form


def asked_form() -> tuple[Form, str] | None:
    """Return the form that this page was asked for with, again and again, and the address that it goes to."""
    content = _left_here(ASKED, session_id())
    return (_restore(content), content.get("action", "")) if content else None


def _left_here(cookie: SealedCookie, owner: str) -> Json | None:
    content = cookie.read(owner)
    return content if content and content["at"] == here() else None


def _waiting_here(owner: str) -> Json | None:
    """Take what waits for whoever is signed in by now; what waits for somebody else is dropped."""
    content = UNSENT.read(owner)
    if owner and (content is None or content["at"] == here()):
        UNSENT.forget()
    return content if content and content["at"] == here() else None


def _keep(cookie: SealedCookie, form: Form, address: str, owner: str, **more: str) -> bool:
    """Keep a form, as much of it as fits; False when it was sent to an address that leaves no room for anything."""
    values, notices = _harmless(form), list(form.notices)
    said = {"errors": form.errors, "refused_as": form.refused_as, "sent_to": form.sent_to}
    content = {"at": address.partition("?")[0], "values": values, "notices": notices, **said, **more}
    while not (is_kept := cookie.keep(content, owner)) and values:
        del values[max(values, key=lambda name: len(name) + len(values[name]))]
        notices[:] = [*form.notices, t("form.too_long")]
    return is_kept


def _harmless(form: Form) -> dict[str, str]:
    """Return what may be kept; of a secret only whether it was typed."""
    values = {name: value for name, value in form.values.items() if name not in LEFT_OUT}
    values |= {name: "typed" if values[name] else "" for name in SECRETS & set(values)}
    if form.refused_as == "passkey_unknown":
        # The browser is told not to offer this one any more.
        values["credential"] = json.dumps({"id": form.credential_id})
    return values


def _restore(content: Json) -> Form:
    names = ("values", "errors", "notices", "refused_as", "sent_to")
    return Form(**{name: content[name] for name in names})
