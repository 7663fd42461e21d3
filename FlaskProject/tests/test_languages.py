"""Which language a page is in: the person's, else this browser's, else the operator's; and what choosing one does."""

import re
from gettext import NullTranslations
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from flask.testing import FlaskClient

from FlaskProject.config import ConfigError, load_config
from FlaskProject.languages import catalogues, negotiation
from FlaskProject.languages.known import KNOWN, NAMES
from FlaskProject.messages import t
from testing.pseudo import forget

HALF_GERMAN = {"Sign in": "Anmelden", "New here?": "Neu hier?"}


@pytest.fixture(autouse=True)
def all_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Offer every language, whatever it has words for: German has few."""
    catalogue = Catalog(locale="de", fuzzy=False)
    for text, translated in HALF_GERMAN.items():
        catalogue.add(text, translated, context=None if text == "New here?" else "nav.login")
    catalogue.add("Forgot your password?", "Zweifelhaft", flags=["fuzzy"])
    catalogue.add(("{count} was left.", "{count} were left."), ("{count} blieb übrig.", "{count} blieben übrig."))
    (tmp_path / "de").mkdir()
    with (tmp_path / "de" / "pages.po").open("wb") as file:
        write_po(file, catalogue)
    monkeypatch.setattr(catalogues, "TRANSLATIONS", tmp_path)
    for module in ("languages.current", "views.language", "rendering.template_helpers"):
        monkeypatch.setattr(f"FlaskProject.{module}.OFFERED", tuple(KNOWN))
    monkeypatch.setattr(negotiation, "_BY_LANGUAGE", {tag.partition("-")[0]: tag for tag in KNOWN})
    for tag in KNOWN.keys() - {"en", "de"}:
        (tmp_path / tag).mkdir()
        with (tmp_path / tag / "pages.po").open("wb") as file:
            write_po(file, Catalog(locale=KNOWN[tag].locale, fuzzy=False))
    catalogues.load.cache_clear()
    forget()
    yield
    catalogues.load.cache_clear()
    forget()


def language_of(answer: Any) -> str:
    """Return what a page says it is in, everywhere alike."""
    found = re.search(r'<html lang="([^"]+)" dir="([^"]+)"', answer.text)
    assert found
    assert found[2] == KNOWN[found[1]].direction
    assert answer.headers["Content-Language"] == found[1]
    assert {"accept-language", "cookie"} <= {name.lower() for name in answer.vary}
    return found[1]


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de", "de"),
        ("de-AT, en;q=0.5", "de"),
        ("en;q=0.4, fr-CH, de;q=0.9", "fr"),
        ("pt-PT", "pt-BR"),
        ("PT", "pt-BR"),
        ("tlh, uk;q=0.1", "uk"),
        ("de;q=0, pl", "pl"),
        ("*, ja;q=0.2", "ja"),
        ("", None),
        ("*", None),
        ("zh-Hans", None),
        ("de;q=2", None),
        ("de;q=nan, ;;, =, q=1, de;q=x", None),
        ("de;level=1", None),
        ("\N{SNOWMAN}, de", "de"),
        (", " * 900 + "de", None),
        (" it ; q = 0.3 ", None),
        ("it ;q=0.3", "it"),
    ],
)
def test_a_browser_s_wish_is_read_by_its_weights(header: str, tag: str | None) -> None:
    """And whatever makes no sense is not there."""
    assert negotiation.negotiate(header) == tag


def test_whoever_asks_for_nothing_of_ours_gets_the_operator_s(open_browser: Any) -> None:
    """On every page, an error's, too."""
    browser = open_browser(default_language="pl")

    assert [language_of(browser.get(path)) for path in ("/login", "/nowhere")] == ["pl", "pl"]
    assert language_of(browser.get("/login", headers={"Accept-Language": "ar"})) == "ar"


@pytest.mark.parametrize("tag", ["tlh", "de-CH", "en-GB", "../de"])
def test_an_unknown_default_is_refused_at_the_start(tmp_path: Any, tag: str) -> None:
    """With the names of those that there are."""
    with pytest.raises(ConfigError, match=r"DEFAULT_LANGUAGE: must be one of en, de, .*, ja"):
        load_config({"SECRET_KEY": "k", "DEFAULT_LANGUAGE": tag}, tmp_path / "none.env")


def test_what_has_no_translation_is_said_in_english(browser: FlaskClient) -> None:
    """Nor has what nobody has looked at since its English changed."""
    page = browser.get("/login", headers={"Accept-Language": "de"}).text

    assert "Anmelden" in page
    assert "Neu hier?" in page
    assert "Forgot your password?" in page
    assert "Zweifelhaft" not in page


