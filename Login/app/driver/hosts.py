"""One host for the whole process: of those that DATABASE_URL names, one that is ready, until it is so no more."""

import logging
import threading
import time
from contextlib import closing
from typing import Any, NamedTuple

from sqlalchemy import URL, create_engine

from app.driver.failures import NoHost
from app.driver.readiness import NOWHERE, Facts, Standing, Use, ask, catch_up, judge
from app.driver.sockets import Sockets
from app.driver.url import list_hosts

logger = logging.getLogger(__name__)

LOOK = 2  # seconds, for each answer of a host that is looked at


class Choice(NamedTuple):
    """The host in use, what it serves for, and which in the row of hosts that this process has used it is."""

    host: str
    standing: Standing
    generation: int


class Hosts:
    """The hosts that a URL names, and which of them the process uses."""

    def __init__(self, url: URL, *, is_watched: bool = False) -> None:
        """Look at none yet; where nobody watches, the host in use is looked at before each connection."""
        self.choice: Choice | None = None
        self.is_doubtful = True
        self._is_silent = False
        self.sockets = Sockets()
        self._names, self._is_watched = list_hosts(url), is_watched
        self._lock = threading.Lock()
        self._failure: tuple[float, NoHost] | None = None
        if self.is_several:
            self._dialect = create_engine(url).dialect
            self._parameters = dict(self._dialect.create_connect_args(url)[1])

    @property
    def is_several(self) -> bool:
        """Whether there is a choice at all."""
        return len(self._names) > 1

    def take(self) -> Choice:
        """Return the host to connect to, or raise NoHost; whoever waits for another's look takes what that found."""
        asked = time.monotonic()
        if self.choice and self._is_watched and not self.is_doubtful:
            return self.choice
        with self._lock:
            if self._failure and self._failure[0] > asked:
                raise self._failure[1]
            if self.choice and self._is_watched and not self.is_doubtful:
                return self.choice
            return self._choose()

    def doubt(self, choice: Choice, *, is_silent: bool = False) -> None:
        """Have the hosts be looked at before the next connection, unless the process has left this one anyway."""
        if not self.has_left(choice):
            self._is_silent, self.is_doubtful = self._is_silent or is_silent, True

    def has_left(self, choice: Choice) -> bool:
        """Whether the process uses another host by now."""
        return self.choice is not None and self.choice.generation != choice.generation

    def note(self, choice: Choice, standing: Standing) -> None:
        """Keep how far the host in use is by now."""
        with self._lock:
            if self.choice is choice:
                self.choice = choice._replace(standing=standing)

    def choose(self) -> None:
        """Look whether the host in use is still the best, and move if it is not; or raise NoHost."""
        with self._lock:
            self._choose()

    def open(self, host: str, patience: int) -> Any:  # noqa: ANN401 the driver's own type
        """Connect to one host, waiting so long for each of its answers."""
        waits = {"connect_timeout": patience, "read_timeout": patience, "write_timeout": patience}
        return self._dialect.connect(**{**self._parameters, **waits, "host": host})

    def judge(self, facts: Facts) -> Standing:
        """Say what a host serves for that has said this of itself."""
        return judge(facts, self.choice.standing.position if self.choice else NOWHERE)

    def _choose(self) -> Choice:
        """Take the first host that serves for all, the present one before others; without one, the next best."""
        found: dict[str, Standing] = {}
        reports: dict[str, Exception | str] = {}
        for host in self._order(reports):
            found[host] = self._examine(host, reports)
            if found[host].use is Use.ALL:
                break
        best = min(found, key=lambda host: found[host].use)  # the first of the best
        if found[best].use is Use.NONE:
            self.is_doubtful = True
            self._failure = time.monotonic(), NoHost(reports)
            raise self._failure[1]
        return self._use(best, found[best])

    def _order(self, reports: dict[str, Exception | str]) -> list[str]:
        """Begin with the host in use, and go on round; one that has just been silent is not waited for once more."""
        if self.choice is None:
            return self._names
        present, place = self.choice.host, self._names.index(self.choice.host)
        others = self._names[place + 1 :] + self._names[:place]
        if not self._is_silent:
            return [present, *others]
        reports[present], self._is_silent = "does not answer", False
        return others

    def _examine(self, host: str, reports: dict[str, Exception | str]) -> Standing:
        """Look at one host, and note what keeps it from being used."""
        try:
            with closing(self.open(host, LOOK)) as connection:
                standing = self.judge(ask(connection))
                if standing.in_cluster and standing.use is not Use.NONE:
                    catch_up(connection)
        except self._dialect.loaded_dbapi.Error as error:
            reports[host] = error
            return Standing(Use.NONE)
        reports[host] = standing.words
        return standing

    def _use(self, host: str, standing: Standing) -> Choice:
        former = self.choice
        moves = former is None or former.host != host
        choice = Choice(host, standing, (former.generation if former else 0) + moves)
        if former and moves:
            facts = {"host": host, "left": former.host, "serves": standing.words or "all"}
            logger.warning("database_host_changed", extra={"event": facts})
        self.choice, self.is_doubtful, self._is_silent = choice, False, False
        return choice
