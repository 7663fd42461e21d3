"""Counters of failed attempts, known addresses, and the schedule of background work.

Revises: 0001.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import Digest, Moment, RowId, create_index, create_table, of_user

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    create_attempts()
    create_known_addresses()
    create_schedules()


def create_attempts() -> None:
    """Make the counters of failed attempts."""
    create_table(
        "attempts",
        sa.Column("key_hash", Digest, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("window_started_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_attempts")),
    )
    create_index("attempts", "expires_at")


def create_known_addresses() -> None:
    """Make the list of networks from which accounts have signed in."""
    create_table(
        "known_addresses",
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("address_hash", Digest, nullable=False),
        sa.Column("last_used_at", Moment, nullable=False),
        of_user("known_addresses"),
        sa.PrimaryKeyConstraint("user_id", "address_hash", name=op.f("pk_known_addresses")),
    )
    create_index("known_addresses", "last_used_at")


def create_schedules() -> None:
    """Make the schedule of background work."""
    create_table(
        "schedules",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("next_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )


def downgrade() -> None:
    """Remove them."""
    for table in ("schedules", "known_addresses", "attempts"):
        op.drop_table(table, if_exists=True)
