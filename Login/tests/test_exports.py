"""Downloading one's data: all of it and nobody else's, no secret, in pages, never half of it for the whole."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from app import errors
from app.clients.addresses import Client
from app.crud import sessions
from app.crud.exports import PAGE_MAX
from app.export_schemas import Export
from app.models import Mail, metadata
from app.resources import Resources
from app.services import exports
from CreateDB.server.engine import make_engine
from testing.api import MakeStale, RunSql, SignedIn, StartApi, enable_totp, register, sign_in
from testing.authenticator import Authenticator
from testing.loops import finish
from testing.mail import Mailbox, text_of
from testing.passkeys import add_passkey, begin_registration

PATH = "/user/export"
HERE = Client("127.0.0.1", "")
SECRETS = (
    *("users.password_hash", "users.totp_secret", "totp_enrolments.secret", "recovery_codes.code_hash"),
    *("one_time_tokens.token_hash", "mails.content", "mails.mailbox_hash", "known_addresses.address_hash"),
    *("attempts.key_hash", "ceremonies.ceremony_hash", "ceremonies.challenge"),
)


@pytest.fixture
def owner(api: TestClient, user: SignedIn, phone: Authenticator, mailbox: Mailbox) -> SignedIn:
    """Give somebody of whom there is a row in every table, or has been: names, links, factors, sessions, mails."""
    mailbox.confirm(api, user.person)
    codes = add_passkey(user, phone)["recovery_codes"]
    user.update(username="alice.w", phrase="Blue herons at dawn 🪶")
    enable_totp(user).recovery_codes = codes
    sign_in(api, user.person, totp=codes[0]).post("/logout")
    user.post("/password/reset", {"email": user.person.email})
    begin_registration(user)
    mailbox.read()
    return user


@pytest.fixture
def resources(api: TestClient) -> Resources:
    """Give what `api` works with."""
    found: Resources = api.app.state.resources  # type: ignore[attr-defined]  # Starlette's
    return found


def read(answer: Any) -> dict[str, Any]:
    """Read a file that has come whole."""
    assert answer.status_code == httpx2.codes.OK, answer.text
    return dict(json.loads(answer.content))


def test_everything_is_in_it(owner: SignedIn, phone: Authenticator, sql: RunSql) -> None:
    """A person with everything reads it back: names, devices, factors, links and mails."""
    file = read(owner.get(PATH))
    account, [passkey] = file["account"], file["passkeys"]

    assert (file["format"], file["service"], file["made_at"][-1]) == (1, "Pupero", "Z")
    assert (account["id"], account["email"]) == (owner.person.user_id, owner.person.email)
    assert (account["username"], account["phrase"]) == ("alice.w", "Blue herons at dawn 🪶")
    assert account["totp_enabled"] is True
    assert {(one["ended_at"] is None, one["end_reason"]) for one in file["sessions"]} == {
        (True, None),
        (False, "logged_out"),
    }
    assert file["sessions"][0]["user_agent"].startswith("Mozilla/5.0")
    assert [len(one["amr"]) for one in file["sessions"]] == [1, 2]
    assert passkey["credential_id"] == urlsafe_b64encode(phone.credentials[0].id).decode().rstrip("=")
    assert passkey["name"] == "My phone"
    assert [code["used_at"] is None for code in file["recovery_codes"]].count(True) == len(file["recovery_codes"]) - 1
    assert {link["event"] for link in file["links"]} >= {"username.changed", "phrase.changed", "factor.totp.enabled"}
    assert {"username": "alice", "username_key": "alice"} in [link["former"] for link in file["links"]]
    assert {mail["state"] for mail in file["mails"]} == {"sent", "queued"}
    assert file["mails"][-1]["kind"] == "data_exported"
    assert len(file["known_networks"]) == 1
    assert {event["kind"] for event in file["events"]} >= {"account.registered", "session.started", "account.exported"}
    for part in exports.PARTS:
        owned = "subject <> ''" if part.name == "events" else "user_id IS NOT NULL"
        assert [(len(file[part.name]),)] == sql(f"SELECT COUNT(*) FROM {part.table} WHERE {owned}")  # noqa: S608 ours


def test_it_is_as_the_api_describes(api: TestClient, owner: SignedIn) -> None:
    """The stream, put together by hand, is valid by the schema that developers read, and has nothing beside it."""
    components = api.get("/openapi.json").json()["components"]
    schema = {"$ref": "#/components/schemas/Export", "components": components}
    file = read(owner.get(PATH))

    assert list(jsonschema_rs.Draft202012Validator(schema).iter_errors(file)) == []
    assert json.loads(Export.model_validate(file, by_name=True).model_dump_json()) == file


@pytest.mark.asvs("14.2.2", "14.3.2")
def test_it_is_a_file_to_be_saved_and_kept_by_nobody_on_its_way(owner: SignedIn) -> None:
    """A download under a name with the day, of a type that no browser guesses at, in no cache."""
    answer = owner.get(PATH)

    assert (
        answer.headers["content-disposition"] == f'attachment; filename="pupero-data-{datetime.now(UTC):%Y-%m-%d}.json"'
    )
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.asvs("15.3.1")
def test_no_secret_is_in_it(owner: SignedIn, sql: RunSql, mailbox: Mailbox) -> None:
    """Nothing that the database hides, in any spelling, and nothing that mails and pages have told but once."""
    file = owner.get(PATH).content
    told = [owner.person.password, owner.secret, owner.access_token, owner.refresh_token, *owner.recovery_codes]
    told += [mailbox.token("/account/disown"), mailbox.token("/password/reset")]
    found = [text for text in told if text.encode() in file]
    for place in SECRETS:
        table, column = place.split(".")
        values = [value for (value,) in sql(f"SELECT {column} FROM {table}") if value is not None]  # noqa: S608 ours
        found += [place for value in values for spelling in spellings(value) if spelling in file]

    assert found == []


def test_an_app_being_set_up_is_in_it_without_its_secret(user: SignedIn, sql: RunSql) -> None:
    """When it ends, and neither what was shown nor how that is stored."""
    shown = user.post("/totp/enable/start").json()["secret"]
    [(stored,)] = sql("SELECT secret FROM totp_enrolments")
    file = user.get(PATH)

    assert [list(one) for one in read(file)["totp_enrolments"]] == [["expires_at"]]
    assert [secret for secret in (shown, stored) if secret in file.text] == []


def spellings(value: str | bytes) -> list[bytes]:
    """Return what a secret could look like in a file."""
    if isinstance(value, str):
        return [value.encode()]
    encoded = [b64encode(value), urlsafe_b64encode(value)]
    return [value, value.hex().encode(), *(text.rstrip(b"=") for text in encoded)]


@pytest.mark.asvs("8.2.2")
def test_nobody_else_is_in_it(api: TestClient, owner: SignedIn, mailbox: Mailbox) -> None:
    """Somebody who has just come finds themselves, and nothing of a neighbour who has everything."""
    bob = sign_in(api, register(api, "bob"))
    file = read(bob.get(PATH))

    assert (file["account"]["email"], len(file["sessions"]), file["passkeys"]) == ("bob@example.com", 1, [])
    assert "alice" not in json.dumps(file)


@pytest.mark.asvs("7.5.3")
def test_it_wants_a_fresh_session(user: SignedIn, make_session_stale: MakeStale, sql: RunSql) -> None:
    """A token that was copied an hour ago takes nothing away, and tells the owner nothing."""
    make_session_stale()
    stale = user.get(PATH)
    user.reauthenticate()

    assert (stale.status_code, stale.json()["code"]) == (403, "reauthentication_required")
    assert sql("SELECT id FROM mails WHERE kind = 'data_exported'") == []
    assert user.get(PATH).status_code == httpx2.codes.OK


@pytest.mark.asvs("6.3.7")
def test_the_owner_is_told_and_can_lock_a_thief_out(api: TestClient, owner: SignedIn, mailbox: Mailbox) -> None:
    """The notice carries "this was not me", which ends every session."""
    owner.get(PATH)
    notice = mailbox.last(owner.person.email, "data_exported")
    answer = api.post("/account/disown", json={"token": mailbox.token("/account/disown", kind="data_exported")})

    assert "downloaded everything" in text_of(notice)
    assert (answer.status_code, owner.get(PATH).status_code) == (200, 401)


@pytest.mark.asvs("2.4.1")
def test_five_an_hour(api: TestClient, user: SignedIn) -> None:
    """The sixth is refused and says when to come back; somebody else is not kept waiting."""
    statuses = [user.get(PATH).status_code for _ in range(5)]
    refused = user.get(PATH)

    assert statuses == [200] * 5
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert sign_in(api, register(api, "bob")).get(PATH).status_code == httpx2.codes.OK


# --- a page at a time ----------------------------------------------------------------------------------------------


def fill(url: str, user_id: int, number: int) -> None:
    """Give somebody so many mails."""
    now = datetime.now(UTC)
    row = Mail(message_id="", user_id=user_id, kind="new_device", state="sent", next_try_at=now, created_at=now)
    values = row.model_dump(exclude={"id", "message_id"})
    engine = make_engine(url)
    with engine.begin() as connection:
        rows = [{**values, "message_id": f"filled-{n}"} for n in range(number)]
        connection.execute(insert(metadata.tables["mails"]), rows)
    engine.dispose()


async def begin(resources: Resources, user: SignedIn) -> AsyncIterator[bytes]:
    """Begin a download and return its pieces, none of which is made yet."""
    sid = read(user.get("/user/account"))["session"]["id"]
    principal = await resources.database.read(sessions.get_principal, sid)
    assert principal is not None
    return (await exports.export(resources, principal, HERE)).pieces


@pytest.mark.parametrize("more", [0, 1], ids=["full pages", "one more"])
def test_many_rows_come_in_pages(resources: Resources, user: SignedIn, sql: RunSql, more: int) -> None:
    """Each once and in order, never more than a page of them at a time; between pages no connection is held."""
    [(user_id, already)] = sql("SELECT user_id, COUNT(*) FROM mails GROUP BY user_id")
    wanted = 2 * PAGE_MAX + more
    fill(str(resources.settings.database_url.get_secret_value()), user_id, wanted - already - 1)  # and the notice

    async def run() -> list[tuple[bytes, int]]:
        pieces = await begin(resources, user)
        return [(piece, in_use(resources)) async for piece in pieces]

    pieces = finish(run())
    mails = json.loads(b"".join(piece for piece, _ in pieces))["mails"]

    assert len(mails) == len({mail["message_id"] for mail in mails}) == wanted
    assert max(piece.count(b"\n") for piece, _ in pieces) <= PAGE_MAX + 2
    assert {held for _, held in pieces} == {0}


def in_use(resources: Resources) -> int:
    """Count the database connections in use."""
    return sum(number for _, state, number in resources.database.count_connections() if state == "in_use")


@pytest.mark.asvs("7.4.1")
@pytest.mark.parametrize(
    "end", ["UPDATE sessions SET ended_at = created_at, end_reason = 'revoked'", "DELETE FROM users"]
)
def test_it_stops_when_the_session_ends(resources: Resources, user: SignedIn, sql: RunSql, end: str) -> None:
    """A thief's download is cut at the next page by "sign out everywhere else", and by the account's end."""
    seen: list[bytes] = []

    async def run() -> None:
        async for piece in await begin(resources, user):
            seen.append(piece)
            if len(seen) == 2:
                sql(end)

    with pytest.raises(errors.SessionEnded):
        finish(run())

    assert len(seen) == 3  # the end of the list that was complete
    with pytest.raises(ValueError, match=r"delimiter|Expecting"):
        json.loads(b"".join(seen))


def test_half_of_it_is_no_answer(start_api: StartApi, migrated_url: str) -> None:
    """What breaks off on a real server is incomplete by HTTP's own rules, and is no fault that wakes anybody up."""
    api = start_api()
    engine = make_engine(migrated_url)
    with httpx2.Client(base_url=api.url, timeout=60) as http:
        user = sign_in(http, register(http))
        with engine.begin() as connection:  # the last list can no longer be read
            connection.exec_driver_sql("ALTER TABLE known_addresses RENAME TO lost")
        try:
            with pytest.raises(httpx2.RemoteProtocolError):
                user.get(PATH)
        finally:
            with engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE lost RENAME TO known_addresses")
            engine.dispose()

        assert http.get("/readyz").status_code == httpx2.codes.OK
    assert '"message": "data_export_broken"' in api.read_log()
    assert "unhandled_error" not in api.read_log()
