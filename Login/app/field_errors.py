"""Why a field is refused, as a stable code beside the sentence; the rules themselves stand with the fields."""

from enum import StrEnum


class FieldCode(StrEnum):
    """What a client may switch on for each field of a `validation_error`; docs/api.md says when."""

    REQUIRED = "required"
    WRONG_TYPE = "wrong_type"
    BLANK = "blank"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    OUT_OF_RANGE = "out_of_range"
    WRONG_FORM = "wrong_form"
    FORBIDDEN_CHARACTER = "forbidden_character"
    INVISIBLE_CHARACTER = "invisible_character"
    COMPATIBILITY_CHARACTER = "compatibility_character"
    NOT_AN_EMAIL = "not_an_email"
    NOT_TRUE = "not_true"
    MISSING_FIELDS = "missing_fields"
    CONFLICTING_FIELDS = "conflicting_fields"
    MALFORMED_JSON = "malformed_json"
    INVALID = "invalid"


class FieldError(ValueError):
    """A rule of ours that a field breaks."""

    def __init__(self, code: FieldCode, sentence: str) -> None:
        """Keep the code for programs; the sentence is the exception's text."""
        super().__init__(sentence)
        self.code = code
