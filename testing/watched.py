"""People who use an API all the time while its database is broken: when each was served, and what was done twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2

from testing.api import SignedIn
from testing.load import OK

PATIENCE = 60.0  # seconds
PAUSE = 0.02  # seconds between two requests of one person


class Watched:
    """Readers, a writer, and a line of refresh tokens that two clients use at once."""

    def __init__(self, user: SignedIn, line: SignedIn, readers: int = 4) -> None:
        """Take whose account is read and written, and whose session is refreshed."""
        self.statuses: Counter[int] = Counter()
        self.possible: set[str] = set()  # the last phrase acknowledged, and those of unknown outcome after it
        self.forks = 0  # refreshes that handed out two different successors
        self.codes: Counter[str] = Counter()  # what refusals were called
        self._good: dict[str, list[tuple[float, float]]] = {"read": [], "write": [], "refresh": []}  # begun, answered
        self._user, self._line, self._readers = user, line, readers
        self._end = threading.Event()

    @contextmanager
    def running(self) -> Iterator["Watched"]:
        """Let all of them go on, until the end."""
        works = [*[self._read] * self._readers, self._write, self._refresh]
        threads = [threading.Thread(target=self._go_on, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._end.set()
            for thread in threads:
                thread.join()

    def wait_until_served(self, moment: float) -> dict[str, float]:
        """Wait until each kind of request was served that was begun after a moment; give the seconds until then."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            first = {kind: self._first(kind, moment) for kind in self._good}
            if all(first.values()):
                return {kind: round(answered - moment, 1) for kind, answered in first.items() if answered}
            time.sleep(0.05)
        raise RuntimeError(f"not served within {PATIENCE:.0f} s: {self.statuses} {self.codes}")

    def _first(self, kind: str, moment: float) -> float | None:
        return min((answered for begun, answered in self._good[kind] if begun > moment), default=None)

    def _go_on(self, work: Callable[[Any], str]) -> None:
        with httpx2.Client(base_url=self._user.http.base_url, timeout=PATIENCE) as http:
            while not self._end.wait(PAUSE):
                begun = time.monotonic()
                if kind := work(http):
                    self._good[kind].append((begun, time.monotonic()))

    def _ask(self, http: Any, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._user.access_token}"}
        answer = http.request(method, path, json=body, headers=headers)
        self.statuses[answer.status_code] += 1
        if answer.status_code != OK:
            self.codes[answer.json().get("code", "")] += 1
        return answer

    def _read(self, http: Any) -> str:
        return "read" if self._ask(http, "GET", "/user/profile").status_code == OK else ""

    def _write(self, http: Any) -> str:
        phrase = f"phrase {time.monotonic_ns()}"
        self.possible.add(phrase)
        if self._ask(http, "PUT", "/user/update", {"phrase": phrase}).status_code != OK:
            return ""
        self.possible = {phrase}
        return "write"

    def _refresh(self, http: Any) -> str:
        """Refresh from two clients at once: both get the same successor, or a refusal that ends nothing."""
        body = {"refresh_token": self._line.refresh_token}
        answers = at_once(lambda: self._ask(http, "POST", "/refresh", body), 2)
        tokens = {answer.json()["refresh_token"] for answer in answers if answer.status_code == OK}
        self.forks += len(tokens) > 1
        for token in tokens:
            self._line.refresh_token = token
        return "refresh" if tokens else ""


def at_once(call: Callable[[], Any], times: int) -> list[Any]:
    """Make a call several times at once."""
    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(lambda _: call(), range(times)))


def spend_twice(user: SignedIn, code: str, times: int = 2) -> int:
    """Sign in with one recovery code several times at once, and return how often it was taken."""
    body = {"email": user.person.email, "password": user.person.password, "totp": code}
    answers = at_once(lambda: user.http.post("/login", json=body), times)
    return sum(answer.status_code == OK for answer in answers)
