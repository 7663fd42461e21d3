"""What the mail worker finds out for requests whose answers must tell nobody anything."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from app.clients.addresses import Client
from app.crud import mails
from app.crud.mails import MailRow
from app.resources import Resources
from app.services.emails import answer_claim
from app.services.mails import ADDRESS_WANTED, LEFT_BEHIND, RESET_REQUEST, THROTTLED, open_content
from app.services.notices import notify_throttled
from app.services.oblivion import leave_no_trace
from app.services.passwords import grant_reset

ERRANDS: dict[str, Callable[[Connection, Resources, Any, Client], None]] = {
    RESET_REQUEST: grant_reset,
    THROTTLED: notify_throttled,
    ADDRESS_WANTED: answer_claim,
    LEFT_BEHIND: leave_no_trace,
}


def run_errand(connection: Connection, resources: Resources, row: MailRow) -> None:
    """Do what a note asks for, once: the note goes in the transaction of what follows from it."""
    if mails.queue.remove(connection, row):
        about, address, user_agent = json.loads(open_content(resources, row))
        ERRANDS[row.kind](connection, resources, about, Client(address, user_agent))
