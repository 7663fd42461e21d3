"""The language of the page that is being written."""

from typing import cast

from flask import g, has_request_context

from FlaskProject.languages.known import SOURCE, Language


def current_language() -> Language:
    """Return the language that this visitor reads; outside of a request, English."""
    return cast("Language", g.get("language", SOURCE)) if has_request_context() else SOURCE
