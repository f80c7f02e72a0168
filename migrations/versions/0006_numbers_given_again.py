"""numbers that a register gives again: only URNs and our own codes are unique."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.drop_constraint(op.f("uq_identifier_scheme_value"), "identifier", type_="unique")
    op.create_index(op.f("ix_identifier_scheme_value"), "identifier", ["scheme", "value"])
    op.create_index(
        "uq_identifier_own_number",
        "identifier",
        ["scheme", "value"],
        unique=True,
        postgresql_where=sa.text("scheme IN ('urn', 'slug')"),
    )


def downgrade() -> None:
    """Go back: of a number that was given again, only its newest holder keeps it."""
    op.execute(
        "DELETE FROM identifier older USING identifier newer "
        "WHERE older.scheme = newer.scheme AND older.value = newer.value AND older.id < newer.id"
    )
    op.drop_index("uq_identifier_own_number", table_name="identifier")
    op.drop_index(op.f("ix_identifier_scheme_value"), table_name="identifier")
    op.create_unique_constraint(op.f("uq_identifier_scheme_value"), "identifier", ["scheme", "value"])
