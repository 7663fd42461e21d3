"""The second factor: enrolment, codes that work once, recovery codes, the two-step login, secrets at rest."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from urllib.parse import parse_qs, unquote, urlsplit

import cv2
import httpx2
import numpy as np
import pyotp
import pytest
from starlette.testclient import TestClient

from app import auth
from app.config import Settings
from app.encryption import UnreadableSecret, decrypt, encrypt
from app.keys import make_keyrings
from testing.api import (
    PASSWORD,
    LetPass,
    MakeStale,
    Person,
    RunSql,
    SignedIn,
    StartApi,
    enable_totp,
    register,
    sign_in,
)

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


def log_in(http: object, person: Person, **more: object) -> httpx2.Response:
    """Try to sign in."""
    body = {"email": person.email, "password": person.password, **more}
    return http.post("/login", json=body)  # type: ignore[attr-defined,no-any-return]  # a client of either library


# --- codes, alone ------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("typed", ["123 456", " 123456 ", "123-456", "１２３４５６"])
def test_typed_codes_are_forgiven_their_form(typed: str) -> None:
    """Blanks, dashes and full-width digits don't matter."""
    assert auth.normalize_code(typed) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "٤٩٢٠٣٩", "-1", "1e5", "0x1234", "\x00" * 6])
def test_nothing_else_is_a_code(typed: str) -> None:
    """Whatever is not six digits matches no step."""
    assert auth.find_totp_step(RFC_SECRET, auth.normalize_code(typed), datetime.now(UTC)) is None


# --- enrolment ---------------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.5.3")
def test_start_gives_a_picture_that_says_what_the_text_says(user: SignedIn) -> None:
    """The QR code decodes to the otpauth URI; the secret has 160 bits; issuer and account are named."""
    setup = user.post("/totp/enable/start").json()
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(setup["qr_code"]), np.uint8), cv2.IMREAD_COLOR)
    text, _corners, _straight = cv2.QRCodeDetector().detectAndDecode(picture)
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
    assert " " not in uri
    assert uri.isascii()


def test_start_repeated_gives_the_same_secret(user: SignedIn) -> None:
    """A mistyped code needs no new scan."""
    first = user.post("/totp/enable/start").json()
    second = user.post("/totp/enable/start").json()

    assert first == second


@pytest.mark.asvs("7.5.1")
def test_start_needs_a_fresh_session_or_the_password(user: SignedIn, make_session_stale: MakeStale) -> None:
    """A stolen token enrols no factor."""
    make_session_stale()

    assert user.post("/totp/enable/start").json()["code"] == "reauthentication_required"
    assert user.post("/totp/enable/start", {"current_password": "wrong password"}).status_code == 400
    assert user.post("/totp/enable/start", {"current_password": PASSWORD}).status_code == 200


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
    assert user.get("/totp/status").json() == {"enabled": False, "recovery_codes_left": 0}


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
    with httpx2.Client(base_url=server.url, timeout=30) as http:
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
        assert log_in(http, user.person, totp=winners[0].json()["recovery_codes"][9]).status_code == 200


# --- codes at work -----------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.3.3", "6.6.3")
def test_login_asks_for_the_code_only_after_a_right_password(api: TestClient, user_with_totp: SignedIn) -> None:
    """A stranger does not learn that there is a second factor."""
    person = user_with_totp.person
    wrong = api.post("/login", json={"email": person.email, "password": "not the password"})
    without = log_in(api, person)
    bad = log_in(api, person, totp="000000")
    right = log_in(api, person, totp=user_with_totp.code())

    assert wrong.json()["code"] == "invalid_credentials"
    assert (without.status_code, without.json()["code"]) == (400, "totp_required")
    assert (bad.status_code, bad.json()["code"]) == (400, "totp_invalid")
    assert right.status_code == 200


