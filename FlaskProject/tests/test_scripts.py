"""The small script of the pages: how much of it there is, what it cannot do, and what it says as the API does."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.passwords.rules import LENGTH_MIN
from FlaskProject.forms.form import SHORTEST_PASSWORD

SCRIPTS = sorted((Path(__file__).resolve().parents[1] / "static").glob("*.js"))
DANGEROUS = (
    r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|Storage|postMessage|onmessage|\[\w+\] ="
)


@pytest.mark.asvs("3.2.2")
def test_scripts_write_text_and_keep_nothing() -> None:
    """What came from elsewhere can become no markup and no code, is stored nowhere and sent to no other window."""
    sources = [path.read_text(encoding="utf-8") for path in SCRIPTS]

    assert re.findall(DANGEROUS, "\n".join(sources)) == []
    assert 0 < sum(len(source.encode()) for source in sources) <= 8 * 1024


def test_pages_and_api_agree_on_what_is_too_short(browser: FlaskClient) -> None:
    """In what is ticked off while somebody types, and in what is said of a form with several faults."""
    assert SHORTEST_PASSWORD == LENGTH_MIN
    assert f'<li data-least="{LENGTH_MIN}">{LENGTH_MIN} characters or more' in browser.get("/register").text
