"""The API as tests meet it: in process for most, as real servers for races, with people who use it."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.config import Settings
from app.main import create_app
from CreateDB.server.engine import make_engine
from testing.declared import require_declared
from testing.processes import Server, free_port

CHEAP_ARGON2 = {"argon2_time_cost": 1, "argon2_memory_kib": 8, "argon2_parallelism": 1}
CHEAP_ENVIRONMENT = {name.upper(): str(value) for name, value in CHEAP_ARGON2.items()}  # the same for a process
PRODUCTION = {"environment": "production", "argon2_time_cost": 2, "argon2_memory_kib": 19456}  # the least it takes
PASSWORD = "blue herons at dawn"
STEP_MARGIN = 2.0  # seconds
SAME_CODE = 20.0  # seconds
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

MakeSettings = Callable[..., Settings]
RunSql = Callable[..., list[Any]]
StartApi = Callable[..., Server]
MakeStale = Callable[[], None]
LetPass = Callable[[], None]


@dataclass
class Person:
    """Somebody with an account."""

    email: str
    username: str | None
    password: str
    user_id: str = ""


@dataclass
class SignedIn:
    """A person's live session on one device."""

    http: Any
    person: Person
    access_token: str
    refresh_token: str
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)
    _read: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict, repr=False)

    def call(self, method: str, path: str, json: object = None) -> Any:
        """Send one authenticated request."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return self.http.request(method, path, json=json, headers=headers)

    def get(self, path: str) -> Any:
        """GET as this person."""
        return self.call("GET", path)

    def post(self, path: str, json: object = None) -> Any:
        """POST as this person."""
        return self.call("POST", path, json)

    def refresh(self) -> Any:
        """Trade the refresh token in, and keep the new pair."""
        answer = self.http.post("/refresh", json={"refresh_token": self.refresh_token})
        self._keep(answer)
        return answer

    def reauthenticate(self, **proof: object) -> Any:
        """Prove who this is, and go on with the pair of the fresh session."""
        answer = self.post("/reauthenticate", {"current_password": self.person.password, **proof})
        self._keep(answer)
        return answer

    def update(self, **changes: object) -> Any:
        """Change the account, and go on with the new pair if there is one."""
        answer = self.call("PUT", "/user/update", {"current_password": self.person.password, **changes})
        self._keep(answer)
        return answer

    def _keep(self, answer: Any) -> None:
        """Take over the pair of an answer that has one."""
        if "access_token" in answer.text and answer.status_code == httpx2.codes.OK:
            self.access_token, self.refresh_token = answer.json()["access_token"], answer.json()["refresh_token"]

    def code(self, steps: int = 0) -> str:
        """Read the authenticator's code, so many steps from now, with two seconds left to use it.

        Read again within twenty seconds it is the same one, though a half minute may have ended meanwhile: else a code
        that a test means to send twice would be another one.
        """
        known = self._read.get((self.secret, steps))
        if known is not None and steps >= 0 and time.monotonic() - known[0] < SAME_CODE:
            return known[1]
        left = 30 - time.time() % 30
        if left < STEP_MARGIN:
            time.sleep(left)
        code = pyotp.TOTP(self.secret).at(int(time.time()), counter_offset=steps)
        self._read[self.secret, steps] = (time.monotonic(), code)
        return code


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Give a function that makes settings for a database: cheap hashes, a strong key, no .env.

    Mails stay in the queue until a test delivers them.
    """
    apart = {"mail_worker": False, "mail_dir": tmp_path / "mail"}

    def make(database_url: str, **changes: Any) -> Settings:
        values = {"jwt_secret_key": secrets.token_urlsafe(32), **CHEAP_ARGON2, **apart, **changes}
        return Settings(_env_file=None, database_url=database_url, **values)

    return make


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Give the settings that differ in a test; a test module overrides this or parametrises it."""
    return {}


@pytest.fixture
def settings(make_settings: MakeSettings, migrated_url: str, settings_changes: dict[str, Any]) -> Settings:
    """Give the settings of `api`."""
    return make_settings(migrated_url, **settings_changes)


@pytest.fixture
def api(settings: Settings) -> Iterator[TestClient]:
    """Give the API in this process, on SQLite and on MariaDB in turn."""
    client = TestClient(create_app(settings), client=("127.0.0.1", 50000), raise_server_exceptions=False)
    with client:
        client.headers["User-Agent"] = FIREFOX
        client.event_hooks["response"].append(require_declared)
        yield client


@pytest.fixture
def sql(settings: Settings) -> Iterator[RunSql]:
    """Give a function that runs a statement on the database behind `api`, as time or an intruder would."""
    engine = make_engine(settings.database_url.get_secret_value())

    def run(statement: str, rows: Sequence[Mapping[str, object]] = (), **values: object) -> list[Any]:
        with engine.begin() as connection:
            result = connection.execute(text(statement), rows or values)
            return list(result.all()) if result.returns_rows else []

    yield run
    engine.dispose()


def register(http: Any, name: str = "alice", password: str = PASSWORD, username: str | None = "") -> Person:
    """Make an account; the username is the name unless given."""
    person = Person(f"{name}@example.com", name if username == "" else username, password)
    answer = http.post(
        "/register", json={"email": person.email, "username": person.username, "password": person.password}
    )
    assert answer.status_code == httpx2.codes.OK, answer.text
    person.user_id = answer.json()["user_id"]
    return person


def sign_in(http: Any, person: Person, **more: object) -> SignedIn:
    """Open a session."""
    answer = http.post("/login", json={"email": person.email, "password": person.password, **more})
    assert answer.status_code == httpx2.codes.OK, answer.text
    return SignedIn(http, person, answer.json()["access_token"], answer.json()["refresh_token"])


def enable_totp(user: SignedIn, steps: int = -1) -> SignedIn:
    """Switch the second factor on with the code of one step ago, which leaves the present one for a login."""
    user.secret = user.post("/totp/enable/start").json()["secret"]
    answer = _confirm_totp(user, steps)
    if answer.status_code != httpx2.codes.OK:  # of an older step, whose half minute may just have ended
        answer = _confirm_totp(user, steps)
    assert answer.status_code == httpx2.codes.OK, answer.text
    user.recovery_codes = answer.json()["recovery_codes"]
    return user


def _confirm_totp(user: SignedIn, steps: int) -> Any:
    return user.post("/totp/enable/confirm", {"secret": user.secret, "code": user.code(steps)})


@pytest.fixture
def alice(api: TestClient) -> Person:
    """Give somebody with an account."""
    return register(api)


@pytest.fixture
def user(api: TestClient, alice: Person) -> SignedIn:
    """Give somebody who has just signed in."""
    return sign_in(api, alice)


@pytest.fixture
def other_device(api: TestClient, user: SignedIn) -> SignedIn:
    """Give a second session of the same person."""
    return sign_in(api, user.person)


@pytest.fixture
def user_with_totp(user: SignedIn) -> SignedIn:
    """Give somebody signed in whose second factor is on."""
    return enable_totp(user)


@pytest.fixture
def make_session_stale(sql: RunSql) -> MakeStale:
    """Give a function after which no session is fresh any more."""

    def make_stale() -> None:
        sql("UPDATE sessions SET authenticated_at = '2020-01-01 00:00:00'")

    return make_stale


@pytest.fixture
def let_codes_pass(sql: RunSql) -> LetPass:
    """Give a function after which the present TOTP codes count as unused, as if half a minute had passed."""

    def let_pass() -> None:
        sql("UPDATE users SET totp_last_step = 1 WHERE totp_last_step IS NOT NULL")

    return let_pass


def make_server(log: Path, *arguments: str, **environment: str) -> Server:
    """Prepare the API as a process of its own, with cheap hashes and a strong key."""
    port = free_port()
    command = ["-m", "uvicorn", "--factory", "testing.serve:make_app", "--port", str(port), *arguments]
    defaults = {"JWT_SECRET_KEY": secrets.token_urlsafe(32), **CHEAP_ENVIRONMENT}
    return Server(command, {**defaults, **environment}, port, log, forked=True)


@pytest.fixture
def start_api(tmp_path: Path, migrated_url: str) -> Iterator[StartApi]:
    """Give a function that starts the API as real processes on the test's database; all are stopped at the end."""
    started: list[Server] = []

    def start(workers: int = 1, arguments: Sequence[str] = (), **environment: str) -> Server:
        defaults = {"DATABASE_URL": migrated_url, "MAIL_DIR": str(tmp_path / "mail")}
        log = tmp_path / f"api-{len(started)}.log"
        server = make_server(log, "--workers", str(workers), *arguments, **{**defaults, **environment})
        server.start("/healthz")
        started.append(server)
        if workers > 1:  # of whom one answers before the others
            server.wait_for("Application startup complete", workers)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def api_url(start_api: StartApi) -> str:
    """Give the address of a real API process."""
    return start_api().url
