"""The whole API on a MariaDB that is away, restarted, full, slow or cut off, with either build of the driver."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from app.config import Settings
from app.crud import sessions
from CreateDB.server.engine import make_engine
from testing.ageing import issued_earlier
from testing.api import PASSWORD, SignedIn, StartApi, register, sign_in
from testing.ledger import OK, UNAVAILABLE, Ledger
from testing.line import Line
from testing.mariadb import DATABASE, empty_tables, make_tables
from testing.mariadb_server import MariadbControl, unavailable
from testing.people import Reader, Writer
from testing.required import missing
from testing.smtp import wait_until
from testing.town import Town

DRIVERS = pytest.mark.parametrize("build", ["", "python"], ids=["compiled", "python"])
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
LONGEST = 40.0  # seconds until a request has an answer, whatever the database does: ten, on a crowded machine
PATIENT = 60.0  # seconds, for a crowded machine
HOLDERS = 11  # connections: as many as the smallest limit that the server knows, and the one it keeps for root


@pytest.fixture(scope="module")
def server() -> Iterator[MariadbControl]:
    """Give a server of this module's own, which forgets nothing that it has committed."""
    if reason := unavailable():
        missing("mariadb", reason)
    control = MariadbControl(flags=("--innodb-flush-log-at-trx-commit=1",))
    control.start()
    make_tables(control)
    yield control
    control.remove()


@pytest.fixture
def migrated_url(server: MariadbControl) -> str:
    """Give its database, empty."""
    server.start()
    url = f"{server.url}{DATABASE}"
    empty_tables(url)
    return url


