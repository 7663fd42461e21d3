"""Queueing webhooks in the transaction of what causes them; light, for CreateDB queues them too."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from app.authority.changes import CHANGES
from app.authority.webhooks import WEBHOOKS
from app.config import Settings
from app.crud import webhooks
from app.crud.events import make_id
from app.crud.operations import current_time
from app.crud.outbox import Queued
from app.models import Webhook
from app.secrets.encryption import decrypt, encrypt
from app.secrets.keys import Keyrings


def webhook_place(message_id: str) -> str:
    """Name the row that an encrypted webhook belongs to."""
    return f"webhook:{message_id}"


def queue_webhooks(  # noqa: PLR0913, PLR0917 what happened to whom
    connection: Connection,
    settings: Settings,
    keys: Keyrings,
    event: str,
    subject: str,
    known: Mapping[str, object],
) -> None:
    """Queue what a row of the table of authority tells the receiver, if there is one, of an account's public id."""
    kinds = CHANGES[event].webhooks if settings.webhook_url is not None else ()
    for kind in kinds:
        now = current_time(connection)
        # An id of its own: that of the event would lead from the account to what becomes a pseudonym's.
        message_id = str(uuid.UUID(bytes=make_id(now)))
        content = encrypt(_write(kind, subject, known, now), webhook_place(message_id), keys.secrets)
        row = Webhook(
            message_id=message_id, subject=subject, kind=kind, content=content, next_try_at=now, created_at=now
        )
        webhooks.insert_webhook(connection, row)


def _write(kind: str, subject: str, known: Mapping[str, object], now: datetime) -> str:
    data = {"user_id": subject, **{name: known.get(name) for name in WEBHOOKS[kind]}}
    body = {"type": kind, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(body, separators=(",", ":"))


def open_content(keys: Keyrings, row: Queued) -> str:
    """Decrypt what is queued; UnreadableSecret when no key opens it."""
    return decrypt(row.content or "", webhook_place(row.message_id), keys.secrets)
