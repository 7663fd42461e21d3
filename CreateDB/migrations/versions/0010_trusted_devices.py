"""The devices on which an account asks for no second factor.

Revises: 0009.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import Digest, EventId, Moment, RowId, create_index, create_table, of_user

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; programs of the revision before go on beside it."""
    create_table(
        "trusted_devices",
        sa.Column("id", EventId, nullable=False),
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("token_hash", Digest, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("client_address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(255), nullable=False),
        of_user("trusted_devices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_devices")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_trusted_devices_token_hash")),
    )
    create_index("trusted_devices", "user_id")
    create_index("trusted_devices", "expires_at")


def downgrade() -> None:
    """Remove it."""
    op.drop_table("trusted_devices", if_exists=True)
