"""schedules of rounds, chase messages, pauses, exemptions, extensions and calendar feeds."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "calendar_feed",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_calendar_feed_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feed")),
    )
    op.create_table(
        "chase_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("save_key", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_chase_batch_made_by")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_chase_batch_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chase_batch")),
        sa.UniqueConstraint("save_key", name=op.f("uq_chase_batch_save_key")),
    )
    op.create_index(op.f("ix_chase_batch_round_id"), "chase_batch", ["round_id"], unique=False)
    op.create_table(
        "chase_pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("begun_at", MOMENT(), nullable=False),
        sa.Column("begun_by", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(["begun_by"], ["user_account.id"], name=op.f("fk_chase_pause_begun_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_chase_pause_organisation_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_chase_pause_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chase_pause")),
    )
    op.create_index(op.f("ix_chase_pause_organisation_id"), "chase_pause", ["organisation_id"], unique=False)
    op.create_index(
        op.f("ix_chase_pause_round_id_organisation_id"),
        "chase_pause",
        ["round_id", "organisation_id"],
        unique=False,
    )
    op.create_table(
        "chase_plan",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("send_from", sa.Time(), nullable=False),
        sa.Column("send_until", sa.Time(), nullable=False),
        sa.Column("named_person", TEXT(), nullable=False),
        sa.Column("named_address", TEXT(), nullable=False),
        sa.Column("changed_at", MOMENT(), nullable=False),
        sa.CheckConstraint("send_from < send_until", name=op.f("ck_chase_plan_hours")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_chase_plan_round_id")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_chase_plan")),
    )
    op.create_table(
        "chase_stage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reminder",
                "head",
                "chair",
                "call",
                name="stagekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("states", postgresql.ARRAY(sa.String()), nullable=False),
        sa.CheckConstraint("days BETWEEN -120 AND 120", name=op.f("ck_chase_stage_days")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_chase_stage_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chase_stage")),
        sa.UniqueConstraint("round_id", "key", name=op.f("uq_chase_stage_round_id_key")),
    )
    op.create_table(
        "chase_message",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("dedupe_key", TEXT(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("stage_key", TEXT(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reminder",
                "head",
                "chair",
                "call",
                name="stagekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state_then", TEXT(), nullable=False),
        sa.Column("address", TEXT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("queued_at", MOMENT(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "waiting",
                "sent",
                "stale",
                "failed",
                "bounced",
                name="messageoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("settled_at", MOMENT(), nullable=True),
        sa.Column("why_not", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["chase_batch.id"], name=op.f("fk_chase_message_batch_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_chase_message_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox_message.id"], name=op.f("fk_chase_message_outbox_id")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["return.id"], name=op.f("fk_chase_message_return_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_chase_message_round_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_chase_message_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chase_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_chase_message_dedupe_key")),
    )
    op.create_index(op.f("ix_chase_message_batch_id"), "chase_message", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_chase_message_organisation_id"), "chase_message", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_chase_message_outbox_id"), "chase_message", ["outbox_id"], unique=False)
    op.create_index(
        op.f("ix_chase_message_return_id_due_on"), "chase_message", ["return_id", "due_on"], unique=False
    )
    op.create_index(
        op.f("ix_chase_message_round_id_stage_key_outcome"),
        "chase_message",
        ["round_id", "stage_key", "outcome"],
        unique=False,
    )
    op.create_table(
        "exemption",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "merged",
                "closed",
                "elsewhere",
                "other",
                name="exemptionkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("lifted_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_exemption_made_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_exemption_organisation_id")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["return.id"], name=op.f("fk_exemption_return_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption")),
    )
    op.create_index(op.f("ix_exemption_organisation_id"), "exemption", ["organisation_id"], unique=False)
    op.create_index(
        "uq_exemption_in_force",
        "exemption",
        ["return_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("due_before", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reason", TEXT(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("due_on > due_before", name=op.f("ck_extension_later")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_extension_made_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_extension_organisation_id")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["return.id"], name=op.f("fk_extension_return_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
    )
    op.create_index(op.f("ix_extension_organisation_id"), "extension", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_extension_return_id"), "extension", ["return_id"], unique=False)
    for table in ("chase_pause", "chase_message", "exemption", "extension"):
        op.execute(f"SELECT keep_apart('{table}', 'none')")


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_extension_return_id"), table_name="extension")
    op.drop_index(op.f("ix_extension_organisation_id"), table_name="extension")
    op.drop_table("extension")
    op.drop_index(
        "uq_exemption_in_force", table_name="exemption", postgresql_where=sa.text("lifted_at IS NULL")
    )
    op.drop_index(op.f("ix_exemption_organisation_id"), table_name="exemption")
    op.drop_table("exemption")
    op.drop_index(op.f("ix_chase_message_round_id_stage_key_outcome"), table_name="chase_message")
    op.drop_index(op.f("ix_chase_message_return_id_due_on"), table_name="chase_message")
    op.drop_index(op.f("ix_chase_message_outbox_id"), table_name="chase_message")
    op.drop_index(op.f("ix_chase_message_organisation_id"), table_name="chase_message")
    op.drop_index(op.f("ix_chase_message_batch_id"), table_name="chase_message")
    op.drop_table("chase_message")
    op.drop_table("chase_stage")
    op.drop_table("chase_plan")
    op.drop_index(op.f("ix_chase_pause_round_id_organisation_id"), table_name="chase_pause")
    op.drop_index(op.f("ix_chase_pause_organisation_id"), table_name="chase_pause")
    op.drop_table("chase_pause")
    op.drop_index(op.f("ix_chase_batch_round_id"), table_name="chase_batch")
    op.drop_table("chase_batch")
    op.drop_table("calendar_feed")
