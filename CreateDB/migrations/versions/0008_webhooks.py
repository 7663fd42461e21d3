"""The webhooks that wait for delivery.

Revises: 0007.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import Moment, RowId, create_index, create_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; programs of the revision before go on beside it."""
    create_table(
        "webhooks",
        sa.Column("id", RowId, nullable=False, autoincrement=True),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("message_id", name=op.f("uq_webhooks_message_id")),
    )
    create_index("webhooks", "state", "subject", "id")
    create_index("webhooks", "created_at")


def downgrade() -> None:
    """Remove it."""
    op.drop_table("webhooks", if_exists=True)
