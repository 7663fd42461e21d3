"""Accounts, sessions, second factors and spent tokens.

Revises: nothing, this is the first.
"""

import sqlalchemy as sa
from alembic import op

from CreateDB.migrations.guarded import Digest, Moment, RowId, create_index, create_table, of_user

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    create_users()
    create_sessions()
    create_totp_enrolments()
    create_recovery_codes()
    create_used_tokens()


def create_users() -> None:
    """Make the accounts."""
    create_table(
        "users",
        sa.Column("id", RowId, nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("email_verified_at", Moment),
        sa.Column("username", sa.String(50)),
        sa.Column("username_key", sa.String(50)),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("password_changed_at", Moment, nullable=False),
        sa.Column("phrase", sa.String(255)),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("totp_secret", sa.String(255)),
        sa.Column("totp_last_step", sa.BigInteger()),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_login_at", Moment),
        sa.Column("disabled_at", Moment),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("public_id", name=op.f("uq_users_public_id")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )


def create_sessions() -> None:
    """Make the sessions."""
    create_table(
        "sessions",
        sa.Column("id", RowId, nullable=False),
        sa.Column("sid", sa.String(32), nullable=False),
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", Moment, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment, nullable=False),
        sa.Column("authenticated_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("remember", sa.Boolean(), nullable=False),
        sa.Column("client_address", sa.String(45), nullable=False),
        sa.Column("user_agent", sa.String(255), nullable=False),
        of_user("sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("sid", name=op.f("uq_sessions_sid")),
    )
    create_index("sessions", "user_id", "ended_at")
    create_index("sessions", "expires_at")


def create_totp_enrolments() -> None:
    """Make the second factors being set up."""
    session = op.f("fk_totp_enrolments_session_id")
    create_table(
        "totp_enrolments",
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("session_id", RowId, nullable=False),
        sa.Column("secret", sa.String(255), nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        of_user("totp_enrolments"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=session, ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp_enrolments")),
    )
    create_index("totp_enrolments", "session_id")


def create_recovery_codes() -> None:
    """Make the recovery codes."""
    create_table(
        "recovery_codes",
        sa.Column("id", RowId, nullable=False),
        sa.Column("user_id", RowId, nullable=False),
        sa.Column("code_hash", Digest, nullable=False),
        sa.Column("used_at", Moment),
        of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_codes_user_id_code_hash")),
    )


def create_used_tokens() -> None:
    """Make the list of single-use tokens that have been spent."""
    create_table(
        "used_tokens",
        sa.Column("jti", sa.String(32), nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_used_tokens")),
    )
    create_index("used_tokens", "expires_at")


def downgrade() -> None:
    """Remove them, the tables that point to others first."""
    for table in ("used_tokens", "recovery_codes", "totp_enrolments", "sessions", "users"):
        op.drop_table(table, if_exists=True)
