"""The one place that connects, commits and retries: work is a plain function handed to `read` or `transaction`.

Each piece of work runs in one hop on the database's own threads, as many as there may be connections, so that nobody
waits for a connection while holding a thread. Reads have threads apart: no pile of writes, each waiting for a row's
lock, keeps anybody from being told who they are.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from app.driver.failures import CannotConnect, describe, ends_connection, find_pause, is_ours, is_passing
from app.driver.hosts import Hosts
from app.driver.lender import Budget, Lender
from app.driver.places import require_stay, use_hosts
from app.driver.session import prepare_session
from app.driver.watch import Watch
from app.errors import DatabaseUnavailable, OutcomeUnknown
from app.runtime.arrival import time_left
from app.runtime.threads import Team

logger = logging.getLogger(__name__)

Params = ParamSpec("Params")
Result = TypeVar("Result")
Work: TypeAlias = Callable[[Connection], Result]

LOCK_WAIT = 4  # seconds, for a row's lock: short enough for a second try
CONNECT_WAIT = 4  # seconds
ANSWER_WAIT = 5  # seconds, for one statement's answer; a wait for a lock must end before it
TOTAL_WAIT = 10  # seconds, for all tries together
START_BY = TOTAL_WAIT - ANSWER_WAIT  # seconds after which a try is not begun: it might not end in time
REQUEST_WAIT = 20  # seconds from a request's arrival, likewise: it may be the last piece of many
BUSY_TIMEOUT_MS = 10_000  # SQLite
READ_THREADS = 3  # more would only wait for the interpreter's lock (docs/decisions/0011-what-a-call-costs.md)

AFTER_COMMIT = "pupero_after_commit"


class Database:
    """Two kinds of connections to one database: `read` answers at once from AUTOCOMMIT ones, `transaction` commits."""

    def __init__(self, url: str, *, pool_size: int = 8, echo: bool = False) -> None:
        """Prepare; the first connection is made when first needed."""
        parsed = make_url(url)
        budget, hosts = Budget(limit_connections(pool_size)), Hosts(parsed, is_watched=True)
        self._reader, self._writer = (
            Lender(_make_engine(parsed, hosts, echo=echo, autocommit=autocommit), budget)
            for autocommit in (True, False)
        )
        self._watch = Watch(hosts)
        self._read_threads = Team("read", limit_connections(pool_size) - pool_size)
        self._write_threads = Team("write", pool_size)

    async def read(
        self, work: Callable[Concatenate[Connection, Params], Result], *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """Run `work` outside any transaction, once more if the connection had died."""
        return await self._submit(self._read_threads, self._reader.run, lambda c: work(c, *args, **kwargs))

    async def autocommit(
        self, work: Callable[Concatenate[Connection, Params], Result], *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """Run `work`, each statement of which is committed by itself; it may be run again, and must bear that."""
        return await self._submit(self._write_threads, self._reader.run, lambda c: work(c, *args, **kwargs))

    async def transaction(
        self, work: Callable[Concatenate[Connection, Params], Result], *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """Run `work` and commit before returning; an exception from it rolls back.

        It is run again as a whole after a deadlock, a lock wait, a server without a free connection, or a connection
        lost before COMMIT was sent.
        A connection lost during COMMIT raises OutcomeUnknown; all else that the database fails at, DatabaseUnavailable.
        """
        return await self._submit(self._write_threads, self._transact, lambda c: work(c, *args, **kwargs))

    def count_connections(self) -> list[tuple[str, str, int]]:
        """Count the open connections of each pool, in use and idle."""
        lenders = (("read", self._reader), ("transaction", self._writer))
        return [(name, state, count) for name, lender in lenders for state, count in lender.count().items()]

    def close(self) -> None:
        """Let running work end and close every connection."""
        for closing in (self._read_threads, self._write_threads, self._watch, self._reader, self._writer):
            closing.close()

    async def _submit(self, team: Team, run: Callable[[Work[Result]], Result], work: Work[Result]) -> Result:
        latest = time.monotonic() + min(START_BY, time_left(REQUEST_WAIT))
        return await team.run(lambda: self._retry(run, work, latest))

    def _retry(self, run: Callable[[Work[Result]], Result], work: Work[Result], latest: float) -> Result:
        failure: Exception | None = None
        while time.monotonic() < latest:
            try:
                return run(work)
            except CannotConnect as error:
                failure = error
                break
            except DBAPIError as error:
                if is_ours(error):
                    raise
                failure = error
                if not is_passing(error):
                    break
                time.sleep(find_pause(error))
        logger.error("database_unavailable", extra={"event": {"reason": describe(failure)}})
        raise DatabaseUnavailable(retry_after=1) from failure

    def _transact(self, work: Work[Result]) -> Result:
        return self._writer.run(lambda connection: _commit_after(connection, work))


def limit_connections(pool_size: int) -> int:
    """Say how many connections a process opens at most: one for each thread that writes, and each that reads."""
    return pool_size + min(READ_THREADS, pool_size)


def _commit_after(connection: Connection, work: Work[Result]) -> Result:
    calls: list[Callable[[], None]] = []
    connection.info[AFTER_COMMIT] = calls
    transaction = connection.begin()
    try:
        result = work(connection)
        require_stay(connection)
    except BaseException:
        transaction.rollback()
        raise
    try:
        transaction.commit()
    except DBAPIError as error:
        lost = error.connection_invalidated
        connection.invalidate()  # whatever it holds goes with it
        if lost:
            raise OutcomeUnknown(retry_after=1) from error
        raise
    for call in calls:
        call()
    return result


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Have `call` run once the present transaction is committed; when it rolls back, never."""
    connection.info.setdefault(AFTER_COMMIT, []).append(call)


def _make_engine(url: URL, hosts: Hosts, *, echo: bool, autocommit: bool) -> Engine:
    # Parameters are hidden from the echo and from error texts: they hold hashes, tokens and addresses.
    options: dict[str, Any] = {"poolclass": NullPool, "echo": echo, "hide_parameters": True}
    if autocommit:
        options["isolation_level"] = "AUTOCOMMIT"
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        if not autocommit:
            event.listen(engine, "begin", _begin_immediate)
        return engine
    settings = [f"innodb_lock_wait_timeout = {LOCK_WAIT}"]
    if url.get_backend_name() == "mariadb":
        settings.append("TRANSACTION ISOLATION LEVEL READ COMMITTED")  # for which SQLAlchemy asks twice more
    else:
        options.setdefault("isolation_level", "READ COMMITTED")
    waits: dict[str, Any] = {"connect_timeout": CONNECT_WAIT, "read_timeout": ANSWER_WAIT, "write_timeout": ANSWER_WAIT}
    waits |= {"init_command": prepare_session(url.get_backend_name(), *settings), "autocommit": autocommit}
    engine = create_engine(url, connect_args=waits, **options)
    event.listen(engine, "handle_error", _recognize_disconnect)
    use_hosts(engine, hosts)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 the driver's own type
    connection.isolation_level = None  # the driver must not open transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock first: a reader that turns writer would fail as busy at once, whatever the timeout."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _recognize_disconnect(context: ExceptionContext) -> None:
    """Tell SQLAlchemy which connections are of no more use."""
    if ends_connection(context.original_exception):
        context.is_disconnect = True
