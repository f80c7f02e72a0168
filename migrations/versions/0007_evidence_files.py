"""evidence files."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
TABLE = "evidence_file"
REFERENCES = {
    "organisation_id": "organisation.id",
    "return_id": "return.id",
    "uploaded_by": "user_account.id",
    "carried_from": "evidence_file.id",
    "removed_by": "user_account.id",
}


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("standard_key", TEXT(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("type_key", TEXT(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", TEXT(), nullable=False),
        sa.Column("stored_as", TEXT(), nullable=False),
        sa.Column("uploaded_at", MOMENT(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("carried_from", sa.BigInteger(), nullable=True),
        sa.Column(
            "scan_state",
            sa.Enum(
                "waiting",
                "clean",
                "not_scanned",
                "infected",
                name="scanstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("scan_due_at", MOMENT(), nullable=True),
        sa.Column("scan_attempts", sa.Integer(), nullable=False),
        sa.Column("scan_detail", TEXT(), nullable=False),
        sa.Column("scanned_at", MOMENT(), nullable=True),
        sa.Column("removed_at", MOMENT(), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.Column("signed_edition", sa.Integer(), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_file_size")),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)", name=op.f("ck_evidence_file_removed")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [target],
                name=op.f(f"fk_{TABLE}_{column}"),
                # Retention deletes the year that it came from; the file stays with the year that it came to.
                ondelete="SET NULL" if column == "carried_from" else None,
            )
            for column, target in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    for columns in (
        ["organisation_id"],
        ["return_id", "standard_key"],
        ["stored_as"],
        ["scan_state", "scan_due_at"],
    ):
        op.create_index(op.f(f"ix_{TABLE}_{'_'.join(columns)}"), TABLE, columns)
    op.execute(f"SELECT keep_apart('{TABLE}', 'own')")


def downgrade() -> None:
    """Go back."""
    op.drop_table(TABLE)
