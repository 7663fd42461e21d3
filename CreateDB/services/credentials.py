"""The secrets by which services prove who they are: made, shown once, rotated with an overlap, removed."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TypeAlias

from sqlalchemy import URL, Connection
from sqlalchemy.exc import IntegrityError

from app.authority.signs import SERVICES
from app.crud import services
from app.crud.operations import current_time
from app.crud.services import OVERLAP, ServiceRow
from app.models import Service
from app.secrets.service_secrets import make_secret
from CreateDB.command.arguments import Arguments
from CreateDB.command.errors import OperatorError
from CreateDB.command.terminal import align, count, say, show
from CreateDB.server.engine import make_engine, transaction
from CreateDB.users.accounts import moment
from CreateDB.users.telling import log_change, record_change

SHOWN_ONCE = "It is shown this once: keep it where the service reads its secrets, and nowhere else."

Work: TypeAlias = Callable[[Arguments, Connection, datetime], list[str]]


def list_services(arguments: Arguments, url: URL) -> int:
    """Do --list-services."""
    with make_engine(url, echo=arguments.echo).connect() as connection:
        rows, now = services.list_services(connection), current_time(connection)
    head = ("NAME", "SCOPES", "CREATED", "SECRET SINCE", "LAST ASKED", "OLD SECRET")
    show(align([head, *(_list_one(row, now) for row in rows)]) if rows else [])
    say(f"{count(len(rows), 'service')}.")
    return 0


def changes_services(event: str) -> Callable[[Work], Callable[[Arguments, URL], int]]:
    """Make a task of what changes one service: done and recorded in one transaction, then logged and said."""

    def decorate(work: Work) -> Callable[[Arguments, URL], int]:
        @wraps(work)
        def do(arguments: Arguments, url: URL) -> int:
            with transaction(url, echo=arguments.echo) as connection:
                lines = work(arguments, connection, current_time(connection))
                record_change(connection, event, SERVICES, {"service": arguments.who})
            log_change(event.replace(".", "_"), service=arguments.who)
            show(lines)
            return 0

        return do

    return decorate


@changes_services("service.created")
def create_service(arguments: Arguments, connection: Connection, now: datetime) -> list[str]:
    """Do --create-service."""
    name, (secret, secret_hash) = arguments.who, make_secret()
    service = Service(name=name, scopes=arguments.scopes, secret_hash=secret_hash, created_at=now, rotated_at=now)
    try:
        services.insert_service(connection, service)
    except IntegrityError:
        raise OperatorError(f"There is a service {name} already: --rotate-service gives it another secret.") from None
    told = f"people's ids, {arguments.scopes.replace(' ', ', ')}" if arguments.scopes else "people's ids alone"
    return [f"Service {name} may ask whose a token is, and is told {told}.", f"Its secret: {secret}", SHOWN_ONCE]


@changes_services("service.rotated")
def rotate_service(arguments: Arguments, connection: Connection, now: datetime) -> list[str]:
    """Do --rotate-service: the old secret works on for a day, or ends at once; there are never three."""
    service, (secret, secret_hash) = _hold(connection, arguments.who), make_secret()
    if service.find_former(now) and not arguments.now:
        until = moment(service.rotated_at + OVERLAP)
        raise OperatorError(f"The old secret of {service.name} works until {until}: --now ends both that it has.")
    former = None if arguments.now else service.secret_hash
    services.replace_secret(connection, service.name, secret_hash, former, now)
    ends = "has ended" if arguments.now else f"works until {moment(now + OVERLAP)}"
    return [f"Service {service.name} has another secret; the old one {ends}.", f"The new one: {secret}", SHOWN_ONCE]


@changes_services("service.removed")
def remove_service(arguments: Arguments, connection: Connection, _now: datetime) -> list[str]:
    """Do --remove-service: the API looks at each question, so it takes effect at once."""
    service = _hold(connection, arguments.who)
    services.delete_service(connection, service.name)
    return [f"Service {service.name} is removed: what it asks is refused."]


def _hold(connection: Connection, name: str) -> ServiceRow:
    service = services.hold_service(connection, name)
    if service is None:
        raise OperatorError(f"There is no service {name}: --list-services shows them.")
    return service


def _list_one(service: ServiceRow, now: datetime) -> tuple[str, ...]:
    old = f"until {moment(service.rotated_at + OVERLAP)}" if service.find_former(now) else ""
    moments = (moment(time) for time in (service.created_at, service.rotated_at, service.last_used_at))
    return (service.name, service.scopes.replace(" ", ",") or "-", *moments, old)
