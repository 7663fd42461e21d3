"""Queries on the webhooks, beside those that all queues share: those of an account go one after the other."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, and_, delete, func, select, update

from app.crud.operations import current_time, insert_row
from app.crud.outbox import DEAD, QUEUED, Outbox, Queued
from app.models import Webhook, metadata

webhooks = metadata.tables["webhooks"]

LAST_WORD = "account.deleted"
LEASE = timedelta(minutes=3)  # many times what a delivery takes


class _Webhooks(Outbox):
    def mark_sent(self, connection: Connection, row: Queued) -> bool:
        """Remove what is delivered: the account that it names may be gone."""
        return self.remove(connection, row)


queue = _Webhooks(webhooks, "webhook")


def insert_webhook(connection: Connection, webhook: Webhook) -> None:
    """Queue a webhook."""
    insert_row(connection, webhook)


def find_due(connection: Connection, limit: int) -> list[Queued]:
    """List webhooks whose next try is due, of each account the first that is not yet delivered or dead.

    The firsts are found by the index alone, so that an account with very many delays no other.
    """
    first = select(func.min(webhooks.c.id).label("id")).where(webhooks.c.state == QUEUED)
    firsts = first.group_by(webhooks.c.subject).subquery()
    query = queue.select(queue.is_due()).join(firsts, firsts.c.id == webhooks.c.id)
    rows = connection.execute(query.order_by(webhooks.c.next_try_at, webhooks.c.id).limit(limit))
    return [Queued._make(row) for row in rows]


def forget(connection: Connection, subjects: Collection[str]) -> None:
    """Remove what is still to be told of accounts that are gone, but for the last word.

    What a worker may have in its hands is erased and keeps its place until the lease ends, or the last word would
    overtake it.
    """
    by_index = webhooks.c.state.in_([QUEUED, DEAD])
    theirs = and_(by_index, webhooks.c.subject.in_(subjects), webhooks.c.kind != LAST_WORD)
    tried = and_(webhooks.c.state == QUEUED, webhooks.c.tries > 0)
    connection.execute(delete(webhooks).where(theirs, ~tried))
    erased = {"content": None, "next_try_at": current_time(connection) + LEASE}
    connection.execute(update(webhooks).where(theirs, tried).values(erased))
