"""The page that says where a mail went: a mistyped address is seen there and nowhere else."""

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from FlaskProject.signed_in.identity import account_if_any

MAILED_TO = "mailed_to"


def lead_to_mailed(endpoint: str, email: str) -> ResponseReturnValue:
    """Lead to the page, with the address in this browser's own cookie and in no address of a page."""
    session[MAILED_TO] = email
    return redirect(url_for(endpoint))


def mailed_page(kind: str, form: str) -> ResponseReturnValue:
    """Repeat the address; whoever has sent no form is led to it."""
    if MAILED_TO not in session:
        return redirect(url_for(form))
    values = {"kind": kind, "email": session[MAILED_TO], "again": url_for(form)}
    return render_template("check_mail.html", account=account_if_any(), **values)
