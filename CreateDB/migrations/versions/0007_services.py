"""Services that may ask whose a token is.

Revises: 0006.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import Digest, Moment, create_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; programs of the revision before go on beside it."""
    create_table(
        "services",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("secret_hash", Digest, nullable=False),
        sa.Column("former_hash", Digest),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("rotated_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_services")),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("services", if_exists=True)
