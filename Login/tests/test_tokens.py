"""Tokens against the standards' own vectors, and each kind of token at its own place only."""

import json
import secrets
import socket
import time
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jose import jwk, jws
from starlette.testclient import TestClient

from app import auth
from app.secrets.keys import name_key
from testing.api import RunSql, SignedIn, StartApi, enable_totp, register, sign_in
from testing.forging import PUBLISHED_SECRETS, decode, forge

WYCHEPROOF = [folder / "shared" / "data" / "json_web_signature_test.json" for folder in Path(__file__).parents]

# Vectors whose label is not ours: 367 and 370 are the very text of the valid 357, their damage lost in the making;
# 372 and 373 hold a character that is not base64url, which RFC 7515 (section 2) lets nobody ignore.
MISLABELLED = {367: "valid", 370: "valid", 372: "invalid", 373: "invalid"}

# RFC 7515, appendix A.1, which is also the example of RFC 7519, section 3.1.
RFC_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
RFC_INPUT = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RFC_SIGNATURE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
# RFC 7519, section 6.1: an unsecured JWT.
RFC_UNSECURED = f"eyJhbGciOiJub25lIn0.{RFC_INPUT.partition('.')[2]}."


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: tokens know nothing of the database."""
    return sqlite_copy


def raw(key: str) -> bytes:
    """Read a key as the standards write it."""
    return urlsafe_b64decode(key + "=" * (-len(key) % 4))


def why_refused(token: str, key: bytes) -> str:
    """Return why our decoder refuses a token that was signed with `key`, or not."""
    with pytest.raises(auth.InvalidToken) as caught:
        auth.decode_token("access", token, (name_key(key),))
    return str(caught.value)


def test_our_library_signs_as_the_rfc_does() -> None:
    """RFC 7515 A.1: the same input under the same key gives the same signature, and it verifies."""
    key = jwk.construct(raw(RFC_KEY), "HS256")
    token = f"{RFC_INPUT}.{RFC_SIGNATURE}"

    assert raw(RFC_SIGNATURE) == key.sign(RFC_INPUT.encode())
    assert json.loads(jws.verify(token, raw(RFC_KEY), ["HS256"]))["iss"] == "joe"


def test_our_decoder_wants_more_than_the_rfc_example() -> None:
    """The RFC's token has a right signature, which is not enough: it was not made by us for anything."""
    assert why_refused(f"{RFC_INPUT}.{RFC_SIGNATURE}", raw(RFC_KEY)) == "not made for this purpose"
    assert why_refused(RFC_UNSECURED, raw(RFC_KEY)) == "not the text of a token"


def wycheproof() -> list[Any]:
    """Return the groups of project Wycheproof's vectors, or skip: a clone does not bring them."""
    found = next((file for file in WYCHEPROOF if file.exists()), None)
    if found is None:
        pytest.skip("project Wycheproof's vectors are not beside this repository")
    return list(json.loads(found.read_text(encoding="utf-8"))["testGroups"])


@pytest.mark.asvs("9.1.1")
def test_wycheproof_judges_as_we_do() -> None:
    """All HS256 vectors: a valid signature falls for its claims alone, an invalid one before anybody reads them."""
    judged = {"valid": 0, "invalid": 0}
    for group in wycheproof():
        if group["private"].get("kty") != "oct":
            continue
        for vector in group["tests"]:
            reason = why_refused(vector["jws"], raw(group["private"]["k"]))
            signed = reason in {"not made for this purpose", "not a set of claims"}
            result = MISLABELLED.get(vector["tcId"], vector["result"])
            assert signed == (result == "valid"), (vector["tcId"], vector["comment"], reason)
            judged[result] += 1

    assert min(judged.values()) > 3


@pytest.mark.asvs("9.1.2")
def test_wycheproof_tokens_of_other_algorithms_are_refused() -> None:
    """No RSA or EC token is accepted, not even with the public key's text as our key (CVE-2015-9235)."""
    for group in wycheproof():
        if group["private"].get("kty") == "oct":
            continue
        public = json.dumps(group.get("public") or group["private"]).encode()
        for vector in group["tests"]:
            reason = why_refused(vector["jws"], public)
            assert reason in {"not signed by us", "not the text of a token"}, (vector["tcId"], reason)


