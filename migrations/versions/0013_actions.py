"""actions: where each comes from, how far it is, what was said about it, SAIG's review."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
STATUSES = ("open", "under_way", "done", "dropped", "accepted", "closed")
NEW_TEXTS = ("domain_title", "standard_title", "progress", "reminded")

# The tables' owner is kept apart like everybody else: without this it would change no row, and not say so.
SEE_ALL = "SELECT set_config('eleven.scope', 'system', true)"
# Until now an action of a visit was one whose key said so.
FROM_VISITS = """
UPDATE action SET source = 'visit', source_id = split_part(standard_key, '-', 2)::int, standard_key = ''
WHERE standard_key ~ '^visit-[0-9]+-[0-9]+$'
"""
TITLES = """
UPDATE action SET domain_title = asked.domain_title, standard_title = asked.standard_title
FROM (
    SELECT v.id AS version_id, d ->> 'key' AS domain_key, coalesce(d ->> 'title', '') AS domain_title,
        coalesce(s ->> 'key', '') AS standard_key, coalesce(s ->> 'title', '') AS standard_title
    FROM questionnaire_version AS v, jsonb_array_elements(v.content -> 'domains') AS d,
        LATERAL (SELECT * FROM jsonb_array_elements(d -> 'standards') UNION ALL SELECT NULL) AS each (s)
) AS asked, return AS r
WHERE r.id = action.return_id AND asked.version_id = r.version_id
    AND asked.domain_key = action.domain_key AND asked.standard_key = action.standard_key
"""
# An action that is done or dropped was so on that day.
SAID = "UPDATE action SET said_at = closed_at WHERE closed_at IS NOT NULL"

BACK_TO_KEYS = """
UPDATE action SET standard_key = 'visit-' || source_id || '-' || id WHERE source = 'visit'
"""
# Only what the step before can hold goes back: actions without a return did not exist, nor did moderation's.
GONE_BACK = "DELETE FROM action WHERE return_id IS NULL OR round_id IS NULL OR source = 'moderation'"
OLD_STATUS = """
UPDATE action SET status = CASE status WHEN 'under_way' THEN 'open' WHEN 'accepted' THEN 'done'
    WHEN 'closed' THEN 'dropped' ELSE status END
"""


def _status(name: str) -> sa.Enum:
    return sa.Enum(*STATUSES, name=name, native_enum=False, create_constraint=True, length=40)


def _allow(statuses: Sequence[str]) -> None:
    op.execute("ALTER TABLE action DROP CONSTRAINT ck_action_actionstatus")
    listed = ", ".join(f"'{status}'" for status in statuses)
    op.execute(f"ALTER TABLE action ADD CONSTRAINT ck_action_actionstatus CHECK (status IN ({listed}))")


def upgrade() -> None:
    """Go forward."""
    op.execute(SEE_ALL)
    _allow(STATUSES)
    op.alter_column("action", "return_id", nullable=True)
    op.alter_column("action", "round_id", nullable=True)
    op.add_column("action", sa.Column("source", sa.String(40), nullable=False, server_default="return"))
    op.add_column("action", sa.Column("source_id", sa.Integer(), nullable=True))
    for name in NEW_TEXTS:
        op.add_column("action", sa.Column(name, TEXT(), nullable=False, server_default=""))
    op.add_column("action", sa.Column("said_at", MOMENT(), nullable=True))
    op.add_column("action", sa.Column("reviewed_at", MOMENT(), nullable=True))
    for name in ("source", *NEW_TEXTS):
        op.alter_column("action", name, server_default=None)
    op.execute(
        "ALTER TABLE action ADD CONSTRAINT ck_action_actionsource "
        "CHECK (source IN ('return', 'moderation', 'visit'))"
    )
    op.drop_constraint("uq_action_return_id_standard_key", "action", type_="unique")
    for statement in (FROM_VISITS, TITLES, SAID):
        op.execute(statement)
    op.create_check_constraint(op.f("ck_action_promised"), "action", "source <> 'return' OR return_id IS NOT NULL")
    op.create_index(
        "uq_action_promised",
        "action",
        ["return_id", "standard_key"],
        unique=True,
        postgresql_where=sa.text("source = 'return'"),
    )
    op.create_index(op.f("ix_action_return_id"), "action", ["return_id"])
    op.create_index(op.f("ix_action_status_due_on"), "action", ["status", "due_on"])
    _notes()


def _notes() -> None:
    op.create_table(
        "action_note",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "progress",
                "comment",
                "review",
                "change",
                name="notekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("status", _status("actionstatus"), nullable=True),
        sa.Column("words", TEXT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("user_name", TEXT(), nullable=False),
        sa.Column("said_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["action.id"], name=op.f("fk_action_note_action_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_action_note_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_action_note_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_note")),
    )
    op.create_index(op.f("ix_action_note_action_id"), "action_note", ["action_id"])
    op.execute("SELECT keep_apart('action_note', 'own')")


def downgrade() -> None:
    """Go back."""
    op.execute(SEE_ALL)
    op.drop_table("action_note")
    for statement in (GONE_BACK, BACK_TO_KEYS, OLD_STATUS):
        op.execute(statement)
    op.drop_index(op.f("ix_action_status_due_on"), table_name="action")
    op.drop_index(op.f("ix_action_return_id"), table_name="action")
    op.drop_index("uq_action_promised", table_name="action")
    op.drop_constraint(op.f("ck_action_promised"), "action")
    for name in ("source", "source_id", *NEW_TEXTS, "said_at", "reviewed_at"):
        op.drop_column("action", name)
    op.create_unique_constraint("uq_action_return_id_standard_key", "action", ["return_id", "standard_key"])
    op.alter_column("action", "round_id", nullable=False)
    op.alter_column("action", "return_id", nullable=False)
    _allow(("open", "done", "dropped"))
