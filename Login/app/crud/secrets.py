"""The encrypted columns: what no configured key opens, and what an older key still holds."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from app.models import metadata

BATCH = 500
SLICE = 100_000  # keys that one count looks at: of ten million accounts, too, each answer comes soon

users = metadata.tables["users"]
enrolments = metadata.tables["totp_enrolments"]
mails = metadata.tables["mails"]
webhooks = metadata.tables["webhooks"]


class SecretColumn(NamedTuple):
    """Where secrets are kept, and the place that each ciphertext is tied to."""

    table: sa.Table
    key: sa.Column[int]
    secret: sa.Column[str]
    place: sa.ColumnElement[str]
    source: sa.FromClause


SECRET_COLUMNS = (
    SecretColumn(users, users.c.id, users.c.totp_secret, sa.literal("totp:") + users.c.public_id, users),
    SecretColumn(
        enrolments,
        enrolments.c.user_id,
        enrolments.c.secret,
        sa.literal("totp:") + users.c.public_id,
        enrolments.join(users, users.c.id == enrolments.c.user_id),
    ),
    SecretColumn(mails, mails.c.id, mails.c.content, sa.literal("mail:") + mails.c.message_id, mails),
    SecretColumn(webhooks, webhooks.c.id, webhooks.c.content, sa.literal("webhook:") + webhooks.c.message_id, webhooks),
)


class Ciphertext(NamedTuple):
    """One encrypted value, the row that has it, and its place."""

    key: int
    secret: str
    place: str


def count_unreadable_secrets(connection: sa.Connection, kids: Sequence[str]) -> int:
    """Count the ciphertexts that name none of these keys."""
    return sum(_count_unreadable(connection, column, kids) for column in SECRET_COLUMNS)


def _count_unreadable(connection: sa.Connection, column: SecretColumn, kids: Sequence[str]) -> int:
    query = sa.select(sa.func.count()).select_from(column.table).where(_names_none_of(column, kids))
    last: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(column.key), 0))).scalar_one()
    slices = (column.key.between(begin, begin + SLICE - 1) for begin in range(0, last + 1, SLICE))
    return sum(connection.execute(query.where(within)).scalar_one() for within in slices)


def list_secrets_not_under(connection: sa.Connection, column: SecretColumn, kid: str, after: int) -> list[Ciphertext]:
    """List a batch of ciphertexts that another key made, in order, beginning behind a row."""
    query = sa.select(column.key, column.secret, column.place).select_from(column.source)
    query = query.where(column.key > after, _names_none_of(column, [kid])).order_by(column.key).limit(BATCH)
    return [Ciphertext._make(row) for row in connection.execute(query)]


def replace_secret(connection: sa.Connection, column: SecretColumn, old: Ciphertext, new: str) -> None:
    """Put a new ciphertext in the old one's place, unless that has changed meanwhile."""
    query = sa.update(column.table).where(column.key == old.key, column.secret == old.secret)
    connection.execute(query.values({column.secret.name: new}))


def _names_none_of(column: SecretColumn, kids: Sequence[str]) -> sa.ColumnElement[bool]:
    named = [column.secret.startswith(f"{kid}.", autoescape=True) for kid in kids]
    return sa.and_(column.secret.is_not(None), sa.not_(sa.or_(*named)))
