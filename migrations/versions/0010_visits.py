"""assurance visits: selection, endorsement, lines of enquiry, programme, report."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime

# The agency sees its visit once its letter has gone, and the report once it is released; it writes only its
# reply. What is prepared, heard and discussed stays with the partnership.
KEPT_APART = (
    "('visit', 'read', 'organisation_id = {mine} AND letter_sent_at IS NOT NULL')",
    "('visit_slot', 'read')",
    "('visit_report', 'read', 'organisation_id = {mine} AND released_at IS NOT NULL')",
    "('visit_reply', 'own')",
    "('visit_endorsement', 'none')",
    "('visit_question', 'none')",
    "('visit_agreement', 'none')",
    "('visit_reminder', 'none')",
)


def upgrade() -> None:
    """Go forward."""
    _visit_setting()
    _visit_draw()
    _visit_seat()
    _visit_template()
    _visit()
    _visit_agreement()
    _visit_endorsement()
    _visit_question()
    _visit_reply()
    _visit_report()
    _visit_slot()
    _visit_reminder()
    for table in KEPT_APART:
        op.execute(f"SELECT keep_apart{table}")


def downgrade() -> None:
    """Go back."""
    op.drop_table("visit_reminder")
    op.drop_index(op.f("ix_visit_slot_visit_id"), table_name="visit_slot")
    op.drop_table("visit_slot")
    op.drop_table("visit_report")
    op.drop_index(op.f("ix_visit_reply_visit_id"), table_name="visit_reply")
    op.drop_table("visit_reply")
    op.drop_index("uq_visit_question_draft", table_name="visit_question")
    op.drop_table("visit_question")
    op.drop_table("visit_endorsement")
    op.drop_table("visit_agreement")
    op.drop_index(op.f("ix_visit_organisation_id"), table_name="visit")
    op.drop_table("visit")
    op.drop_table("visit_template")
    op.drop_table("visit_seat")
    op.drop_table("visit_draw")
    op.drop_table("visit_setting")


def _visit_setting() -> None:
    op.create_table(
        "visit_setting",
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_visit_setting")),
    )


def _visit_draw() -> None:
    op.create_table(
        "visit_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("pool", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("chosen", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("drawn_at", MOMENT(), nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["drawn_by"], ["user_account.id"], name=op.f("fk_visit_draw_drawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_draw")),
    )


def _visit_seat() -> None:
    op.create_table(
        "visit_seat",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "partner",
            sa.Enum(
                "local_authority",
                "health",
                "police",
                name="partner",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_visit_seat_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_visit_seat")),
    )


def _visit_template() -> None:
    op.create_table(
        "visit_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", TEXT(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("uploaded_at", MOMENT(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["user_account.id"], name=op.f("fk_visit_template_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_template")),
    )


def _visit() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "selected",
                "endorsed",
                "dated",
                "announced",
                "issued",
                "preparing",
                "programmed",
                "visited",
                "reporting",
                "circulated",
                "agreed",
                "released",
                "closed",
                "dropped",
                name="visitstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("calibration", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reasons", TEXT(), nullable=False),
        sa.Column("why", TEXT(), nullable=False),
        sa.Column("selected_at", MOMENT(), nullable=False),
        sa.Column("visit_on", sa.Date(), nullable=True),
        sa.Column("framework_due", sa.Date(), nullable=True),
        sa.Column("return_due", sa.Date(), nullable=True),
        sa.Column("waiver", TEXT(), nullable=False),
        sa.Column("waived_at", MOMENT(), nullable=True),
        sa.Column("letter_sent_at", MOMENT(), nullable=True),
        sa.Column("return_id", sa.Integer(), nullable=True),
        sa.Column("framework_issued_at", MOMENT(), nullable=True),
        sa.Column("programme_at", MOMENT(), nullable=True),
        sa.Column("held_at", MOMENT(), nullable=True),
        sa.Column("highlights", TEXT(), nullable=False),
        sa.Column("young_stars", sa.Integer(), nullable=True),
        sa.Column("young_comment", TEXT(), nullable=False),
        sa.Column("closed_at", MOMENT(), nullable=True),
        sa.Column("closed_why", TEXT(), nullable=False),
        sa.CheckConstraint("(visit_on IS NULL) = (framework_due IS NULL)", name=op.f("ck_visit_dates")),
        sa.CheckConstraint("young_stars BETWEEN 1 AND 5", name=op.f("ck_visit_stars")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_organisation_id")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["return.id"], name=op.f("fk_visit_return_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_organisation_id"), "visit", ["organisation_id"], unique=False)


def _visit_agreement() -> None:
    op.create_table(
        "visit_agreement",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column(
            "partner",
            sa.Enum(
                "local_authority",
                "health",
                "police",
                name="partner",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("comment", TEXT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("said_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_agreement_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_visit_agreement_user_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_agreement_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("visit_id", "edition", "partner", name=op.f("pk_visit_agreement")),
    )


def _visit_endorsement() -> None:
    op.create_table(
        "visit_endorsement",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column(
            "partner",
            sa.Enum(
                "local_authority",
                "health",
                "police",
                name="partner",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("endorsed", sa.Boolean(), nullable=False),
        sa.Column("comment", TEXT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("said_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_endorsement_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_visit_endorsement_user_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_endorsement_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("visit_id", "partner", name=op.f("pk_visit_endorsement")),
    )


def _visit_question() -> None:
    op.create_table(
        "visit_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("draft_key", TEXT(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "red",
                "unevidenced",
                "amber",
                "changed",
                "signal",
                "voice",
                "action",
                "report",
                "own",
                "young",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("domain_key", TEXT(), nullable=False),
        sa.Column("domain", TEXT(), nullable=False),
        sa.Column(
            "ask",
            sa.Enum(
                "leaders",
                "practitioners",
                "children",
                name="ask",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("text", TEXT(), nullable=False),
        sa.Column("why", TEXT(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("heard", TEXT(), nullable=False),
        sa.Column("seen", TEXT(), nullable=False),
        sa.Column(
            "shows",
            sa.Enum(
                "strength",
                "development",
                "consideration",
                "nothing",
                name="shows",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_question_organisation_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_question_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_question")),
    )
    op.create_index("uq_visit_question_draft", "visit_question", ["visit_id", "draft_key"], unique=True)


def _visit_reply() -> None:
    op.create_table(
        "visit_reply",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("text", TEXT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("user_name", TEXT(), nullable=False),
        sa.Column("said_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_reply_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_visit_reply_user_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_reply_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_reply")),
    )
    op.create_index(op.f("ix_visit_reply_visit_id"), "visit_reply", ["visit_id"], unique=False)


def _visit_report() -> None:
    op.create_table(
        "visit_report",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("strengths", TEXT(), nullable=False),
        sa.Column("development", TEXT(), nullable=False),
        sa.Column("consideration", TEXT(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("written_at", MOMENT(), nullable=False),
        sa.Column("released_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_report_organisation_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_report_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_visit_report")),
    )


def _visit_slot() -> None:
    op.create_table(
        "visit_slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("begins", TEXT(), nullable=False),
        sa.Column("ends", TEXT(), nullable=False),
        sa.Column("what", TEXT(), nullable=False),
        sa.Column("who", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_slot_organisation_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_slot_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_slot")),
    )
    op.create_index(op.f("ix_visit_slot_visit_id"), "visit_slot", ["visit_id"], unique=False)


def _visit_reminder() -> None:
    op.create_table(
        "visit_reminder",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("queued_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_visit_reminder_organisation_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_reminder_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("visit_id", "key", name=op.f("pk_visit_reminder")),
    )
