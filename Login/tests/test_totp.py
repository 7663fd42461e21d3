"""The second factor: the standard's codes, and setting it up."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pyotp
import pytest
from starlette.testclient import TestClient

from app import auth
from app.clients.addresses import Client
from app.config import Settings
from app.crud import sessions
from app.resources import make_resources
from app.services import totp as services
from testing.api import (
    PASSWORD,
    MakeStale,
    Person,
    RunSql,
    SignedIn,
    StartApi,
    register,
    sign_in,
)
from testing.loops import finish
from testing.pictures import read_qr_picture

# RFC 6238, appendix B: SHA-1, the secret "12345678901234567890", eight digits of which an app shows the last six.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_CODES = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("moment", "code"), RFC_CODES.items())
def test_the_vectors_of_rfc_6238(moment: int, code: str) -> None:
    """Our codes are the standard's."""
    step = auth.find_totp_step(RFC_SECRET, code[2:], datetime.fromtimestamp(moment, UTC), window=0)

    assert step == moment // 30


@pytest.mark.asvs("6.5.5")
@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_codes_of_one_step_either_way_are_accepted(steps: int, accepted: bool) -> None:
    """A clock may be half a minute off, no more."""
    now = datetime.now(UTC)
    code = pyotp.TOTP(RFC_SECRET).at(now, counter_offset=steps)

    assert (auth.find_totp_step(RFC_SECRET, code, now) is not None) is accepted


@pytest.mark.parametrize(
    "typed", ["123 456", " 123456 ", "123-456", "１２３４５６", "123–456\r\n", "١٢٣٤٥٦", "\u202a123\u2212456\u202c"]
)
def test_typed_codes_are_forgiven_their_form(typed: str) -> None:
    """Blanks, dashes, digits of other scripts and what pasting brings along don't matter."""
    assert auth.normalize_code(typed) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "-1", "1e5", "0x1234", "\x00" * 6])
def test_nothing_else_is_a_code(typed: str) -> None:
    """Whatever is not six digits matches no step."""
    assert auth.find_totp_step(RFC_SECRET, auth.normalize_code(typed), datetime.now(UTC)) is None


@pytest.mark.asvs("6.5.3")
def test_start_gives_a_picture_that_says_what_the_text_says(user: SignedIn) -> None:
    """The QR code decodes to the otpauth URI; the secret has 160 bits; issuer and account are named."""
    setup = user.post("/totp/enable/start").json()
    text = read_qr_picture(base64.b64decode(setup["qr_code"]))
    uri = urlsplit(text)

    assert text == setup["otpauth_uri"]
    assert len(base64.b32decode(setup["secret"])) == 20
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Pupero:alice@example.com")
    assert parse_qs(uri.query) == {"secret": [setup["secret"]], "issuer": ["Pupero"]}


@pytest.mark.parametrize("email", ["o'hara+x@example.com", "jörg@example.com", "a/b?c=d&e#f@example.com"])
def test_odd_accounts_stay_readable_in_an_authenticator(api: TestClient, email: str) -> None:
    """Whatever stands in an address, label and issuer come out of the URI as they went in."""
    assert api.post("/register", json={"email": email, "password": PASSWORD}).status_code == 200
    user = sign_in(api, Person(email, None, PASSWORD))
    uri = user.post("/totp/enable/start").json()["otpauth_uri"]
    totp = pyotp.parse_uri(uri)

    assert isinstance(totp, pyotp.TOTP)
    assert (totp.name, totp.issuer) == (email, "Pupero")
    assert urlsplit(uri).path.count("/") == 1
    assert " " not in uri
    assert uri.isascii()


@pytest.mark.asvs("1.2.2")
@pytest.mark.parametrize("issuer", ["Pupero", "Käse & Söhne", "a/b?c#d 100%", "🦩 שלום %3A"])
@pytest.mark.parametrize("account", ["ada@example.com", "a:b@example.com", "jörg+é/x@exämple.com"])
def test_any_name_comes_out_of_the_uri_as_it_went_in(issuer: str, account: str) -> None:
    """The one colon of the label stands between issuer and account, whatever these hold."""
    uri = auth.provisioning_uri(RFC_SECRET, account, issuer)
    totp = pyotp.parse_uri(uri)

    assert (totp.secret, totp.name, totp.issuer) == (RFC_SECRET, account, issuer)
    assert urlsplit(uri).path.count(":") == 1


def test_start_repeated_gives_the_same_secret(user: SignedIn) -> None:
    """A mistyped code needs no new scan."""
    first = user.post("/totp/enable/start").json()
    second = user.post("/totp/enable/start").json()

    assert first == second


