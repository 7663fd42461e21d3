"""Users as an operator manages them: each change takes effect in the API at once, and is logged."""

import getpass
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from testing.api import PASSWORD, PRODUCTION, Person, RunSql, SignedIn, register, sign_in
from testing.authenticator import Authenticator
from testing.mail import Mailbox, links_of, text_of
from testing.webhooks import Receiver

Run = Callable[..., Any]

COPY_SESSION = """
INSERT INTO sessions (sid, user_id, generation, rotated_at, created_at, last_seen_at, authenticated_at, expires_at,
    remember, client_address, user_agent)
SELECT :sid, user_id, generation, rotated_at, created_at, last_seen_at, authenticated_at, expires_at,
    remember, client_address, user_agent
FROM sessions WHERE sid NOT LIKE 'copy%'
"""
TRUST_DEVICE = """
INSERT INTO trusted_devices (id, user_id, token_hash, created_at, expires_at, client_address, user_agent)
SELECT :id, id, :id, created_at, created_at, '', '' FROM users
"""


def logged(outcome: Any) -> dict[str, Any]:
    """Read the one line that a change leaves on stderr."""
    (line,) = outcome.err.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


MAILED = "A mail to the owner is in the queue."


@pytest.mark.asvs("7.4.5")
def test_disabling_shuts_out_at_once(cli: Run, user: SignedIn) -> None:
    """Live tokens stop working, logins are refused, sessions have ended; the log says who did it to whom and when."""
    outcome = cli("--disable-user", "Alice@Example.com")

    assert outcome.status == 0, outcome.err
    assert outcome.out == f"alice@example.com ({user.person.user_id}) is disabled; 1 session ended. {MAILED}\n"
    line = logged(outcome)
    assert {
        "message": "user_disabled",
        "user_id": user.person.user_id,
        "operator": getpass.getuser(),
    }.items() <= line.items()
    assert line["time"].endswith("+00:00")
    assert user.get("/user/profile").json()["code"] == "session_ended"
    assert user.refresh().json()["code"] == "session_ended"
    refused = user.http.post("/login", json={"email": user.person.email, "password": PASSWORD})
    assert refused.json()["code"] == "account_disabled"

    again = cli("--disable-user", "alice")
    assert (again.status, again.err) == (0, "")
    assert "has been disabled since" in again.out


def test_enabling_lets_in_again(cli: Run, user: SignedIn) -> None:
    """The person signs in anew; the sessions of before stay ended."""
    cli("--disable-user", "alice")
    outcome = cli("--enable-user", user.person.user_id)

    assert logged(outcome)["message"] == "user_enabled"
    assert sign_in(user.http, user.person).get("/user/profile").status_code == 200
    assert user.get("/user/profile").json()["code"] == "session_ended"


@pytest.mark.asvs("7.4.5")
def test_ending_sessions_signs_out_everywhere(cli: Run, user: SignedIn, other_device: SignedIn) -> None:
    """All devices are signed out, and a new login is welcome."""
    outcome = cli("--end-sessions", "alice")

    assert "2 sessions ended" in outcome.out
    assert logged(outcome)["sessions_ended"] == 2
    assert {device.get("/user/profile").json()["code"] for device in (user, other_device)} == {"session_ended"}
    assert sign_in(user.http, user.person).get("/user/profile").status_code == 200


@pytest.mark.asvs("8.3.2")
def test_a_role_is_given(cli: Run, user: SignedIn) -> None:
    """The API shows the new role at the next call, and the log has both."""
    outcome = cli("--set-role", "alice", "admin")

    assert user.get("/user/profile").json()["role"] == "admin"
    assert {"role": "admin", "former_role": "user"}.items() <= logged(outcome).items()
    assert cli("--set-role", "alice", "admin").err == ""


@pytest.mark.asvs("6.3.7")
def test_the_owner_hears_of_every_change(cli: Run, user: SignedIn, mailbox: Mailbox) -> None:
    """Also of what an operator does, who is named as such; a shut account gets no link that would not work."""
    mailbox.empty()
    outcomes = [cli("--set-role", "alice", "admin"), cli("--end-sessions", "alice")]
    outcomes += [cli("--disable-user", "alice"), cli("--enable-user", "alice")]
    mails = mailbox.read(user.person.email)

    assert [mailbox.kinds()[-4:]] == [["role_set", "signed_out", "account_disabled", "account_enabled"]]
    assert all(MAILED in outcome.out for outcome in outcomes)
    assert all("Where: at the server, by somebody who runs this service" in text_of(mail) for mail in mails)
    assert "\nRole: admin\n" in text_of(mails[0])
    assert [list(links_of(mail)) for mail in mails] == [
        ["/account/disown"],
        ["/account/disown"],
        [],
        ["/account/disown"],
    ]


