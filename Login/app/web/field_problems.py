"""What a body is refused for, field by field: the list that FastAPI makes, without what was sent, with our codes."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.field_errors import FieldCode, FieldError

# What pydantic finds by itself; whatever is of another type than it should be ends as WRONG_TYPE says.
WRONG_TYPE = ("_type", "_parsing")
CODES = {
    "missing": FieldCode.REQUIRED,
    "string_too_short": FieldCode.TOO_SHORT,
    "string_too_long": FieldCode.TOO_LONG,
    "too_short": FieldCode.TOO_SHORT,
    "too_long": FieldCode.TOO_LONG,
    "string_unicode": FieldCode.INVISIBLE_CHARACTER,  # half a surrogate pair
    "greater_than_equal": FieldCode.OUT_OF_RANGE,
    "less_than_equal": FieldCode.OUT_OF_RANGE,
    "string_pattern_mismatch": FieldCode.WRONG_FORM,
    "literal_error": FieldCode.WRONG_FORM,
    "json_invalid": FieldCode.MALFORMED_JSON,
}

Found = Mapping[str, Any]


def list_field_problems(found: Sequence[Found]) -> list[dict[str, object]]:
    """Describe what is wrong; only the place and our field's name: deeper parts may be keys that the caller made up."""
    return [
        {
            "loc": each["loc"][:2],
            "msg": each["msg"].removeprefix("Value error, "),
            "type": each["type"],
            "code": _find_code(each),
        }
        for each in found
    ]


def _find_code(found: Found) -> FieldCode:
    rule = found.get("ctx", {}).get("error")
    if isinstance(rule, FieldError):
        return rule.code
    unknown = FieldCode.WRONG_TYPE if found["type"].endswith(WRONG_TYPE) else FieldCode.INVALID
    return CODES.get(found["type"], unknown)
