"""A fault with people in it: two API processes, five people with books, and what they saw of it."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

import httpx2

from CreateDB.server.engine import make_engine
from testing.api import CHEAP_ARGON2, enable_totp, register, sign_in
from testing.audit import require_same_everywhere
from testing.galera import Cluster
from testing.ledger import Ledger
from testing.mariadb import DATABASE, empty_tables
from testing.people import CodeUser, Guest, Habit, Newcomer, Refresher, Town, Writer
from testing.processes import Server, free_port

PROCESSES = 2
LONGEST_OUTAGE = 60.0  # seconds until writes go on, on a crowded machine
PATIENT = 60.0  # seconds
ENOUGH = 10  # acknowledgements, of this and that, by which all is well again


class Fault(NamedTuple):
    """How something breaks, and how it is mended while people go on."""

    name: str
    break_it: Callable[[], object]
    mend_it: Callable[[], object]


class Scene:
    """The suite at work on a database, and people at work with it, while the block runs."""

    def __init__(self, database_url: str, folder: Path) -> None:
        """Take the database that all share, and a folder for logs and mails."""
        self.ledger = Ledger()
        self._mails = folder / "mail"
        self._url, self._folder = database_url, folder
        self._key = secrets.token_urlsafe(32)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the API's processes, and let people come."""
        with self._stack:
            urls = [self._start(number) for number in range(PROCESSES)]
            clients = [self._stack.enter_context(httpx2.Client(base_url=url, timeout=PATIENT)) for url in urls]
            self._newcomer = Newcomer(self.ledger, clients, self._mails)
            self._habits = [*self._invite(clients), self._newcomer]
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the processes."""
        self._stack.close()

    def watch(self, fault: Fault, survivor: str) -> None:
        """Let it happen while people are busy, and be mended; then see whether all was kept that was promised.

        The survivor is the URL of a server that holds the truth in the end.
        """
        with Town(self._habits):
            self._go_on()
            fault.break_it()
            self._go_on()
            fault.mend_it()
            self._go_on()
        self._let_mails_leave(survivor)
        for habit in self._habits:
            habit.audit()

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
        port = free_port()
        environment = {"DATABASE_URL": self._url, "JWT_SECRET_KEY": self._key, "MAIL_DIR": str(self._mails)}
        cheap = {name.upper(): str(value) for name, value in CHEAP_ARGON2.items()}
        command = ["-m", "uvicorn", "--factory", "testing.serve:make_app", "--port", str(port)]
        log = self._folder / f"api-{number}.log"
        server = Server(command, {**environment, **cheap, "RATE_LIMITS_ENABLED": "false"}, port, log, forked=True)
        self._stack.callback(server.stop)
        server.start("/readyz")
        return server.url

    def _invite(self, clients: list[httpx2.Client]) -> list[Habit]:
        here = [register(clients[0], name) for name in ("writer", "refresher", "guest", "coder")]
        writer, refresher, coder = (sign_in(clients[0], here[number]) for number in (0, 1, 3))
        books = self.ledger
        return [
            Writer(books, clients, writer),
            Refresher(books, clients, refresher),
            Guest(books, clients, here[2]),
            CodeUser(books, clients, enable_totp(coder)),
        ]


def list_faults(cluster: Cluster) -> list[Fault]:
    """List what happens to clusters; the first node is the one that the processes use."""
    first, second, _ = cluster.nodes
    faults = [
        Fault("the first node is killed", first.kill, first.start),
        Fault("the first node hangs", first.freeze, first.thaw),
        Fault("the first node is cut off", first.isolate, first.heal),
        Fault("another node is killed", second.kill, second.start),
        Fault("another node hangs", second.freeze, second.thaw),
        Fault("all are restarted, one by one", partial(_restart_all, cluster), lambda: None),
    ]
    return [each._replace(mend_it=partial(_make_whole, cluster, each.mend_it)) for each in faults]


def _restart_all(cluster: Cluster) -> None:
    for node in cluster.nodes:
        node.restart()


def _make_whole(cluster: Cluster, mend_it: Callable[[], object]) -> None:
    mend_it()
    cluster.wait_until_whole()


def try_fault(cluster: Cluster, database_url: str, fault: Fault, folder: Path) -> Ledger:
    """Let a fault happen to people at work, and give the books, which hold what every node says in the end."""
    nodes = [f"{node.url}{DATABASE}" for node in cluster.nodes]
    empty_tables(nodes[0])
    with Scene(database_url, folder) as scene:
        scene.watch(fault, nodes[0])
    require_same_everywhere(scene.ledger, nodes)
    return scene.ledger
