"""The examples as they stand there: each is run against a real API, and does what its page says."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
import requests

from app import auth
from app.secrets.keys import make_keyrings
from testing.api import PASSWORD, SignedIn, StartApi, register, sign_in
from testing.processes import Server, free_port
from testing.required import missing
from testing.services import add_service

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
KEY = "b5tnRkWq-8mYzJd2LxHvC7sPgEa0UuFo"
API = "http://127.0.0.1:8000"
STEPS = re.compile(r"^```sh\n(.*?)\n```\n\n```(json|text)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"\$([A-Z_]+)")


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: examples know nothing of the database."""
    return sqlite_copy


# --- the journey -------------------------------------------------------------------------------------------------


class Journey:
    """Somebody who types the lines of a page, and puts in the words that the answers showed."""

    def __init__(self, api_url: str, database_url: str) -> None:
        """Take where the API is that the page has on port 8000."""
        self._api_url, self._words = api_url, dict[str, str]()
        settings = {"DATABASE_URL": database_url, "JWT_SECRET_KEY": KEY}
        self._environment = {**os.environ, **settings}

    def run(self, line: str) -> str:
        """Type one line."""
        command = [self._put_in(word) for word in shlex.split(line.replace(API, self._api_url))]
        command[0] = {"python": sys.executable}.get(command[0], command[0])
        ran = subprocess.run(command, capture_output=True, text=True, env=self._environment, cwd=ROOT, check=True)  # noqa: S603 the page's
        return ran.stdout.strip()

    def compare(self, shown: Any, answered: Any) -> None:
        """Insist on what the page shows; `...` is anything, and a word with a dollar is kept."""
        if isinstance(shown, dict):
            assert list(shown) == list(answered)
            for name in shown:
                self.compare(shown[name], answered[name])
        elif isinstance(shown, list):
            assert len(shown) == len(answered)
            for one, other in zip(shown, answered, strict=True):
                self.compare(one, other)
        elif isinstance(shown, str) and (word := WORD.fullmatch(shown)):
            self._words[word[1]] = answered
        elif shown != "...":
            assert shown == answered

    def compare_text(self, shown: str, answered: str) -> None:
        """Likewise for lines."""
        match = re.fullmatch(WORD.sub(r"(?P<\1>\\S+)", shown), answered)
        assert match, answered
        self._words |= match.groupdict()

    def _put_in(self, word: str) -> str:
        return WORD.sub(lambda found: self._find(found[1]), word)

    def _find(self, word: str) -> str:
        """Return a word of an answer, or what the authenticator shows: the code before counts for half a minute."""
        steps = {"CODE": -1, "NEXT_CODE": 0}.get(word)
        if steps is None:
            return self._words[word]
        if (left := 30 - time.time() % 30) < 3:
            time.sleep(left)
        return pyotp.TOTP(self._words["SECRET"]).at(int(time.time()), counter_offset=steps)


def test_the_journey_goes_as_its_page_says(start_api: StartApi, migrated_url: str) -> None:
    """Every line is typed, every answer is the one that is shown."""
    if shutil.which("curl") is None:
        missing("curl", "no curl on the PATH")
    page = (EXAMPLES / "journey.md").read_text(encoding="utf-8")
    journey, steps = Journey(start_api(JWT_SECRET_KEY=KEY).url, migrated_url), STEPS.findall(page)
    for line, kind, shown in steps:
        answered = journey.run(line)
        if kind == "text":
            journey.compare_text(shown, answered)
        else:
            journey.compare(json.loads(shown), json.loads(answered))

    assert len(steps) == page.count("```sh\n") > 10


# --- the services ------------------------------------------------------------------------------------------------


@pytest.fixture
def api_server(start_api: StartApi) -> Server:
    """Give a real API."""
    return start_api(JWT_SECRET_KEY=KEY)


@pytest.fixture
def user(api_server: Server) -> Iterator[SignedIn]:
    """Give somebody who is signed in there."""
    with httpx2.Client(base_url=api_server.url) as http:
        yield sign_in(http, register(http))