@pytest.mark.asvs("6.5.1")
def test_a_code_works_once_wherever_it_was_used(api: TestClient, user: SignedIn) -> None:
    """The code that confirmed is spent, and so is one that signed in, by either identifier and at every place."""
    enable_totp(user, steps=0)
    person = user.person
    replayed = log_in(api, person, totp=user.code())
    assert log_in(api, person, totp=user.code(1)).status_code == 200
    used = {"current_password": PASSWORD, "totp": user.code(1)}

    assert replayed.json()["code"] == "totp_invalid"
    by_name = api.post("/login", json={"username": person.username, "password": PASSWORD, "totp": user.code(1)})
    assert by_name.json()["code"] == "totp_invalid"
    assert user.post("/reauthenticate", used).json()["code"] == "totp_invalid"
    assert user.post("/totp/disable", used).json()["code"] == "totp_invalid"
    assert user.post("/user/delete", {**used, "confirm": True}).json()["code"] == "totp_invalid"


@pytest.mark.asvs("6.5.1")
@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_eight_logins_at_once_with_one_code_give_one(start_api: StartApi, kind: str) -> None:
    """A conditional UPDATE decides: of eight parallel logins with one code a single one succeeds."""
    server = start_api(workers=2)
    with httpx2.Client(base_url=server.url, timeout=30) as http:
        user = enable_totp(sign_in(http, register(http)))
        code, barrier = user.code() if kind == "totp" else user.recovery_codes[3], Barrier(8)

        def attempt(_number: int) -> int:
            barrier.wait()
            return log_in(http, user.person, totp=code).status_code

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(attempt, range(8)))

    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 429}


@pytest.mark.parametrize("steps", [-10, -3, 3, 10])
def test_a_clock_that_is_off_is_named_and_still_refused(api: TestClient, user_with_totp: SignedIn, steps: int) -> None:
    """A code of minutes away tells the person to look at their clock, never by how much it is off."""
    answer = log_in(api, user_with_totp.person, totp=user_with_totp.code(steps))

    assert (answer.status_code, answer.json()["code"], answer.json()["clock_off"]) == (400, "totp_invalid", True)
    assert "clock" in answer.json()["detail"]
    assert not any(character.isdigit() for character in answer.json()["detail"])


def test_a_code_of_hours_away_is_just_wrong(api: TestClient, user_with_totp: SignedIn) -> None:
    """Beyond five minutes nothing is said about clocks."""
    answer = log_in(api, user_with_totp.person, totp=user_with_totp.code(11))

    assert answer.json()["code"] == "totp_invalid"
    assert "clock_off" not in answer.json()


# --- recovery codes ----------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.5.2")
def test_ten_recovery_codes_each_good_once(api: TestClient, user_with_totp: SignedIn) -> None:
    """A recovery code stands in for a code, once, however it is typed."""
    codes, person = user_with_totp.recovery_codes, user_with_totp.person
    forms = [codes[0], codes[1].lower(), codes[2].replace("-", ""), codes[3].replace("-", " "), codes[4] + " "]

    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) == 24 for code in codes)
    for form in forms:
        assert log_in(api, person, totp=form).status_code == 200
        assert log_in(api, person, totp=form).json()["code"] == "totp_invalid"
    assert user_with_totp.get("/totp/status").json() == {"enabled": True, "recovery_codes_left": 5}


def test_misread_letters_of_a_recovery_code_are_forgiven() -> None:
    """O is read as 0, I and L as 1, which the alphabet leaves out."""
    assert auth.hash_recovery_code("OIL" * 8, "x") == auth.hash_recovery_code("011" * 8, "x")


def test_new_recovery_codes_replace_the_old(
    api: TestClient, user_with_totp: SignedIn, make_session_stale: MakeStale
) -> None:
    """New codes need a fresh session or a proof, and end the old ones."""
    user, old = user_with_totp, user_with_totp.recovery_codes
    make_session_stale()
    assert user.post("/totp/recovery-codes").json()["code"] == "reauthentication_required"
    proof = {"current_password": PASSWORD, "totp": old[0]}
    new = user.post("/totp/recovery-codes", proof).json()["recovery_codes"]

    assert len(set(new) | set(old)) == 20
    assert log_in(api, user.person, totp=old[1]).json()["code"] == "totp_invalid"
    assert log_in(api, user.person, totp=new[1]).status_code == 200


