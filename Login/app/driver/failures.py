"""What a failure of the database means: whether it is ours, whether it passes, and how the log names it."""

import random
from collections.abc import Mapping

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

FULL = {1040, 1203, 1226}  # no connection is free: of the server's, or of our account's
NOT_READY = 1047  # a node that is cut off from its cluster, or has yet to join it
READ_ONLY = {1290, 1836}  # a server that has become a replica
LOST = {1927, 2006, 2013, 2055}
NO_SERVER = 2002
# The record has changed, the wait for a lock was too long, a deadlock.
PASSING = {1020, 1205, 1213, NOT_READY, *FULL}
NOT_MIGRATED = {1049, 1054, 1146}  # no such database, column, table
SQLITE_BUSY, SQLITE_LOCKED = 5, 6


class CannotConnect(Exception):
    """No connection can be made in the way that DATABASE_URL says, however often it is tried."""


class NoHost(OperationalError):
    """None of the hosts of DATABASE_URL can be used at the moment."""

    def __init__(self, reports: Mapping[str, Exception | str]) -> None:
        """Take what is wrong with each: the driver's error, or words."""
        self.reports = reports
        words = {host: _name(why) if isinstance(why, Exception) else why for host, why in reports.items()}
        origin = ConnectionError("; ".join(f"{host}: {why}" for host, why in words.items()))
        numbers = {getattr(why, "errno", None) for why in reports.values()}
        origin.errno = numbers.pop() if len(numbers) == 1 else NO_SERVER
        super().__init__(None, None, origin, connection_invalidated=True)


def connect(engine: Engine) -> Connection:
    """Connect; drivers raise what they like at an option or an account that does not suit them."""
    try:
        return engine.connect()
    except Exception as error:
        if isinstance(error, DBAPIError) and not is_ours(error):
            raise
        raise CannotConnect(_name(error)) from error


def is_ours(error: DBAPIError) -> bool:
    """Whether this is ours to understand or a fault of ours: no outage, and trying again changes nothing."""
    return isinstance(error, IntegrityError | ProgrammingError) and not _is_unmigrated(error)


def _is_unmigrated(error: DBAPIError) -> bool:
    """Whether the operator has yet to make the tables, or to bring them up to date."""
    return getattr(error.orig, "errno", None) in NOT_MIGRATED or str(error.orig).startswith("no such ")


def ends_connection(error: BaseException | None) -> bool:
    """Whether a connection is of no more use that has met with this.

    Those that the driver's pure-Python build reports as lost with errno 0, and those to a server that may not be
    written to, or not be used at all, any more: another host of DATABASE_URL may be.
    """
    number = getattr(error, "errno", None)
    return number in {NOT_READY, *READ_ONLY, *LOST} or (number == 0 and str(error).startswith("Execution failed"))


def is_passing(error: DBAPIError) -> bool:
    """Whether the same work may succeed in a moment."""
    if _is_unmigrated(error):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in {SQLITE_BUSY, SQLITE_LOCKED}
    return error.connection_invalidated or getattr(error.orig, "errno", None) in PASSING


def is_lost(error: BaseException) -> bool:
    """Whether what made a connection useless makes the others to its server useless, unlike a deadlock at COMMIT."""
    return isinstance(error, Exception) and getattr(getattr(error, "orig", None), "errno", None) not in PASSING


def find_pause(error: DBAPIError) -> float:
    """Seconds until the next try: rivals are spread, and a server that is full already is not stormed."""
    is_full = getattr(error.orig, "errno", None) in FULL or isinstance(error, NoHost)
    longest = 0.5 if is_full else 0.05
    return random.uniform(longest / 10, longest)  # noqa: S311 hides nothing


def describe(failure: Exception | None) -> str:
    """Give the reason for the log, without what a driver may repeat of a password."""
    if isinstance(failure, DBAPIError) and _is_unmigrated(failure):
        return "tables are missing or older than this code: run CreateDB/main.py"
    if isinstance(failure, CannotConnect):
        return f"DATABASE_URL does not lead to a connection ({failure}): CreateDB/main.py --doctor says why"
    if isinstance(failure, NoHost):
        return f"no host can be used: {failure.orig}"
    origin = getattr(failure, "orig", None)
    return _name(origin) if origin else "no thread was free in time"


def _name(error: BaseException) -> str:
    number = getattr(error, "errno", None) or getattr(error, "sqlite_errorname", None)
    return " ".join(str(part) for part in (type(error).__name__, number) if part)
