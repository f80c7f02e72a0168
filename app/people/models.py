"""Tables of people: users, their roles, sign-in links and sessions."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.core.access import OrganisationRole, PartnershipRole
from app.core.database import text_enum


class User(SQLModel, table=True):
    """A person with an email address; what they may do is in their roles."""

    __tablename__ = "user_account"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: int | None = Field(default=None, primary_key=True)
    email: str
    name: str
    created_at: datetime
    disabled_at: datetime | None = None


class PartnershipMember(SQLModel, table=True):
    """A role that a person has for the partnership."""

    __tablename__ = "partnership_member"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    role: PartnershipRole = Field(sa_column=Column(text_enum(PartnershipRole), primary_key=True))


class Membership(SQLModel, table=True):
    """A role that a person has at an organisation; one person can serve several."""

    __tablename__ = "membership"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    organisation_id: int = Field(
        sa_column=Column(ForeignKey("organisation.id"), primary_key=True, index=True)
    )
    role: OrganisationRole = Field(sa_column=Column(text_enum(OrganisationRole), primary_key=True))


class SignInLink(SQLModel, table=True):
    """A link that was mailed to a person; a click spends it, once."""

    __tablename__ = "sign_in_link"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index(None, "user_id", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    user_id: int = Field(foreign_key="user_account.id")
    token_hash: str
    created_at: datetime
    expires_at: datetime
    spent_at: datetime | None = None
    return_to: str = "/"


class LoginSession(SQLModel, table=True):
    """A browser in which a person is signed in."""

    __tablename__ = "login_session"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    user_id: int = Field(foreign_key="user_account.id", index=True)
    token_hash: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