def test_codes_of_another_account_are_worth_nothing(api: TestClient, user_with_totp: SignedIn) -> None:
    """Recovery codes are bound to their account."""
    bob = enable_totp(sign_in(api, register(api, "bob")))

    assert log_in(api, bob.person, totp=user_with_totp.recovery_codes[0]).json()["code"] == "totp_invalid"


# --- switching off -----------------------------------------------------------------------------------------------


@pytest.mark.asvs("7.5.1")
def test_disable_needs_freshness_or_both_fields(user_with_totp: SignedIn, make_session_stale: MakeStale) -> None:
    """The seed's empty body works in a fresh session; a stale one is asked for password and code."""
    user = user_with_totp
    make_session_stale()
    codes = [
        user.post("/totp/disable", body).json()["code"]
        for body in (None, {}, {"totp": user.code()}, {"current_password": PASSWORD}, {"current_password": "wrong one"})
    ]

    assert codes == ["reauthentication_required"] * 3 + ["totp_required", "current_password_invalid"]
    assert user.post("/totp/disable", {"current_password": PASSWORD, "totp": user.code()}).status_code == 200
    assert user.get("/totp/status").json() == {"enabled": False, "recovery_codes_left": 0}
    assert user.post("/totp/disable").json()["code"] == "totp_not_enabled"


def test_an_empty_body_disables_in_a_fresh_session(api: TestClient, user_with_totp: SignedIn) -> None:
    """As the seed says, right after signing in; afterwards the password alone signs in and old codes are gone."""
    assert user_with_totp.post("/totp/disable").status_code == 200
    assert log_in(api, user_with_totp.person).status_code == 200
    assert enable_totp(user_with_totp).get("/totp/status").json()["recovery_codes_left"] == 10


@pytest.mark.asvs("6.4.3")
def test_changing_password_and_email_keeps_the_factor(api: TestClient, user_with_totp: SignedIn) -> None:
    """No change of the other factor removes this one."""
    user = user_with_totp
    body = {"new_password": "a quite different one", "new_email": "alice@example.org", "current_password": PASSWORD}
    assert user.call("PUT", "/user/update", body).status_code == 200
    person = Person("alice@example.org", None, "a quite different one")

    assert log_in(api, person).json()["code"] == "totp_required"
    assert log_in(api, person, totp=user.code()).status_code == 200


# --- two steps ---------------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.3.4")
def test_two_steps_sign_in(api: TestClient, user_with_totp: SignedIn) -> None:
    """The first step's token and a code open the session, with remember_me as it was asked for."""
    first = log_in(api, user_with_totp.person, remember_me=True)
    token = first.json()["login_token"]
    bad = api.post("/login", json={"login_token": token, "totp": "000000"})
    right = api.post("/login", json={"login_token": token, "totp": user_with_totp.code()})
    session = SignedIn(api, user_with_totp.person, right.json()["access_token"], right.json()["refresh_token"])

    assert first.headers["cache-control"] == "no-store"
    assert bad.json()["code"] == "totp_invalid"
    assert right.json()["token_type"] == "bearer"
    assert session.get("/user/account").json()["session"]["remember_me"] is True


def test_a_login_token_opens_one_session(api: TestClient, user_with_totp: SignedIn) -> None:
    """After its success the token is spent, even with another good code."""
    token = log_in(api, user_with_totp.person).json()["login_token"]
    codes = user_with_totp.recovery_codes
    answers = [api.post("/login", json={"login_token": token, "totp": code}) for code in codes[:2]]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["code"] == "login_token_invalid"
    assert user_with_totp.get("/totp/status").json()["recovery_codes_left"] == 9


