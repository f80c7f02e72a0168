"""Table of the call log."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

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
