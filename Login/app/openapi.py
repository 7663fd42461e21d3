"""The OpenAPI document, completed with the form that every refusal has."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.schemas import Problem, ValidationProblem

DESCRIPTION = """Accounts, sessions and second factors over REST.

Sign in at `POST /login`, press **Authorize** and paste the access token.
Every refusal is a problem document (RFC 9457) with a stable `code`; a client switches on the code, never on the text.
"""


def describe_api(app: FastAPI) -> None:
    """Let `app.openapi()` make the document once, with our schemas of refusals."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version="1", description=DESCRIPTION, routes=app.routes)
            for model in (Problem, ValidationProblem):
                document["components"]["schemas"][model.__name__] = model.model_json_schema()
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
