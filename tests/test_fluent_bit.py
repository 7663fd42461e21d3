"""The example that ships the logs: its parsers exist, and read the time that both parts write."""

import json
import logging
import re
from datetime import datetime
from pathlib import Path

import pytest

from app.runtime.logs import JsonFormatter
from FlaskProject.runtime.logs import JsonLines

DOCS = Path(__file__).parents[1] / "docs"
MAIN, PARSERS = ((DOCS / name).read_text(encoding="utf-8") for name in ("fluent-bit.conf", "fluent-bit-parsers.conf"))


def values(text: str, key: str) -> list[str]:
    """Return what a key is set to, in order."""
    return re.findall(rf"^ +{key} +(\S.*)$", text, re.MULTILINE)


def test_each_parser_is_defined() -> None:
    """Fluent Bit starts without a parser that it does not know, and ships lines unread."""
    assert values(MAIN, "Parsers_File") == ["fluent-bit-parsers.conf"]
    assert values(MAIN, "Parser") == values(PARSERS, "Name") == ["docker_line", "pupero"]


@pytest.mark.asvs("16.2.4")
@pytest.mark.parametrize("formatter", [JsonFormatter(), JsonLines()], ids=["api", "pages"])
def test_its_time_format_is_ours(formatter: logging.Formatter) -> None:
    """A time that cannot be read costs a warning a line, and the record gets docker's time instead."""
    record = logging.makeLogRecord({"msg": "swept", "created": 1795719786.568})
    [ours] = [form for form in values(PARSERS, "Time_Format") if form.endswith("%z")]
    written = json.loads(formatter.format(record))["time"]

    parsed = datetime.strptime(written, ours.replace("%L", "%f"))  # noqa: DTZ007 the format has %z
    assert parsed.timestamp() == record.created
