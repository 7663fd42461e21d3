"""Errors as answers: problem details (RFC 9457) with our stable code beside them, also in the OpenAPI page."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match, Mount
from starlette.types import Scope

from app.errors import ApiError, DatabaseUnavailable, TooManyRequests
from app.web.field_problems import list_field_problems
from app.web.framework_errors import KINDS, OF_BODIES, UnsupportedMediaType

MEDIA_TYPE = "application/problem+json"
VALIDATION_CODE = "validation_error"
VALIDATION = "ValidationProblem"  # its schema
CODES = {int(kind.status): kind.code for kind in KINDS}
METHODS = ("GET", "POST", "PUT", "DELETE")
OF_FILES = "GET, HEAD"

RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 0}}
}

Responses = dict[int | str, dict[str, Any]]


def describe(status: int, detail: object, code: str, **extra: object) -> dict[str, object]:
    """Make the body of a refusal."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **extra}


def answer(error: ApiError) -> JSONResponse:
    """Make the answer to a refusal."""
    headers = {}
    if error.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = error.challenge
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    body = describe(error.status, error.detail, error.code, **error.extra)
    return JSONResponse(body, error.status, headers, media_type=MEDIA_TYPE)


def handle_errors(app: FastAPI) -> None:
    """Let every error of the application be answered in the one form."""
    app.exception_handlers |= {
        ApiError: _answer_refusal,
        RequestValidationError: _answer_invalid,
        HTTPException: _answer_http_error,
    }


async def _answer_refusal(request: Request, refusal: ApiError) -> JSONResponse:
    request.state.code = refusal.code
    return answer(refusal)


async def _answer_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """Keep FastAPI's list, without the rejected input: it may be a password."""
    found = error.errors()
    if any(item["loc"] == ("body",) and isinstance(item.get("input"), bytes) for item in found):
        # It was not taken for JSON.
        return await _answer_http_error(request, HTTPException(415, UnsupportedMediaType.detail))
    request.state.code = VALIDATION_CODE
    body = describe(422, list_field_problems(found), VALIDATION_CODE)
    return JSONResponse(body, 422, media_type=MEDIA_TYPE)


async def _answer_http_error(request: Request, error: HTTPException) -> JSONResponse:
    status, headers = error.status_code, error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _list_allowed(request.scope)}
    code = request.state.code = CODES.get(status, f"http_{status}")
    return JSONResponse(describe(status, error.detail, code), status, headers, media_type=MEDIA_TYPE)


def _list_allowed(scope: Scope) -> str:
    """Name every method of the path that was asked for (RFC 9110, 15.5.6); the router names its first route's only."""
    routes = [route for route in scope["app"].routes if not isinstance(route, Mount)]
    place = {"type": "http", "path": scope["path"], "root_path": scope.get("app_root_path", scope.get("root_path", ""))}
    asked = ({**place, "method": method} for method in METHODS)
    found = [each["method"] for each in asked if any(route.matches(each)[0] is Match.FULL for route in routes)]
    return ", ".join([*found, "HEAD"] if "GET" in found else found) or OF_FILES


# --- the OpenAPI page --------------------------------------------------------------------------------------------


def refusals(*kinds: type[ApiError], body: bool = True, query: bool = False, limited: bool = True) -> Responses:
    """List what an endpoint may refuse with, for its `responses`; `body` and `query` add what any can be refused for.

    The document gives each answer its schema from these names: see `openapi.py`.
    """
    of_all = (*([TooManyRequests] if limited else ()), DatabaseUnavailable, *(OF_BODIES if body else ()))
    names: dict[int, list[str]] = {}
    for kind in (*kinds, *of_all):
        names.setdefault(int(kind.status), []).append(kind.__name__)
    if body or query:
        names[422] = [VALIDATION]
    return {status: describe_answer(status, found) for status, found in names.items()}


def refer_to_example(name: str) -> dict[str, str]:
    """Refer to an example among the document's components."""
    return {"$ref": f"#/components/examples/{name}"}


def describe_answer(status: int, names: list[str]) -> dict[str, Any]:
    """Describe an answer by the names of what it refuses with; the document gives it its schema."""
    content = {MEDIA_TYPE: {"examples": {name: refer_to_example(name) for name in names}}}
    headers = {"headers": RETRY_AFTER} if status in {429, 503} else {}
    return {"description": HTTPStatus(status).phrase, "content": content, **headers}
