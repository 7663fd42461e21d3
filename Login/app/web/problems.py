"""Errors as answers: problem details (RFC 9457) with our stable code beside them, also in the OpenAPI page."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match, Mount
from starlette.types import Scope

from app.errors import ApiError, DatabaseUnavailable, TooManyRequests

MEDIA_TYPE = "application/problem+json"
VALIDATION_CODE = "validation_error"
CODES = {
    400: "malformed_body",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "content_too_large",
    415: "unsupported_media_type",
}
METHODS = ("GET", "POST", "PUT", "DELETE")
OF_FILES = "GET, HEAD"
MEDIA_TYPE_WANTED = "Send the body as JSON, with the header Content-Type: application/json."

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
        return await _answer_http_error(request, HTTPException(415, MEDIA_TYPE_WANTED))  # it was not taken for JSON
    request.state.code = VALIDATION_CODE
    # Only the place and our field's name: deeper parts may be keys that the caller made up.
    detail = [
        {"loc": item["loc"][:2], "msg": item["msg"].removeprefix("Value error, "), "type": item["type"]}
        for item in found
    ]
    return JSONResponse(describe(422, detail, VALIDATION_CODE), 422, media_type=MEDIA_TYPE)


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


def refusals(*errors: type[ApiError], body: bool = True, limited: bool = True) -> Responses:
    """List what an endpoint may refuse with, for its `responses`; `body` adds what any body can be refused for."""
    by_status: dict[int, dict[str, Any]] = defaultdict(dict)
    listed: tuple[type[ApiError], ...] = (*errors, *([TooManyRequests] if limited else []), DatabaseUnavailable)
    for error in listed:
        examples = by_status[int(error.status)]
        name = " with ".join((error.code, *error.sample)) if error.code in examples else error.code
        examples[name] = give_example(error)
    for status in (400, 408, 413, 415) if body else ():
        phrase = HTTPStatus(status).phrase
        detail = MEDIA_TYPE_WANTED if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE else phrase
        by_status[status][CODES[status]] = {"summary": phrase, "value": describe(status, detail, CODES[status])}
    answers: Responses = {status: _describe_answer(status, examples) for status, examples in by_status.items()}
    return answers | ({422: _describe_answer(422, {}, "ValidationProblem")} if body else {})


def give_example(error: type[ApiError]) -> dict[str, Any]:
    """Show what a refusal looks like."""
    return {"summary": error.detail, "value": describe(error.status, error.detail, error.code, **error.sample)}


def _describe_answer(status: int, examples: dict[str, Any], schema: str = "Problem") -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": examples}
    headers = {"headers": RETRY_AFTER} if status in {429, 503} else {}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: content}, **headers}
