"""The mail queue, and the links that mails carry.

Revises: 0002.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import Digest, Moment, RowId, create_index, create_table, of_user

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    create_one_time_tokens()
    create_mails()


def create_one_time_tokens() -> None:
    """Make the links that mails carry."""
    create_table(
        "one_time_tokens",
        sa.Column("id", RowId, nullable=False),
        sa.Column("token_hash", Digest, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", sa.String(254)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        of_user("one_time_tokens"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_tokens_token_hash")),
    )
    create_index("one_time_tokens", "user_id", "purpose")
    create_index("one_time_tokens", "email_key")
    create_index("one_time_tokens", "expires_at")


def create_mails() -> None:
    """Make the mail queue."""
    create_table(
        "mails",
        sa.Column("id", RowId, nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("user_id", RowId),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
        of_user("mails"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("message_id", name=op.f("uq_mails_message_id")),
    )
    create_index("mails", "user_id", "kind", "created_at")
    create_index("mails", "state", "next_try_at")
    create_index("mails", "created_at")


def downgrade() -> None:
    """Remove them."""
    for table in ("mails", "one_time_tokens"):
        op.drop_table(table, if_exists=True)
