"""Connections of an engine lead to the one host in use; those to a host that was left are given up."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError

from app.driver.failures import FULL, READ_ONLY, ends_connection
from app.driver.hosts import Choice, Hosts
from app.driver.readiness import Use

PLACE = "pupero_place"


class Place(NamedTuple):
    """Where a connection leads."""

    hosts: Hosts
    choice: Choice

    @property
    def is_left(self) -> bool:
        """Whether the process uses another host by now."""
        return self.hosts.has_left(self.choice)


class Moved(DBAPIError):
    """The process has left this connection's host."""

    def __init__(self) -> None:
        """Count as a connection that was lost: the work is run again on another one."""
        super().__init__(None, None, ConnectionError("its host was left"), connection_invalidated=True)


def use_hosts(engine: Engine, hosts: Hosts) -> None:
    """Have an engine connect to the one host in use; where its URL names a single one, nothing is done."""
    if not hosts.is_several:
        return

    def connect(dialect: Any, record: Any, args: Any, parameters: Any) -> Any:  # noqa: ANN401 SQLAlchemy's own types
        record.info[PLACE] = place = Place(hosts, hosts.take())
        try:
            connection = dialect.connect(*args, **{**parameters, "host": place.choice.host})
        except dialect.loaded_dbapi.Error as error:
            if getattr(error, "errno", None) in FULL:
                raise
            hosts.doubt(place.choice)
            record.info[PLACE] = place = Place(hosts, hosts.take())
            connection = dialect.connect(*args, **{**parameters, "host": place.choice.host})
        hosts.sockets.add(connection, place.choice.generation)
        return connection

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", _refuse)
    event.listen(engine, "invalidate", _note)
    event.listen(engine, "close", lambda connection, _record: hosts.sockets.drop(connection))


def is_left(connection: Connection) -> bool:
    """Whether the process has left the host that this connection leads to."""
    place: Place | None = None if connection.invalidated else connection.info.get(PLACE)
    return place is not None and place.is_left


def require_stay(connection: Connection) -> None:
    """Raise Moved rather than have anything committed on a host that the process has left."""
    if is_left(connection):
        raise Moved


def _refuse(_connection: object, record: Any, _proxy: object) -> None:  # noqa: ANN401 likewise
    if record.info[PLACE].is_left:
        raise DisconnectionError("its host was left")


def _note(_connection: object, record: Any, error: BaseException | None) -> None:  # noqa: ANN401 likewise
    """Doubt a host that a connection was lost to, or that refuses; but not for being what it is known to be."""
    hosts, choice = record.info[PLACE]
    is_known = choice.standing.use is Use.READS and getattr(error, "errno", None) in READ_ONLY
    if ends_connection(error) and not is_known:
        hosts.doubt(choice)
