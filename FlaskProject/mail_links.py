"""What links in mails lead to: a GET only shows a form, for mail scanners open every link; the POST uses it up."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend import BackendUnavailable, Refusal
from FlaskProject.forms import Form
from FlaskProject.identity import account_if_any, current_account, sign_out, tokens
from FlaskProject.telling import tell

# What pressing the button of a page does beyond its title.
EFFECTS = {"revert": ("address", "signed_out", "mail", "factor"), "disown": ("signed_out", "mail", "factor")}

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


def token_of(form: Form) -> str:
    """Return the link's token: from the form, or from the address that the mail named."""
    return form.text("token") or request.args.get("token", "")


def button_page(kind: str) -> Callable[[Form], str]:
    """Make the page that says what its one button will do."""

    def page(form: Form) -> str:
        values = {"kind": kind, "token": token_of(form), "effects": EFFECTS.get(kind, ())}
        return render_template("link.html", form=form, account=account_if_any(), **values)

    return page


def use_link(kind: str, use: Callable[[], None]) -> ResponseReturnValue:
    """Do what the link is for, and go on to sign in; LinkOver when it no longer works."""
    try:
        use()
    except Refusal as refusal:
        if refusal.code == "link_invalid" or "token" in refusal.fields:
            raise LinkOver(kind) from None
        raise
    if kind in ENDING:
        _leave_ended_session()
    tell(f"link.{kind}.done")
    # Whoever is signed in still is sent on from there, and reads the sentence at home.
    return redirect(url_for("sessions.login"))


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
