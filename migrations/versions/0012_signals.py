"""signals: what signed returns measure, and which signals a partnership uses."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
KINDS = (
    "not_returned",
    "late",
    "validated_below",
    "unevidenced",
    "voices_below",
    "down",
    "long_since_visit",
    "overdue_actions",
    "identical",
    "hasty",
    "all_green",
    "far_from_peers",
    "unchanged",
    "old_evidence",
    "new_leaders",
    "converted",
    "bounced",
)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "signal_setting",
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="signalkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("switched_on", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("fires_from", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT(), nullable=False),
        sa.CheckConstraint("weight BETWEEN 0 AND 10", name=op.f("ck_signal_setting_weight")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_signal_setting")),
    )
    op.create_table(
        "signal_measure",
        sa.Column("return_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("measured", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("measured_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_signal_measure_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["return.id"], name=op.f("fk_signal_measure_return_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_signal_measure")),
    )
    op.create_index(
        op.f("ix_signal_measure_organisation_id"), "signal_measure", ["organisation_id"], unique=False
    )
    op.execute("SELECT keep_apart('signal_measure', 'none')")


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_signal_measure_organisation_id"), table_name="signal_measure")
    op.drop_table("signal_measure")
    op.drop_table("signal_setting")
