"""What "this was not me" takes back, where an account was opened, and the pace of mails by their mailbox.

Revises: 0003.
"""

import sqlalchemy as sa

from CreateDB.migrations.guarded import Digest, add_column, create_index, drop_column, drop_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; programs of the revision before go on beside them."""
    add_column("users", sa.Column("opened_from", sa.String(350)))
    add_column("one_time_tokens", sa.Column("event", sa.String(32)))
    add_column("one_time_tokens", sa.Column("former", sa.Text()))
    add_column("one_time_tokens", sa.Column("username_key", sa.String(50)))
    create_index("one_time_tokens", "username_key")
    add_column("mails", sa.Column("mailbox_hash", Digest))
    add_column("mails", sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
    create_index("mails", "mailbox_hash", "kind", "created_at")
    create_index("mails", "state", "urgent", "next_try_at")
    drop_index("mails", "state", "next_try_at")


def downgrade() -> None:
    """Remove them."""
    create_index("mails", "state", "next_try_at")
    drop_index("mails", "state", "urgent", "next_try_at")
    drop_index("mails", "mailbox_hash", "kind", "created_at")
    drop_column("mails", "urgent")
    drop_column("mails", "mailbox_hash")
    drop_index("one_time_tokens", "username_key")
    for name in ("username_key", "former", "event"):
        drop_column("one_time_tokens", name)
    drop_column("users", "opened_from")