def administer(server: MariadbControl, statement: str) -> None:
    """Run a statement as root."""
    engine = make_engine(server.url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def is_idle(server: MariadbControl) -> bool:
    """Tell whether the server has done all that anybody has asked it for."""
    engine = make_engine(server.url)
    with engine.begin() as connection:
        asked = "FROM information_schema.processlist WHERE user = 'root' AND command <> 'Sleep'"
        mine = connection.exec_driver_sql(f"SELECT COUNT(*) {asked} AND id <> CONNECTION_ID()")
        number: int = mine.scalar_one()
    engine.dispose()
    return number == 0


def ask_readiness(http: Any) -> tuple[int, str]:
    """Return status and code, and insist on an answer in time."""
    begin = time.monotonic()
    answer = http.get("/readyz")
    assert time.monotonic() - begin < LONGEST
    return answer.status_code, answer.json().get("code", "")


@DRIVERS
def test_it_starts_without_its_database(server: MariadbControl, start_api: StartApi, build: str) -> None:
    """It says so, answers 503, is alive and not ready; once the database is there it serves, and nobody restarts it."""
    server.stop()
    api = start_api(MARIADB_PYTHON_CONNECTOR=build)
    with httpx2.Client(base_url=api.url, timeout=PATIENT) as http:
        away = http.post("/login", json={"username": "alice", "password": PASSWORD})
        assert ask_readiness(http) == (UNAVAILABLE, "database_unavailable")
        assert (away.status_code, away.json()["code"]) == (UNAVAILABLE, "database_unavailable")
        assert int(away.headers["retry-after"]) >= 1
        assert http.get("/healthz").status_code == OK
        server.start()
        assert ask_readiness(http) == (OK, "")
        assert sign_in(http, register(http)).get("/user/profile").status_code == OK

    assert "database_unavailable" in api.read_log()


@DRIVERS
@pytest.mark.asvs("16.5.2")
def test_a_crash_under_load_loses_nothing(server: MariadbControl, start_api: StartApi, build: str) -> None:
    """While the server is away there is 200 or 503 and nothing else; then all goes on, with what was acknowledged."""
    api = start_api(MARIADB_PYTHON_CONNECTOR=build, RATE_LIMITS_ENABLED="false")
    with httpx2.Client(base_url=api.url, timeout=PATIENT) as http:
        user, books = sign_in(http, register(http)), Ledger()
        writer = Writer(books, [http], user)
        with Town([Reader(books, [http], user), writer]):
            books.wait_for_writes(1, PATIENT)
            server.kill()
            books.wait_for_a_refusal(PATIENT)
            server.start()
            books.wait_for_writes(1, PATIENT)
        for _ in range(8):
            writer.audit()

    assert books.faults == []
    assert books.statuses == {OK, UNAVAILABLE}
    assert "unhandled_error" not in api.read_log()


@DRIVERS
@pytest.mark.asvs("13.1.2")
def test_a_server_without_a_free_connection_is_waited_for(
    server: MariadbControl, start_api: StartApi, build: str
) -> None:
    """A call waits for a connection, not for ever; who gets one in time is served."""
    administer(server, "SET GLOBAL max_connections = 10")
    engine = make_engine(server.url)
    with ExitStack() as held, ThreadPoolExecutor(1) as threads:
        for _ in range(HOLDERS):
            held.enter_context(engine.connect())
        api = start_api(MARIADB_PYTHON_CONNECTOR=build, DATABASE_POOL_SIZE="2")
        with httpx2.Client(base_url=api.url, timeout=PATIENT) as http:
            refused = ask_readiness(http)
            waiting = threads.submit(ask_readiness, http)
            time.sleep(1)
            held.close()
            served = waiting.result()
    engine.dispose()
    administer(server, "SET GLOBAL max_connections = 151")

    assert refused == (UNAVAILABLE, "database_unavailable")
    assert served == (OK, "")


@pytest.mark.asvs("13.1.2", "13.1.3")
def test_a_slow_database_is_shed_and_not_piled_up(line: Line, start_api: StartApi, migrated_url: str) -> None:
    """With a far-away database and many sign-ins at once, each has its answer, or is told to come back, in a minute."""
    api = start_api(DATABASE_URL=line.lead(migrated_url), DATABASE_POOL_SIZE="2", RATE_LIMITS_ENABLED="false")
    with httpx2.Client(base_url=api.url, timeout=PATIENT, limits=httpx2.Limits(max_connections=16)) as http:
        person = register(http)
        line.delay = 0.02
        body = {"email": person.email, "password": person.password}
        with ThreadPoolExecutor(16) as threads:
            seen = Counter(threads.map(lambda _: http.post("/login", json=body).status_code, range(16)))
        line.delay = 0
        sign_in(http, person)

    assert set(seen) <= {OK, UNAVAILABLE}, seen
    assert seen[OK] > 0


@POSIX
@DRIVERS
@pytest.mark.asvs("16.5.2")
def test_a_stall_shows_nobody_to_another(server: MariadbControl, start_api: StartApi, build: str) -> None:
    """An answer that comes too late is thrown away with its connection: everybody goes on seeing themselves."""
    api = start_api(MARIADB_PYTHON_CONNECTOR=build, DATABASE_POOL_SIZE="1", MAIL_WORKER="false")
    with httpx2.Client(base_url=api.url, timeout=PATIENT) as http:
        people = [sign_in(http, register(http, name)) for name in ("alice", "bob", "carol")]
        server.freeze()
        late = people[0].get("/user/profile").json()
        server.thaw()
        seen = [(user.person.email, user.get("/user/profile").json()) for user in people * 3]

    assert late["code"] == "database_unavailable"
    assert [profile.get("email", profile.get("code")) for _, profile in seen] == [email for email, _ in seen]


@POSIX
@pytest.mark.asvs("10.4.5", "16.5.2")
def test_a_stalled_refresh_is_no_theft(
    server: MariadbControl, user: SignedIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database is asked for and does only once nobody waits any more is void: the session stays as it was."""
    user.refresh_token = issued_earlier(settings, user.refresh_token, 60)
    rotate = sessions.rotate_session

    def stall(*arguments: Any) -> bool:
        server.freeze()
        return rotate(*arguments)

    with monkeypatch.context() as at_the_worst_moment:
        at_the_worst_moment.setattr(sessions, "rotate_session", stall)
        refused = user.refresh()
    server.thaw()
    wait_until(lambda: is_idle(server))

    assert (refused.status_code, refused.json()["code"]) == (UNAVAILABLE, "database_unavailable")
    assert user.refresh().status_code == OK


@DRIVERS
def test_a_commit_without_an_answer_is_never_repeated(
    line: Line, start_api: StartApi, migrated_url: str, build: str
) -> None:
    """Cut off while COMMIT is on its way, the caller is told that nobody knows; here it had happened, and once only."""
    settings = {"DATABASE_URL": line.lead(migrated_url), "DATABASE_POOL_SIZE": "1", "MAIL_WORKER": "false"}
    api = start_api(**settings, MARIADB_PYTHON_CONNECTOR=build)
    body = {"email": "alice@example.com", "password": PASSWORD}
    with httpx2.Client(base_url=api.url, timeout=PATIENT) as http:
        register(http, "somebody")  # makes the one connection
        line.cut_after = b"\x03COMMIT"  # the command, not the word in SET AUTOCOMMIT
        lost = http.post("/register", json=body)
        cuts, line.cut_after = line.cuts, None
        again = http.post("/register", json=body)

    assert (lost.status_code, lost.json()["code"], cuts) == (UNAVAILABLE, "outcome_unknown", 1)
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
