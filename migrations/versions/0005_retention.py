"""what retention did; answers and signatures of closed rounds may end when their time is over."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What retention deletes of a return although nobody may change it. Published questionnaires and the audit
# trail stay frozen without exception.
TABLES = ("answer_version", "signed_return")


def _freeze(function: str) -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_is_frozen ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "retention_run",
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("rule", "day", name=op.f("pk_retention_run")),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change_but_retention() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('eleven.retention', true) = 'on' AND EXISTS (
                SELECT 1 FROM "return" JOIN round ON round.id = "return".round_id
                WHERE "return".id = OLD.return_id AND round.state = 'closed'
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    _freeze("refuse_change_but_retention")
    # The trigger says when: migration 0003 had taken the right away altogether.
    op.execute("GRANT DELETE ON answer_version, signed_return TO eleven_app")


def downgrade() -> None:
    """Go back."""
    _freeze("refuse_change")
    op.execute("REVOKE DELETE ON answer_version, signed_return FROM eleven_app")
    op.execute("DROP FUNCTION refuse_change_but_retention()")
    op.drop_table("retention_run")
