"""Refusals in the OpenAPI document: a schema and an example for each kind, and clients tell them by their `code`."""

from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from app.errors import ApiError
from app.field_errors import FieldCode
from app.web.problems import VALIDATION, VALIDATION_CODE, describe

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/{model}"
# What a kind may have beside the common members; its `sample` and `sometimes` name them.
MEMBERS: dict[str, Schema] = {
    "login_token": {
        "type": "string",
        "description": "For the second step, at `POST /login` or `POST /login/passkey`: good once, for five minutes.",
    },
    "trust_seconds": {
        "type": "integer",
        "description": "For how long `trust_device` would spare the second factor; 0 where that is switched off.",
    },
    "factors": {
        "type": "array",
        "items": {"type": "string", "enum": ["totp", "passkey", "recovery_code"]},
        "description": "What the account has.",
    },
    "clock_off": {"type": "boolean", "enum": [True], "description": "The clock of the person's device seems off."},
}


class FieldProblem(BaseModel):
    """What is wrong with one field: `loc` is its place, `code` is for programs, `msg` for people."""

    loc: list[str | int]
    msg: str
    type: str
    code: FieldCode


@cache
def list_kinds() -> dict[str, type[ApiError]]:
    """Return every kind of refusal by its name."""
    return {kind.__name__: kind for kind in _list_below(ApiError)}


def find_shape(kind: type[ApiError]) -> type[ApiError]:
    """Return the kind whose schema this one has: its family's, without a code or a member of its own."""
    family = kind.__mro__[1]
    same = getattr(family, "code", None) == kind.code and _find_required(family) == _find_required(kind)
    return find_shape(family) if same else kind


def describe_kind(kind: type[ApiError]) -> Schema:
    """Make the schema of a kind."""
    schema = _make_schema(kind.__name__, kind.code, {"type": "string"})
    schema["description"] = kind.detail
    schema["properties"] |= {name: MEMBERS[name] for name in {**kind.sample, **dict.fromkeys(kind.sometimes)}}
    schema["required"] += _find_required(kind)
    return schema


def describe_validation() -> dict[str, Schema]:
    """Make the schemas of a body that is refused: `detail` is FastAPI's list, as the seed's clients know it."""
    field = FieldProblem.model_json_schema(ref_template=REFERENCE)
    each = {"type": "array", "items": {"$ref": REFERENCE.format(model="FieldProblem")}}
    whole = _make_schema(VALIDATION, VALIDATION_CODE, each)
    whole["description"] = "A body that could not be understood; what was sent is never repeated."
    return {VALIDATION: whole, **field.pop("$defs"), "FieldProblem": field}


def make_examples(kinds: dict[str, type[ApiError]]) -> dict[str, Schema]:
    """Show what each refusal looks like."""
    field = {"loc": ["body", "username"], "msg": "must have 3 to 50 characters", "type": "value_error"}
    body = describe(HTTPStatus.UNPROCESSABLE_ENTITY, [field | {"code": FieldCode.TOO_SHORT}], VALIDATION_CODE)
    examples = {
        name: {"summary": kind.detail, "value": describe(kind.status, kind.detail, kind.code, **kind.sample)}
        for name, kind in kinds.items()
    }
    return examples | {VALIDATION: {"summary": "A field is missing or not allowed.", "value": body}}


def _list_below(family: type[ApiError]) -> list[type[ApiError]]:
    return [kind for child in family.__subclasses__() for kind in (child, *_list_below(child))]


def _make_schema(name: str, code: str, detail: Schema) -> Schema:
    members: dict[str, Schema] = {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": detail,
        "code": {"type": "string", "enum": [code]},
    }
    return {"title": name, "type": "object", "properties": members, "required": list(members)}


def _find_required(kind: type[ApiError]) -> list[str]:
    return [name for name in kind.sample if name not in kind.sometimes]