@pytest.mark.asvs("2.3.4")
def test_tabs_that_start_at_once_get_one_secret(settings: Settings, user: SignedIn, sql: RunSql) -> None:
    """Whichever of them the person scans, its code confirms."""
    resources = make_resources(settings)

    async def race() -> set[str]:
        principal = await resources.database.read(sessions.get_principal, sql("SELECT sid FROM sessions")[0][0])
        assert principal is not None
        tabs = (services.start(resources, principal, None, Client("127.0.0.1", "")) for _ in range(6))
        return {setup.secret for setup in await asyncio.gather(*tabs)}

    (user.secret,) = finish(race())
    resources.close()

    confirmed = user.post("/totp/enable/confirm", {"secret": user.secret, "code": user.code()})
    assert confirmed.status_code == 200


def test_an_account_sets_up_one_factor_at_a_time(user: SignedIn, other_device: SignedIn) -> None:
    """Started on another device, the set-up there replaces the one here, which says so."""
    here = user.post("/totp/enable/start").json()["secret"]
    there = other_device.post("/totp/enable/start").json()["secret"]
    old = user.post("/totp/enable/confirm", {"secret": here, "code": pyotp.TOTP(here).now()})
    new = other_device.post("/totp/enable/confirm", {"secret": there, "code": pyotp.TOTP(there).now()})

    assert here != there
    assert (old.status_code, old.json()["code"]) == (400, "totp_enrolment_invalid")
    assert new.status_code == 200


@pytest.mark.asvs("7.5.1")
def test_start_needs_a_fresh_session_or_the_password(user: SignedIn, make_session_stale: MakeStale) -> None:
    """A stolen token enrols no factor."""
    make_session_stale()

    assert user.post("/totp/enable/start").json()["code"] == "reauthentication_required"
    assert user.post("/totp/enable/start", {"current_password": "wrong password"}).status_code == 400
    assert user.post("/totp/enable/start", {"current_password": PASSWORD}).status_code == 200


@pytest.mark.asvs("2.3.1")
def test_confirm_takes_only_what_start_gave_to_this_session(
    user: SignedIn, other_device: SignedIn, sql: RunSql
) -> None:
    """Another secret, another session, an expired or repeated enrolment are refused, and nothing is switched on."""
    secret = user.post("/totp/enable/start").json()["secret"]
    code = pyotp.TOTP(secret).now()
    own = pyotp.random_base32()
    body = {"secret": secret, "code": code}

    assert other_device.post("/totp/enable/confirm", body).json()["code"] == "totp_enrolment_invalid"
    own_body = {"secret": own, "code": pyotp.TOTP(own).now()}
    assert user.post("/totp/enable/confirm", own_body).json()["code"] == "totp_enrolment_invalid"
    sql("UPDATE totp_enrolments SET expires_at = '2020-01-01 00:00:00'")
    assert user.post("/totp/enable/confirm", body).json()["code"] == "totp_enrolment_invalid"
    assert user.get("/totp/status").json() == {"enabled": False, "recovery_codes_left": 0, "recovery_codes_saved": True}


def test_an_active_factor_is_never_overwritten(user_with_totp: SignedIn, sql: RunSql) -> None:
    """Neither start nor confirm touches a factor that is on."""
    before = sql("SELECT totp_secret FROM users")
    body = {"secret": user_with_totp.secret, "code": user_with_totp.code()}

    for path, json in (("/totp/enable/start", None), ("/totp/enable/confirm", body)):
        answer = user_with_totp.post(path, json)
        assert (answer.status_code, answer.json()["code"]) == (409, "totp_already_enabled")
    assert sql("SELECT totp_secret FROM users") == before


def test_eight_confirmations_at_once_switch_on_once(start_api: StartApi) -> None:
    """Parallel confirmations give one set of recovery codes, and those ten work."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        user = sign_in(http, register(http))
        user.secret = user.post("/totp/enable/start").json()["secret"]
        body, barrier = {"secret": user.secret, "code": user.code()}, Barrier(8)

        def confirm(_number: int) -> httpx2.Response:
            barrier.wait()
            return user.post("/totp/enable/confirm", body)  # type: ignore[no-any-return]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(confirm, range(8)))
        winners = [answer for answer in answers if answer.status_code == 200]

        assert len(winners) == 1
        assert {answer.status_code for answer in answers} <= {200, 400, 409}
        sign_in(http, user.person, totp=winners[0].json()["recovery_codes"][9])


def test_a_factor_that_goes_while_another_comes(user: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was to need no codes, and now does, is asked to send it again; nothing was used up or switched on."""

    async def make_none(*_anything: object) -> None:
        """Find the factor that is removed before the transaction begins."""

    user.secret = user.post("/totp/enable/start").json()["secret"]
    body = {"secret": user.secret, "code": user.code()}
    with monkeypatch.context() as patch:
        patch.setattr(services, "make_first_codes", make_none)
        refused = user.post("/totp/enable/confirm", body)

    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert user.get("/totp/status").json()["enabled"] is False
    assert len(user.post("/totp/enable/confirm", body).json()["recovery_codes"]) == 10
