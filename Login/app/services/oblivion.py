"""What is left of a deleted account: events of somebody whom nothing leads back to."""

from sqlalchemy import Connection

from app.clients.addresses import Client
from app.crud import events, webhooks
from app.resources import Resources
from app.services.mails import LEFT_BEHIND, queue_note

AT_ONCE = 1000  # events; what a person has, and no statement that holds others up


def leave_no_trace(connection: Connection, resources: Resources, names: tuple[str, str], client: Client) -> None:
    """Give an account's events to a pseudonym and blank who and where; the worker goes on where there are many.

    Of its webhooks only the last word is left.
    """
    subject, pseudonym = names
    webhooks.forget(connection, [subject])
    if not events.hand_over(connection, subject, pseudonym, AT_ONCE):
        queue_note(connection, resources, LEFT_BEHIND, names, client)
