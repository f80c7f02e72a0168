"""Tables of moderation: how far each return's is, who does it, what was asked, and declared interests."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel


class Moderation(SQLModel, table=True):
    """The moderation of one return: which signed edition it looks at, and whether it is released."""

    __tablename__ = "moderation"

    return_id: int = Field(foreign_key="return.id", primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    edition: int
    begun_at: datetime
    released_at: datetime | None = None
    released_by: int | None = Field(default=None, foreign_key="user_account.id")


class ModerationShare(SQLModel, table=True):
    """Who moderates one domain of one return."""

    __tablename__ = "moderation_share"

    return_id: int = Field(foreign_key="return.id", primary_key=True)
    domain_key: str = Field(primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    user_id: int = Field(foreign_key="user_account.id", index=True)
    shared_at: datetime


class ModerationMessage(SQLModel, table=True):
    """One message of the thread on a standard: the officer asks, the organisation answers."""

    __tablename__ = "moderation_message"
    __table_args__ = (Index(None, "return_id", "standard_key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    return_id: int = Field(foreign_key="return.id")
    organisation_id: int = Field(foreign_key="organisation.id")
    domain_key: str
    standard_key: str
    asks: bool
    text: str
    user_id: int = Field(foreign_key="user_account.id")
    user_name: str
    said_at: datetime


class DeclaredInterest(SQLModel, table=True):
    """An organisation that somebody of the partnership does not moderate, and why."""

    __tablename__ = "declared_interest"
    __table_args__ = (
        Index(
            "uq_declared_interest_standing",
            "user_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(sa_column=Column(ForeignKey("user_account.id"), nullable=False))
    organisation_id: int = Field(foreign_key="organisation.id")
    what: str
    declared_at: datetime
    ended_at: datetime | None = None
