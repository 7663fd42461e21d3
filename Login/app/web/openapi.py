"""The OpenAPI document as generators of clients want it: short names, and what each answer can be, exactly."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.errors import ApiError, HeadTooLarge, InternalError, OutcomeUnknown
from app.web.problem_schemas import REFERENCE, describe_kind, describe_validation, find_shape, list_kinds, make_examples
from app.web.problems import MEDIA_TYPE, VALIDATION, describe_answer, refer_to_example

DESCRIPTION = """Accounts, sessions and second factors over REST.

Sign in at `POST /login`, press **Authorize** and paste the access token.
Every refusal is a problem document (RFC 9457) with a stable `code`; a client switches on the code, never on the text.
In development, a weak secret in the settings makes every call from another machine answer 403 `insecure_configuration`.
"""
# Relative to this document, so that it holds behind every proxy and prefix.
SERVERS = [{"url": ".", "description": "The API that gives this document"}]
TAGS = [
    {"name": "Account", "description": "Registering, the caller's own account, passwords, and links of mails."},
    {"name": "Sessions", "description": "Signing in and out, refreshing, and proving again who you are."},
    {"name": "Second factor", "description": "Authenticator apps, recovery codes and passkeys."},
    {"name": "Services", "description": "What other services ask, each with a secret of its own."},
    {"name": "Operation", "description": "Signs of life, for supervisors and load balancers."},
]

# What a request can meet before its endpoint, and whatever the endpoint.
OF_ALL = {
    str(int(kind.status)): describe_answer(kind.status, [kind.__name__]) for kind in (HeadTooLarge, InternalError)
}

Document = dict[str, Any]


def name_operation(route: APIRoute) -> str:
    """Call an operation as its function is called, so that generated clients read well."""
    return route.name


def describe_api(app: FastAPI) -> None:
    """Let `app.openapi()` make the document once, when it is first asked for."""

    def openapi() -> Document:
        app.openapi_schema = app.openapi_schema or _make_document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _make_document(app: FastAPI) -> Document:
    document = get_openapi(
        title=app.title, version="1", description=DESCRIPTION, routes=app.routes, servers=SERVERS, tags=TAGS
    )
    names: set[str] = set()
    for operations in document["paths"].values():
        for method, operation in operations.items():
            operation.setdefault("security", [])
            operation["responses"] = _complete_answers(method, operation["responses"])
            names.update(*(_name_kinds(answer) for answer in operation["responses"].values()))
    _add_components(document["components"], {name: list_kinds()[name] for name in sorted(names - {VALIDATION})})
    return document


def _complete_answers(method: str, answers: Document) -> Document:
    """Drop the 422 that FastAPI adds where we name none, tell writers of unknown outcomes, and say what each can be."""
    answers = {status: answer for status, answer in answers.items() if status < "300" or _name_kinds(answer)}
    answers |= deepcopy(OF_ALL)
    if method != "get":
        unknown = OutcomeUnknown.__name__
        answers["503"]["content"][MEDIA_TYPE]["examples"][unknown] = refer_to_example(unknown)
    for answer in answers.values():
        if names := _name_kinds(answer):
            answer["content"][MEDIA_TYPE]["schema"] = _describe_any(names)
    return dict(sorted(answers.items()))


def _name_kinds(answer: Document) -> list[str]:
    """Return the names that `refusals` gave to an answer, in its order."""
    return list(answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))


def _describe_any(names: list[str]) -> Document:
    """Make the schema of an answer that is one of these kinds: its `code` tells which."""
    if names == [VALIDATION]:
        return {"$ref": _refer(VALIDATION)}
    shapes = [find_shape(list_kinds()[name]) for name in names]
    found = {shape.code: _refer(shape.__name__) for shape in shapes}
    if len(found) == 1:
        return {"$ref": found.popitem()[1]}
    return {
        "oneOf": [{"$ref": reference} for reference in found.values()],
        "discriminator": {"propertyName": "code", "mapping": found},
    }


def _refer(name: str) -> str:
    return REFERENCE.format(model=name)


def _add_components(components: Document, kinds: dict[str, type[ApiError]]) -> None:
    """Add the schemas and examples of what the operations refuse with, in place of FastAPI's own."""
    shapes = {find_shape(kind) for kind in kinds.values()}
    schemas = components["schemas"] | {kind.__name__: describe_kind(kind) for kind in shapes} | describe_validation()
    foreign = ("HTTPValidationError", "ValidationError")
    components["schemas"] = {name: schema for name, schema in sorted(schemas.items()) if name not in foreign}
    components["examples"] = make_examples(kinds)
