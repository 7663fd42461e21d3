"""How every form is answered: the view acts, and whatever refuses it leads back to the form; nothing typed is lost."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]  # it ships no types

from FlaskProject.backend.answers import Json, TokenPair
from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form, Incomplete
from FlaskProject.forms.kept import ASKED, Page, ask_again, leave, leave_unsent
from FlaskProject.forms.outages import outage_sentence, outcome_sentence
from FlaskProject.messages import t
from FlaskProject.rendering.error_pages import error_page, leave_for_login, log_outage, retry_headers
from FlaskProject.rendering.own_paths import here
from FlaskProject.runtime.logs import log_refusal
from FlaskProject.signed_in.form_owners import owner_of_form
from FlaskProject.signed_in.identity import api, subject, tokens
from FlaskProject.signed_in.session_cookies import has_page_session

# Told to the operator: with it a site on http:// gets none of its cookies back.
NO_COOKIE = "none came back: browsers keep none of SECURE_COOKIES=true but on https://"

View = Callable[..., ResponseReturnValue]


def submission(page: Page, *, reauthenticates: bool = False) -> Callable[[View], View]:
    """Give a POST view its Form, and lead back to `page` with the reasons when anything refuses it.

    With `reauthenticates`, a view that needs a fresh session asks for the password first, then acts.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(**path: Any) -> ResponseReturnValue:  # noqa: ANN401 whatever the route holds
            form = Form.from_request()
            asked_again = reauthenticates and "current_password" in form.values
            try:
                if asked_again and (form.only_looks or not _proved_again(form)):
                    return ask_again(form, here())
                return leave(form, page) if form.only_looks else view(form, **path)
            except Incomplete:
                return leave(form, page)
            except Refusal as refusal:
                return _refused(page, form, refusal)
            except BackendUnavailable as outage:
                return _unavailable(page, form, outage)

        answer.form_page = page  # type: ignore[attr-defined]  # how the form comes back when its CSRF token is stale
        return answer

    return decorate


def require_passkey(form: Form) -> Json:
    """Return what the browser's passkeys said; the form comes back when they said nothing."""
    if form.passkey is None:
        form.notices.append(t("passkey.missing"))
        raise Incomplete
    return form.passkey


def reauthenticate(form: Form) -> TokenPair:
    """Prove again who is there, by the password and a second factor or by a passkey alone."""
    if form.passkey is None:
        form.require("current_password")
    if form.passkey and not form.text("current_password"):
        return api().reauthenticate_with_passkey(form.passkey)
    return api().reauthenticate(form.text("current_password"), form.factor("totp"))


def stale_form(error: CSRFError) -> ResponseReturnValue:
    """Bring a form back whose cookie has ended or whose key was rotated while somebody typed."""
    log_refusal(str(error.description), cookies=None if has_page_session() else NO_COOKIE)
    page = getattr(current_app.view_functions.get(request.endpoint or ""), "form_page", None)
    if page is None:
        return error_page(HTTPStatus.FORBIDDEN, "stale")
    form, owner = Form.from_request(), owner_of_form(subject())
    if page.awaits_sign_in and not tokens().sent:
        return leave_unsent(form, page, owner)
    if not has_page_session():
        # Nothing can be left for another page in a browser that keeps no cookies.
        return _without_cookies(page, form)
    return leave(_stale(form, owner), page)


def unavailable_page(outage: BackendUnavailable, *, resend: bool = True) -> ResponseReturnValue:
    """Say that the API is away, with everything typed kept in a form that tries again, if it may be sent again.

    No page without the person's phrase asks for passwords or codes: the form then leads to its own page, which does.
    """
    log_outage(outage)
    form = Form.from_request() if resend and request.method == "POST" else None
    only_look = form and (form.only_looks or form.asked_secrets or outage.may_have_acted)
    values = {"form": form, "only_look": only_look, "account": None}
    sentences = {"sentence": outage_sentence(outage), "outcome": outcome_sentence(outage)}
    page = render_template("unavailable.html", **values, **sentences)
    return page, HTTPStatus.SERVICE_UNAVAILABLE, retry_headers(outage.retry_after)


def _proved_again(form: Form) -> bool:
    """Go on in a fresh session; False, with the reasons noted, when the API refuses."""
    try:
        tokens().keep(reauthenticate(form))
    except Refusal as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            raise
        form.refuse(refusal)
    except Incomplete:
        pass  # what is missing is noted
    if not form.failed:
        ASKED.forget()
    return not form.failed


def _refused(page: Page, form: Form, refusal: Refusal) -> ResponseReturnValue:
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        if page.awaits_sign_in and form.typed:
            return leave_unsent(form, page, owner_of_form(subject()))
        raise refusal
    if refusal.code == "reauthentication_required":
        return ask_again(form, here())
    form.refuse(refusal)
    return leave(form, page)


def _unavailable(page: Page, form: Form, outage: BackendUnavailable) -> ResponseReturnValue:
    """Show the form again where it stands without the API, else a page that keeps what was typed."""
    form.excuse(outage)
    try:
        again = page(form)
    except BackendUnavailable:
        return unavailable_page(outage)
    log_outage(outage)
    return again, HTTPStatus.SERVICE_UNAVAILABLE, retry_headers(outage.retry_after)


def _without_cookies(page: Page, form: Form) -> ResponseReturnValue:
    """Show the form at once, and say what may help; behind a sign-in, with nothing that was typed."""
    if tokens().sent:
        form = form.untouched()
    form.try_again(t("form.stale.signed_in" if tokens().sent else "form.stale.no_cookie"))
    try:
        return page(form), HTTPStatus.FORBIDDEN
    except BackendUnavailable as outage:
        return unavailable_page(outage, resend=False)
    except Refusal:
        return leave_for_login()


def _stale(form: Form, owner: str) -> Form:
    """Return what was typed but the passwords; behind a sign-in that is not known to be its owner's, nothing of it."""
    if not tokens().sent:
        form.try_again(t("form.stale"))
    elif owner and owner == subject():
        form.try_again(t("unsent.here"))
    else:
        # A tab left open by one person could otherwise delete the account of the next.
        form = form.untouched()
        form.try_again(t("form.stale.signed_in"))
    return form
