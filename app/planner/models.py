"""Tables of the planner: the partnership's own entries, and which occurrences of them are different."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey
from sqlmodel import Field, SQLModel

from app.core.database import text_enum
from app.planner.recurrence import Repeat
from app.planner.year import EntryKind


class PlannerEntry(SQLModel, table=True):
    """Something in the partnership's year; `first_on` to `last_on` are the days of occurrence 0.

    An organisation sees what is `for_agencies`: that is also a rule of the database.
    """

    __tablename__ = "planner_entry"
    __table_args__ = (
        CheckConstraint("last_on >= first_on", name="days"),
        CheckConstraint("(repeats = 'once') = (repeats_until IS NULL)", name="end"),
        CheckConstraint("(kind = 'own') = (own_kind <> '')", name="own_kind"),
        CheckConstraint("from_number >= 0", name="from_number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: EntryKind = Field(sa_column=Column(text_enum(EntryKind), nullable=False))
    own_kind: str = ""
    title: str
    note: str = ""
    first_on: date
    last_on: date
    repeats: Repeat = Field(default=Repeat.ONCE, sa_column=Column(text_enum(Repeat), nullable=False))
    same_weekday: bool = False
    repeats_until: date | None = None
    from_number: int = 0
    for_agencies: bool = False
    edition: int = 1
    made_at: datetime
    made_by: int = Field(foreign_key="user_account.id")
    changed_at: datetime


class PlannerException(SQLModel, table=True):
    """An occurrence that does not come as its entry says: an entry of its own replaces it, or it is off."""

    __tablename__ = "planner_exception"

    entry_id: int = Field(foreign_key="planner_entry.id", primary_key=True, ondelete="CASCADE")
    number: int = Field(primary_key=True)
    replaced_by: int | None = Field(
        default=None,
        sa_column=Column(ForeignKey("planner_entry.id", ondelete="SET NULL"), nullable=True, index=True),
    )
