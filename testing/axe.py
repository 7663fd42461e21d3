"""axe-core on a page: every rule it knows, in light and dark."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

RUN = "options => axe.run(document, options).then(found => found.violations)"
ALL_RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}


@cache
def _axe_core() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def find_barriers(page: Page) -> list[str]:
    """Return what axe-core finds; the page must have scripts on, though its policy lets none of its own run."""
    page.evaluate(_axe_core())
    found = []
    for scheme, options in (("light", ALL_RULES), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
        found += [_describe(scheme, violation) for violation in page.evaluate(RUN, options)]
    return found


def _describe(scheme: str, violation: dict[str, Any]) -> str:
    places = [node["html"][:160] for node in violation["nodes"]]
    return f"{scheme}: {violation['id']}: {violation['help']}: {places}"
