"""the chain over the audit trail, and who read what."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime

# The triggers of 0001 look at rows; emptying a table at once passes them by.
FROZEN_TABLES = ("questionnaire_version", "signed_return", "audit_event", "answer_version", "audit_seal")

OWN_READINGS = """
CREATE POLICY own_rows ON reading FOR SELECT
USING (organisation_id = ANY ((SELECT NULLIF(current_setting('eleven.organisations', true), ''))::int[]))
"""


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "audit_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", MOMENT(), nullable=False),
        sa.Column("previous", TEXT(), nullable=False),
        sa.Column("hash", TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_seal_event_id")),
    )
    op.create_index(op.f("ix_audit_event_at_id"), "audit_event", ["at", "id"])
    op.create_index(op.f("ix_audit_event_actor_id_at"), "audit_event", ["actor_id", "at"])
    op.create_index(op.f("ix_audit_event_event_at"), "audit_event", ["event", "at"])
    op.execute(
        "CREATE TRIGGER audit_seal_is_frozen BEFORE UPDATE OR DELETE ON audit_seal "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    for table in FROZEN_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("REVOKE UPDATE, DELETE ON audit_seal FROM eleven_app")
    _reading()


def _reading() -> None:
    op.create_table(
        "reading",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT(), nullable=False),
        sa.Column("hour", MOMENT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", TEXT(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("what", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_reading_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
        sa.UniqueConstraint(
            "user_id", "subject", "subject_id", "what", "hour", name=op.f("uq_reading_user_id_subject_subject_id_what_hour")
        ),
    )
    op.create_index(op.f("ix_reading_subject_subject_id_id"), "reading", ["subject", "subject_id", "id"])
    op.create_index(op.f("ix_reading_organisation_id_id"), "reading", ["organisation_id", "id"])
    op.execute("SELECT keep_apart('reading', 'hand_in')")
    op.execute(OWN_READINGS)
    # Old readings are deleted when their time is over, but none is ever changed.
    op.execute(
        "CREATE TRIGGER reading_is_not_changed BEFORE UPDATE ON reading "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("reading")
    op.drop_table("audit_seal")
    for table in FROZEN_TABLES[:-1]:
        op.execute(f"DROP TRIGGER {table}_is_kept ON {table}")
    for index in ("at_id", "actor_id_at", "event_at"):
        op.drop_index(op.f(f"ix_audit_event_{index}"), table_name="audit_event")
