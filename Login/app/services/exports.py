"""Downloading one's data: everything that is stored about a person, in a file that is made while it is sent.

Each page of rows is a short read of its own, so a slow client holds no connection to the database. The pages are of
one moment each, not the file: what changes meanwhile may be in it or not. Every page makes sure that the session still
lives; where it does not, the file breaks off, and half of it is no JSON.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.clients.addresses import Client
from app.crud import exports
from app.crud.operations import current_time
from app.crud.sessions import Principal
from app.errors import ApiError
from app.export_schemas import (
    ExportedAccount,
    ExportedEnrolment,
    ExportedEvent,
    ExportedLink,
    ExportedMail,
    ExportedNetwork,
    ExportedPasskey,
    ExportedRecoveryCode,
    ExportedSession,
    ExportedTrustedDevice,
    ExportHead,
    Row,
)
from app.resources import Resources
from app.runtime.logs import log_event
from app.services.attempts import count_export
from app.services.consequences import conclude_for
from app.services.proofs import require_session
from app.services.sessions import require_still_live


class Part(NamedTuple):
    """A list of the file: its name, the table that it is read from, and what is shown of a row."""

    name: str
    table: str
    row: type[Row]


PARTS = (
    Part("sessions", "sessions", ExportedSession),
    Part("passkeys", "passkeys", ExportedPasskey),
    Part("recovery_codes", "recovery_codes", ExportedRecoveryCode),
    Part("totp_enrolments", "totp_enrolments", ExportedEnrolment),
    Part("trusted_devices", "trusted_devices", ExportedTrustedDevice),
    Part("links", "one_time_tokens", ExportedLink),
    Part("mails", "mails", ExportedMail),
    Part("known_networks", "known_addresses", ExportedNetwork),
    Part("events", "events", ExportedEvent),
)


class Export(NamedTuple):
    """A file that is being made: what to call it, and its bytes, piece by piece."""

    filename: str
    pieces: AsyncIterator[bytes]


class _Page(NamedTuple):
    lines: bytes
    last: Any | None


async def export(resources: Resources, principal: Principal, client: Client) -> Export:
    """Count it, tell the owner, and begin the file; all that can be refused is refused here."""
    head = await resources.database.transaction(_begin, resources, principal, client)
    log_event("data_exported", "success", user_id=principal.account.public_id)
    slug = re.sub("[^a-z0-9]+", "-", head.service.lower()).strip("-") or "account"
    return Export(f"{slug}-data-{head.made_at:%Y-%m-%d}.json", _write(resources, principal, head))


def _begin(connection: Connection, resources: Resources, principal: Principal, client: Client) -> ExportHead:
    require_session(connection, principal)
    count_export(connection, resources, principal.account.public_id)
    conclude_for(connection, resources, "account.exported", principal.account.id, client)
    row = exports.get_account(connection, ExportedAccount.columns(), principal.account.id)
    account, made_at = ExportedAccount.model_validate(row), current_time(connection)
    return ExportHead(service=resources.settings.totp_issuer, made_at=made_at, account=account)


async def _write(resources: Resources, principal: Principal, head: ExportHead) -> AsyncIterator[bytes]:
    yield head.model_dump_json().removesuffix("}").encode()
    try:
        for part in PARTS:
            async for piece in _write_part(resources, principal, part):
                yield piece
    except ApiError as error:
        log_event("data_export_broken", "failure", user_id=principal.account.public_id, reason=error.code)
        raise
    yield b"}\n"


async def _write_part(resources: Resources, principal: Principal, part: Part) -> AsyncIterator[bytes]:
    """Write a list, a row a line."""
    page = await resources.database.read(_read_page, resources, principal, part, None)
    yield f',\n"{part.name}": [\n'.encode() + page.lines
    while page.last is not None:
        page = await resources.database.read(_read_page, resources, principal, part, page.last)
        yield b",\n" * bool(page.lines) + page.lines
    yield b"\n]"


def _read_page(
    connection: Connection,
    resources: Resources,
    principal: Principal,
    part: Part,
    after: Any | None,  # noqa: ANN401 a key of any type
) -> _Page:
    """Read a page and write it out, on the database's thread: other calls must not wait for the writing."""
    require_still_live(connection, resources.settings, principal)
    of = {"user_id": principal.account.id, "subject": principal.account.public_id}
    page = exports.list_page(connection, part.table, part.row.columns(), of, after)
    lines = (part.row.model_validate(row).model_dump_json() for row in page.rows)
    return _Page(",\n".join(lines).encode(), page.last)