@pytest.mark.asvs("13.2.3")
def test_no_published_secret_signs_our_tokens(api: TestClient, user: SignedIn) -> None:
    """A token signed with a key from a tutorial is refused: ours was drawn at random."""
    header, claims, _ = user.access_token.split(".")
    for secret in PUBLISHED_SECRETS:
        token = forge(decode(header), decode(claims), secret.encode())
        answer = api.get("/user/profile", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, secret

    assert len(PUBLISHED_SECRETS) >= 45


@pytest.mark.asvs("14.1.1")
def test_tokens_tell_nothing_about_the_person(api: TestClient, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Claims are exactly those we need: random ids, times and purposes, no address, name, phrase or hash."""
    user = user_with_totp
    body = {"username": "alice", "password": user.person.password}
    login_token = api.post("/login", json=body).json()["login_token"]
    claims = [decode(token.split(".")[1]) for token in (user.access_token, user.refresh_token, login_token)]
    common = {"iss", "aud", "typ", "sub", "jti", "iat", "exp"}

    assert [set(each) - common for each in claims] == [{"sid", "amr"}, {"sid", "gen", "rem"}, {"pwd", "rem"}]
    assert {each["sub"] for each in claims} == {user.person.user_id}
    known = [str(value) for value in sql("SELECT email, username, password_hash, totp_secret FROM users")[0]]
    assert not any(value in json.dumps(claims) for value in [*known, "Welcome"])


@pytest.mark.asvs("7.2.3", "11.5.1", "7.2.2")
def test_two_logins_in_one_second_are_two_sessions(api: TestClient, user: SignedIn) -> None:
    """Tokens differ however fast they are made, and each names the key that signed it."""
    sessions = [user, *(sign_in(api, user.person) for _ in range(3))]
    tokens = [token for each in sessions for token in (each.access_token, each.refresh_token)]

    assert len({decode(token.split(".")[1])["jti"] for token in tokens}) == len(tokens) == 8
    assert len({decode(token.split(".")[0])["kid"] for token in tokens}) == 1


OLD, NEW = "old-Wk3vTq8ZrLx2NfYb7HsGcJd5PmUa9Ee", "new-Rb6yKd1XhVt4QwLm8ZsNjCf3GpTu7Aa"


def kid(token: str) -> str:
    """Read which key signed a token."""
    return str(decode(token.partition(".")[0])["kid"])


@pytest.mark.asvs("11.2.2")
def test_keys_rotate_without_signing_anybody_out(start_api: StartApi) -> None:
    """Under a new key, tokens of the previous one live on, and everything new is signed by the new one."""
    with httpx2.Client(base_url=start_api(JWT_SECRET_KEY=OLD).url) as http:
        user = enable_totp(sign_in(http, register(http)))
    old_kid = kid(user.access_token)

    with httpx2.Client(base_url=start_api(JWT_SECRET_KEY=NEW, JWT_PREVIOUS_SECRET_KEYS=OLD).url) as http:
        user.http = http
        assert user.get("/user/profile").status_code == 200
        assert user.refresh().status_code == 200
        assert kid(user.access_token) == kid(user.refresh_token) != old_kid
        first = http.post("/login", json={"username": "alice", "password": user.person.password}).json()
        assert http.post("/login", json={"login_token": first["login_token"], "totp": user.code()}).status_code == 200


def test_a_key_that_is_gone_opens_nothing(start_api: StartApi) -> None:
    """Without the previous key its tokens are refused, and so is a second factor that only it could read."""
    with httpx2.Client(base_url=start_api(JWT_SECRET_KEY=OLD).url) as http:
        user = enable_totp(sign_in(http, register(http)))

    with httpx2.Client(base_url=start_api(JWT_SECRET_KEY=NEW).url) as http:
        user.http = http
        assert user.get("/user/profile").json()["code"] == "token_invalid"
        assert user.refresh().json()["code"] == "token_invalid"
        body = {"username": "alice", "password": user.person.password, "totp": user.code()}
        answer = http.post("/login", json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "secret_unreadable")


@pytest.mark.asvs("9.1.3", "1.3.6", "13.2.4")
def test_no_token_makes_the_server_call_anybody(api: TestClient, user: SignedIn) -> None:
    """A header that says where the key can be fetched is refused without a connection to there."""
    header, claims, _ = user.access_token.split(".")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys.json"
        for name in ("jku", "x5u", "kid"):
            token = forge(decode(header) | {name: url}, decode(claims), b"x")
            assert api.get("/user/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 401
            assert api.post("/refresh", json={"refresh_token": token}).status_code == 401
        listener.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listener.accept()


BROKEN = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer null",
    "Basic YWxpY2U6cGFzc3dvcmQ=",
    "Token {}",
    "{}",
    "Bearer{}",
    "Bearer {},",
    "Bearer a b",
]


# What the token of a link from a mail opens.
LINKS = {"/password/reset/confirm", "/email/verify", "/email/change/confirm", "/email/revert", "/account/disown"}
LINKS |= {"/link/look", "/login/passkey/start", "/login/passkey"}


@pytest.mark.asvs("8.2.1", "8.3.1", "7.2.1")
@pytest.mark.parametrize("settings_changes", [{"rate_limits_enabled": False}])
def test_every_protected_endpoint_wants_a_token(api: TestClient, user: SignedIn) -> None:
    """What the API's description calls protected answers 401 to nothing and to ten broken Authorization values."""
    open_to_all = {"/register", "/login", "/refresh", "/password/reset", "/healthz", "/readyz", *LINKS, "/introspect"}
    protected = []
    for path, methods in api.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            if path not in open_to_all:
                assert operation["security"] == [{"HTTPBearer": []}], path
                protected.append((method, path))
    for method, path in protected:
        for value in BROKEN:
            answer = api.request(method, path, headers={"Authorization": value.format(user.access_token)})
            assert answer.status_code == 401, (method, path, value)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    assert len(protected) >= 15


@pytest.mark.asvs("9.2.1")
def test_a_token_that_was_accepted_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of a token is its signature: its end is looked at each time, and another text is another."""
    ring, now = (name_key(secrets.token_bytes(32)),), int(time.time())
    claims = {"sub": "someone", "sid": "somewhere", "jti": "once", "iat": now, "exp": now + 60}
    token = auth.encode_token("access", claims, ring)
    accepted = auth.decode_token("access", token, ring)
    monkeypatch.setattr(time, "time", lambda: now + 61)

    assert accepted["sub"] == "someone"
    with pytest.raises(auth.ExpiredToken):
        auth.decode_token("access", token, ring)
    with pytest.raises(auth.InvalidToken, match="not signed by us"):
        auth.decode_token("access", token, (name_key(secrets.token_bytes(32)),))
