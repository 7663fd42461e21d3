"""Signing in, in one step or two, and signing out."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import TokenPair
from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.form import Form
from FlaskProject.forms.kept import stands_at, take_form
from FlaskProject.forms.submissions import require_passkey, submission
from FlaskProject.rendering.own_paths import worth_carrying
from FlaskProject.rendering.return_addresses import next_address
from FlaskProject.rendering.telling import tell
from FlaskProject.rendering.times import duration
from FlaskProject.signed_in.identity import (
    account_if_any,
    api,
    current_account,
    note_over,
    sign_in,
    sign_out,
    token_cookies,
    tokens,
)
from FlaskProject.signed_in.session_cookies import LOGIN_STEP

pages = Blueprint("sessions", __name__)

FACTORS = ("totp", "passkey")


def _at_login(form: Form) -> str:
    return url_for("sessions.login", next=worth_carrying(_next(form)))


def _at_code(form: Form) -> str:
    asked: dict[str, Any] = {"with": form.text("with") or None, "next": worth_carrying(_next(form))}
    return url_for("sessions.code", **asked)


@stands_at(_at_login)
def login_page(form: Form) -> str:
    """Show the first step: who, and the password."""
    return render_template("login.html", form=form, account=None, next=_next(form))


@stands_at(_at_code)
def code_page(form: Form) -> str:
    """Show the second step: a code from the app, a passkey, or a recovery code."""
    recovery = (form.text("with") or request.args.get("with")) == "recovery"
    seconds = 0 if recovery else session.get("trust_seconds", 0)
    values = {"next": _next(form), "recovery": recovery, "factors": _factors(session.get("factors"))}
    values["trust_for"] = duration(seconds) if seconds else None
    return render_template("login_code.html", form=form, account=None, **values)


@stands_at("sessions.logout")
def logout_page(form: Form) -> str:
    """Offer to sign out, for when the button on another page was too old."""
    return render_template("logout.html", form=form, account=account_if_any())


@pages.get("/login")
def login() -> ResponseReturnValue:
    """Offer to sign in; a visitor who still is goes on, one who no longer is learns why."""
    form = take_form()
    if tokens().sent:
        try:
            current_account()
            if not form.failed:
                return redirect(_next(form))
        except Refusal as refusal:
            if not form.failed:
                form.refuse(refusal)
            note_over(refusal)
        except BackendUnavailable as outage:
            form.excuse(outage)
    return login_page(form)


@pages.post("/login")
@submission(login_page)
def log_in(form: Form) -> ResponseReturnValue:
    """Check the password; with a second factor, go on to the code."""
    form.require("username", "password")
    remember, device = form.ticked("remember_me"), token_cookies().read_device(request)
    try:
        pair = api().log_in(form.text("username"), form.text("password"), remember_me=remember, device_token=device)
    except Refusal as refusal:
        step = refusal.extra.get("login_token")
        if not isinstance(step, str):
            raise
        session["factors"] = _factors(refusal.extra.get("factors"))
        session["trust_seconds"] = _trust_seconds(refusal.extra.get("trust_seconds"))
        return _ask_for_code(step, _next(form))
    return _welcome(pair, _next(form))


@pages.post("/login/passkey")
@submission(login_page)
def log_in_with_passkey(form: Form) -> ResponseReturnValue:
    """Sign in by a passkey alone."""
    pair = api().log_in_with_passkey(require_passkey(form), remember_me=form.ticked("remember_me"))
    return _welcome(pair, _next(form))


@pages.get("/login/code")
def code() -> ResponseReturnValue:
    """Ask for the code, if the password has just been right."""
    if _login_step() is None:
        return redirect(_at_login(Form()))
    return code_page(take_form())


@pages.post("/login/code")
@submission(code_page)
def log_in_with_code(form: Form) -> ResponseReturnValue:
    """Check the code."""
    return _second_step(form, lambda step, **tick: api().log_in_with_code(step, _typed_code(form), **tick))


@pages.post("/login/code/passkey")
@submission(code_page)
def log_in_with_passkey_too(form: Form) -> ResponseReturnValue:
    """Check what a passkey said in the place of a code."""
    return _second_step(form, lambda step, **tick: api().log_in_with_passkey_too(step, require_passkey(form), **tick))


@pages.get("/logout")
def logout() -> ResponseReturnValue:
    """Offer the button to whoever comes by the address; it alone signs out."""
    return logout_page(take_form()) if tokens().sent else redirect(url_for("sessions.login"))


@pages.post("/logout")
@submission(logout_page)
def log_out(form: Form) -> ResponseReturnValue:  # noqa: ARG001 it holds nothing that matters here
    """Sign out here whatever happens, and in the API if it can be reached."""
    message, kind = "signed_out", "done"
    try:
        api().log_out()
    except Refusal:
        pass  # The session had ended already.
    except BackendUnavailable:
        message, kind = "signed_out.here_only", "warning"
    sign_out()
    tell(message, kind)
    return redirect(url_for("sessions.login"))


def _factors(said: object) -> list[str]:
    """Name the second steps that these pages know; an API that names none asks for a code."""
    return [name for name in FACTORS if isinstance(said, list) and name in said] or ["totp"]


def _trust_seconds(said: object) -> int:
    """Take for how long this browser could be trusted; an API that says nothing of it trusts none."""
    return said if isinstance(said, int) and said > 0 else 0


def _typed_code(form: Form) -> str:
    form.require("totp")
    return form.text("totp")


def _second_step(form: Form, log_in: Callable[..., TokenPair]) -> ResponseReturnValue:
    """Go on from the first step, unless it is over."""
    step = _login_step()
    if step is None:
        return _start_over(form)
    try:
        pair = log_in(step, trust_device=form.ticked("trust_device"))
    except Refusal as refusal:
        if refusal.code != "login_token_invalid":
            raise
        return _start_over(form)
    return _welcome(pair, _next(form))


def _welcome(pair: TokenPair, target: str) -> ResponseReturnValue:
    sign_in(pair)
    response = make_response(redirect(target))
    token_cookies().write_device(response, pair)
    return response


def _ask_for_code(step: str, target: str) -> ResponseReturnValue:
    response = make_response(redirect(url_for("sessions.code", next=worth_carrying(target))))
    token_cookies().write_login_step(response, step)
    return response


def _start_over(form: Form) -> ResponseReturnValue:
    tell("api.login_token_invalid", "warning")
    response = make_response(redirect(_at_login(form)))
    token_cookies().forget(response, request, LOGIN_STEP)
    return response


def _login_step() -> str | None:
    return token_cookies().read(request, LOGIN_STEP)


def _next(form: Form) -> str:
    return next_address(form.text("next"))
