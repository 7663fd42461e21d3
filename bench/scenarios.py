"""What is loaded, and how: each scenario gives points by name, and the ratios that we promise."""

import os
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from load import Point, measure, memory_of
from suite import ARGON2, FOLDER, PASSWORD, api_environment, serving, sign_in

from app.auth import PasswordHasher
from testing.mariadb_server import MariadbControl
from testing.processes import Server
from testing.services import add_service

HERE = Path(__file__).parent
API, SELECT, NOTHING = "testing.serve:make_app", "floors:make_select", "floors:make_nothing"
PAGE, FORM, FORM_AND_CALL = "floors:make_page()", "floors:make_form()", "floors:make_form_and_call()"
PAGES = "FlaskProject.app:create_app()"

READERS = 32
Load = Callable[[], Point]
Loads = dict[str, Load]


class Bench:
    """A database, and the servers in front of it for one scenario."""

    def __init__(self, url: str, control: MariadbControl, seconds: float) -> None:
        """Take the database, and how long each point lasts."""
        self.url, self.control, self.seconds = url, control, seconds
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin a scenario."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop its servers."""
        self._stack.close()

    def api(self, workers: int = 1, **more: str) -> Server:
        """Start our API."""
        settings = api_environment(self.url, workers, **more)
        return self._stack.enter_context(serving(API, workers, settings, "/healthz"))

    def floor(self, application: str, workers: int = 1, *, wsgi: bool = False, **more: str) -> Server:
        """Start a floor."""
        settings = {"DATABASE_URL": self.url, **more}
        return self._stack.enter_context(serving(application, workers, settings, "/", wsgi=wsgi))

    def pages(self, api: Server) -> Server:
        """Start our pages before an API."""
        settings = {"BACKEND_URL": api.url, "SECRET_KEY": secrets.token_urlsafe(48), "FLASK_SKIP_DOTENV": "1"}
        return self._stack.enter_context(serving(PAGES, 1, settings, "/login", wsgi=True))

    def load(
        self, server: Server, path: str, connections: int, *headers: str, script: str = "", tokens: Path | None = None
    ) -> Load:
        """Prepare a load; running it gives a point."""
        lua = HERE / script if script else None
        return lambda: measure(
            server.url + path,
            connections,
            self.seconds,
            [server.pid],
            self.control.pid,
            headers=headers,
            script=lua,
            tokens=tokens,
        )

    def readers(self, server: Server, *others: Server, connections: int) -> list[Load]:
        """Prepare reads of the profile by many people who are signed in, and the same requests to bare floors."""
        tokens = write_tokens(sign_all_in(server.url), "access_token")
        paths = [(server, "/user/profile"), *((other, "/") for other in others)]
        return [self.load(each, path, connections, script="read.lua", tokens=tokens) for each, path in paths]


def reads(bench: Bench) -> Loads:
    """Rows 1 to 3: a profile read beside the bare SELECT and the bare endpoint."""
    loads: Loads = {}
    for workers in (1, 2):
        api, select, nothing = bench.api(workers), bench.floor(SELECT, workers), bench.floor(NOTHING, workers)
        for connections in (1, 16, 64, 256):
            names = (f"profile {workers}w {connections}c", f"F1 {workers}w {connections}c")
            loads |= dict(zip(names, bench.readers(api, select, connections=connections), strict=True))
        loads[f"F2 {workers}w 16c"] = bench.load(nothing, "/", 16)
    return loads


def logins(bench: Bench) -> Loads:
    """Row 4: logins beside raw verifications on all cores."""
    api = bench.api()
    loads = {f"login {at_once}": bench.load(api, "/login", at_once, script="login.lua") for at_once in (1, 4, 16)}
    floors = {"F3": len(os.sched_getaffinity(0)), "F3, 1 at once": 1, "F3, 16 at once": 16}
    return loads | {name: lambda n=at_once: verify_raw(bench.seconds, n) for name, at_once in floors.items()}


def storm(bench: Bench) -> Loads:
    """Rows 6 and 7: eight readers, alone and beside sixteen logins at once."""
    loads: Loads = {"F3": lambda: verify_raw(bench.seconds)}
    for workers in (1, 2):
        api = bench.api(workers)
        [reading] = bench.readers(api, connections=8)
        signing_in = bench.load(api, "/login", 16, script="login.lua")
        loads[f"idle {workers}w"] = idle(api)
        loads[f"calm {workers}w"] = reading
        loads |= together(f"storm {workers}w", reading, signing_in)
    return loads


def overload(bench: Bench) -> Loads:
    """More logins than can be served: what is shed with 503 counts as failed, and is answered at once."""
    api = bench.api()
    return {
        f"login {at_once}": bench.load(api, "/login", at_once, script="login.lua") for at_once in (16, 64, 128, 256)
    }


def refreshes(bench: Bench) -> Loads:
    """Row 8: a refresh beside a profile read."""
    api = bench.api()
    [reading] = bench.readers(api, connections=16)

    def renew() -> Point:
        tokens = write_tokens(sign_all_in(api.url), "refresh_token")
        return bench.load(api, "/refresh", 16, script="refresh.lua", tokens=tokens)()

    return {"profile": reading, "refresh": renew}


