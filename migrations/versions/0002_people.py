"""second factors, asking browsers, idle sessions, rate limits and hand-overs."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    """Go forward."""
    _sign_in()
    _second_factor()
    op.create_table(
        "rate_limit",
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("ready_at", MOMENT(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limit")),
    )
    op.create_index(op.f("ix_rate_limit_ready_at"), "rate_limit", ["ready_at"])
    _hand_over()


def _sign_in() -> None:
    op.add_column("sign_in_link", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "sign_in_request",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("browser_mark", TEXT(), nullable=False),
        sa.Column("code_mark", TEXT(), nullable=False),
        sa.Column("expires_at", MOMENT(), nullable=False),
        sa.Column("return_to", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_sign_in_request_user_id")),
        sa.PrimaryKeyConstraint("user_id", "browser_mark", name=op.f("pk_sign_in_request")),
    )
    op.create_index(op.f("ix_sign_in_request_expires_at"), "sign_in_request", ["expires_at"])
    op.add_column("login_session", sa.Column("last_seen_at", MOMENT(), nullable=True))
    op.execute("UPDATE login_session SET last_seen_at = created_at")
    op.alter_column("login_session", "last_seen_at", nullable=False)
    op.add_column("login_session", sa.Column("browser", TEXT(), nullable=False, server_default=""))
    op.add_column("login_session", sa.Column("factor_at", MOMENT(), nullable=True))
    op.add_column("login_session", sa.Column("factor_tries", sa.Integer(), nullable=False, server_default="0"))
    # The program writes these itself; the defaults were for the rows that were there.
    for table, column in (
        ("sign_in_link", "tries"),
        ("login_session", "browser"),
        ("login_session", "factor_tries"),
    ):
        op.alter_column(table, column, server_default=None)


def _second_factor() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("sealed_secret", TEXT(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("set_up_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_second_factor_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_mark", TEXT(), nullable=False),
        sa.Column("spent_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_recovery_code_user_id")),
        sa.PrimaryKeyConstraint("user_id", "code_mark", name=op.f("pk_recovery_code")),
    )


def _hand_over() -> None:
    states = sa.Enum(
        "waiting",
        "confirmed",
        "declined",
        name="handoverstate",
        native_enum=False,
        create_constraint=True,
        length=40,
    )
    op.create_table(
        "hand_over",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("leaver_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("email", TEXT(), nullable=False),
        sa.Column("note", TEXT(), nullable=False),
        sa.Column("asked_at", MOMENT(), nullable=False),
        sa.Column("state", states, nullable=False),
        sa.Column("decided_at", MOMENT(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("reason", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_hand_over_decided_by")),
        sa.ForeignKeyConstraint(["leaver_id"], ["user_account.id"], name=op.f("fk_hand_over_leaver_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_hand_over_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
    )
    op.create_index(op.f("ix_hand_over_leaver_id"), "hand_over", ["leaver_id"])
    op.create_index(
        "uq_hand_over_waiting",
        "hand_over",
        ["organisation_id", "leaver_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("hand_over", "rate_limit", "recovery_code", "second_factor", "sign_in_request"):
        op.drop_table(table)
    for column in ("last_seen_at", "browser", "factor_at", "factor_tries"):
        op.drop_column("login_session", column)
    op.drop_column("sign_in_link", "tries")
