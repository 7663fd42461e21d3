"""The OpenAPI document, completed with the form that every refusal has."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.errors import OutcomeUnknown
from app.web.problems import MEDIA_TYPE, give_example

DESCRIPTION = """Accounts, sessions and second factors over REST.

Sign in at `POST /login`, press **Authorize** and paste the access token.
Every refusal is a problem document (RFC 9457) with a stable `code`; a client switches on the code, never on the text.
In development, a weak secret in the settings makes every call from another machine answer 403 `insecure_configuration`.
An address and headers of more than 16 KiB together are answered 431 `head_too_large`.
"""


class Problem(BaseModel):
    """A refusal: `code` is for programs, `detail` for people; the rest is RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str


class ValidationProblem(Problem):
    """A body that could not be understood; what was sent is never repeated."""

    detail: list[dict[str, object]]  # type: ignore[assignment]  # FastAPI's list, as the seed's clients know it


def describe_api(app: FastAPI) -> None:
    """Let `app.openapi()` make the document once, with our schemas of refusals."""

    def openapi() -> dict[str, Any]:
        app.openapi_schema = app.openapi_schema or _make_document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _make_document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version="1", description=DESCRIPTION, routes=app.routes)
    schemas = document["components"]["schemas"]
    schemas |= {model.__name__: model.model_json_schema() for model in (Problem, ValidationProblem)}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _correct_refusals(method, operation["responses"])
    return document


def _correct_refusals(method: str, answers: dict[str, Any]) -> None:
    """Drop the 422 that FastAPI adds where we name none, and tell who changes something of outcomes nobody knows."""
    if "application/json" in answers.get("422", {}).get("content", {}):
        del answers["422"]  # our path parameters take any text
    if method != "get":
        answers["503"]["content"][MEDIA_TYPE]["examples"][OutcomeUnknown.code] = give_example(OutcomeUnknown)
