"""Tables of people: users, their roles, sign-in links, sessions and second factors."""

from datetime import date, datetime

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
    # Codes that were typed for it in browsers that did not ask for it.
    tries: int = 0


class SignInRequest(SQLModel, table=True):
    """A browser that asked for a link: a link of the same person is spent there with one click.

    Any other browser must show that it knows the code of one that asked.
    """

    __tablename__ = "sign_in_request"
    __table_args__ = (Index(None, "expires_at"),)

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    browser_mark: str = Field(primary_key=True)
    code_mark: str
    expires_at: datetime
    return_to: str = "/"


class LoginSession(SQLModel, table=True):
    """A browser in which a person is signed in.

    `last_seen_at` is the last change that was made there; looking at pages is noted in the browser's own
    signed cookie, because reading changes no row. `factor_at` is when the second factor was passed.
    """

    __tablename__ = "login_session"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    user_id: int = Field(foreign_key="user_account.id", index=True)
    token_hash: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    last_seen_at: datetime
    browser: str = ""
    factor_at: datetime | None = None
    factor_tries: int = 0


class SecondFactor(SQLModel, table=True):
    """A person's authenticator app: its secret, sealed, and the last step whose code was used."""

    __tablename__ = "second_factor"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    sealed_secret: str
    last_step: int = Field(sa_type=BigInteger)
    set_up_at: datetime


class RecoveryCode(SQLModel, table=True):
    """A code for the day on which the authenticator app is lost: a keyed mark, spent once."""

    __tablename__ = "recovery_code"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    code_mark: str = Field(primary_key=True)
    spent_at: datetime | None = None


class RateLimit(SQLModel, table=True):
    """How far somebody has drawn on an allowance: it is whole again at `ready_at`."""

    __tablename__ = "rate_limit"
    __table_args__ = (Index(None, "ready_at"),)

    key: str = Field(primary_key=True)
    ready_at: datetime


class RetentionRun(SQLModel, table=True):
    """What a rule of retention did on a day: counted batch by batch, so that a killed worker loses none."""

    __tablename__ = "retention_run"

    rule: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    removed: int = 0
    finished_at: datetime | None = None
