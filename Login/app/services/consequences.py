"""What follows from a change, as the table of authority has it: sessions end, links die, mailboxes hear of it."""

from typing import Any

from sqlalchemy import Connection

from app import crud
from app.authority.changes import CHANGES, Ends, Mailbox
from app.clients.addresses import Client
from app.crud import one_time_tokens
from app.crud.accounts import Addressee
from app.resources import Resources
from app.services.links import Told
from app.services.mails import queue_mail


def conclude(  # noqa: PLR0913 what happened to whom, by whom, and whom else it concerns
    connection: Connection,
    resources: Resources,
    event: str,
    person: Addressee,
    client: Client | None,
    *,
    other: Addressee | None = None,
    told: Told | None = None,
    **facts: object,
) -> None:
    """Let everything follow from a change just made, but for the one session that the caller may mean.

    `person` is the account as it was: its words are those that no thief has chosen. `other` is the new address, or the
    one that a link went to. Without a client it was an operator.
    """
    change = CHANGES[event]
    if change.ends is Ends.ALL:
        crud.end_sessions(connection, person.id, change.reason, crud.current_time(connection))
    if change.voids:
        one_time_tokens.void_links(connection, person.id, change.voids)
    mailboxes = {Mailbox.OWNER: person, Mailbox.FORMER: person, Mailbox.NEW: other, Mailbox.LINKED: other}
    for notice in change.notices:
        if to := mailboxes[notice.to]:
            kind = notice.kind if to.is_proved else notice.unproved or notice.kind
            queue_mail(connection, resources, to, kind, client, told=told or Told(event), **facts)


def conclude_for(
    connection: Connection,
    resources: Resources,
    event: str,
    user_id: int,
    client: Client | None,
    **facts: Any,  # noqa: ANN401 words of a mail
) -> None:
    """Let everything follow from a change to an account that keeps its name, phrase and address."""
    person = crud.get_addressee(connection, user_id)
    if person is not None:
        conclude(connection, resources, event, person, client, **facts)
