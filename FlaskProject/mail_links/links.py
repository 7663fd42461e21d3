"""What links in mails lead to: a GET only shows a form, for mail scanners open every link; the POST uses it up.

The token leaves the address at once, by a redirect: it would stay in the history, and in the later lines of a proxy's
log. The form of the page holds it then, so that two pages open side by side each act for their own link.
"""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.mail_links.cookies import TOKEN, keep_link, kept_link, mark_of
from FlaskProject.mail_links.looks import about_link, effects_of, is_over, works
from FlaskProject.rendering.error_pages import error_page
from FlaskProject.rendering.telling import tell
from FlaskProject.signed_in.identity import account_if_any, current_account, services, sign_out, tokens

# Links that end every session. Where one has ended otherwise, another tab may just be getting the next one's cookies.
ENDING = {"reset", "revert", "disown"}


class LinkOver(Exception):
    """The link of a mail no longer works; the kind of link says what helps then."""

    def __init__(self, kind: str) -> None:
        """Remember which page is to say so."""
        super().__init__(kind)
        self.kind = kind


def init_mail_links(app: Flask) -> None:
    """Answer links that no longer work with a page that says what to do instead."""
    app.register_error_handler(LinkOver, _over_page)


def open_link(kind: str, page: Callable[[Form], str], otherwise: str) -> ResponseReturnValue:
    """Answer the address that a mail named, then the one without the token; whoever has no link is led elsewhere."""
    if "token" in request.args:
        return _without_token(kind, request.args["token"])
    if "link" not in request.args:
        return redirect(url_for(otherwise))
    token = kept_link(services().config, kind, request.args["link"])
    if token is None:
        return error_page(HTTPStatus.BAD_REQUEST, "link")
    if not works(kind, token):
        raise LinkOver(kind)
    return page(Form({"token": token}))


def button_page(kind: str) -> Callable[[Form], str]:
    """Make the page that says what its one button will do."""

    def page(form: Form) -> str:
        about = about_link(form.text("token"))
        values = {"kind": kind, "token": form.text("token"), "about": about, "effects": effects_of(kind, about)}
        return render_template("link.html", form=form, account=account_if_any(), **values)

    return page


def use_link(kind: str, use: Callable[[], None]) -> ResponseReturnValue:
    """Do what the link is for, and go on to sign in; LinkOver when it no longer works."""
    try:
        use()
    except Refusal as refusal:
        if is_over(refusal):
            raise LinkOver(kind) from None
        raise
    if kind in ENDING:
        _leave_ended_session()
    tell(f"link.{kind}.done")
    # Whoever is signed in still is sent on from there, and reads the sentence at home.
    return redirect(url_for("sessions.login"))


def _without_token(kind: str, token: str) -> ResponseReturnValue:
    """Put the token out of sight; one that some mail program has mangled is over."""
    if not TOKEN.fullmatch(token):
        raise LinkOver(kind)
    response = make_response(redirect(url_for(str(request.endpoint), link=mark_of(token))))
    keep_link(response, services().config, kind, token)
    return response


def _leave_ended_session() -> None:
    """Take the cookies away when the link has ended the sign-in that they hold."""
    if not tokens().sent:
        return
    try:
        current_account()
    except Refusal as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            sign_out()
    except BackendUnavailable:
        return


def _over_page(over: LinkOver) -> ResponseReturnValue:
    return render_template("link_over.html", kind=over.kind, account=account_if_any()), HTTPStatus.BAD_REQUEST
