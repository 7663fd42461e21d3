"""What a proxy wants of whoever asks for a page, as its own configuration says in the query of /auth/verify."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import abort
from werkzeug.datastructures import MultiDict

from FlaskProject.runtime.logs import log_refusal

WORDS = {"factor": "second", "redirect": "true"}  # the only ones there are; a role may be any word


@dataclass(frozen=True)
class Rule:
    """Who may pass, and whether the proxy hands our whole answer to the browser when somebody may not."""

    role: str | None = None
    second_factor: bool = False
    redirects: bool = False


def read_rule(query: MultiDict[str, str]) -> Rule:
    """Take a rule from its query; one that asks for anything unknown lets nobody in: 400, and a line in the log."""
    for name, values in query.lists():
        if not _is_known(name, *values):
            log_refusal("the proxy's rule is none that /auth/verify knows", part=f"{name}={'&'.join(values)}")
            abort(HTTPStatus.BAD_REQUEST)
    return Rule(query.get("role"), "factor" in query, "redirect" in query)


def _is_known(name: str, value: str, *more: str) -> bool:
    return bool(value) and not more and (name == "role" or WORDS.get(name) == value)
