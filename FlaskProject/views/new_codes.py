"""The page of new recovery codes: it may be loaded again and gone back to, until they are said to be saved."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import Account, RecoveryCodes
from FlaskProject.backend.http import BackendUnavailable
from FlaskProject.rendering.error_pages import log_outage
from FlaskProject.rendering.telling import tell_at
from FlaskProject.signed_in.identity import current_account, session_id
from FlaskProject.signed_in.sealed_cookies import SealedCookie

CODES = SealedCookie("new_codes", timedelta(minutes=10))


def lead_to_codes(made: RecoveryCodes, what_happened: str, name: str) -> ResponseReturnValue:
    """Lead to the page, the codes in this browser's own cookie, which only this sign-in opens."""
    kept = {"codes": made.recovery_codes, "code_set": made.code_set or "", "what_happened": what_happened, "name": name}
    CODES.keep({**kept, "made_at": datetime.now(UTC).isoformat()}, session_id())
    return redirect(url_for("totp.codes"), HTTPStatus.SEE_OTHER)


def codes_page() -> ResponseReturnValue:
    """Show the codes, whatever has failed since they were made, or say that they are shown no more."""
    kept = CODES.read(session_id())
    if kept is None:
        return tell_at("security.show", "totp", "codes.shown", "warning")
    values = {**kept, "made_at": datetime.fromisoformat(kept["made_at"])}
    return render_template("recovery_codes.html", account=_owner(), **values)


def _owner() -> Account | None:
    """Return whose they are, unless the API is away: a sign-in that is over shows nothing."""
    try:
        return current_account()
    except BackendUnavailable as outage:
        log_outage(outage)
        return None
