"""what an organisation reads of the audit trail: the history of its returns, without what officers judge."""

from collections.abc import Sequence

from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWN = "organisation_id = ANY ((SELECT NULLIF(current_setting('eleven.organisations', true), ''))::int[])"
# Notes of calls are for the register, judgements for officers until they are released, and then they stand
# on the feedback page. Events about visits, actions and people have no page of an organisation.
TOLD = f"""{OWN} AND subject = 'return' AND event <> 'call.logged'
AND (split_part(event, '.', 1) <> 'moderation'
    OR event IN ('moderation.asked', 'moderation.answered', 'moderation.released'))"""


def upgrade() -> None:
    """Go forward."""
    _read(TOLD)


def downgrade() -> None:
    """Go back."""
    _read(OWN)


def _read(condition: str) -> None:
    op.execute("DROP POLICY own_rows ON audit_event")
    op.execute(f"CREATE POLICY own_rows ON audit_event FOR SELECT USING ({condition})")
