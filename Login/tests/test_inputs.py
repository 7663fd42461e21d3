"""Bodies and texts that nobody sane would send: refused or kept unchanged, never a failure of ours."""

import json
from collections.abc import Callable
from time import monotonic
from typing import Any
from unicodedata import normalize

import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, SignedIn, register, sign_in
from testing.mariadb import empty_tables
from testing.naughty import INJECTIONS, NAUGHTY

JSON = {"Content-Type": "application/json"}
CODE, LONG = "000000", "x" * 40
NAP = 4.0  # seconds; a database that sleeps does so for five

# A good body for each endpoint that takes one; what is wrong is put into it field by field.
DEVICE = {"trust_device": True, "device_token": LONG}
BODIES: dict[str, dict[str, Any]] = {
    "POST /register": {"email": "bob@example.com", "username": "bob", "password": PASSWORD},
    "POST /login": {"username": "nobody", "password": PASSWORD, "totp": CODE, "remember_me": False, **DEVICE},
    "POST /login/passkey/start": {"login_token": LONG},
    "POST /login/passkey": {
        "ceremony": LONG,
        "credential": {"rawId": "YQ"},
        "login_token": LONG,
        "remember_me": False,
        "trust_device": True,
    },
    "POST /reauthenticate/passkey/start": {"with_password": True},
    "POST /reauthenticate/passkey": {"ceremony": LONG, "credential": {"rawId": "YQ"}},
    "POST /passkeys": {"ceremony": LONG, "credential": {"rawId": "YQ"}, "name": "My phone"},
    "PUT /passkeys/{passkey_id}": {"name": "My phone"},
    "POST /refresh": {"refresh_token": LONG},
    "POST /password/reset": {"email": "bob@example.com"},
    "POST /reauthenticate": {"current_password": LONG, "totp": CODE},
    "PUT /user/update": {
        "phrase": "mine",
        "language": "de",
        "username": "alice2",
        "new_email": "alice2@example.com",
        "new_password": LONG,
    },
    "POST /totp/enable/start": {"current_password": LONG, "totp": CODE},
    "POST /totp/enable/confirm": {"secret": LONG, "code": CODE},
    "POST /totp/disable": {"current_password": LONG, "totp": CODE},
    "POST /totp/recovery-codes": {"current_password": LONG, "totp": CODE},
    "POST /totp/recovery-codes/saved": {"code_set": "qk9o7nXqD2mVv1o0C4nLsg"},
    "POST /user/delete": {"confirm": True, "current_password": LONG, "totp": CODE},
    "POST /password/reset/confirm": {"token": LONG, "new_password": LONG},
    "POST /email/verify": {"token": LONG},
    "POST /email/change/confirm": {"token": LONG},
    "POST /email/revert": {"token": LONG},
    "POST /account/disown": {"token": LONG},
    "POST /link/look": {"token": LONG},
    "DELETE /user/delete": {"confirm": True, "current_password": LONG, "totp": CODE},
}
FORMS = {"POST /introspect"}  # what RFC 7662 wants; test_introspection.py tries it
FIELDS = [(endpoint, field) for endpoint, body in BODIES.items() for field in body]
Send = Callable[[str, object], Any]


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Use SQLite, but both databases where texts are read back."""
    return str(request.getfixturevalue("backend" if "backend" in request.fixturenames else "sqlite_copy"))


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Let a test try as often as it likes: throttles have tests of their own."""
    return {"rate_limits_enabled": False}


@pytest.fixture(params=["sqlite_copy", "migrated_mariadb"])
def backend(request: pytest.FixtureRequest) -> str:
    """Give an empty database on each backend in turn."""
    url = str(request.getfixturevalue(request.param))
    if request.param == "migrated_mariadb":
        empty_tables(url)
    return url


@pytest.fixture
def send(api: TestClient, user: SignedIn) -> Send:
    """Give a function that sends a body, as bytes or as JSON, as somebody signed in."""

    def send_it(endpoint: str, body: object) -> Any:
        method, path = endpoint.split()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return api.request(
            method, path, content=content, headers={**JSON, "Authorization": f"Bearer {user.access_token}"}
        )

    return send_it


def test_every_endpoint_with_a_body_is_tried(api: TestClient) -> None:
    """Nobody adds an endpoint whose body is not looked at here."""
    paths = api.get("/openapi.json").json()["paths"]
    taking = {
        f"{method.upper()} {path}" for path in paths for method in paths[path] if "requestBody" in paths[path][method]
    }

    assert taking - FORMS == set(BODIES)