def test_the_receiver_of_webhooks_hears_of_every_change(
    cli: Run, user: SignedIn, sql: RunSql, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    """By rows of the same transactions; an operator who has not the API's settings is told that nothing was told."""
    for name, value in receiver.settings.items():
        monkeypatch.setenv(name.upper(), value)
    told = [cli("--set-role", "alice", "admin"), cli("--end-sessions", "alice"), cli("--disable-user", "alice")]
    monkeypatch.setenv("WEBHOOK_SECRET", "short")
    untold = cli("--enable-user", "alice")

    assert sql("SELECT kind, subject FROM webhooks ORDER BY id") == [
        (kind, user.person.user_id) for kind in ("account.role_changed", "sessions.ended", "account.disabled")
    ]
    assert [outcome.out.count("no webhook tells of it") for outcome in (*told, untold)] == [0, 0, 0, 1]


@pytest.mark.parametrize("flags", [["--set-role", "{}", "admin"], ["--set-role={}", "admin"]])
@pytest.mark.parametrize("who", ["-Xv_16Xc1E8L0o8igGhlQQ", "--v_16Xc1E8L0o8igGhlQQ", "-1"])
def test_a_role_for_whom_a_dash_begins(cli: Run, alice: Person, sql: RunSql, who: str, flags: list[str]) -> None:
    """One public id in 64 begins with a dash, which makes it no flag."""
    sql("UPDATE users SET public_id = :who", who=who)

    outcome = cli(*(flag.format(who) for flag in flags))

    assert outcome.status == 0, outcome.err
    assert f"({who}) has the role admin now" in outcome.out


@pytest.mark.parametrize(
    "flags", [["--set-role"], ["--set-role", "alice"], ["--set-role", "alice", "--echo"], ["--set-role=alice"]]
)
def test_a_role_wants_both_words(run: Run, flags: list[str]) -> None:
    """Without a role, or without anybody to give it to, nothing is done."""
    outcome = run("--url", "sqlite:///x", *flags)

    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "--set-role" in outcome.err


@pytest.mark.parametrize("role", ["", "Admin", "a b", "x" * 33, "é"])
def test_a_role_is_a_plain_word(run: Run, role: str) -> None:
    """What could not be compared safely is no role."""
    outcome = run("--url", "sqlite:///x", "--set-role", "alice", role)

    assert (outcome.status, "a role is 1 to 32" in outcome.err) == (2, True)


@pytest.mark.asvs("6.4.6", "6.5.6", "6.4.4")
def test_a_lost_second_factor_is_reset(cli: Run, user_with_totp: SignedIn, sql: RunSql) -> None:
    """The password alone signs in again, the recovery codes are gone, and a mail to the owner waits in the queue."""
    outcome = cli("--reset-second-factor", "alice")

    assert outcome.status == 0, outcome.err
    assert "A mail to the owner is in the queue." in outcome.out
    line = logged(outcome)
    assert (line["message"], line["owner_mailed"]) == ("user_second_factor_reset", True)
    assert sign_in(user_with_totp.http, user_with_totp.person).get("/totp/status").json()["enabled"] is False
    assert sql("SELECT count(*) FROM recovery_codes")[0][0] == 0
    assert [row[0] for row in sql("SELECT kind FROM mails WHERE kind = 'second_factor_reset'")] == [
        "second_factor_reset"
    ]
    assert "has no second factor." in cli("--reset-second-factor", "alice").out


def test_no_device_stays_trusted_past_an_operator(cli: Run, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Not where everybody is signed out, though nobody was in, nor where the factor is another one."""
    assert user_with_totp.get("/totp/status").json()["enabled"]
    for flag in ("--end-sessions", "--end-sessions", "--reset-second-factor", "--disable-user"):
        sql(TRUST_DEVICE, id=bytes(16))
        assert MAILED in cli(flag, "alice").out
        assert sql("SELECT COUNT(*) FROM trusted_devices") == [(0,)]


@pytest.mark.asvs("6.4.6")
def test_passkeys_are_shown_and_go_with_a_lost_second_factor(
    cli: Run, user_with_passkey: SignedIn, phone: Authenticator, sql: RunSql
) -> None:
    """Each with its name, age, last use and whether it is synced; after a reset the password alone signs in."""
    shown = cli("--show-user", "alice").out
    outcome = cli("--reset-second-factor", "alice")

    assert "second factor    passkeys only, 10 recovery codes left" in shown
    assert re.search(r"^  My phone  since [-0-9: ]+ UTC  last used never  synced$", shown, re.MULTILINE)
    assert phone.credentials[0].id.hex() not in shown
    assert MAILED in outcome.out
    assert sign_in(user_with_passkey.http, user_with_passkey.person).get("/passkeys").json()["passkeys"] == []
    assert sql("SELECT COUNT(*) FROM recovery_codes") == [(0,)]


def test_without_mail_the_operator_is_told(cli: Run, user_with_totp: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing can be mailed, the reset happens, and says that telling the owner is now the operator's part."""
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name.upper(), str(value))
    monkeypatch.setenv("PUBLIC_URL", "https://example.com")

    outcome = cli("--reset-second-factor", "alice")

    assert outcome.status == 0, outcome.err
    assert "No mail was sent (SMTP_HOST is not set): tell the owner." in outcome.out


@pytest.mark.asvs("1.2.9")
def test_users_are_listed_and_found(cli: Run, api: TestClient) -> None:
    """The newest first; a part of the name finds them in any case and takes no wildcards; the limit holds."""
    for name in ("alice", "bob", "carol"):
        register(api, name)

    everybody, some, wild, one = (
        cli("--list-users", *more) for more in ([], ["--like", "EXAMPLE"], ["--like", "%"], ["--limit", "1"])
    )

    rows = [line.split() for line in everybody.out.splitlines()]
    assert [row[1] for row in rows[1:-1]] == ["carol@example.com", "bob@example.com", "alice@example.com"]
    assert some.out.splitlines()[-1] == "3 shown with 'EXAMPLE', 3 in all."
    assert wild.out == "0 shown with '%', 3 in all.\n"
    assert one.out.splitlines()[-1] == "1 shown, 3 in all."


@pytest.mark.asvs("8.2.3")
def test_what_is_shown_has_no_secret(cli: Run, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Account and sessions in full, and neither hash nor secret nor token."""
    outcome = cli("--show-user", "alice")

    assert "second factor    on, 10 recovery codes left" in outcome.out
    assert "Firefox on Linux  from 127.0.0.1" in outcome.out
    (row,) = sql("SELECT u.password_hash, u.totp_secret, s.sid FROM users u JOIN sessions s ON s.user_id = u.id")
    assert not any(secret in outcome.out for secret in (*row, user_with_totp.secret))


def test_trusted_devices_are_shown(cli: Run, user_with_totp: SignedIn, sql: RunSql) -> None:
    """Each with its last use and its end, and without its token; one whose time is over is not there."""
    login = {"email": user_with_totp.person.email, "password": PASSWORD, "totp": user_with_totp.code()}
    token = user_with_totp.http.post("/login", json={**login, "trust_device": True}).json()["device_token"]
    sql(TRUST_DEVICE, id=bytes(16))

    shown = cli("--show-user", "alice").out

    since, until = "since [-0-9: ]+ UTC  last used never", "until [-0-9: ]+ UTC"
    assert re.search(rf"^trusted devices  1\n  Firefox on Linux  from \S+  {since}  {until}$", shown, re.MULTILINE)
    assert token not in shown


@pytest.mark.parametrize(("more", "told"), [(0, "1"), (98, "99"), (99, "100 or more"), (150, "100 or more")])
def test_sessions_are_counted_as_far_as_they_are_shown(
    cli: Run, user: SignedIn, sql: RunSql, more: int, told: str
) -> None:
    """A hundred are shown, and when there may be others the number says so."""
    for number in range(more):
        sql(COPY_SESSION, sid=f"copy {number}")

    lines = cli("--show-user", "alice").out.splitlines()

    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("sessions ")] == [told]
    assert len([line for line in lines if line.startswith("  ")]) == min(more + 1, 100)


@pytest.mark.parametrize("flag", ["--show-user", "--disable-user", "--end-sessions", "--clear-throttle"])
def test_nobody_of_that_name(cli: Run, alice: Person, flag: str) -> None:
    """A name that nobody has ends with status 1 and a hint, and changes nothing."""
    outcome = cli(flag, "alicia")

    assert outcome.status == 1
    assert outcome.err == (
        "Error: No account has the email, username or public id 'alicia'. Try --list-users --like TEXT.\n"
    )


@pytest.mark.asvs("6.3.1")
def test_a_username_that_is_another_s_id_means_neither(cli: Run, api: TestClient, alice: Person, sql: RunSql) -> None:
    """Whoever takes another's public id for a username cannot have an operator hit the wrong account."""
    bob = register(api, "bob")
    sql("UPDATE users SET public_id = 'zzzzzzzzzzzzzzzzzzzzzz' WHERE public_id = :id", id=alice.user_id)
    sql("UPDATE users SET username_key = 'zzzzzzzzzzzzzzzzzzzzzz' WHERE public_id = :id", id=bob.user_id)

    outcome = cli("--disable-user", "zzzzzzzzzzzzzzzzzzzzzz")

    assert (outcome.status, "give the email instead" in outcome.err) == (1, True)


def test_a_change_that_fails_leaves_nothing(cli: Run, user: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Account and sessions change together or not at all, on SQLite too; nothing is logged."""
    monkeypatch.setattr("app.crud.sessions.end_sessions", lambda *_: 1 / 0)

    outcome = cli("--disable-user", "alice")

    assert outcome.status == 1
    assert "user_disabled" not in outcome.err
    assert user.get("/user/profile").status_code == 200


@pytest.mark.asvs("1.3.3")
def test_names_cannot_steer_the_terminal(cli: Run, api: TestClient, alice: Person, sql: RunSql) -> None:
    """Control characters that came into the tables by another way are not sent to the operator's terminal."""
    sql("UPDATE users SET username = :name", name="a\x1b[2Jb\nc")

    assert "a\ufffd[2Jb\ufffdc" in cli("--list-users").out


def test_the_log_line_is_the_api_s_own_style(cli: Run, alice: Person) -> None:
    """Whoever collects the API's log can read these lines by the same rules."""
    assert list(logged(cli("--set-role", "alice", "admin")))[:5] == ["time", "level", "logger", "message", "outcome"]
