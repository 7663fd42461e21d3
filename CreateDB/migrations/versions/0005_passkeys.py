"""Passkeys, the challenges that they answer, and how a session was proved.

Revises: 0004.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import (
    CredentialId,
    Digest,
    Moment,
    PublicKey,
    RowId,
    add_column,
    create_index,
    create_table,
    drop_column,
    of_user,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and add the columns; programs of the revision before go on beside them."""
    add_column("users", sa.Column("passkey_count", sa.Integer(), nullable=False, server_default=sa.text("0")))
    add_column("sessions", sa.Column("amr", sa.String(32)))
    create_passkeys()
    create_ceremonies()


def create_passkeys() -> None:
    """Make the passkeys."""
    create_table(
        "passkeys",
        sa.Column("id", RowId, nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("credential_id", CredentialId, nullable=False),
        sa.Column("public_key", PublicKey, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("transports", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.Column("client_address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(255), nullable=False),
        of_user("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkeys_public_id")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    create_index("passkeys", "user_id")


def create_ceremonies() -> None:
    """Make the challenges."""
    name = op.f("fk_ceremonies_session_id")
    create_table(
        "ceremonies",
        sa.Column("ceremony_hash", Digest, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("challenge", Digest, nullable=False),
        sa.Column("session_id", RowId),
        sa.Column("login_jti", sa.String(32)),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=name, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ceremony_hash", name=op.f("pk_ceremonies")),
    )
    create_index("ceremonies", "session_id")
    create_index("ceremonies", "expires_at")


def downgrade() -> None:
    """Remove them."""
    for table in ("ceremonies", "passkeys"):
        op.drop_table(table, if_exists=True)
    drop_column("sessions", "amr")
    drop_column("users", "passkey_count")
