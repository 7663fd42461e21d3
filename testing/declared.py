"""What the OpenAPI document says of refusals, held against every answer that a test is given."""

import re
from functools import cache
from typing import Any

from pydantic import SecretStr

from app.config import Settings
from app.errors import InsecureConfiguration
from app.field_errors import FieldCode
from app.main import create_app

Document = dict[str, Any]
Codes = dict[str, set[str]]

# In development, instead of every endpoint: the document's introduction tells of it.
ANYWHERE = {InsecureConfiguration.code}


def make_document() -> Document:
    """Make the document of somebody who sets nothing."""
    url, key = SecretStr("sqlite:///never-opened.sqlite3"), SecretStr("k" * 40)
    return create_app(Settings(database_url=url, jwt_secret_key=key, _env_file=None)).openapi()


def list_codes(document: Document, answer: Document) -> set[str]:
    """Return the codes that an answer of an operation may have, by its schema."""
    schemas = [content.get("schema", {}) for content in answer.get("content", {}).values()]
    names = {name for schema in schemas for name in re.findall(r"#/components/schemas/(\w+)", str(schema))}
    found = [document["components"]["schemas"][name].get("properties", {}).get("code", {}) for name in names]
    return {code for each in found for code in each.get("enum", [])}


@cache
def _declared() -> list[tuple[str, re.Pattern[str], Codes]]:
    document = make_document()
    return [
        (
            method.upper(),
            re.compile(re.sub(r"\{\w+\}", "[^/]+", path)),
            {status: list_codes(document, answer) for status, answer in operation["responses"].items()},
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def require_declared(answer: Any) -> None:
    """Fail a test that was given a refusal which the document does not name for that endpoint."""
    if not answer.is_error:
        return
    answer.read()
    method, path = answer.request.method.replace("HEAD", "GET"), answer.request.url.path
    for known, pattern, codes in _declared():
        if known == method and pattern.fullmatch(path):
            _require_known(answer, codes.get(str(answer.status_code), set()) | ANYWHERE)


def _require_known(answer: Any, declared: set[str]) -> None:
    if not answer.content:  # of HEAD
        return
    said, detail = f"{answer.request.method} {answer.request.url.path}: {answer.text}", answer.json()["detail"]
    assert answer.json()["code"] in declared, f"{said} is not declared"
    codes = [problem["code"] for problem in detail] if isinstance(detail, list) else []
    assert FieldCode.INVALID not in codes, f"{said} has no code for a field: see web/field_problems.py"
