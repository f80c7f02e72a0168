"""Table of improvement actions."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.core.database import text_enum


class ActionStatus(StrEnum):
    """How far an action is."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Action(SQLModel, table=True):
    """What an organisation will change, who sees to it, and by when."""

    __tablename__ = "action"
    __table_args__ = (
        UniqueConstraint("return_id", "standard_key"),
        Index(None, "organisation_id", "status"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(sa_column=Column(ForeignKey("organisation.id"), nullable=False))
    return_id: int = Field(sa_column=Column(ForeignKey("return.id"), nullable=False))
    round_id: int = Field(sa_column=Column(ForeignKey("round.id"), nullable=False, index=True))
    domain_key: str
    standard_key: str
    level: str
    what: str
    owner: str
    due_on: date | None = None
    status: ActionStatus = Field(
        default=ActionStatus.OPEN, sa_column=Column(text_enum(ActionStatus), nullable=False)
    )
    created_at: datetime
    closed_at: datetime | None = None
