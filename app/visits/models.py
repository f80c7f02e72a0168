"""Tables of assurance visits. What the agency may see, and from when, is also a rule of the database."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from app.core.database import text_enum
from app.visits.enquiry import Ask, Source
from app.visits.lifecycle import VisitState
from app.visits.report import Shows
from app.visits.rules import Partner


def _visit() -> Any:
    return Column(ForeignKey("visit.id", ondelete="CASCADE"), nullable=False, index=True)


class Visit(SQLModel, table=True):
    """One assurance visit to one organisation, from its selection on."""

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("young_stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("(visit_on IS NULL) = (framework_due IS NULL)", name="dates"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    state: VisitState = Field(
        default=VisitState.SELECTED, sa_column=Column(text_enum(VisitState), nullable=False)
    )
    calibration: bool = False
    points: int = 0
    reasons: str = ""
    why: str = ""
    selected_at: datetime
    visit_on: date | None = None
    framework_due: date | None = None
    return_due: date | None = None
    waiver: str = ""
    waived_at: datetime | None = None
    # What the selection letter said; empty until it has gone.
    letter: str = ""
    letter_sent_at: datetime | None = None
    return_id: int | None = Field(default=None, foreign_key="return.id")
    framework_issued_at: datetime | None = None
    programme_at: datetime | None = None
    held_at: datetime | None = None
    highlights: str = ""
    young_stars: int | None = None
    young_comment: str = ""
    closed_at: datetime | None = None
    closed_why: str = ""


class VisitEndorsement(SQLModel, table=True):
    """What a safeguarding partner says to a proposed visit."""

    __tablename__ = "visit_endorsement"

    visit_id: int = Field(foreign_key="visit.id", primary_key=True, ondelete="CASCADE")
    partner: Partner = Field(sa_column=Column(text_enum(Partner), primary_key=True))
    organisation_id: int = Field(foreign_key="organisation.id")
    endorsed: bool
    comment: str = ""
    user_id: int = Field(foreign_key="user_account.id")
    said_at: datetime


class VisitQuestion(SQLModel, table=True):
    """A line of enquiry, and what was heard and seen about it."""

    __tablename__ = "visit_question"
    __table_args__ = (Index("uq_visit_question_draft", "visit_id", "draft_key", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    visit_id: int = Field(foreign_key="visit.id", ondelete="CASCADE")
    organisation_id: int = Field(foreign_key="organisation.id")
    # None for questions that people wrote themselves.
    draft_key: str | None = None
    source: Source = Field(sa_column=Column(text_enum(Source), nullable=False))
    domain_key: str = ""
    domain: str = ""
    ask: Ask = Field(sa_column=Column(text_enum(Ask), nullable=False))
    text: str
    why: str = ""
    position: int
    left_out: bool = False
    asked: bool = False
    heard: str = ""
    seen: str = ""
    shows: Shows = Field(default=Shows.NOTHING, sa_column=Column(text_enum(Shows), nullable=False))


class VisitSlot(SQLModel, table=True):
    """One part of a visit's programme: from when, what, and who is there."""

    __tablename__ = "visit_slot"

    id: int | None = Field(default=None, primary_key=True)
    visit_id: int = Field(sa_column=_visit())
    organisation_id: int = Field(foreign_key="organisation.id")
    begins: str
    ends: str
    what: str
    who: str = ""


class VisitReport(SQLModel, table=True):
    """The report of a visit; each change after the partners have seen it is a new edition to agree."""

    __tablename__ = "visit_report"

    visit_id: int = Field(foreign_key="visit.id", primary_key=True, ondelete="CASCADE")
    organisation_id: int = Field(foreign_key="organisation.id")
    strengths: str = ""
    development: str = ""
    consideration: str = ""
    edition: int = 1
    written_at: datetime
    released_at: datetime | None = None


class VisitAgreement(SQLModel, table=True):
    """What a safeguarding partner says to one edition of a report."""

    __tablename__ = "visit_agreement"

    visit_id: int = Field(foreign_key="visit.id", primary_key=True, ondelete="CASCADE")
    edition: int = Field(primary_key=True)
    partner: Partner = Field(sa_column=Column(text_enum(Partner), primary_key=True))
    organisation_id: int = Field(foreign_key="organisation.id")
    agreed: bool
    comment: str = ""
    user_id: int = Field(foreign_key="user_account.id")
    said_at: datetime


class VisitReply(SQLModel, table=True):
    """What the agency says about the factual accuracy of a released report."""

    __tablename__ = "visit_reply"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    visit_id: int = Field(sa_column=_visit())
    organisation_id: int = Field(foreign_key="organisation.id")
    text: str
    user_id: int = Field(foreign_key="user_account.id")
    user_name: str
    said_at: datetime


class VisitReminder(SQLModel, table=True):
    """A reminder that was queued: each goes once for its date."""

    __tablename__ = "visit_reminder"

    visit_id: int = Field(foreign_key="visit.id", primary_key=True, ondelete="CASCADE")
    key: str = Field(primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    queued_at: datetime


class VisitSeat(SQLModel, table=True):
    """Who speaks for which safeguarding partner."""

    __tablename__ = "visit_seat"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    partner: Partner = Field(sa_column=Column(text_enum(Partner), nullable=False))


class VisitSetting(SQLModel, table=True):
    """What the partnership has set: points for reasons, capacity."""

    __tablename__ = "visit_setting"

    name: str = Field(primary_key=True)
    value: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class VisitDraw(SQLModel, table=True):
    """A random draw of all-green returns: the seed and the pool, so that anybody can repeat it."""

    __tablename__ = "visit_draw"

    id: int | None = Field(default=None, primary_key=True)
    seed: int = Field(sa_type=BigInteger)
    pool: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    chosen: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    drawn_at: datetime
    drawn_by: int | None = Field(default=None, foreign_key="user_account.id")


class VisitTemplate(SQLModel, table=True):
    """A Word template of the partnership's own; the newest one in use counts."""

    __tablename__ = "visit_template"

    id: int | None = Field(default=None, primary_key=True)
    file_name: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    in_use: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    uploaded_at: datetime
    uploaded_by: int = Field(foreign_key="user_account.id")
