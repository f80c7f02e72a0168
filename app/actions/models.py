"""Tables of improvement actions, and of what was said about each."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from app.actions.rules import ActionStatus
from app.core.database import text_enum

__all__ = ["Action", "ActionNote", "ActionSource", "ActionStatus", "NoteKind"]


class ActionSource(StrEnum):
    """What an action came from."""

    RETURN = "return"
    MODERATION = "moderation"
    VISIT = "visit"


class NoteKind(StrEnum):
    """What somebody said about an action: how far it is, a remark, the review, or other terms."""

    PROGRESS = "progress"
    COMMENT = "comment"
    REVIEW = "review"
    CHANGE = "change"


class Action(SQLModel, table=True):
    """What an organisation will change, who sees to it, and by when.

    The titles are those of the day on which it was agreed: a standard can go, its actions stay. One from a
    visit or from moderation can stand without a return, and belongs to a domain when it names no standard.
    `said_at` is when the organisation last said how far it is, `reminded` what its last reminder was about.
    """

    __tablename__ = "action"
    __table_args__ = (
        # Signing again updates what was promised: one action for each standard of a return.
        Index(
            "uq_action_promised",
            "return_id",
            "standard_key",
            unique=True,
            postgresql_where=text("source = 'return'"),
        ),
        Index(None, "organisation_id", "status"),
        Index(None, "status", "due_on"),
        Index(None, "return_id"),
        CheckConstraint("source <> 'return' OR return_id IS NOT NULL", name="promised"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(sa_column=Column(ForeignKey("organisation.id"), nullable=False))
    return_id: int | None = Field(default=None, sa_column=Column(ForeignKey("return.id")))
    round_id: int | None = Field(default=None, sa_column=Column(ForeignKey("round.id"), index=True))
    source: ActionSource = Field(
        default=ActionSource.RETURN, sa_column=Column(text_enum(ActionSource), nullable=False)
    )
    source_id: int | None = None
    domain_key: str
    domain_title: str = ""
    standard_key: str
    standard_title: str = ""
    level: str
    what: str
    owner: str
    due_on: date | None = None
    status: ActionStatus = Field(
        default=ActionStatus.OPEN, sa_column=Column(text_enum(ActionStatus), nullable=False)
    )
    progress: str = ""
    said_at: datetime | None = None
    reviewed_at: datetime | None = None
    reminded: str = ""
    created_at: datetime
    closed_at: datetime | None = None


class ActionNote(SQLModel, table=True):
    """What somebody said about an action, both sides in one list; `status` is what it became by it."""

    __tablename__ = "action_note"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    action_id: int = Field(
        sa_column=Column(ForeignKey("action.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    kind: NoteKind = Field(sa_column=Column(text_enum(NoteKind), nullable=False))
    status: ActionStatus | None = Field(default=None, sa_column=Column(text_enum(ActionStatus)))
    words: str
    user_id: int = Field(foreign_key="user_account.id")
    user_name: str
    said_at: datetime