MALFORMED = [
    b"{",
    b"[]",
    b'"text"',
    b"1",
    b"true",
    b"NaN",
    b"-Infinity",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"a":' * 10_000,
    b'{"FIELD": NaN}',
    b'{"FIELD": Infinity}',
    b'{"FIELD": "\xff"}',
    b'{"FIELD": "a\nb"}',
    b'{"FIELD": "a",}',
    b"{'FIELD': 'a'}",
    b'{"FIELD": 1' + b"0" * 5000 + b"}",
    b"FIELD=a",
    b"<FIELD>a</FIELD>",
    b"\x00",
]


@pytest.mark.asvs("2.2.1", "2.2.2")
@pytest.mark.parametrize("endpoint", BODIES)
def test_malformed_bodies_are_refused(send: Send, endpoint: str) -> None:
    """NaN, invalid UTF-8, 50,000 brackets and the like are refused in order, at every endpoint."""
    field = next(iter(BODIES[endpoint])).encode()
    for body in MALFORMED:
        answer = send(endpoint, body.replace(b"FIELD", field))
        assert answer.status_code in {400, 422}, (body[:40], answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] in {"malformed_body", "validation_error"}


@pytest.mark.asvs("2.2.1", "15.3.5")
@pytest.mark.parametrize(("endpoint", "field"), FIELDS)
def test_wrong_types_are_refused(send: Send, endpoint: str, field: str) -> None:
    """Nothing is turned into another type: no number is a text, no list is one, no text is a truth."""
    good = BODIES[endpoint][field]
    others = (1, 0, 1.5, 10**30, [], ["a"], {}, {"a": 1}, [good], "true" if isinstance(good, bool) else True)
    for value in (value for value in others if not isinstance(value, type(good))):
        answer = send(endpoint, BODIES[endpoint] | {field: value})
        assert answer.status_code == 422, (value, answer.text)
        assert {item["loc"][1] for item in answer.json()["detail"]} == {field}
    assert send(endpoint, BODIES[endpoint] | {field: None}).status_code < 500


@pytest.mark.parametrize(("endpoint", "field"), [each for each in FIELDS if each[1] not in {"confirm", "remember_me"}])
def test_naughty_texts_break_nothing_and_come_not_back(send: Send, endpoint: str, field: str) -> None:
    """No text makes a 5xx in any field, and a refusal never repeats what was sent."""
    for text in NAUGHTY:
        answer = send(endpoint, BODIES[endpoint] | {field: text})
        assert answer.status_code < 500, (ascii(text), answer.text)
        marked = send(endpoint, BODIES[endpoint] | {field: f"zq7x{text}"})
        assert marked.status_code < 500, ascii(text)
        assert "zq7x" not in marked.text or marked.status_code == 200, ascii(text)


@pytest.mark.asvs("6.2.8", "6.2.9", "1.2.3")
@pytest.mark.usefixtures("backend")
def test_what_is_accepted_reads_back_unchanged(api: TestClient, user: SignedIn) -> None:
    """A phrase or username that is taken is shown as it was given, trimmed and composed at most, on both databases."""
    taken = 0
    for field, texts in (("phrase", NAUGHTY), ("username", NAUGHTY)):
        for text in texts:
            headers = {**JSON, "Authorization": f"Bearer {user.access_token}"}
            answer = api.put("/user/update", content=json.dumps({field: text}).encode(), headers=headers)
            reserved = answer.json().get("code") == "username_reserved"
            assert answer.status_code in {200, 422} or reserved, (field, ascii(text), answer.text)
            if answer.status_code == 200:
                taken += 1
                assert user.get("/user/profile").json()[field] == normalize("NFC", text.strip(" \t\u00a0\u3000"))

    assert taken > 40


@pytest.mark.usefixtures("backend")
def test_naughty_passwords_and_identifiers_work_exactly(api: TestClient) -> None:
    """Whoever registers with odd texts signs in with them and with nothing else, on both databases."""
    texts = [f"{text} and more" for text in NAUGHTY]
    made = 0
    for number, password in enumerate(texts):
        body = {"email": f"user{number}@example.com", "password": password}
        answer = api.post("/register", content=json.dumps(body).encode(), headers=JSON)
        assert answer.status_code in {200, 400, 422}, (ascii(password), answer.text)
        if answer.status_code == 200:
            made += 1
            assert api.post("/login", json=body).status_code == 200, password
            assert api.post("/login", json=body | {"password": f"{password}!"}).status_code == 400

    assert made > 50


def time_refusal(api: TestClient, body: dict[str, str]) -> float:
    """Return how long a login takes that must be refused."""
    start = monotonic()
    answer = api.post("/login", json=body)
    assert answer.status_code in {400, 422}, (body, answer.text)
    return monotonic() - start


