"""Tables that every room writes to: the audit trail and the outbox."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import text_enum


class AuditEvent(SQLModel, table=True):
    """One change by one person, written in the same transaction as the change."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "subject", "subject_id", "id"),
        Index(None, "organisation_id", "id"),
        Index(None, "at", "id"),
        Index(None, "actor_id", "at"),
        Index(None, "event", "at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime
    actor_id: int | None = Field(default=None)
    actor_name: str
    event: str
    subject: str
    subject_id: int
    organisation_id: int | None = None
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class AuditSeal(SQLModel, table=True):
    """One link of the chain over the audit trail: see app/core/audit_chain.py. It is never changed.

    No foreign key leads to the event: the chain must be able to say that an event is gone.
    """

    __tablename__ = "audit_seal"
    __table_args__ = (UniqueConstraint("event_id"),)

    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, sa_type=BigInteger)
    event_id: int = Field(sa_type=BigInteger)
    sealed_at: datetime
    previous: str
    hash: str


class Reading(SQLModel, table=True):
    """Somebody looked at something or took it away: one row for a person, a thing and a clock hour."""

    __tablename__ = "reading"
    __table_args__ = (
        UniqueConstraint("user_id", "subject", "subject_id", "what", "hour"),
        Index(None, "subject", "subject_id", "id"),
        Index(None, "organisation_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime
    hour: datetime
    user_id: int = Field(foreign_key="user_account.id")
    session_id: int | None = Field(default=None, sa_type=BigInteger)
    subject: str
    subject_id: int
    organisation_id: int | None = None
    what: str


class MessageState(StrEnum):
    """How far a message got."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    STALE = "stale"


class OutboxMessage(SQLModel, table=True):
    """A mail that is owed to a person, written in the transaction of its cause."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(None, "state", "due_at"),
        Index(None, "sent_at"),
        Index(None, "provider_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    dedupe_key: str
    kind: str
    recipient: str
    subject: str
    body: str
    organisation_id: int | None = Field(default=None, index=True)
    state: MessageState = Field(
        default=MessageState.WAITING, sa_column=Column(text_enum(MessageState), nullable=False)
    )
    created_at: datetime
    due_at: datetime
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    message_id: str
    last_error: str | None = None
    # What the mail service calls it, what it last said about it, and when it was last asked.
    provider_id: str | None = None
    delivery: str | None = None
    asked_at: datetime | None = None


class AddressFault(StrEnum):
    """How we learned that mails to an address do not arrive."""

    REFUSED = "refused"
    REPORTED = "reported"
    BY_HAND = "by_hand"


class UndeliverableAddress(SQLModel, table=True):
    """An address that mails do not reach: nothing is sent there until somebody says that it works again."""

    __tablename__ = "undeliverable_address"
    __table_args__ = (CheckConstraint("address = lower(address)", name="address_lower"),)

    address: str = Field(primary_key=True)
    fault: AddressFault = Field(sa_column=Column(text_enum(AddressFault), nullable=False))
    detail: str = ""
    since: datetime
    marked_by: int | None = Field(default=None)


class MailText(SQLModel, table=True):
    """A partnership's own words for one kind of mail; without a row Eleven's words are used."""

    __tablename__ = "mail_text"

    key: str = Field(primary_key=True)
    subject: str
    body: str
    updated_at: datetime
    updated_by: int