@pytest.fixture(params=["fastapi", "node"])
def service(
    request: pytest.FixtureRequest, api_server: Server, migrated_url: str, tmp_path: Path
) -> Iterator[Callable[[str, str], Any]]:
    """Give a function that calls each of the services in turn, with a token."""
    port = free_port()
    secret = add_service(migrated_url, "shop", "role")
    settings = {"PUPERO_URL": api_server.url, "SERVICE_ID": "shop", "SERVICE_SECRET": secret, "PORT": str(port)}
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES / "fastapi_service"), "main:app"]
    command += ["--port", str(port)]
    if request.param == "node":
        node = shutil.which("node")
        command = [node or missing("node", "no node on the PATH"), str(EXAMPLES / "node_service" / "server.mjs")]
    with (tmp_path / "service.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)  # noqa: S603 ours
    url = f"http://127.0.0.1:{port}"
    wait_for(url, process)
    yield lambda path, token: httpx2.get(url + path, headers={"Authorization": f"Bearer {token}"} if token else {})
    process.kill()
    process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a service answers."""
    while process.poll() is None:
        try:
            httpx2.get(url)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the example has ended")


@pytest.mark.asvs("7.4.1")
def test_a_service_lets_in_who_is_signed_in(
    service: Callable[[str, str], Any], user: SignedIn, api_server: Server
) -> None:
    """Nobody else, staff's things for staff, nobody after a logout, and nobody while it cannot ask."""
    own = service("/orders", user.access_token)
    strangers = [service("/orders", token) for token in ("", "x", user.refresh_token)]
    staff = service("/stock", user.access_token)
    user.post("/logout")
    after = service("/orders", user.access_token)
    api_server.stop()
    away = service("/orders", user.access_token)

    assert own.json() == {"of": user.person.user_id, "orders": []}
    assert {(one.status_code, one.headers["WWW-Authenticate"]) for one in [*strangers, after]} == {(401, "Bearer")}
    assert (staff.status_code, away.status_code, away.headers["Retry-After"]) == (403, 503, "1")


# --- the client --------------------------------------------------------------------------------------------------


def test_the_client_signs_in_once(user: SignedIn, api_server: Server, tmp_path: Path) -> None:
    """As a program: with the password at first, then with what it has kept, readable for its owner alone."""
    command = [sys.executable, str(EXAMPLES / "client.py"), str(user.person.username)]
    environment = {**os.environ, "PUPERO_URL": api_server.url}
    shown = [
        subprocess.run(command, env=environment | more, cwd=tmp_path, capture_output=True, text=True, check=True).stdout  # noqa: S603 ours
        for more in ({"PUPERO_PASSWORD": PASSWORD}, {})
    ]

    assert shown[0] == shown[1]
    assert "alice@example.com" in shown[0]
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def client(user: SignedIn, api_server: Server, tmp_path: Path) -> Any:
    """Give the client, with an access token that has expired."""
    spec = spec_from_file_location("example_client", EXAMPLES / "client.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    ring = make_keyrings([KEY], []).tokens
    claims = auth.decode_token("access", user.access_token, ring)
    expired = auth.encode_token("access", {**claims, "iat": 1_600_000_000, "exp": 1_600_000_060}, ring)
    store = tmp_path / "tokens.json"
    store.write_text(json.dumps({"access_token": expired, "refresh_token": user.refresh_token}), encoding="utf-8")
    made = module.Client(api_server.url, store)
    made.SignInAgain = module.SignInAgain
    return made


def test_the_client_refreshes_once_for_all_its_threads(client: Any, api_server: Server) -> None:
    """Eight calls that find the token expired cause one refresh."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.call("GET", "/user/profile"), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert api_server.read_log().count('"path": "/refresh"') == 1


def test_the_client_survives_a_lost_answer(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API has moved on, and the client has not heard of it: the same token brings the same pair."""
    send, lost = requests.Session.post, list[str]()

    def lose_the_first(session: Any, url: str, **more: Any) -> Any:
        answer = send(session, url, **more)
        if not lost:
            lost.append(answer.json()["refresh_token"])
            raise requests.ConnectionError("the answer got lost")
        return answer

    monkeypatch.setattr(requests.Session, "post", lose_the_first)
    answer = client.call("GET", "/user/profile")

    assert answer.status_code == 200
    assert lost[0] in client._store.read_text(encoding="utf-8")  # noqa: SLF001 what it keeps
    assert client.call("GET", "/user/profile").status_code == 200


def test_the_client_says_when_a_session_has_ended(client: Any, user: SignedIn) -> None:
    """Its caller asks for the password then, and nothing is tried again and again."""
    user.post("/logout")
    with pytest.raises(client.SignInAgain, match="session_ended"):
        client.call("GET", "/user/profile")