def test_a_login_token_dies_with_the_password(api: TestClient, user_with_totp: SignedIn) -> None:
    """A password change voids what the old password began; so does deletion."""
    user = user_with_totp
    token = log_in(api, user.person).json()["login_token"]
    body = {"new_password": "a quite different one", "current_password": PASSWORD}
    user.access_token = user.call("PUT", "/user/update", body).json()["access_token"]
    changed = api.post("/login", json={"login_token": token, "totp": user.code()})
    user.person.password = "a quite different one"
    token = log_in(api, user.person).json()["login_token"]
    gone = {"confirm": True, "current_password": user.person.password, "totp": user.recovery_codes[0]}
    assert user.post("/user/delete", gone).status_code == 200
    deleted = api.post("/login", json={"login_token": token, "totp": user.code()})

    assert changed.json()["code"] == deleted.json()["code"] == "login_token_invalid"


def test_a_login_token_lives_five_minutes(api: TestClient, user_with_totp: SignedIn, settings: Settings) -> None:
    """It says when it ends, and carries nothing about the person."""
    ring = make_keyrings(settings.signing_secrets, []).login
    claims = auth.decode_token("login", log_in(api, user_with_totp.person).json()["login_token"], ring)
    late = auth.encode_token("login", {**claims, "exp": int(time.time()) - 1}, ring)
    answer = api.post("/login", json={"login_token": late, "totp": user_with_totp.code()})

    assert claims["exp"] - claims["iat"] == 300
    assert "alice" not in str(claims)
    assert answer.json()["code"] == "login_token_invalid"


# --- at rest -----------------------------------------------------------------------------------------------------


@pytest.mark.asvs("13.3.1", "11.3.3")
def test_a_dump_shows_no_secret_and_no_recovery_code(user: SignedIn, sql: RunSql) -> None:
    """The pending secret, the active one and the recovery codes are unreadable in the database."""
    secret = user.post("/totp/enable/start").json()["secret"]
    pending = str(sql("SELECT * FROM totp_enrolments"))
    enable_totp(user)
    dump = pending + str(sql("SELECT * FROM users")) + str(sql("SELECT * FROM recovery_codes"))

    assert user.secret == secret
    for plain in (secret, *user.recovery_codes, *(code.replace("-", "") for code in user.recovery_codes)):
        assert plain not in dump


def test_encryption_keys_rotate() -> None:
    """The first key encrypts, all decrypt, and the derived one still opens what was made before own keys were set."""
    signing = "s" * 8 + "igning-key-with-some-length-to-it"
    derived = make_keyrings([signing], []).secrets
    own = make_keyrings([signing], ["first-key", "second-key"]).secrets
    rotated = make_keyrings([signing], ["new-key", "first-key"]).secrets
    old, current = encrypt("SECRET", "totp:x", derived), encrypt("SECRET", "totp:x", own)

    assert decrypt(old, "totp:x", own) == decrypt(current, "totp:x", rotated) == "SECRET"
    assert current.startswith(own[0].kid)
    with pytest.raises(UnreadableSecret):
        decrypt(current, "totp:x", make_keyrings([signing], ["new-key"]).secrets)
    with pytest.raises(UnreadableSecret):
        decrypt(current, "totp:somebody-else", own)


def test_an_unreadable_secret_is_never_no_second_factor(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """With the keys lost, nobody gets in by the password alone: 503, not a login."""
    sql("UPDATE users SET totp_secret = 'unknown.AAAA'")

    assert log_in(api, user_with_totp.person).json()["code"] == "totp_required"
    answer = log_in(api, user_with_totp.person, totp=user_with_totp.code())
    assert (answer.status_code, answer.json()["code"]) == (503, "secret_unreadable")
    assert int(answer.headers["retry-after"]) > 0


def test_the_next_code_signs_in_half_a_minute_later(
    api: TestClient, user_with_totp: SignedIn, let_codes_pass: LetPass
) -> None:
    """A spent step never blocks the following ones."""
    for _ in range(3):
        assert log_in(api, user_with_totp.person, totp=user_with_totp.code()).status_code == 200
        let_codes_pass()
