"""Every text a person reads comes from the catalogue, and the catalogue knows every code."""

import re
from pathlib import Path

import pytest
from flask import Flask

from app import errors
from app.web import problems
from FlaskProject.messages import ONE, TEXT, sentence_for, t
from FlaskProject.rendering.template_helpers import init_templates
from FlaskProject.settings.brand import Brand

PAGES = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((PAGES / "templates").glob("*.html"))
SOURCES = [path for path in sorted(PAGES.rglob("*.py")) if "tests" not in path.parts]

WORDLESS = {"error.html"}
NOT_WORDS = re.compile(r"\{% block width %\}\w*|\{[%{#].*?[%}#]\}|<[^>]*>|&[a-z]+;", re.DOTALL)


def all_errors(family: type[errors.ApiError]) -> set[str]:
    """Return every code of the API's error family."""
    codes = {family.code} if hasattr(family, "code") else set()
    return codes.union(*(all_errors(child) for child in family.__subclasses__()))


API_CODES = sorted(all_errors(errors.ApiError) | set(problems.CODES.values()) | {problems.VALIDATION_CODE})


@pytest.mark.parametrize("code", API_CODES)
def test_every_code_of_the_api_has_a_sentence(code: str) -> None:
    """None of them is left to the general one."""
    assert f"api.{code}" in TEXT


def test_codes_of_tomorrow_have_one_too() -> None:
    """An API newer than its pages is no reason for a trace."""
    assert sentence_for("brand_new_code", wait="1 minute") == t("api.unknown")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_words(template: Path) -> None:
    """A translator needs to look nowhere else."""
    left = NOT_WORDS.sub(" ", re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL))

    assert re.findall(r"[A-Za-z]{2,}", left) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_ask_for_texts_that_exist(template: Path) -> None:
    """A misspelt key would break the page."""
    found = re.findall(r"""\bt\(["']([a-z_.]+)["'],|["']([a-z_.]+)["']\|t\b""", template.read_text(encoding="utf-8"))
    keys = {one or other for one, other in found}

    assert keys or template.name in WORDLESS
    assert keys <= TEXT.keys()


def test_no_text_is_part_of_the_compiled_page() -> None:
    """Worked out with the template it would stay in the language of whoever came first."""
    app = Flask(__name__)
    init_templates(app, Brand())
    code = app.jinja_env.compile('<p>{{ "login.title"|t }}</p>', raw=True)

    assert t("login.title") not in str(code)


def test_actions_tell_texts_that_exist() -> None:
    """What an action tells is looked up a page later."""
    told = re.compile(r'(?:tell\(|tell_at\((?:\*PLACE|"[a-z.]+", "[a-z-]+"), )"([a-z_.]+)"')
    keys = {key for path in SOURCES for key in told.findall(path.read_text("utf-8"))}

    assert len(keys) > 12
    assert keys <= TEXT.keys()


def test_the_catalogue_keeps_nothing_unused() -> None:
    """Texts that no page shows only cost translators time."""
    everything = "".join(
        path.read_text(encoding="utf-8") for path in [*TEMPLATES, *SOURCES] if "messages" not in path.parts
    )
    built = (
        "api.",
        "check_mail.",
        "error.",
        "required.",
        "invalid.",
        "label.",
        "place.",
        "home.",
        "welcome.",
        "advice.",
        "code.",
        "delete.goes.",
        "link.",
        "passkey.said.",
        "history.part.",
        "event.",
        "reason.",
        "means.",
        "actor.",
        "fact.",
    )

    keys = {key.removesuffix(ONE).removesuffix(".from") for key in TEXT}

    assert [
        key for key in sorted(keys) if not key.startswith(built) and f'"{key}"' not in everything.replace("'", '"')
    ] == []


def test_texts_are_whole_sentences_of_plain_characters() -> None:
    """No markup, no dashes that screen readers stumble over, no blanks at the ends."""
    odd = {
        key: text
        for key, text in TEXT.items()
        if re.search(r"[<>\u2013\u2014]", text) or text.strip() != text.rstrip(" ")
    }

    assert {key for key in odd if key != "title.error"} == set()
