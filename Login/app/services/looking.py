"""Looking at a link from a mail: who opened the account, or what was told, before a button is pressed."""

from sqlalchemy import Connection

from app.authority.letters import Link as Purpose
from app.crud.accounts import Addressee
from app.crud.one_time_tokens import Link
from app.errors import LinkInvalid
from app.resources import Resources
from app.schemas import LinkInfo
from app.services.links import find_link, find_way_back
from app.services.passwords import require_good


async def look(resources: Resources, token: str) -> LinkInfo:
    """Tell what a link is about; LinkInvalid when it serves nobody any more."""
    link, person = await resources.database.read(_find, token)
    unproved = link.purpose == Purpose.VERIFY and not person.is_proved
    return LinkInfo(
        purpose=Purpose(link.purpose).value,
        email=link.email,
        event=link.event if link.purpose == Purpose.DISOWN else None,
        opened_at=person.created_at if unproved else None,
        opened_from=person.opened_from if unproved else None,
    )


def _find(connection: Connection, token: str) -> tuple[Link, Addressee]:
    link, person = find_link(connection, token, *Purpose)
    if link.purpose in {Purpose.RESET, Purpose.RESCUE}:
        require_good(connection, link, person)
    elif link.purpose == Purpose.VERIFY and link.email_key != person.email_key:
        raise LinkInvalid
    elif link.purpose == Purpose.DISOWN:
        find_way_back(connection, link, person)
    return link, person
