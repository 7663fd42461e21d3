"""Putting mails into the queue, in the transaction of the change that causes them."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app import auth, crud
from app.crud import mails
from app.crud.accounts import Addressee
from app.crud.mails import QUEUED, MailRow
from app.database import after_commit
from app.encryption import decrypt, encrypt
from app.mail.catalogue import write_letter
from app.models import Mail
from app.resources import Resources


def mail_place(message_id: str) -> str:
    """Name the row that an encrypted mail belongs to."""
    return f"mail:{message_id}"


def queue_mail(  # noqa: PLR0913 a mail has that many sides
    connection: Connection,
    resources: Resources,
    person: Addressee,
    kind: str,
    *,
    belongs_to: int | None,
    **facts: object,
) -> None:
    """Queue a mail to somebody; it goes out once this transaction is committed, and with the account it belongs to."""
    name = person.username or person.email
    letter = write_letter(kind, person.email, facts, name=name, phrase=person.phrase)
    queue_content(connection, resources, kind, letter.to_json(), belongs_to)


def open_content(resources: Resources, mail: MailRow) -> str:
    """Decrypt what is queued; UnreadableSecret when no key opens it."""
    return decrypt(mail.content or "", mail_place(mail.message_id), resources.keys.secrets)


def queue_content(
    connection: Connection, resources: Resources, kind: str, content: str, belongs_to: int | None
) -> None:
    """Queue what is to be kept from whoever reads the database."""
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


def seconds_until_next(
    connection: Connection, user_id: int, kind: str, *, limit: int, within: timedelta, now: datetime
) -> int:
    """Say in how many seconds another mail of this kind may be queued for an account: 0 for now."""
    times = mails.find_times(connection, user_id, kind, now - within)
    return 0 if len(times) < limit else max(1, int((times[limit - 1] + within - now).total_seconds()) + 1)
