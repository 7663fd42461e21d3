"""Refusals in the trail: summed up by minute and network, so that no attacker makes many rows of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection

from app.clients.addresses import Client, group_address
from app.crud import events
from app.crud.operations import current_time
from app.errors import ApiError, SecondFactorRequired
from app.resources import Resources
from app.services.trail import make_event
from app.throttling.counters import hash_refusals

FAULT = 500  # a status


@asynccontextmanager
async def noting_refusals(resources: Resources, kind: str, public_id: str, client: Client) -> AsyncIterator[None]:
    """Note what the code within refuses; asking for a factor is no refusal, and a fault of ours is nobody's."""
    try:
        yield
    except ApiError as refusal:
        if refusal.status < FAULT and not isinstance(refusal, SecondFactorRequired):
            await note_refusal(resources, kind, public_id, refusal, client)
        raise


async def note_refusal(
    resources: Resources, kind: str, public_id: str | None, why: type[ApiError] | ApiError, client: Client
) -> None:
    """Note that somebody was refused, in a transaction of its own, since the refusal leaves nothing else."""
    if resources.settings.events_keep_days:
        subject = public_id or events.NOBODY
        await resources.database.transaction(_sum_up_refusal, resources, kind, subject, why.code, client)


def _sum_up_refusal(  # noqa: PLR0913, PLR0917 what was refused to whom, and why
    connection: Connection, resources: Resources, kind: str, subject: str, reason: str, client: Client
) -> None:
    """Count a refusal, also nobody's, with the same work: no time must tell whose account there is."""
    at = current_time(connection)
    begin = at.replace(second=0, microsecond=0)
    name = hash_refusals(resources.keys, kind, subject, reason, group_address(client.address))
    event = make_event(events.make_id(begin, name[: events.NAME_BYTES]), kind, subject, client, at)
    events.sum_up(connection, event._replace(reason=reason))
