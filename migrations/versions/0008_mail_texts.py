"""a partnership's own words, addresses that mails do not reach, term dates."""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "mail_text",
        sa.Column("key", TEXT(), nullable=False),
        sa.Column("subject", TEXT(), nullable=False),
        sa.Column("body", TEXT(), nullable=False),
        sa.Column("updated_at", MOMENT(), nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mail_text")),
    )
    op.create_table(
        "term_dates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_term_dates_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_dates")),
        sa.UniqueConstraint("first_on", name=op.f("uq_term_dates_first_on")),
    )
    op.create_table(
        "undeliverable_address",
        sa.Column("address", TEXT(), nullable=False),
        sa.Column(
            "fault",
            sa.Enum(
                "refused",
                "reported",
                "by_hand",
                name="addressfault",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("detail", TEXT(), nullable=False),
        sa.Column("since", MOMENT(), nullable=False),
        sa.Column("marked_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("address = lower(address)", name=op.f("ck_undeliverable_address_address_lower")),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_undeliverable_address")),
    )
    op.add_column("outbox_message", sa.Column("provider_id", TEXT(), nullable=True))
    op.add_column("outbox_message", sa.Column("delivery", TEXT(), nullable=True))
    op.add_column("outbox_message", sa.Column("asked_at", MOMENT(), nullable=True))
    op.create_index(op.f("ix_outbox_message_provider_id"), "outbox_message", ["provider_id"], unique=False)
    op.create_index(op.f("ix_outbox_message_sent_at"), "outbox_message", ["sent_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_outbox_message_sent_at"), table_name="outbox_message")
    op.drop_index(op.f("ix_outbox_message_provider_id"), table_name="outbox_message")
    op.drop_column("outbox_message", "asked_at")
    op.drop_column("outbox_message", "delivery")
    op.drop_column("outbox_message", "provider_id")
    op.drop_table("undeliverable_address")
    op.drop_table("term_dates")
    op.drop_table("mail_text")