@pytest.mark.asvs("1.2.4")
@pytest.mark.usefixtures("backend")
def test_injected_sql_signs_nobody_in(api: TestClient) -> None:
    """Payloads in any position open nothing, break nothing, change nothing and do not make the database sleep."""
    person = register(api)
    for payload in INJECTIONS:
        for body in (
            {"username": payload, "password": payload},
            {"username": payload, "password": PASSWORD},
            {"email": payload, "password": PASSWORD},
            {"username": "alice", "password": payload},
            {"username": "alice", "email": payload, "password": PASSWORD},
            {"login_token": payload, "totp": payload},
        ):
            seconds = time_refusal(api, body)
            if "SLEEP" in payload and seconds > NAP:  # once, it may be the machine
                seconds = time_refusal(api, body)
                assert seconds < NAP, body

    assert sign_in(api, person).get("/user/profile").json()["role"] == "user"


@pytest.mark.asvs("14.2.1", "3.5.2", "15.3.7")
def test_credentials_count_in_the_body_only(api: TestClient, user: SignedIn) -> None:
    """What stands in the address, in a form or in plain text signs nobody in: such places are logged or forged."""
    login, refresh = {"username": "alice", "password": PASSWORD}, {"refresh_token": user.refresh_token}
    text = json.dumps(login)

    assert api.post("/login", params=login).status_code == 422
    assert api.post("/login", data=login).status_code == 415
    assert api.post("/login", content=text, headers={"Content-Type": "text/plain"}).status_code == 415
    assert api.post("/login", content=text, headers={"Content-Type": ""}).status_code == 415
    assert api.post("/refresh", params=refresh).status_code == 422
    for name in ("access_token", "token", "Authorization", "bearer"):
        assert api.get("/user/profile", params={name: user.access_token}).status_code == 401
        assert api.get("/user/profile", headers={"Cookie": f"{name}={user.access_token}"}).status_code == 401
    assert user.get("/user/profile").status_code == 200


def test_a_second_factor_s_odd_codes_are_refused(send: Send, user: SignedIn) -> None:
    """Sixteen odd secrets and codes give 4xx, and the set-up that is under way stays as it was."""
    secret = user.post("/totp/enable/start").json()["secret"]
    odd = [
        "",
        " ",
        "12345",
        "1234567",
        "abcdef",
        "-12345",
        "1e5",
        "٣٤٥",
        "\ud800",
        "\x00",
        "A" * 100,
        "A" * 101,
        "=" * 8,
        "0" * 24,
    ]
    for text in odd:
        assert send("POST /totp/enable/confirm", {"secret": text, "code": CODE}).status_code in {400, 422}, ascii(text)
        assert send("POST /totp/enable/confirm", {"secret": secret, "code": text}).status_code in {400, 422}, ascii(
            text
        )

    assert user.post("/totp/enable/start").json()["secret"] == secret


@pytest.mark.asvs("4.1.1", "3.5.2")
@pytest.mark.parametrize("endpoint", BODIES)
@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_a_body_without_its_header_is_told_of_it(user: SignedIn, endpoint: str, media_type: str | None) -> None:
    """The answer names the header that is missing, and nothing of the body; curl sends the third one unasked."""
    method, path = endpoint.split(" ")
    headers = {"Authorization": f"Bearer {user.access_token}"} | ({"Content-Type": media_type} if media_type else {})
    answer = user.http.request(method, path, content=json.dumps(BODIES[endpoint]), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.json()["detail"]
    assert LONG not in answer.text


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "application/problem+json"])
def test_json_by_any_of_its_names_is_read(api: TestClient, media_type: str) -> None:
    """Parameters and suffixes (RFC 6839) do no harm, and no body at all is no matter of its type."""
    answer = api.post("/register", content=json.dumps(BODIES["POST /register"]), headers={"Content-Type": media_type})

    assert answer.status_code == 200
    assert api.post("/register").status_code == api.post("/register", headers=JSON).status_code == 422


def test_a_blank_code_counts_as_absent_in_the_schema_too(api: TestClient, user: SignedIn) -> None:
    """A generated client may send what a form's empty field holds, wherever a code can be given."""
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    codes = [schema["properties"]["totp"] for schema in schemas.values() if "totp" in schema.get("properties", {})]

    assert len(codes) >= 4
    assert [code for code in codes if any("minLength" in form for form in code["anyOf"])] == []
    assert user.post("/reauthenticate", {"current_password": PASSWORD, "totp": ""}).status_code == 200
