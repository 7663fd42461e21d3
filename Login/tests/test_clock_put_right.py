"""A clock that was ahead and is put right shuts nobody out: what it has written further ahead than can be is void."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from annotated_types import Le
from starlette.testclient import TestClient

from app import auth
from app.config import Settings
from app.crud import attempts, second_factors, sweeping
from app.crud.clock import SLACK
from app.resources import make_resources
from app.secrets.keys import make_keyrings
from app.services.links import PAGES
from app.services.sweeping import sweep
from app.throttling.counters import hash_address
from testing.ageing import age, issued_earlier
from testing.api import PASSWORD, RunSql, SignedIn, enable_totp, sign_in
from testing.loops import finish
from testing.mail import Mailbox, deliver_due

YEAR = 365 * 86_400
AHEAD = "2050-01-01 00:00:00"
MOMENTS = ("rotated_at", "created_at", "last_seen_at", "authenticated_at", "expires_at")


def in_hours(hours: float) -> str:
    """Write a moment as the database does."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S.%f")


# --- codes -------------------------------------------------------------------------------------------------------


@pytest.mark.asvs("6.5.1")
def test_a_code_signs_in_again_at_once_and_once(user: SignedIn, sql: RunSql) -> None:
    """Whoever used a code in the year ahead signs in with one of today, which is then used up."""
    enable_totp(user)
    sql("UPDATE users SET totp_last_step = totp_last_step + :year", year=YEAR // 30)
    code = user.code()
    sign_in(user.http, user.person, totp=code)
    again = user.http.post("/login", json={"email": user.person.email, "password": PASSWORD, "totp": code})

    assert again.json()["code"] == "totp_invalid"


@pytest.mark.asvs("6.5.1")
def test_a_step_that_may_have_been_taken_stays_taken(user: SignedIn, sql: RunSql) -> None:
    """A code of half a minute ahead is accepted, so its step is no sign of a wrong clock, and no older one counts."""
    enable_totp(user)
    code = user.code()
    sql("UPDATE users SET totp_last_step = :step", step=int(time.time()) // auth.STEP_SECONDS + auth.WINDOW)
    older = user.http.post("/login", json={"email": user.person.email, "password": PASSWORD, "totp": code})

    assert older.json()["code"] == "totp_invalid"


def test_a_set_up_from_the_future_is_begun_anew(user: SignedIn, sql: RunSql) -> None:
    """A secret that nobody confirmed does not wait for years to be confirmed."""
    old = user.post("/totp/enable/start").json()["secret"]
    sql("UPDATE totp_enrolments SET expires_at = :ahead", ahead=AHEAD)
    new = user.post("/totp/enable/start").json()["secret"]

    assert new != old


@pytest.mark.parametrize(("seconds", "code"), [(3600, "login_token_invalid"), (0, "totp_invalid")])
def test_a_first_step_from_the_future_is_void(user: SignedIn, settings: Settings, seconds: int, code: str) -> None:
    """A token that vouches for the password would live until then; one of now is good."""
    enable_totp(user)
    answer = user.http.post("/login", json={"email": user.person.email, "password": PASSWORD})
    ring = make_keyrings(settings.signing_secrets, []).login
    claims = auth.decode_token("login", answer.json()["login_token"], ring)
    token = auth.encode_token("login", {**claims, **{name: claims[name] + seconds for name in ("iat", "exp")}}, ring)

    assert user.http.post("/login", json={"login_token": token, "totp": "000000"}).json()["code"] == code


# --- mails and sweeps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tries", "hours", "goes"), [(0, 1, True), (0, 9999, True), (3, 9999, True), (3, 12, False), (0, 0.005, False)]
)
def test_a_mail_goes_out(  # noqa: PLR0913, PLR0917 a mail's state, and what it is looked at with
    user: SignedIn, settings: Settings, sql: RunSql, tries: int, hours: float, goes: bool
) -> None:
    """One that cannot have been put off for so long goes at once; one that can waits for its turn."""
    assert user.person.email
    deliver_due(settings)
    sql("UPDATE mails SET state = 'queued', content = 'none', tries = :tries", tries=tries)
    sql("UPDATE mails SET next_try_at = :later", later=in_hours(hours))
    deliver_due(settings)

    assert (sql("SELECT state FROM mails") != [("queued",)]) is goes


def test_a_mail_queued_in_the_future_is_delivered_once(user: SignedIn, sql: RunSql, mailbox: Mailbox) -> None:
    """As a clock leaves it that was a year ahead when the mail was queued."""
    sql("UPDATE mails SET next_try_at = :ahead, created_at = :ahead", ahead=AHEAD)

    assert mailbox.kinds(user.person.email) == ["verify_email"]
    assert mailbox.kinds(user.person.email) == ["verify_email"]


def test_mails_of_the_future_use_up_nobody_s_pace(user: SignedIn, sql: RunSql) -> None:
    """Five an hour count from then; today's person gets a link all the same."""
    while user.post("/email/verification").status_code == 200:
        pass
    sql("UPDATE attempts SET window_started_at = :ahead, last_at = :ahead, expires_at = :ahead", ahead=AHEAD)

    assert user.post("/email/verification").status_code == 200


def test_background_work_is_due_again(settings: Settings, sql: RunSql) -> None:
    """Whoever looks first sweeps, though the schedule says: in 2050; then the interval counts."""
    resources = make_resources(settings)

    async def look() -> bool:
        return await resources.database.transaction(sweeping.take_turn, "sweep", timedelta(minutes=10))

    turns = [finish(look())]
    sql("UPDATE schedules SET next_at = :ahead", ahead=AHEAD)
    turns += [finish(look()), finish(look())]
    resources.close()

    assert turns == [True, True, False]


# --- sessions ----------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in_ahead(user: SignedIn, sql: RunSql) -> SignedIn:
    """Give somebody who signed in while the clock was a year ahead."""
    for column in MOMENTS:
        age(sql, column, -YEAR)
    return user


def read_session(sql: RunSql) -> dict[str, datetime]:
    """Read the moments of the one session."""
    (row,) = sql(f"SELECT {', '.join(MOMENTS)} FROM sessions")  # noqa: S608 our own column names
    return {
        name: datetime.fromisoformat(str(moment)).replace(tzinfo=UTC) for name, moment in zip(MOMENTS, row, strict=True)
    }


@pytest.mark.asvs("7.3.2")
@pytest.mark.parametrize("way", ["call", "refresh"])
def test_a_session_goes_on_and_ends_in_its_time(
    signed_in_ahead: SignedIn, sql: RunSql, settings: Settings, way: str
) -> None:
    """Nobody is signed out; the first use puts the session right, so that it lives no year longer."""
    answer = signed_in_ahead.get("/user/profile") if way == "call" else signed_in_ahead.refresh()
    now, session = datetime.now(UTC), read_session(sql)

    assert answer.status_code == 200
    assert all(session[name] <= now for name in ("created_at", "last_seen_at", "authenticated_at"))
    assert session["expires_at"] <= now + settings.session_lifetime(remember=False)
    assert signed_in_ahead.refresh().status_code == 200
    assert read_session(sql)["rotated_at"] <= datetime.now(UTC)


@pytest.mark.asvs("7.5.1")
def test_a_proof_from_the_future_never_counts(signed_in_ahead: SignedIn, sql: RunSql) -> None:
    """Neither now nor when its date comes is a session fresh that was proved in a year that did not come."""
    now = signed_in_ahead.post("/totp/enable/start").json()["code"]
    for column in MOMENTS:
        age(sql, column, -YEAR)
    age(sql, "authenticated_at", YEAR)

    assert now == "reauthentication_required"
    assert read_session(sql)["authenticated_at"] < datetime.now(UTC) - timedelta(minutes=5)


@pytest.mark.asvs("10.4.5")
def test_a_copy_is_found_out_though_the_rotation_lies_ahead(user: SignedIn, sql: RunSql, settings: Settings) -> None:
    """A replaced token counts as a retry for ten seconds, not until the date of its rotation."""
    old = issued_earlier(settings, user.refresh_token, 60)
    user.refresh()
    age(sql, "rotated_at", -YEAR)

    assert user.http.post("/refresh", json={"refresh_token": old}).json()["code"] == "refresh_token_reused"


@pytest.mark.asvs("10.4.5")
def test_a_copy_is_found_out_though_it_was_issued_ahead(user: SignedIn, sql: RunSql, settings: Settings) -> None:
    """A token from the future is not for ever a young one."""
    old = issued_earlier(settings, user.refresh_token, -YEAR)
    user.refresh()
    user.refresh()

    assert user.http.post("/refresh", json={"refresh_token": old}).json()["code"] == "refresh_token_reused"


# --- links and addresses -----------------------------------------------------------------------------------------


def test_a_link_from_the_future_is_void(user: SignedIn, sql: RunSql, mailbox: Mailbox) -> None:
    """It would be good for a year; the person asks for another."""
    token = mailbox.token("/email/verify")
    sql("UPDATE one_time_tokens SET created_at = :ahead, expires_at = :ahead", ahead=AHEAD)
    answer = user.http.post("/email/verify", json={"token": token})

    assert answer.json()["code"] == "link_invalid"
    assert user.post("/email/verification").status_code == 200
    again = user.http.post("/email/verify", json={"token": mailbox.token("/email/verify")})
    assert again.status_code == 200


def test_addresses_of_the_future_push_out_nobody(
    api: TestClient, user: SignedIn, settings: Settings, sql: RunSql
) -> None:
    """Where an account was seen in 2050 is not known; where it signs in today is kept, though twenty lie ahead."""
    (user_id,) = sql("SELECT id FROM users")[0]
    sql("DELETE FROM known_addresses")
    for number in range(25):
        values = {"id": user_id, "hash": number.to_bytes(32, "big"), "ahead": AHEAD}
        sql("INSERT INTO known_addresses (user_id, address_hash, last_used_at) VALUES (:id, :hash, :ahead)", **values)
    sign_in(api, user.person)
    here = hash_address(make_keyrings(settings.signing_secrets, []), user.person.user_id, "127.0.0.1")
    resources = make_resources(settings)
    known = [
        finish(resources.database.read(attempts.is_known_address, user_id, hashed)) for hashed in (here, bytes(32))
    ]
    resources.close()

    assert known == [True, False]


def test_a_sweep_removes_what_would_be_good_again_when_its_date_comes(
    user: SignedIn, settings: Settings, sql: RunSql
) -> None:
    """Links, addresses and set-ups go; sessions and mails stay, and so does what may have been put there today."""
    user.post("/totp/enable/start")
    finish(_sweep(settings))
    today = count_rows(sql)
    sql("UPDATE one_time_tokens SET created_at = :ahead, expires_at = :ahead", ahead=AHEAD)
    sql("UPDATE known_addresses SET last_used_at = :ahead", ahead=AHEAD)
    sql("UPDATE totp_enrolments SET expires_at = :ahead", ahead=AHEAD)
    sql("UPDATE mails SET created_at = :ahead", ahead=AHEAD)
    for column in MOMENTS:
        age(sql, column, -YEAR)
    finish(_sweep(settings))

    assert (today, count_rows(sql)) == ([2, 1, 1, 1, 1], [0, 0, 0, 1, 1])


def count_rows(sql: RunSql) -> list[int]:
    """Count the rows of the tables whose moments matter."""
    tables = ("one_time_tokens", "known_addresses", "totp_enrolments", "sessions", "mails")
    return [sql(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables]  # noqa: S608 our own names


async def _sweep(settings: Settings) -> None:
    resources = make_resources(settings)
    await sweep(resources)
    resources.close()


def test_nothing_that_can_be_is_swept_as_void() -> None:
    """What is swept for lying too far ahead lies further than any link or set-up is put."""
    furthest = {expiry.table: expiry.furthest for expiry in sweeping.EXPIRIES if expiry.furthest is not None}

    assert furthest["one_time_tokens"] == max(lifetime for _, lifetime in PAGES.values())
    assert furthest["totp_enrolments"] == second_factors.ENROLMENT_LIFETIME
    assert Le(furthest["trusted_devices"]) in Settings.model_fields["trusted_device_days"].metadata
    assert timedelta(seconds=2 * auth.STEP_SECONDS) <= SLACK
