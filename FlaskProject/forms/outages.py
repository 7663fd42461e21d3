"""What people read while the API is away: that it is, and what became of what they asked for."""

from flask import request

from FlaskProject.backend.http import BackendUnavailable
from FlaskProject.messages import has_text, sentence_for, t
from FlaskProject.rendering.times import in_time
from FlaskProject.signed_in.identity import tokens

# The sentences of these codes of the API say themselves what became of it.
TELL_ALL = {"database_unavailable", "outcome_unknown", "draining"}


def outage_sentence(outage: BackendUnavailable) -> str:
    """Say that the service is away, and when to come back if it said so."""
    if has_text(f"api.{outage.code}"):
        return sentence_for(outage.code, wait=in_time(outage.retry_after or 60))
    if outage.retry_after:
        return t("outage.busy", wait=in_time(outage.retry_after))
    return t("outage.away")


def outcome_sentence(outage: BackendUnavailable) -> str:
    """Say whether a change was made that somebody signed in has asked for; nothing where there was none to make."""
    if request.method != "POST" or not tokens().sent or outage.code in TELL_ALL:
        return ""
    return t("outage.perhaps" if outage.may_have_acted else "outage.unchanged")
