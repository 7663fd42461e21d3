"""The words "this was not me": what the owner of a mailbox can do about a notice, without signing in."""

from sqlalchemy import Connection

from app import crud
from app.clients import Client
from app.crud import one_time_tokens
from app.errors import LinkInvalid
from app.logs import log_event
from app.resources import Resources
from app.services.links import CHANGE, DISOWN, RESCUE, is_mailbox_of, take_link
from app.services.passwords import queue_reset

DISOWNED = "disowned"


async def disown(resources: Resources, token: str, client: Client) -> None:
    """End every session and mail a way to a new password, by the link of a notice."""
    public_id = await resources.database.transaction(_disown, resources, token, client)
    log_event("disowned", "success", user_id=public_id)


def _disown(connection: Connection, resources: Resources, token: str, client: Client) -> str:
    """Act for the mailbox that the notice went to, while it is the account's or may take the account back.

    The second factor stays: the link proves a mailbox and no more.
    """
    link, person = take_link(connection, token, DISOWN)
    if not is_mailbox_of(connection, link, person):
        raise LinkInvalid
    crud.end_sessions(connection, person.id, DISOWNED, crud.current_time(connection))
    one_time_tokens.void_links(connection, person.id, (CHANGE,))
    mailbox = person._replace(email=link.email, email_key=link.email_key)
    queue_reset(connection, resources, mailbox, RESCUE, client)
    return person.public_id
