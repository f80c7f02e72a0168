"""Tables of returns: what was asked of an organisation, its answers, and what it signed."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import text_enum


class ReturnState(StrEnum):
    """How far a return is. It only goes back when it is sent back or reopened, with a reason."""

    ISSUED = "issued"
    OPENED = "opened"
    IN_PROGRESS = "in_progress"
    READY = "ready"
    SIGNED = "signed"


class Return(SQLModel, table=True):
    """One organisation's return in one round.

    `facts` is what the organisation was when the return was issued: kind, phase, features, governance.
    Progress is stored, not counted on read.
    """

    __tablename__ = "return"
    __table_args__ = (
        UniqueConstraint("round_id", "organisation_id"),
        Index(None, "organisation_id"),
        Index(None, "round_id", "state"),
        CheckConstraint("answered BETWEEN 0 AND total", name="progress"),
        CheckConstraint("(state = 'signed') = (signed_at IS NOT NULL)", name="signed"),
    )

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="round.id")
    organisation_id: int = Field(foreign_key="organisation.id")
    version_id: int = Field(foreign_key="questionnaire_version.id")
    state: ReturnState = Field(
        default=ReturnState.ISSUED, sa_column=Column(text_enum(ReturnState), nullable=False)
    )
    facts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    due_on: date
    total: int
    answered: int = 0
    edition: int = 0
    issued_at: datetime
    opened_at: datetime | None = None
    started_at: datetime | None = None
    last_saved_at: datetime | None = None
    ready_at: datetime | None = None
    ready_by: int | None = Field(default=None, foreign_key="user_account.id")
    signed_at: datetime | None = None
    sent_back_at: datetime | None = None
    sent_back_reason: str | None = None


class Answer(SQLModel, table=True):
    """What an organisation says about one standard. Each accepted change raises the version by one."""

    __tablename__ = "answer"
    __table_args__ = (CheckConstraint("NOT (not_applicable AND level IS NOT NULL)", name="one_judgement"),)

    return_id: int = Field(foreign_key="return.id", primary_key=True)
    standard_key: str = Field(primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    version: int
    level: str | None = None
    not_applicable: bool = False
    not_applicable_reason: str = ""
    comment: str = ""
    evidence: str = ""
    strength: bool = False
    fact: str = ""
    action_what: str = ""
    action_owner: str = ""
    action_due: date | None = None
    updated_at: datetime
    updated_by: int = Field(foreign_key="user_account.id")


class AnswerVersion(SQLModel, table=True):
    """One save of an answer: accepted ones are its history, refused ones keep what could not be merged.

    `sent` is what the browser sent where that is not what was stored: the save was merged.
    """

    __tablename__ = "answer_version"
    __table_args__ = (Index(None, "return_id", "standard_key", "version"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    return_id: int = Field(foreign_key="return.id")
    standard_key: str
    organisation_id: int = Field(foreign_key="organisation.id")
    version: int
    accepted: bool
    values: dict[str, Any] = Field(sa_column=Column("content", JSONB, nullable=False))
    sent: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    save_key: str
    saved_at: datetime
    saved_by: int = Field(foreign_key="user_account.id")


class DomainColleague(SQLModel, table=True):
    """A domain that the lead has given to a colleague."""

    __tablename__ = "domain_colleague"

    return_id: int = Field(foreign_key="return.id", primary_key=True)
    domain_key: str = Field(primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    user_id: int = Field(foreign_key="user_account.id")


class SignedReturn(SQLModel, table=True):
    """What was signed, frozen: a trigger refuses to change it. Signing again makes the next edition."""

    __tablename__ = "signed_return"
    __table_args__ = (UniqueConstraint("return_id", "edition"),)

    id: int | None = Field(default=None, primary_key=True)
    return_id: int = Field(foreign_key="return.id")
    organisation_id: int = Field(foreign_key="organisation.id")
    edition: int
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    content_hash: str
    declaration: str
    signatory_id: int = Field(foreign_key="user_account.id")
    signatory_name: str
    signed_at: datetime


class ScanState(StrEnum):
    """What is known about an evidence file: only the middle two can be opened by anybody."""

    WAITING = "waiting"
    CLEAN = "clean"
    NOT_SCANNED = "not_scanned"
    INFECTED = "infected"


class EvidenceFile(SQLModel, table=True):
    """A file that shows how an organisation knows. The same content can be stored once for two years.

    `signed_edition` is the last signed edition that it belongs to: such a file stays, removed or not.
    """

    __tablename__ = "evidence_file"
    __table_args__ = (
        Index(None, "return_id", "standard_key"),
        Index(None, "stored_as"),
        Index(None, "scan_state", "scan_due_at"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    return_id: int = Field(foreign_key="return.id")
    standard_key: str
    name: str
    type_key: str
    size: int = Field(sa_type=BigInteger)
    sha256: str
    stored_as: str
    uploaded_at: datetime
    uploaded_by: int = Field(foreign_key="user_account.id")
    carried_from: int | None = Field(
        default=None, foreign_key="evidence_file.id", sa_type=BigInteger, ondelete="SET NULL"
    )
    scan_state: ScanState = Field(sa_column=Column(text_enum(ScanState), nullable=False))
    scan_due_at: datetime | None = None
    scan_attempts: int = 0
    scan_detail: str = ""
    scanned_at: datetime | None = None
    removed_at: datetime | None = None
    removed_by: int | None = Field(default=None, foreign_key="user_account.id")
    signed_edition: int | None = None
