"""The salt of a set of recovery codes, and whether its owner has saved it.

Revises: 0008.
"""

import sqlalchemy as sa

from CreateDB.migrations.guarded import add_column, drop_column

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: codes from before have no salt, and count as saved; so do those of programs that go on."""
    add_column("recovery_codes", sa.Column("salt", sa.String(64)))
    add_column("recovery_codes", sa.Column("unsaved_set", sa.String(32)))


def downgrade() -> None:
    """Remove them; the codes that have a salt open nothing any more."""
    drop_column("recovery_codes", "unsaved_set")
    drop_column("recovery_codes", "salt")
