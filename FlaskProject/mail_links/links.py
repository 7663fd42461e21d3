"""What links in mails lead to: a GET only shows a form, for mail scanners open every link; the POST uses it up.

The token leaves the address at once, by a redirect: it would stay in the history, and in the later lines of a proxy's
log. The form of the page holds it then, so that two pages open side by side each act for their own link.
"""

from collections.abc import Callable
from http import HTTPStatus

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.mail_links.cookies import TOKEN, keep_link, kept_link, mark_of
from FlaskProject.mail_links.looks import effects_of, look, works
from FlaskProject.rendering.error_pages import error_page
from FlaskProject.rendering.own_paths import here
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import account_if_any, current_account, services, sign_out, tokens

# Links that end every session. Where one has ended otherwise, another tab may just be getting the next one's cookies.
ENDING = {"reset", "revert", "disown"}


def open_link(kind: str, page: Callable[[Form], str], otherwise: str) -> ResponseReturnValue:
    """Answer the address that a mail named, then the one without the token; whoever has no link is led elsewhere."""
    if "token" in request.args:
        return _without_token(kind, request.args["token"])
    if "link" not in request.args:
        return redirect(url_for(otherwise))
    form = take_form()
    if mark_of(form.text("token")) != request.args["link"]:
        form = Form({"token": kept_link(services().config, kind, request.args["link"]) or ""})
    if not form.text("token"):
        return error_page(HTTPStatus.BAD_REQUEST, "link")
    is_over = form.refused_as == "link_invalid" or "token" in form.errors
    return _over_page(kind) if is_over or not works(kind, form.text("token")) else page(form)


def link_address(form: Form) -> str:
    """Return the address of a link's page, which a form of it was sent to, without its token."""
    return f"{here()}?link={mark_of(form.text('token'))}"


@stands_at(link_address)
def button_page(form: Form) -> str:
    """Say what the one button of this address will do."""
    kind, token = (request.view_args or {})["kind"], form.text("token")
    about = look(token)
    values = {"kind": kind, "token": token, "about": about, "effects": effects_of(kind, about)}
    return render_template("link.html", form=form, account=account_if_any(), **values)


def use_link(kind: str, use: Callable[[], None]) -> ResponseReturnValue:
    """Do what the link is for, and go on to sign in; its page says so when the link no longer works."""
    use()
    if kind in ENDING:
        _leave_ended_session()
    tell(f"link.{kind}.done")
    # Whoever is signed in still is sent on from there, and reads the sentence at home.
    return redirect(url_for("sessions.login"))


def _without_token(kind: str, token: str) -> ResponseReturnValue:
    """Put the token out of sight; one that some mail program has mangled is over."""
    if not TOKEN.fullmatch(token):
        return _over_page(kind)
    response = make_response(redirect(f"{here()}?link={mark_of(token)}"))
    keep_link(response, services().config, kind, token)
    return response


def _leave_ended_session() -> None:
    """Take the cookies away when the link has ended the sign-in that they hold."""
    try:
        if tokens().sent:
            current_account()
    except Refusal as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            sign_out()
    except BackendUnavailable:
        pass


def _over_page(kind: str) -> ResponseReturnValue:
    """Say that the link no longer works, and what helps then."""
    return render_template("link_over.html", kind=kind, account=account_if_any()), HTTPStatus.BAD_REQUEST
