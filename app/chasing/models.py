"""Tables of chasing: the call log, what a round sends when, what was sent, and who is left alone."""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.chasing.stages import StageKind
from app.core.database import text_enum


class CallOutcome(StrEnum):
    """What came of a call."""

    SPOKE = "spoke"
    MESSAGE = "message"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


class Call(SQLModel, table=True):
    """A telephone call to an organisation about its return, in one line."""

    __tablename__ = "call"

    id: int | None = Field(default=None, primary_key=True)
    return_id: int = Field(foreign_key="return.id", index=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    called_at: datetime
    called_by: int = Field(foreign_key="user_account.id")
    caller_name: str
    outcome: CallOutcome = Field(sa_column=Column(text_enum(CallOutcome), nullable=False))
    note: str = ""
    next_on: date | None = None


class ChasePlan(SQLModel, table=True):
    """A round's own schedule; a round without one follows Eleven's."""

    __tablename__ = "chase_plan"
    __table_args__ = (CheckConstraint("send_from < send_until", name="hours"),)

    round_id: int = Field(foreign_key="round.id", primary_key=True)
    send_from: time
    send_until: time
    named_person: str = ""
    named_address: str = ""
    changed_at: datetime


class ChaseStage(SQLModel, table=True):
    """One stage of a round's own schedule: so many days before or after the due date, to whom."""

    __tablename__ = "chase_stage"
    __table_args__ = (
        UniqueConstraint("round_id", "key"),
        CheckConstraint("days BETWEEN -120 AND 120", name="days"),
    )

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="round.id")
    key: str
    days: int
    kind: StageKind = Field(sa_column=Column(text_enum(StageKind), nullable=False))
    states: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))


class Pause(SQLModel, table=True):
    """A time in which a round, or one organisation in it, is sent nothing; `ends_on` is its last day."""

    __tablename__ = "chase_pause"
    __table_args__ = (Index(None, "round_id", "organisation_id"),)

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="round.id")
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    reason: str
    begun_at: datetime
    begun_by: int = Field(foreign_key="user_account.id")
    ends_on: date | None = None
    ended_at: datetime | None = None


class ExemptionKind(StrEnum):
    """Why an organisation owes no answer in a round."""

    MERGED = "merged"
    CLOSED = "closed"
    ELSEWHERE = "elsewhere"
    OTHER = "other"


class Exemption(SQLModel, table=True):
    """An organisation that owes no answer in a round, and why; one without `lifted_at` is in force."""

    __tablename__ = "exemption"
    __table_args__ = (
        Index("uq_exemption_in_force", "return_id", unique=True, postgresql_where=text("lifted_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    return_id: int = Field(foreign_key="return.id")
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    kind: ExemptionKind = Field(sa_column=Column(text_enum(ExemptionKind), nullable=False))
    reason: str
    made_at: datetime
    made_by: int = Field(foreign_key="user_account.id")
    lifted_at: datetime | None = None


class Extension(SQLModel, table=True):
    """More time for one return, and why. The newest one gives the due date."""

    __tablename__ = "extension"
    __table_args__ = (CheckConstraint("due_on > due_before", name="later"),)

    id: int | None = Field(default=None, primary_key=True)
    return_id: int = Field(foreign_key="return.id", index=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    due_before: date
    due_on: date
    reason: str
    made_at: datetime
    made_by: int = Field(foreign_key="user_account.id")


class TermDates(SQLModel, table=True):
    """A term of the partnership's schools, first and last day included."""

    __tablename__ = "term_dates"
    __table_args__ = (
        UniqueConstraint("first_on"),
        CheckConstraint("first_on <= last_on", name="order"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    first_on: date
    last_on: date


class ChaseBatch(SQLModel, table=True):
    """Mails that somebody sent to a selection at once."""

    __tablename__ = "chase_batch"

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="round.id", index=True)
    made_at: datetime
    made_by: int = Field(foreign_key="user_account.id")
    save_key: str = Field(unique=True)


class MessageOutcome(StrEnum):
    """What became of a chase message."""

    WAITING = "waiting"
    SENT = "sent"
    STALE = "stale"
    FAILED = "failed"
    BOUNCED = "bounced"


class ChaseMessage(SQLModel, table=True):
    """What one person is told about one return at one stage: unique by its dedupe key.

    Several of them to one person leave as one mail of the outbox.
    """

    __tablename__ = "chase_message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index(None, "round_id", "stage_key", "outcome"),
        Index(None, "return_id", "due_on"),
        Index(None, "outbox_id"),
        Index(None, "batch_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    dedupe_key: str
    round_id: int = Field(foreign_key="round.id")
    return_id: int = Field(foreign_key="return.id")
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    batch_id: int | None = Field(default=None, foreign_key="chase_batch.id")
    stage_key: str
    kind: StageKind = Field(sa_column=Column(text_enum(StageKind), nullable=False))
    due_on: date
    state_then: str
    address: str
    user_id: int | None = Field(default=None, foreign_key="user_account.id")
    queued_at: datetime
    outbox_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("outbox_message.id"), nullable=True)
    )
    outcome: MessageOutcome = Field(
        default=MessageOutcome.WAITING, sa_column=Column(text_enum(MessageOutcome), nullable=False)
    )
    settled_at: datetime | None = None
    why_not: str = ""


class CalendarFeed(SQLModel, table=True):
    """A person's calendar address; a new number, drawn at random, makes the old address worthless."""

    __tablename__ = "calendar_feed"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    number: int
    made_at: datetime
