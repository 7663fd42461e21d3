"""Putting mails into the queue, in the transaction of the change that causes them."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from app import auth, crud
from app.clients import Client
from app.crud import mails
from app.crud.accounts import Addressee
from app.crud.mails import QUEUED, MailRow
from app.database import after_commit
from app.encryption import decrypt, encrypt
from app.mail.catalogue import write_letter
from app.models import Mail
from app.resources import Resources

LINK_LIKE = re.compile(r"\w[.:@/]+\w")
RESET_REQUEST, THROTTLED, ADDRESS_WANTED = "reset_request", "throttled", "address_wanted"  # notes


def mail_place(message_id: str) -> str:
    """Name the row that an encrypted mail belongs to."""
    return f"mail:{message_id}"


def queue_mail(
    connection: Connection,
    resources: Resources,
    person: Addressee,
    kind: str,
    *,
    belongs_to: int | None,
    **facts: object,
) -> None:
    """Queue a mail to somebody; it goes out once this transaction is committed, and with the account it belongs to."""
    name, phrase = (_keep_harmless(person, words) for words in (person.username, person.phrase))
    letter = write_letter(kind, person.email, facts, name=name or person.email, phrase=phrase)
    _queue(connection, resources, kind, letter.to_json(), belongs_to)


def _keep_harmless(person: Addressee, words: str | None) -> str | None:
    """Drop what mail programs make links of while nobody has confirmed the mailbox: a stranger may be being spammed."""
    return None if words and person.email_verified_at is None and LINK_LIKE.search(words) else words


def queue_note(connection: Connection, resources: Resources, kind: str, about: object, client: Client) -> None:
    """Leave something for the worker to find out, where an answer's time must not tell what it finds."""
    _queue(connection, resources, kind, json.dumps([about, client.address, client.user_agent]), None)


def open_content(resources: Resources, mail: MailRow) -> str:
    """Decrypt what is queued; UnreadableSecret when no key opens it."""
    return decrypt(mail.content or "", mail_place(mail.message_id), resources.keys.secrets)


def _queue(connection: Connection, resources: Resources, kind: str, content: str, belongs_to: int | None) -> None:
    now, message_id = crud.current_time(connection), auth.make_id()
    mail = Mail(
        message_id=message_id,
        user_id=belongs_to,
        kind=kind,
        content=encrypt(content, mail_place(message_id), resources.keys.secrets),
        state=QUEUED,
        next_try_at=now,
        created_at=now,
    )
    mails.insert_mail(connection, mail)
    after_commit(connection, resources.bell.ring)


@dataclass(frozen=True)
class Pace:
    """How many mails of one kind somebody may get in which time."""

    amount: int
    within: timedelta


FIVE_AN_HOUR = Pace(5, timedelta(hours=1))


def find_wait(connection: Connection, user_id: int, kind: str, pace: Pace) -> int:
    """Hold an account and say in how many seconds it may get another mail of this kind: 0 for now."""
    crud.hold_user(connection, user_id)  # else rivals would each be the last one allowed
    now = crud.current_time(connection)
    times = mails.find_times(connection, user_id, kind, now - pace.within)
    return 0 if len(times) < pace.amount else int((times[pace.amount - 1] + pace.within - now).total_seconds()) + 1
