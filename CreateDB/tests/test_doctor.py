"""--doctor: each illness is found by its own id, a healthy installation has none, and no secret is told."""

import base64
import json
import os
import re
import secrets
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.config import Settings
from app.passwords.common import mark_all, write_list
from app.runtime import memory
from app.secrets.encryption import encrypt
from app.secrets.keys import make_keyrings
from app.services.health import REVISION
from CreateDB.doctor.database import is_verified
from CreateDB.doctor.findings import is_this_machine
from CreateDB.models import User, metadata
from CreateDB.server.engine import make_engine
from testing.quiet import QuietTcpServer
from testing.webhooks import Receiver

Run = Callable[..., Any]
Diagnose = Callable[..., dict[str, dict[str, Any]]]

GOOD, OTHER = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
SIGNS = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
HEALTHY = {
    "ENVIRONMENT": "production",
    "JWT_SECRET_KEY": GOOD,
    "TOTP_ENCRYPTION_KEYS": OTHER,
    "SECRET_KEY": secrets.token_urlsafe(32),
    "SECURE_COOKIES": "true",
    "PUBLIC_URL": "https://accounts.example.com",
    "ARGON2_TIME_COST": "2",
    "ARGON2_MEMORY_KIB": "19456",
}
ON_MARIADB = pytest.mark.parametrize("migrated_url", ["mariadb"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def diagnose(migrated_url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """Give a function that examines a healthy installation with these changes, and returns the findings by id."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setattr("FlaskProject.config.ENV_FILE", Path(os.devnull))
    monkeypatch.setattr("CreateDB.doctor.huge_pages.are_for_who_asks", bool)  # tested apart: it hashes in programs
    monkeypatch.setattr("FlaskProject.config.load_config.__defaults__", (None, Path(os.devnull)))

    def diagnose(**changes: str) -> dict[str, dict[str, Any]]:
        for name, value in {**HEALTHY, "DATABASE_URL": migrated_url, **changes}.items():
            monkeypatch.setenv(name, value)
        outcome = run("--doctor", "--json")
        assert outcome.err == ""
        findings = json.loads(outcome.out)
        assert outcome.status == any(one["verdict"] == "failure" for one in findings)
        assert not any(secret in outcome.out for secret in (GOOD, OTHER))
        assert len({one["id"] for one in findings}) == len(findings)
        return {one["id"]: one for one in findings}

    return diagnose


def ill(findings: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what is not well."""
    return {name: one["verdict"] for name, one in findings.items() if one["verdict"] != "ok"}


@pytest.mark.asvs("13.2.3")
def test_a_healthy_installation(diagnose: Diagnose, migrated_url: str) -> None:
    """On SQLite only the missing mail server and list are worth a word; on MariaDB also the tests' own account."""
    findings = diagnose()
    findings.pop("server_settings", None)  # the tests' own server saves the wait for the disk
    server = {"database_rights": "warning"} if migrated_url.startswith("mariadb") else {}
    assert ill(findings) == {"smtp": "warning", "common_passwords": "warning", **server}
    assert all(one["fix"] for one in findings.values() if one["verdict"] != "ok")
    assert findings["schema"]["verdict"] == findings["clock"]["verdict"] == "ok"


@ON_SQLITE
def test_a_receiver_of_webhooks_is_reached_and_told_nothing(diagnose: Diagnose, receiver: Receiver) -> None:
    """The address is named without its path, which may be a secret."""
    found = diagnose(WEBHOOK_URL=receiver.settings["webhook_url"], WEBHOOK_SECRET=SIGNS)["webhooks"]

    assert found["finding"] == f"127.0.0.1:{receiver.port} can be reached (on this machine). No webhook was sent."
    assert receiver.asked == []


@pytest.mark.asvs("12.3.2")
@pytest.mark.parametrize(
    ("query", "verified"),
    [
        ("ssl=true&ssl_verify_cert=true", False),  # the driver then takes any certificate
        ("ssl_ca=/ca.pem", False),
        ("ssl_ca=/ca.pem&ssl_verify_cert=false", False),
        ("ssl_ca=/ca.pem&ssl_verify_cert=true", True),
        ("ssl_capath=/certificates&ssl_verify_cert=1", True),
    ],
)
def test_a_certificate_is_checked_against_an_authority(query: str, *, verified: bool) -> None:
    """Asking for a check without saying whom to trust checks nothing."""
    assert is_verified(make_url(f"mariadb+mariadbconnector://u@db/pupero?{query}")) is verified


@ON_SQLITE
@pytest.mark.parametrize(
    ("changes", "id_", "verdict"),
    [
        ({"JWT_SECRET_KEY": "please-change-me"}, "settings", "failure"),
        ({"JWT_SECRET_KEY": "please-change-me"}, "jwt_secret_key", "failure"),
        ({"JWT_PREVIOUS_SECRET_KEYS": "short"}, "jwt_previous_secret_keys", "failure"),
        ({"TOTP_ENCRYPTION_KEYS": f"{OTHER},short"}, "totp_encryption_keys", "failure"),
        ({"TOTP_ENCRYPTION_KEYS": f"{OTHER},short"}, "jwt_secret_key", "ok"),
        ({"METRICS_TOKEN": "please-change-me"}, "metrics_token", "failure"),
        ({"METRICS_TOKEN": GOOD}, "metrics_token", "ok"),
        ({"TOTP_ENCRYPTION_KEYS": GOOD}, "totp_encryption_keys_shared", "warning"),
        ({"TOTP_ENCRYPTION_KEYS": ""}, "totp_encryption_keys", "warning"),
        ({"JWT_SECRET_KEY": "please-change-me", "ENVIRONMENT": "development"}, "jwt_secret_key", "warning"),
        ({"ENVIRONMENT": "development"}, "settings", "warning"),
        ({"HASH_THREADS": "many"}, "settings", "failure"),
        ({"TRUSTED_PROXIES": "127.0.0.1,0.0.0.0/0"}, "trusted_proxies", "failure"),
        ({"TRUSTED_PROXIES": "::/0"}, "trusted_proxies", "failure"),
        ({"TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"}, "trusted_proxies", "failure"),
        ({"MAIL_FROM": "müller@example.com"}, "settings", "failure"),
        ({"MAIL_FROM": "Konten <a@bücher.example>"}, "mail_from", "ok"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, "trusted_proxies", "warning"),
        ({"TRUSTED_PROXIES": "fc00::/7"}, "trusted_proxies", "warning"),
        ({"TRUSTED_PROXIES": "10.1.2.3,192.168.7.0/28"}, "trusted_proxies", "ok"),
        ({"WEBHOOK_URL": "https://10.0.0.1/hooks", "WEBHOOK_SECRET": SIGNS}, "webhooks", "failure"),
        ({"SECRET_KEY": "please-change-me"}, "pages_settings", "failure"),
        ({"SECRET_KEY": GOOD}, "secret_key", "failure"),
        ({"SESSION_COOKIE_SAMESITE": "None", "SECURE_COOKIES": "false"}, "pages_settings", "failure"),
        ({"SECURE_COOKIES": "false"}, "pages_settings", "failure"),
        ({"SECURE_COOKIES": "false", "ENVIRONMENT": "development"}, "cookies", "ok"),
        ({"JWT_ACCESS_TOKEN_EXPIRE_MINUTES": "5256000"}, "settings", "failure"),
        ({"ARGON2_MEMORY_KIB": "19455"}, "argon2_cost", "failure"),
        ({"ARGON2_MEMORY_KIB": "1024", "ENVIRONMENT": "development"}, "argon2_cost", "warning"),
        ({"ARGON2_MEMORY_KIB": "12288", "ARGON2_TIME_COST": "3"}, "argon2_cost", "ok"),
        ({"HASH_THREADS": "1000000"}, "argon2_memory", "failure"),
        ({"PUBLIC_URL": "https://192.0.2.7"}, "passkeys", "warning"),
        ({"PUBLIC_URL": "http://accounts.example.com", "ENVIRONMENT": "development"}, "passkeys", "warning"),
        ({"PUBLIC_URL": "http://127.0.0.1:5000", "ENVIRONMENT": "development"}, "passkeys", "ok"),
        ({"PASSKEY_ORIGINS": "https://www.accounts.example.com"}, "passkeys", "ok"),
        ({"PASSKEY_ORIGINS": "https://example.com"}, "settings", "failure"),
        ({"PASSKEY_ORIGINS": "http://accounts.example.com"}, "settings", "failure"),
        ({"DATABASE_URL": "sqlite:///no-such-file.sqlite3"}, "database", "failure"),
    ],
)
def test_an_illness_is_found(diagnose: Diagnose, changes: dict[str, str], id_: str, verdict: str) -> None:
    """Each has its id and verdict, and a fix unless it is well."""
    finding = diagnose(**changes)[id_]

    assert finding["verdict"] == verdict
    assert verdict == "ok" or finding["fix"]


@ON_SQLITE
def test_pages_and_mails_of_two_brands_are_noticed(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The pages' own file says another name than the API's; a colour counts as the same however it is written."""
    file = tmp_path / "pages.env"
    file.write_text("SERVICE_NAME=Acme\n", encoding="utf-8")
    monkeypatch.setattr("FlaskProject.config.load_config.__defaults__", (None, file))
    apart = diagnose(ACCENT_COLOUR="6441A5")
    alike = diagnose(ACCENT_COLOUR="6441A5", SERVICE_NAME="Acme")

    assert apart["brand"]["verdict"] == "warning"
    assert "SERVICE_NAME or ACCENT_COLOUR differs" in apart["brand"]["finding"]
    assert "brand" not in alike


@ON_SQLITE
@pytest.mark.asvs("6.2.12")
def test_the_list_of_passwords_is_named(diagnose: Diagnose, tmp_path: Path) -> None:
    """Which one is used, how long it is, and the one command that makes a longer one."""
    bundled = diagnose()["common_passwords"]
    with (tmp_path / "list").open("wb") as file:
        write_list(mark_all(f"breached password {number}" for number in range(1234)), file)
    own = diagnose(COMMON_PASSWORDS_FILE=str(tmp_path / "list"))["common_passwords"]

    assert (bundled["verdict"], "11,000 that come along" in bundled["finding"]) == ("warning", True)
    assert "python scripts/common_passwords.py pwnedpasswords.txt ours.txt common.passwords" in bundled["fix"]
    assert (own["verdict"], "/list has 1,234 passwords" in own["finding"].replace("\\", "/")) == ("ok", True)


@ON_SQLITE
@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "JWT_PREVIOUS_SECRET_KEYS", "METRICS_TOKEN"])
def test_the_weak_key_is_the_one_that_is_blamed(diagnose: Diagnose, name: str) -> None:
    """One weak key makes no other look weak, and is named once."""
    findings = diagnose(ENVIRONMENT="development", **{name: "short"})
    blamed = {one for one, finding in findings.items() if "is shorter than 32 bytes" in finding["finding"]}

    assert blamed == {name.lower()}
    assert findings[name.lower()]["finding"].count(name) == 1


@ON_SQLITE
def test_a_small_container_is_noticed(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The container's limit counts, not the machine's memory, and all workers' threads together."""
    limit = tmp_path / "memory.max"
    limit.write_text(f"{64 * 1024 * 1024}\n")
    monkeypatch.setattr(memory, "CGROUP_LIMITS", [str(limit)])
    finding = diagnose(HASH_THREADS="1", WEB_CONCURRENCY="2")["argon2_memory"]

    assert (finding["verdict"], finding["finding"]) == (
        "warning",
        "Password hashes take 38 of 64 MiB at most (2 at the same time).",
    )


def test_lost_keys_and_an_old_schema_are_noticed(diagnose: Diagnose, migrated_url: str) -> None:
    """Secrets that no key opens are counted, and a revision that is behind is a failure."""
    place, now = "totp:somebody", datetime.now(UTC)
    sealed = encrypt("SECRET", place, make_keyrings([secrets.token_urlsafe(32)], []).secrets)
    user = User(public_id="somebody", email="a@b.c", email_key="a@b.c", password_changed_at=now, created_at=now)
    with make_engine(migrated_url).begin() as connection:
        values = {**user.model_dump(exclude={"id"}), "totp_secret": sealed}
        connection.execute(metadata.tables["users"].insert().values(values))
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    try:
        findings = diagnose()
    finally:
        with make_engine(migrated_url).begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{REVISION}'")  # noqa: S608 ours

    assert findings["secrets_at_rest"]["verdict"] == "failure"
    assert findings["secrets_at_rest"]["finding"].startswith("1 secrets at rest were made with a key")
    assert findings["schema"] == {
        "id": "schema",
        "verdict": "failure",
        "finding": f"The tables are at revision 0001, not at {REVISION}.",
        "fix": "Run this command with --user and --database of an administrator.",
    }


def test_tables_that_another_tool_has_changed(
    scratch_database: Callable[[], str], run: Run, diagnose: Diagnose
) -> None:
    """Another collation, engine or precision is named."""
    url = scratch_database()
    assert run("--url", url).status == 0
    with make_engine(url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE used_tokens ENGINE = Aria")
        connection.exec_driver_sql("ALTER TABLE users MODIFY created_at DATETIME NOT NULL")
        connection.exec_driver_sql("ALTER TABLE users MODIFY username_key VARCHAR(50) COLLATE utf8mb4_general_ci")

    finding = diagnose(DATABASE_URL=url)["tables"]

    assert finding["verdict"] == "failure"
    assert finding["finding"] == "used_tokens is Aria (and 2 more)."


@ON_MARIADB
def test_the_api_s_own_account_is_well(
    migrated_url: str, make_account: Callable[..., Any], run: Run, diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After --create-app-user the account has what the API needs and no more."""
    monkeypatch.setenv("APP_PASSWORD", "x")
    account = make_account("x")
    assert run("--url", migrated_url, "--create-app-user", account.user).status == 0
    own = make_url(migrated_url).set(username=account.user, password="x")

    assert diagnose(DATABASE_URL=own.render_as_string(hide_password=False))["database_rights"]["verdict"] == "ok"


@ON_MARIADB
def test_a_server_that_is_away_is_a_finding(diagnose: Diagnose) -> None:
    """The rest of the examination is not lost with the database, and its password is not told."""
    findings = diagnose(DATABASE_URL=f"mariadb+mariadbconnector://u:{OTHER}@127.0.0.1:1/pupero")

    assert findings["database"]["verdict"] == "failure"
    assert "No server answers at 127.0.0.1:1" in findings["database"]["finding"]
    assert findings["argon2_time"]["verdict"] == "ok"


class _Smtp(socketserver.StreamRequestHandler):
    """A mail server that speaks as much SMTP as is needed before a mail."""

    timeout = 10

    def handle(self) -> None:
        """Greet, refuse every sign-in, and say good-bye."""
        self.wfile.write(b"220 mail.example ESMTP\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b""
            answer = {b"EHLO": b"250-mail.example\r\n250 AUTH PLAIN", b"AUTH": b"535 no", b"QUIT": b"221 bye"}
            self.wfile.write(answer.get(verb, b"250 ok") + b"\r\n")
            if verb in {b"QUIT", b"DATA"}:
                return


@pytest.fixture
def smtp_port() -> Iterator[int]:
    """Run that server."""
    with QuietTcpServer(("127.0.0.1", 0), _Smtp) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@ON_SQLITE
@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"SMTP_SECURE": "none"}, "ok", "takes mails from us (not encrypted)"),
        ({"SMTP_SECURE": "starttls"}, "failure", "STARTTLS extension not supported"),
        (
            {"SMTP_SECURE": "none", "SMTP_USER": "u", "SMTP_PASSWORD": OTHER, "ENVIRONMENT": "development"},
            "failure",
            "SMTPAuthenticationError 535",
        ),
    ],
)
def test_the_mail_server_is_visited(
    diagnose: Diagnose, smtp_port: int, changes: dict[str, str], verdict: str, words: str
) -> None:
    """It is greeted and signed in to with the API's settings, and gets no mail."""
    where = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_port), "MAIL_FROM": "Pupero <p@example.com>"}
    finding = diagnose(**where, **changes)["smtp"]

    assert (finding["verdict"], words in finding["finding"]) == (verdict, True), finding


@pytest.mark.asvs("12.3.1")
@ON_SQLITE
@pytest.mark.skipif(sys.platform == "win32", reason="Windows reaches nobody at 0.0.0.0")
@pytest.mark.parametrize(("environment", "verdict"), [("production", "failure"), ("development", "warning")])
def test_links_that_travel_unencrypted_are_found(
    diagnose: Diagnose, smtp_port: int, environment: str, verdict: str
) -> None:
    """A relay on the machine itself may go without TLS, one that is reached by another address may not."""
    other = "0.0.0.0"  # noqa: S104 no listener: it reaches this machine, and is not known to
    where = {"SMTP_HOST": other, "SMTP_PORT": str(smtp_port), "MAIL_FROM": "Pupero <p@example.com>"}
    finding = diagnose(**where, SMTP_SECURE="none", ENVIRONMENT=environment)["smtp"]

    assert finding["verdict"] == verdict
    assert "takes mails, whose links can be read on their way" in finding["finding"]


@ON_SQLITE
@pytest.mark.asvs("12.3.1", "12.3.3")
@pytest.mark.parametrize(
    ("changes", "id_", "verdict"),
    [
        ({"RATE_LIMIT_STORAGE_URI": f"redis://:{OTHER}@10.0.0.9:6379/0"}, "rate_limit_storage_tls", "warning"),
        ({"RATE_LIMIT_STORAGE_URI": f"rediss://:{OTHER}@10.0.0.9:6379/0"}, "rate_limit_storage_tls", "ok"),
        ({"RATE_LIMIT_STORAGE_URI": "redis://127.0.0.1:6379/0"}, "rate_limit_storage_tls", None),
        ({"BACKEND_URL": "http://api.example.com"}, "backend_tls", "warning"),
        ({"BACKEND_URL": "https://api.example.com"}, "backend_tls", "ok"),
        ({"BACKEND_URL": "http://localhost:8000"}, "backend_tls", None),
    ],
)
def test_what_leaves_the_machine_unencrypted_is_found(
    diagnose: Diagnose, changes: dict[str, str], id_: str, verdict: str | None
) -> None:
    """To Redis and to the API; what stays on the machine is worth no word, and no password is told."""
    finding = diagnose(**changes).get(id_)

    assert (finding and finding["verdict"]) == verdict


@pytest.mark.parametrize(
    ("host", "here"),
    [(None, True), ("localhost", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("mail", False)],
)
def test_only_loopback_is_this_machine(host: str | None, here: bool) -> None:
    """A name that must be looked up may lead anywhere."""
    assert is_this_machine(host) == here


@ON_SQLITE
def test_logins_a_second_are_no_more_than_the_cores_can_hash(diagnose: Diagnose) -> None:
    """A hundred thousand threads make no core faster, and the sentence says so."""
    finding = diagnose(HASH_THREADS="100000")["argon2_time"]["finding"]
    milliseconds, rate = map(float, re.findall(r" ([\d.e+]+) (?:ms|logins)", finding))

    assert 0 < rate * milliseconds / 1000 < 10_000


@ON_SQLITE
def test_it_reads_well(diagnose: Diagnose, run: Run) -> None:
    """For people: one aligned line a finding, the fix under it, and a sum at the end."""
    diagnose(TRUSTED_PROXIES="0.0.0.0/0")
    lines = run("--doctor").out.splitlines()

    start = lines[1].index("The API cannot start: TRUSTED_PROXIES has 0.0.0.0/0")
    fixes = [number for number, line in enumerate(lines) if line.strip().startswith("-> ")]
    assert fixes
    assert all(lines[number].index("-> ") == start for number in fixes)
    assert lines[-1].endswith(" ok, 2 warnings, 2 failures.")