def introspections(bench: Bench) -> Loads:
    """Row 11: what another service asks about a token, beside a profile read."""
    api = bench.api()
    credential = f"bench:{add_service(bench.url, 'bench', 'username email role')}"
    people = [pair["access_token"] for pair in sign_all_in(api.url)]
    asked = write_lines([b64encode(credential.encode()).decode(), *people])
    return {
        "profile": bench.load(api, "/user/profile", 16, script="read.lua", tokens=write_lines(people)),
        "introspection": bench.load(api, "/introspect", 16, script="introspect.lua", tokens=asked),
    }


def pages(bench: Bench) -> Loads:
    """Row 9: the signed-in profile page and the login page beside bare Flask pages, and these with form and call."""
    api = bench.api()
    ui, bare, form = bench.pages(api), bench.floor(PAGE, wsgi=True), bench.floor(FORM, wsgi=True)
    both = bench.floor(FORM_AND_CALL, wsgi=True, BACKEND_URL=api.url)
    pair = sign_in(api.url)
    cookie = f"Cookie: access_token={pair['access_token']}; refresh_token={pair['refresh_token']}"
    return {
        "profile page": bench.load(ui, "/profile", 8, cookie),
        "login page": bench.load(ui, "/login", 8),
        "F4": bench.load(bare, "/", 8),
        "F4 with a form": bench.load(form, "/", 8),
        "F4 with form and call": bench.load(both, "/", 8, cookie),
        "profile call": bench.load(api, "/user/account", 8, f"Authorization: Bearer {pair['access_token']}"),
    }


def growth(bench: Bench) -> Loads:
    """Row 10: what reads and login look-ups cost the database; run it with 1,000 accounts and with 1,000,000."""
    api = bench.api(ARGON2_TIME_COST="1", ARGON2_MEMORY_KIB="8", ARGON2_PARALLELISM="1")
    [reading] = bench.readers(api, connections=8)
    return {
        "profile": reading,
        "login look-ups": bench.load(api, "/login", 8, script="strangers.lua"),
        "F1": bench.load(bench.floor(SELECT), "/", 8),
    }


def start(bench: Bench) -> Loads:
    """Start-up: seconds from the command to the first answer (as ms), and the memory of an idle worker."""

    def begin() -> Point:
        started = time.perf_counter()
        with ExitStack() as stack:
            server = stack.enter_context(serving(API, 1, api_environment(bench.url, 1), "/healthz"))
            took = (time.perf_counter() - started) * 1000
            return Point(0, took, took, 0, 0, 0, memory_of([server.pid]))

    return {"first answer": begin}


def sign_all_in(url: str) -> list[dict[str, str]]:
    """Sign a number of people in, each once."""
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda number: sign_in(url, number + 1), range(READERS)))


def write_tokens(pairs: list[dict[str, str]], kind: str) -> Path:
    """Write tokens of one kind to a file, for wrk's script."""
    return write_lines([pair[kind] for pair in pairs])


def write_lines(lines: list[str]) -> Path:
    """Write a file for wrk's script."""
    path = FOLDER / f"{secrets.token_hex(4)}.tokens"
    path.write_text("\n".join(lines))
    return path


def idle(server: Server) -> Load:
    """Prepare to read the resident memory of a server that has been used and rests."""
    return lambda: Point(0, 0, 0, 0, 0, 0, memory_of([server.pid]))


def together(name: str, reading: Load, signing_in: Load) -> Loads:
    """Prepare two loads at once; the second is read after the first, which ran both."""
    kept: list[Point] = []

    def both() -> Point:
        with ThreadPoolExecutor(2) as threads:
            beside, read = threads.submit(signing_in), threads.submit(reading)
            kept[:] = [beside.result()]
            return read.result()

    return {f"{name} reads": both, f"{name} logins": lambda: kept[0]}


def verify_raw(seconds: float, at_once: int = 0) -> Point:
    """F3: verifications on all cores, by as many threads, with the same library and costs; so many asked at once."""
    hasher, cores = PasswordHasher(**ARGON2), len(os.sched_getaffinity(0))
    stored = hasher.hash(PASSWORD)
    end = time.perf_counter() + seconds

    def ask(_number: int) -> list[float]:
        times = []
        while (start := time.perf_counter()) < end:
            threads.submit(hasher.verify, PASSWORD, stored).result()
            times.append(time.perf_counter() - start)
        return times

    begin = time.perf_counter()
    with ThreadPoolExecutor(cores) as threads, ThreadPoolExecutor(at_once or cores) as callers:
        times = sorted(took for each in callers.map(ask, range(at_once or cores)) for took in each)
    rate = len(times) / (time.perf_counter() - begin)
    return Point(rate, times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000, 0, 0, 0, 0)


SCENARIOS: dict[str, Callable[[Bench], Loads]] = {
    "reads": reads,
    "logins": logins,
    "storm": storm,
    "overload": overload,
    "refreshes": refreshes,
    "introspections": introspections,
    "pages": pages,
    "growth": growth,
    "start": start,
}
