"""Other services ask whose a token is (RFC 7662)."""

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app import errors
from app.deps import FromService, get_resources
from app.schemas import Introspection
from app.services import introspection
from app.web.problems import refusals

router = APIRouter(tags=["Services"])

FORM = "application/x-www-form-urlencoded"
FORM_WANTED = f"Send the body as a form, with the header Content-Type: {FORM}."
FIELDS_MAX = 10
BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["token"],
                "properties": {"token": {"type": "string"}, "token_type_hint": {"type": "string"}},
                "examples": [{"token": errors.LOGIN_TOKEN}],
            }
        }
    },
}


@router.post(
    "/introspect",
    summary="Ask whose an access token is",
    response_model_exclude_none=True,
    responses=refusals(errors.InvalidClient),
    openapi_extra={"requestBody": BODY},
)
async def introspect(request: Request, credential: FromService) -> Introspection:
    """Tell a service that has a credential of its own whether a token is good now, and whose it is.

    Of a token that is expired, of another kind, or of a session that has ended: `active` is false, and nothing else.
    """
    resources = await get_resources(request)  # no dependency: each costs a call a twentieth (decision 11)
    return await introspection.introspect(resources, credential, await read_token(request))


async def read_token(request: Request) -> str:
    """Return the one `token` of a form; a `token_type_hint` changes nothing, for one kind is told about."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, FORM_WANTED)
    try:
        fields = parse_qsl((await request.body()).decode(errors="replace"), max_num_fields=FIELDS_MAX)
    except ValueError:
        fields = []
    tokens = [value for name, value in fields if name == "token"]
    if len(tokens) != 1:
        raise RequestValidationError([{"loc": ("body", "token"), "msg": "Field required once", "type": "missing"}])
    return tokens[0]
