"""What follows from a change, as the table of authority has it: sessions end, links die, the trail and mails tell."""

from collections.abc import Mapping

from sqlalchemy import Connection

from app.authority.changes import CHANGES, Ends, Mailbox
from app.clients.addresses import Client
from app.crud import accounts, one_time_tokens, sessions, trusted_devices
from app.crud.accounts import Addressee
from app.crud.operations import current_time
from app.database import after_commit
from app.resources import Resources
from app.services.links import Told
from app.services.mails import queue_mail
from app.services.trail import NO_FACTS, Facts, record
from app.services.webhooks import queue_webhooks


def conclude(  # noqa: PLR0913 what happened to whom, by whom, and whom else it concerns
    connection: Connection,
    resources: Resources,
    event: str,
    person: Addressee,
    client: Client,
    *,
    other: Addressee | None = None,
    former: Mapping[str, str | None] | None = None,
    facts: Facts = NO_FACTS,
) -> None:
    """Let everything follow from a change just made, but for the one session that the caller may mean.

    `person` is the account as it was: its words are those that no thief has chosen. `other` is the new address, or the
    one that a link went to, `former` what "this was not me" brings back.
    """
    change = CHANGES[event]
    if change.ends is Ends.ALL:
        sessions.end_sessions(connection, person.id, change.reason, current_time(connection))
    if change.untrusts:
        trusted_devices.forget_devices(connection, person.id)
    if change.voids:
        one_time_tokens.void_links(connection, person.id, change.voids)
    event_id = record(connection, resources.settings, event, person.public_id, client, facts=facts)
    tell(connection, resources, Told(event, event_id, former), person, client, other=other, facts=facts)
    there = other or person
    known = {"email": there.email, "email_verified": there.is_proved, **facts}
    announce(connection, resources, event, person.public_id, known)


def announce(
    connection: Connection, resources: Resources, event: str, subject: str, known: Mapping[str, object]
) -> None:
    """Queue the webhooks of a change, and wake their worker once this transaction is committed."""
    if CHANGES[event].webhooks:
        queue_webhooks(connection, resources.settings, resources.keys, event, subject, known)
        after_commit(connection, resources.webhook_bell.ring)


def tell(  # noqa: PLR0913 who hears what, of whom
    connection: Connection,
    resources: Resources,
    told: Told,
    person: Addressee,
    client: Client | None,
    *,
    other: Addressee | None = None,
    facts: Facts = NO_FACTS,
) -> None:
    """Write to everybody who is to hear of a change; without a client it was an operator."""
    mailboxes = {Mailbox.OWNER: person, Mailbox.FORMER: person, Mailbox.NEW: other, Mailbox.LINKED: other}
    for notice in CHANGES[told.event or ""].notices:
        if to := mailboxes[notice.to]:
            kind = notice.kind if to.is_proved else notice.unproved or notice.kind
            queue_mail(connection, resources, to, kind, client, told=told, facts=facts)


def conclude_for(  # noqa: PLR0913, PLR0917 what happened to whom, by whom
    connection: Connection, resources: Resources, event: str, user_id: int, client: Client, facts: Facts = NO_FACTS
) -> None:
    """Let everything follow from a change to an account that keeps its name, phrase and address."""
    person = accounts.get_addressee(connection, user_id)
    if person is not None:
        conclude(connection, resources, event, person, client, facts=facts)
