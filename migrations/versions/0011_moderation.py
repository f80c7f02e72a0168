"""moderation: validated standards, who moderates what, questions and answers, declared interests."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime

# An organisation sees what officers made of its answers once that is released, and answers what it is asked.
RELEASED = "organisation_id = {mine} AND released_at IS NOT NULL"
KEPT_APART = (
    f"('moderation', 'read', '{RELEASED}')",
    f"('validated_standard', 'read', '{RELEASED}')",
    "('moderation_message', 'own')",
    "('moderation_share', 'none')",
    "('declared_interest', 'none')",
)
OWN_RATINGS = "organisation_id = {mine} AND (source = ''self'' OR released_at IS NOT NULL)"


def upgrade() -> None:
    """Go forward."""
    op.add_column("domain_rating", sa.Column("released_at", MOMENT(), nullable=True))
    _validated_standard()
    _moderation()
    _moderation_share()
    _moderation_message()
    _declared_interest()
    for table in KEPT_APART:
        op.execute(f"SELECT keep_apart{table}")
    op.execute("DROP POLICY kept_apart ON domain_rating")
    op.execute(f"SELECT keep_apart('domain_rating', 'own', '{OWN_RATINGS}')")


def downgrade() -> None:
    """Go back."""
    op.execute("DROP POLICY kept_apart ON domain_rating")
    op.execute("SELECT keep_apart('domain_rating', 'own')")
    for table in (
        "declared_interest",
        "moderation_message",
        "moderation_share",
        "moderation",
        "validated_standard",
    ):
        op.drop_table(table)
    op.drop_column("domain_rating", "released_at")


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=op.f(f"fk_{table}_{column}"))


def _validated_standard() -> None:
    name = "validated_standard"
    opinions = ("not_needed", "waiting", "confirmed", "refused")
    op.create_table(
        name,
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("standard_key", TEXT(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("domain_key", TEXT(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("own", TEXT(), nullable=False),
        sa.Column("judged", TEXT(), nullable=False),
        sa.Column("comment", TEXT(), nullable=False),
        sa.Column("judged_by", sa.Integer(), nullable=False),
        sa.Column("judged_by_name", TEXT(), nullable=False),
        sa.Column("judged_at", MOMENT(), nullable=False),
        sa.Column(
            "opinion",
            sa.Enum(*opinions, name="opinion", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("opinion_by", sa.Integer(), nullable=True),
        sa.Column("opinion_by_name", TEXT(), nullable=False),
        sa.Column("opinion_comment", TEXT(), nullable=False),
        sa.Column("opinion_at", MOMENT(), nullable=True),
        sa.Column("outdated", sa.Boolean(), nullable=False),
        sa.Column("released_at", MOMENT(), nullable=True),
        sa.CheckConstraint("judged <> ''", name=op.f(f"ck_{name}_judged")),
        sa.CheckConstraint("version > 0", name=op.f(f"ck_{name}_version")),
        _key(name, "return_id", "return.id"),
        _key(name, "organisation_id", "organisation.id"),
        _key(name, "judged_by", "user_account.id"),
        _key(name, "opinion_by", "user_account.id"),
        sa.PrimaryKeyConstraint("return_id", "standard_key", name=op.f(f"pk_{name}")),
    )


def _moderation() -> None:
    name = "moderation"
    op.create_table(
        name,
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("begun_at", MOMENT(), nullable=False),
        sa.Column("released_at", MOMENT(), nullable=True),
        sa.Column("released_by", sa.Integer(), nullable=True),
        _key(name, "return_id", "return.id"),
        _key(name, "organisation_id", "organisation.id"),
        _key(name, "released_by", "user_account.id"),
        sa.PrimaryKeyConstraint("return_id", name=op.f(f"pk_{name}")),
    )


def _moderation_share() -> None:
    name = "moderation_share"
    op.create_table(
        name,
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("domain_key", TEXT(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("shared_at", MOMENT(), nullable=False),
        _key(name, "return_id", "return.id"),
        _key(name, "organisation_id", "organisation.id"),
        _key(name, "user_id", "user_account.id"),
        sa.PrimaryKeyConstraint("return_id", "domain_key", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_user_id"), name, ["user_id"], unique=False)


def _moderation_message() -> None:
    name = "moderation_message"
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("return_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("domain_key", TEXT(), nullable=False),
        sa.Column("standard_key", TEXT(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("text", TEXT(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("user_name", TEXT(), nullable=False),
        sa.Column("said_at", MOMENT(), nullable=False),
        _key(name, "return_id", "return.id"),
        _key(name, "organisation_id", "organisation.id"),
        _key(name, "user_id", "user_account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(
        op.f(f"ix_{name}_return_id_standard_key"), name, ["return_id", "standard_key"], unique=False
    )


def _declared_interest() -> None:
    name = "declared_interest"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("what", TEXT(), nullable=False),
        sa.Column("declared_at", MOMENT(), nullable=False),
        sa.Column("ended_at", MOMENT(), nullable=True),
        _key(name, "user_id", "user_account.id"),
        _key(name, "organisation_id", "organisation.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(
        f"uq_{name}_standing",
        name,
        ["user_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
