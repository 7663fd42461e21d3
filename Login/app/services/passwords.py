"""Passwords forgotten: a request that tells nobody anything, and a new password by the link in the mail."""

from datetime import timedelta

from sqlalchemy import Connection

from app import crud
from app.clients import Client
from app.crud import mails, one_time_tokens
from app.crud.accounts import Addressee
from app.crud.mails import MailRow
from app.crud.one_time_tokens import Link
from app.errors import LinkInvalid
from app.identifiers import normalize_email
from app.logs import log_event
from app.passwords import check_password
from app.resources import Resources
from app.schemas import PasswordReset, PasswordResetRequest
from app.services.links import CHANGE, RESCUE, RESET, is_mailbox_of, find_link, make_link, take_link
from app.services.mails import Note, open_content, queue_content, queue_mail, seconds_until_next
from app.services.notices import circumstances, notify

RESET_REQUEST = "reset_request"
RESETS_AN_HOUR = 5
PASSWORD_RESET = "password_reset"


async def request_reset(resources: Resources, body: PasswordResetRequest, client: Client) -> None:
    """Leave a note for the worker, for whatever address: the answer's time must tell nobody whether it is known."""
    note = {"email": body.email, "address": client.address, "user_agent": client.user_agent}
    await resources.database.transaction(queue_note, resources, RESET_REQUEST, note)
    log_event("password_reset_requested", "unknown", client=client.address)
