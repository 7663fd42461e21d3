"""The language that a person reads our pages and mails in.

Revises: 0010.
"""

import sqlalchemy as sa

from CreateDB.migrations.guarded import add_column, drop_column

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; programs of the revision before go on beside it."""
    add_column("users", sa.Column("language", sa.String(16)))


def downgrade() -> None:
    """Remove it."""
    drop_column("users", "language")
