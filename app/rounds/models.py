"""Tables of rounds: a questionnaire, an audience, dates."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.core.database import text_enum


class RoundState(StrEnum):
    """Where a round is: being prepared, collecting returns, or closed."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Round(SQLModel, table=True):
    """A questionnaire issued to an audience, with the day on which answers are due."""

    __tablename__ = "round"
    __table_args__ = (CheckConstraint("due_on >= opens_on", name="dates"),)

    id: int | None = Field(default=None, primary_key=True)
    title: str
    version_id: int = Field(foreign_key="questionnaire_version.id")
    school_year: str
    opens_on: date
    due_on: date
    state: RoundState = Field(
        default=RoundState.DRAFT, sa_column=Column(text_enum(RoundState), nullable=False)
    )
    kinds: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    phases: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    previous_round_id: int | None = Field(default=None, foreign_key="round.id")
    created_at: datetime
    closed_at: datetime | None = None


class RoundException(SQLModel, table=True):
    """A single organisation that is in a round, or out of it, whatever its kind says."""

    __tablename__ = "round_exception"

    round_id: int = Field(foreign_key="round.id", primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", primary_key=True)
    included: bool