def test_a_choice_at_the_foot_of_a_page_leads_back_to_it(browser: FlaskClient, submit: Any) -> None:
    """It needs no script, and outlives the browser; without one, the browser's wish counts again."""
    asked = {"Accept-Language": "fr"}
    address = "/login?next=%2Fprofile%23phrase-title"
    link = re.search(r'class="language" href="([^"]+)"', browser.get(address, headers=asked).text)
    assert link
    page = unescape(link[1])
    back = parse_qs(urlsplit(page).query)["next"][0]
    shown = browser.get(page).text
    sent = submit(browser, page, "/language", language="de", next=back)
    cookie = browser.get_cookie("language")

    assert [name in shown for name in NAMES.values()] == [True] * len(NAMES)
    assert back == address
    assert (sent.status_code, sent.headers["Location"]) == (302, back)
    assert cookie
    assert (cookie.value, cookie.http_only, cookie.same_site) == ("de", True, "Lax")
    assert (cookie.max_age or 0) > 300 * 24 * 3600
    assert language_of(browser.get(back, headers=asked)) == "de"
    submit(browser, page, "/language", language="", next=back)
    assert language_of(browser.get(back, headers=asked)) == "fr"


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize(
    "target",
    [
        *("https://evil.example/", "//evil.example", "/\\evil.example", "/%2fevil.example", "javascript:alert(1)"),
        *("/login/../../evil", "/nowhere", "/logout/all", "/profile/phrase/x", "/login\r\nX: y", "/" + "a" * 3000, ""),
    ],
)
def test_it_leads_to_pages_of_ours_only(browser: FlaskClient, submit: Any, target: str) -> None:
    """No address that somebody wrote into a link leads elsewhere, or to what cannot be asked for."""
    assert submit(browser, "/language", language="de", next=target).headers["Location"] == "/"
    assert f'value="{target}"' not in browser.get("/language", query_string={"next": target}).text or not target


def test_files_are_the_same_for_everybody(browser: FlaskClient) -> None:
    """What browsers and proxies keep for good varies by no language and no cookie."""
    with browser.get("/static/style.css") as answer:
        assert "Vary" not in answer.headers
        assert "Content-Language" not in answer.headers


def test_nonsense_is_no_choice(browser: FlaskClient, submit: Any) -> None:
    """Neither in the form nor in the cookie."""
    assert t("invalid.language") in submit(browser, "/language", language="tlh").text
    browser.set_cookie("language", "../../etc/passwd")
    assert language_of(browser.get("/login")) == "en"


def test_an_account_s_language_counts_before_the_browser_s(signed_in: FlaskClient, account: Any) -> None:
    """And pages that do not know the person speak it from then on, also once they are signed out."""
    account["language"] = "ar"
    signed_in.set_cookie("language", "de")
    page = signed_in.get("/profile", headers={"Accept-Language": "fr"})

    assert language_of(page) == "ar"
    signed_in.delete_cookie("access_token")
    assert language_of(signed_in.get("/login")) == "ar"


def test_a_choice_of_somebody_signed_in_is_the_account_s(
    signed_in: FlaskClient, account: Any, small_api: Any, submit: Any
) -> None:
    """The API is told once; what is chosen already is not told again."""
    account["language"] = None

    def update(asked: Any) -> Any:
        account["language"] = asked["body"]["language"] or None
        return 200, {"message": "done"}

    small_api.on("PUT /user/update", update)
    for tag in ("ja", "ja", ""):
        assert submit(signed_in, "/profile", "/language", language=tag, next="/profile").status_code == 302

    assert [call["body"] for call in small_api.calls("PUT /user/update")] == [{"language": "ja"}, {"language": ""}]


def test_the_api_is_told_the_language_of_the_page(small_api: Any, open_browser: Any, submit: Any) -> None:
    """So that the first mail of an account is in it."""
    small_api.on("POST /register", lambda _asked: (201, {"user_id": "u1"}))
    small_api.on("POST /login", lambda _asked: (401, {"code": "email_unverified"}))
    browser = open_browser(small_api.url)
    browser.set_cookie("language", "pt-BR")
    submit(browser, "/register", email="ada@example.com", username="", password="secret-of-ada")

    assert small_api.calls("POST /register")[0]["headers"]["Accept-Language"] == "pt-BR"


def test_times_and_numbers_are_those_of_the_language(signed_in: FlaskClient, account: Any) -> None:
    """By CLDR: months, spans of time with their case, and forms of a number."""
    account["language"] = "de"
    page = signed_in.get("/security").text

    assert "3. Mai 2027, 14:02 UTC" in page
    with signed_in.application.test_request_context("/", headers={"Accept-Language": "de"}):
        assert t("fact.left", count=1) == "1 blieb übrig."
        assert t("fact.left", count=12345) == "12.345 blieben übrig."


def test_a_language_is_read_once(browser: FlaskClient) -> None:
    """Whoever comes later pays nothing for it."""
    for _ in range(3):
        browser.get("/login", headers={"Accept-Language": "de"})

    assert catalogues.load.cache_info().misses == 1
    assert isinstance(catalogues.load("en"), NullTranslations)
