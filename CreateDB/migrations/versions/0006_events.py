"""What happened to an account, and which of it a link in a mail tells.

Revises: 0005.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import EventId, Moment, add_column, create_index, create_table, drop_column

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and add the column; programs of the revision before go on beside them."""
    add_column("one_time_tokens", sa.Column("event_id", EventId))
    create_table(
        "events",
        sa.Column("id", EventId, nullable=False),
        sa.Column("subject", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.Column("actor", sa.String(16), nullable=False),
        sa.Column("operator", sa.String(64)),
        sa.Column("client_address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(255), nullable=False),
        sa.Column("sid", sa.String(32)),
        sa.Column("amr", sa.String(32)),
        sa.Column("facts", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    create_index("events", "subject", "id")
    create_index("events", "subject", "kind", "id")
    create_index("events", "kind", "id")
    create_index("events", "client_address", "id")


def downgrade() -> None:
    """Remove them."""
    op.drop_table("events", if_exists=True)
    drop_column("one_time_tokens", "event_id")
