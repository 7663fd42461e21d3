"""Faults with people in them: two API processes, people with books, and what they saw of it."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx2

from CreateDB.server.engine import make_engine
from testing.api import enable_totp, make_server, register, sign_in
from testing.audit import require_same_everywhere
from testing.faults import Fault, Outage
from testing.galera import Cluster
from testing.ledger import Ledger
from testing.mariadb import DATABASE, empty_tables
from testing.people import CodeUser, Guest, Habit, Newcomer, Reader, Refresher, Writer
from testing.processes import Server
from testing.town import Town

PROCESSES = 2
LONGEST_OUTAGE = 60.0  # seconds until writes go on, on a crowded machine
PATIENT = 60.0  # seconds
ENOUGH = 10  # acknowledgements, of this and that, by which all is well again


class Scene:
    """The suite at work on a database, and people at work with it, while the block runs."""

    def __init__(self, database_url: str, folder: Path) -> None:
        """Take the database that all share, and a folder for logs and mails."""
        self.ledger = Ledger()
        self._mails = folder / "mail"
        self._url, self._folder = database_url, folder
        self._key = secrets.token_urlsafe(32)
        self._servers: list[Server] = []
        self._rounds = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the API's processes."""
        with self._stack:
            urls = [self._start(number) for number in range(PROCESSES)]
            self._clients = [self._stack.enter_context(httpx2.Client(base_url=url, timeout=PATIENT)) for url in urls]
            self._newcomer = Newcomer(self.ledger, self._clients, self._mails)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the processes."""
        self._stack.close()

    def watch(self, break_it: Callable[[], object], mend_it: Callable[[], object], survivor: str) -> None:
        """Let something break while people are busy, and be mended; then see whether all was kept that was promised.

        The survivor is the URL of a server that holds the truth in the end.
        """
        habits = [*self._invite(), self._newcomer]
        self.ledger.begin()
        with Town(habits):
            self._go_on()
            break_it()
            self._go_on()
            mend_it()
            self._go_on()
        self._let_mails_leave(survivor)
        for habit in habits:
            habit.audit()
        if any("unhandled_error" in server.read_log() for server in self._servers):
            self.ledger.accuse("the log has a fault of ours")

    def _go_on(self) -> None:
        self.ledger.wait_for_writes(ENOUGH, LONGEST_OUTAGE)

    def _let_mails_leave(self, survivor: str) -> None:
        """End the leases of workers that lost the database with a mail in their hands, and wait for the last mail."""
        with make_engine(survivor).begin() as connection:
            connection.exec_driver_sql("UPDATE mails SET next_try_at = '2020-01-01 00:00:00' WHERE state = 'queued'")
        end = time.monotonic() + PATIENT
        while self._newcomer.is_behind() and time.monotonic() < end:
            time.sleep(0.2)

    def _start(self, number: int) -> str:
        environment = {"DATABASE_URL": self._url, "JWT_SECRET_KEY": self._key, "MAIL_DIR": str(self._mails)}
        server = make_server(self._folder / f"api-{number}.log", RATE_LIMITS_ENABLED="false", **environment)
        self._stack.callback(server.stop)
        server.start("/readyz")
        self._servers.append(server)
        return server.url

    def _invite(self) -> list[Habit]:
        """Let people come who were not here before."""
        self._rounds += 1
        books, clients = self.ledger, self._clients
        user, line, guest, coder = (
            register(clients[0], f"{who}{self._rounds}") for who in ("user", "line", "guest", "coder")
        )
        here = sign_in(clients[0], user)
        return [
            Reader(books, clients, here),
            Writer(books, clients, here),
            Refresher(books, clients, sign_in(clients[0], line)),
            Guest(books, clients, guest),
            CodeUser(books, clients, enable_totp(sign_in(clients[0], coder))),
        ]


def try_fault(cluster: Cluster, database_url: str, fault: Fault, folder: Path, rounds: int = 1) -> Ledger:
    """Let a fault happen to people at work, so often, and give the books: every node says the same in the end."""
    nodes = [f"{node.url}{DATABASE}" for node in cluster.nodes]
    empty_tables(nodes[0])
    with Scene(database_url, folder) as scene:
        for _ in range(rounds):
            outage = Outage(cluster, fault)
            scene.watch(outage.begin, outage.end, nodes[0])
            scene.ledger.outages.append(outage.measure(scene.ledger))
    require_same_everywhere(scene.ledger, nodes)
    return scene.ledger
