"""Tables of signals: what the answers of a signed return measure, and what a partnership has set."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.database import text_enum
from app.signals.rules import SignalKind


class SignalMeasure(SQLModel, table=True):
    """What the answers of one signed edition of a return measure: keys, counts and days, never a text.

    What is signed does not change, so it is measured once; signing again makes another edition.
    """

    __tablename__ = "signal_measure"

    return_id: int = Field(
        sa_column=Column(ForeignKey("return.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    edition: int
    measured: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    measured_at: datetime


class SignalSetting(SQLModel, table=True):
    """What the partnership has set for one signal; a signal without a row is as Eleven has it."""

    __tablename__ = "signal_setting"
    __table_args__ = (CheckConstraint("weight BETWEEN 0 AND 10", name="weight"),)

    kind: SignalKind = Field(sa_column=Column(text_enum(SignalKind), primary_key=True))
    switched_on: bool
    weight: int
    fires_from: int
    changed_at: datetime
