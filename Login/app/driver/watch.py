"""A thread that asks the host in use once a second: one that is silent or not ready is left by everybody at once."""

import threading
from contextlib import suppress
from typing import Any

from app.driver.failures import NoHost
from app.driver.hosts import Choice, Hosts
from app.driver.readiness import Standing, Use, ask

PACE = 1.0  # seconds between two questions
PATIENCE = 1  # seconds for an answer, and once more over a new connection; a statement may be slow, this may not


class Watch:
    """Watches the host in use, from the first connection until the end."""

    def __init__(self, hosts: Hosts) -> None:
        """Prepare; with a single host there is nothing to watch for."""
        self._hosts = hosts
        self._end = threading.Event()
        self._line: tuple[str, Any] | None = None
        # A daemon: a process that never calls `close` may end all the same.
        self._thread = threading.Thread(target=self._watch, name="database_host", daemon=True)
        if hosts.is_several:
            self._thread.start()

    def close(self) -> None:
        """End it."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(PACE):
            choice = self._hosts.choice
            if choice is not None:  # else nobody has connected yet
                with suppress(NoHost):
                    self._look(choice)
        self._hang_up()

    def _look(self, choice: Choice) -> None:
        standing = self._ask_twice(choice.host)
        is_gone = standing.use is Use.NONE
        if standing.use is not choice.standing.use:
            self._hosts.doubt(choice, is_silent=is_gone)
        if is_gone:
            self._hosts.sockets.cut(choice.generation)
        if self._hosts.is_doubtful or choice.standing.use is not Use.ALL:
            self._hosts.choose()
        elif standing.position:
            self._hosts.note(choice, standing)

    def _ask_twice(self, host: str) -> Standing:
        """Ask over the connection that is kept; somebody may have closed that, so one more has to fail as well."""
        for _ in range(2):
            try:
                return self._ask(host)
            except Exception:  # noqa: BLE001 drivers raise what they like; whatever it was, the host did not answer
                self._hang_up()
        return Standing(Use.NONE)

    def _ask(self, host: str) -> Standing:
        if self._line is None or self._line[0] != host:
            self._hang_up()
            self._line = host, self._hosts.open(host, PATIENCE)
        return self._hosts.judge(ask(self._line[1]))

    def _hang_up(self) -> None:
        if self._line is not None:
            with suppress(Exception):
                self._line[1].close()
            self._line = None
