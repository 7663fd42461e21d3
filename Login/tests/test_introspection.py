"""Introspection: services with a credential of their own learn whose a token is, at once and no more than that."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from starlette.testclient import TestClient

from app.secrets.service_secrets import hash_secret
from app.throttling import floods
from testing.ageing import age
from testing.api import RunSql, SignedIn, register, sign_in
from testing.forging import decode, forge
from testing.services import INACTIVE, Asker, MakeService

KEY = "b5tnRkWq-8mYzJd2LxHvC7sPgEa0UuFo"
DAY = 86_400
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Sign with a key that a forger has got hold of."""
    return {"jwt_secret_key": KEY}


def claims_of(token: str) -> dict[str, Any]:
    """Read a token's claims."""
    return dict(decode(token.split(".")[1]))


@pytest.mark.asvs("14.2.3", "13.2.2")
def test_a_service_learns_what_its_scopes_open(user_with_totp: SignedIn, make_service: MakeService) -> None:
    """Ids, times and how somebody signed in; name, address and role by scopes, and the phrase never."""
    user = sign_in(user_with_totp.http, user_with_totp.person, totp=user_with_totp.code())
    claims = claims_of(user.access_token)
    common = {"active": True, "amr": ["pwd", "otp"]} | {name: claims[name] for name in ("sub", "sid", "iat", "exp")}
    told = make_service("none").ask(user.access_token)
    scoped = make_service("some", "email").ask(user.access_token)
    full = make_service("all", "username email role").ask(user.access_token)

    assert abs(told.pop("auth_time") - claims["iat"]) <= 1
    assert told == common
    assert scoped.keys() - told.keys() == {"auth_time", "email", "email_verified"}
    assert full | {"username": "alice", "email": "alice@example.com", "email_verified": False, "role": "user"} == full


def test_a_name_that_there_is_not_is_left_away(api: TestClient, shop: Asker) -> None:
    """No member is null."""
    told = shop.ask(sign_in(api, register(api, username=None)).access_token)

    assert "username" not in told
    assert None not in told.values()


@pytest.mark.asvs("7.4.1", "7.4.2")
@pytest.mark.parametrize(
    "end",
    [
        "DELETE FROM users",
        "UPDATE users SET disabled_at = '2026-01-01 00:00:00'",
        "UPDATE sessions SET last_seen_at = '2026-01-01 00:00:00'",
        "UPDATE sessions SET expires_at = '2026-01-01 00:00:00'",
        "logout",
    ],
)
def test_what_has_ended_is_not_active(user: SignedIn, shop: Asker, sql: RunSql, end: str) -> None:
    """A logout, an account that is shut or gone, idleness: the next question is told, and nothing else."""
    before = shop.ask(user.access_token)["active"]
    if end == "logout":
        user.post("/logout")
    else:
        sql(end)

    assert (before, shop.ask(user.access_token)) == (True, INACTIVE)


@pytest.mark.asvs("9.2.1", "9.2.2", "9.2.3")
def test_no_other_token_is_active(user_with_totp: SignedIn, shop: Asker) -> None:
    """Tokens of other kinds, expired, altered and forged ones, and those that a leaked key signed for ten years."""
    user = user_with_totp
    first = user.http.post("/login", json={"username": "alice", "password": user.person.password}).json()
    header, claims = decode(user.access_token.split(".")[0]), claims_of(user.access_token)
    others = [user.refresh_token, first["login_token"], "a.b.c", "x" * 9000, "\U0001f98a", user.access_token[:-1]]
    others += [forge(header, claims, b"another key")]
    for change in (
        {"exp": claims["iat"] - 1},
        {"exp": claims["exp"] + 3650 * DAY},
        {"sid": "nobody's"},
        {"sub": "somebody-else"},
    ):
        others.append(forge(header, claims | change, KEY.encode()))

    assert [token for token in others if shop.ask(token) != INACTIVE] == []
    assert shop.ask(forge(header, claims, KEY.encode()))["active"] is True


def test_a_token_ends_with_its_session(user: SignedIn, shop: Asker, sql: RunSql) -> None:
    """A service that keeps the answer does not keep it for longer than the session lives."""
    age(sql, "expires_at", DAY - 60)
    told = shop.ask(user.access_token)

    assert told["exp"] < claims_of(user.access_token)["exp"]


@pytest.mark.asvs("7.3.1")
def test_a_question_is_no_use_of_the_session(user: SignedIn, shop: Asker, sql: RunSql) -> None:
    """No service's background job keeps somebody signed in, or shows as the place where they are."""
    age(sql, "last_seen_at", 3600)
    before = sql("SELECT * FROM sessions")
    shop.ask(user.access_token)

    assert sql("SELECT * FROM sessions") == before


