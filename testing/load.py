"""A small load on a real API: somebody who reads all the time, somebody who writes, and what may be there after."""

import threading
import time
from collections import Counter
from typing import Any, Self

import httpx2

from testing.api import SignedIn

OK, UNAVAILABLE = 200, 503


class Load:
    """Somebody who reads all the time, and somebody who writes, over connections of their own."""

    def __init__(self, user: SignedIn) -> None:
        """Take whose account it is."""
        self.statuses: Counter[int] = Counter()
        self.possible: set[str] = set()  # the last phrase acknowledged, and those of unknown outcome after it
        self._user = user
        self._end = threading.Event()
        self._written = threading.Event()
        self._refused = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._read, self._write)]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def wait_for_a_write(self, longest: float) -> float:
        """Wait for the next write that is acknowledged, and return when that was."""
        self._written.clear()
        self._written.wait(longest)
        return time.monotonic()

    def wait_for_a_refusal(self, longest: float) -> None:
        """Wait for the next answer that is none."""
        self._refused.clear()
        self._refused.wait(longest)

    def _ask(self, http: Any, method: str, path: str, body: object = None) -> int:
        headers = {"Authorization": f"Bearer {self._user.access_token}"}
        status: int = http.request(method, path, json=body, headers=headers).status_code
        self.statuses[status] += 1
        if status == UNAVAILABLE:
            self._refused.set()
        return status

    def _read(self) -> None:
        with httpx2.Client(base_url=self._user.http.base_url, timeout=60) as http:
            while not self._end.wait(0.02):
                self._ask(http, "GET", "/user/profile")

    def _write(self) -> None:
        with httpx2.Client(base_url=self._user.http.base_url, timeout=60) as http:
            number = 0
            while not self._end.wait(0.02):
                number += 1
                phrase = f"phrase {number}"
                self.possible.add(phrase)
                if self._ask(http, "PUT", "/user/update", {"phrase": phrase}) == OK:
                    self.possible = {phrase}
                    self._written.set()
