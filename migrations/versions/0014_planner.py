"""the planner: the partnership's own entries, and occurrences of them that are different; letters of visits."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime

# The year is the partnership's. What is marked for agencies is seen by everybody who works at one; before
# somebody is known, by nobody.
SHARED = "for_agencies AND (SELECT current_setting(''eleven.scope'', true) = ''organisation'')"
KEPT_APART = (
    f"('planner_entry', 'read', '{SHARED}')",
    "('planner_exception', 'read', 'EXISTS (SELECT FROM planner_entry AS e WHERE e.id = entry_id)')",
)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "planner_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "deep_dive",
                "line_of_sight",
                "staff_event",
                "board_report",
                "own",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("own_kind", TEXT(), nullable=False),
        sa.Column("title", TEXT(), nullable=False),
        sa.Column("note", TEXT(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column(
            "repeats",
            sa.Enum(
                "once",
                "monthly",
                "quarterly",
                "termly",
                "yearly",
                name="repeat",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("same_weekday", sa.Boolean(), nullable=False),
        sa.Column("repeats_until", sa.Date(), nullable=True),
        sa.Column("from_number", sa.Integer(), nullable=False),
        sa.Column("for_agencies", sa.Boolean(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT(), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_planner_entry_days")),
        sa.CheckConstraint("(repeats = 'once') = (repeats_until IS NULL)", name=op.f("ck_planner_entry_end")),
        sa.CheckConstraint("(kind = 'own') = (own_kind <> '')", name=op.f("ck_planner_entry_own_kind")),
        sa.CheckConstraint("from_number >= 0", name=op.f("ck_planner_entry_from_number")),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_planner_entry_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planner_entry")),
    )
    op.create_table(
        "planner_exception",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["planner_entry.id"], name=op.f("fk_planner_exception_entry_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"],
            ["planner_entry.id"],
            name=op.f("fk_planner_exception_replaced_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("entry_id", "number", name=op.f("pk_planner_exception")),
    )
    op.create_index(
        op.f("ix_planner_exception_replaced_by"), "planner_exception", ["replaced_by"], unique=False
    )
    for table in KEPT_APART:
        op.execute(f"SELECT keep_apart{table}")
    op.add_column("visit", sa.Column("letter", TEXT(), nullable=False, server_default=""))
    op.alter_column("visit", "letter", server_default=None)


def downgrade() -> None:
    """Go back."""
    op.drop_column("visit", "letter")
    op.drop_index(op.f("ix_planner_exception_replaced_by"), table_name="planner_exception")
    op.drop_table("planner_exception")
    op.drop_table("planner_entry")