def test_the_operator_sees_that_a_service_asks(user: SignedIn, shop: Asker, sql: RunSql) -> None:
    """Its last question is noted, once an hour: a write for each would cost more than the answer."""
    seen = []
    for earlier in ("2026-01-01 00:00:00.000000", "2100-01-01 00:00:00.000000", None):
        sql("UPDATE services SET last_used_at = coalesce(:earlier, last_used_at)", earlier=earlier)
        shop.ask(user.access_token)
        seen.append(str(sql("SELECT last_used_at FROM services")[0][0]))

    assert all("2026-01-01" < moment < "2100" for moment in seen)
    assert seen[0] != seen[1] == seen[2]


def basic(text: str) -> str:
    """Write what HTTP Basic sends."""
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.asvs("8.2.1", "13.2.2")
def test_only_services_are_answered(user: SignedIn, shop: Asker, make_service: MakeService) -> None:
    """No credential, a wrong one, another's, a person's token: 401, in one form, whether the token is good or not."""
    other, token = make_service("other"), user.access_token
    wrong = [None, f"Bearer {token}", "Basic", "Basic ???", "Basic w6k=", basic("shop"), basic("shop:"), basic(":")]
    wrong += [basic(f"shop:{other.secret}"), basic(f"nobody:{shop.secret}"), basic(f"SHOP:{shop.secret}")]
    wrong += [basic(f"shop:{shop.secret}x"), basic(f"shop:{hash_secret(shop.secret).hex()}"), basic("a\0:\0")]
    for header in wrong:
        headers = {"Authorization": header} if header else {}
        answers = [shop.http.post("/introspect", data={"token": t}, headers=headers) for t in (token, "x")]
        assert {answer.status_code for answer in answers} == {401}, header
        assert {answer.headers["WWW-Authenticate"].split()[0] for answer in answers} == {"Basic"}
        assert {answer.json()["code"] for answer in answers} == {"invalid_client"}


def test_credentials_may_come_form_encoded(user: SignedIn, shop: Asker) -> None:
    """As RFC 6749 (section 2.3.1) wants it, and as everybody else sends it."""
    encoded = "%73hop:" + quote_plus(shop.secret).replace("-", "%2D").replace("_", "%5F")
    answer = shop.http.post("/introspect", data={"token": user.access_token}, headers={"Authorization": basic(encoded)})

    assert answer.json()["active"] is True
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("2.2.1", "4.1.1")
@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"token": "x"}', {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        (b"token=x", {}, 415, "unsupported_media_type"),
        (b"", FORM, 422, "validation_error"),
        (b"tokens=x", FORM, 422, "validation_error"),
        (b"token=x&token=y", FORM, 422, "validation_error"),
        (b"token=x" + b"&a=b" * 10, FORM, 422, "validation_error"),
        (b"token=%ff\xff&token_type_hint=refresh_token", FORM, 200, None),
        (b"token=x", {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}, 200, None),
        (b"token=" + b"x" * 70_000, FORM, 413, "content_too_large"),
    ],
)
def test_the_body_is_a_form_with_one_token(
    shop: Asker, body: bytes, headers: dict[str, str], status: int, code: str | None
) -> None:
    """What else is sent is refused with what is wanted, or is no token of ours."""
    answer = shop.http.post("/introspect", content=body, headers=headers, auth=(shop.name, shop.secret))

    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert status != 415 or FORM["Content-Type"] in answer.json()["detail"]


@pytest.mark.asvs("13.3.2")
@pytest.mark.parametrize(("seconds", "works"), [(DAY - 60, True), (DAY + 1, False), (-DAY, False)])
def test_an_old_secret_works_on_for_a_day(user: SignedIn, shop: Asker, sql: RunSql, seconds: int, works: bool) -> None:
    """Both do meanwhile; then, or after a clock that was ahead is put right, the new one alone."""
    new = Asker(shop.http, "shop", "new" * 14)
    values = {"new": hash_secret(new.secret), "old": hash_secret(shop.secret)}
    values["then"] = f"{datetime.now(UTC) - timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S.%f}"
    sql("UPDATE services SET secret_hash = :new, former_hash = :old, rotated_at = :then", **values)

    assert new.ask(user.access_token)["active"] is True
    assert shop.send(user.access_token).status_code == (200 if works else 401)


@pytest.mark.asvs("2.4.1")
def test_a_service_gone_wild_is_slowed_down(
    user: SignedIn, make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a limit of its own, wherever it asks from; the others are served all the while."""
    monkeypatch.setattr(floods, "INTROSPECTIONS", 3)
    wild, calm = make_service("wild"), make_service("calm")
    places = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(4)]
    answers = [wild.send(user.access_token, headers=place) for place in places]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert calm.ask(user.access_token)["active"] is True


@pytest.mark.asvs("2.4.1", "6.3.1")
def test_wrong_secrets_meet_a_limit_and_shut_out_nobody(user: SignedIn, shop: Asker) -> None:
    """An address that keeps failing is told to wait; the right secret beside it, and other addresses, are not."""
    wrong, many = Asker(shop.http, "shop", "wrong"), floods.LIMITS["failed_service"]
    statuses = [wrong.send(user.access_token).status_code for _ in range(many + 1)]

    assert statuses == [401] * many + [429]
    assert wrong.send(user.access_token, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert shop.ask(user.access_token)["active"] is True
