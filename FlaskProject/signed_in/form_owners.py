"""Whose a form is that comes too late: its CSRF token names the page session it was made in, and a later one knows it.

Two tabs: one signs out, the other still has a form. It may only come back to the person who typed it.
"""

from flask import current_app, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

SALT = "wtf-csrf-token"  # Flask-WTF's
MARK, SUBJECT, FORMER = "csrf_token", "subject", "former"


def begin_page_session(former_subject: str) -> None:
    """Forget everything of the page session but whose its forms are; one of nobody hands on what it knows itself."""
    subject = session.get(SUBJECT) or former_subject
    former = [session[MARK], subject] if subject and MARK in session else session.get(FORMER)
    session.clear()
    if former:
        session[FORMER] = former


def owner_of_form(subject: str) -> str:
    """Return the subject that was signed in when the posted form was made, or nothing if nobody knows."""
    mark = _mark_in(request.form.get(MARK, ""))
    if mark is None:
        return ""
    if mark == session.get(MARK):
        return str(session.get(SUBJECT) or subject)
    former_mark, former_subject = session.get(FORMER) or ("", "")
    return str(former_subject) if mark == former_mark else ""


def _mark_in(token: str) -> str | None:
    keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    try:
        mark = URLSafeTimedSerializer(keys, salt=SALT).loads(token)
    except BadSignature:
        return None
    return mark if isinstance(mark, str) else None
