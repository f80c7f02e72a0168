"""Tables of the register: organisations, their identifiers, successors and contacts, and imports."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from app.core.database import text_enum


class OrganisationStatus(StrEnum):
    """Whether an organisation is asked at all."""

    OPEN = "open"
    CLOSING = "closing"
    GONE = "gone"


class Organisation(SQLModel, table=True):
    """An agency, school or college with a safeguarding duty.

    The row is the continuing body: a conversion to an academy gives it a new URN, not a new row, so that
    its returns stay together. What it was on the day of a return is frozen in the return.
    """

    __tablename__ = "organisation"
    __table_args__ = (Index(None, "kind", "phase"), Index(None, "name"))

    id: int | None = Field(default=None, primary_key=True)
    name: str
    kind: str
    duty: str
    governance: str
    phase: str = "not_applicable"
    features: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    status: OrganisationStatus = Field(
        default=OrganisationStatus.OPEN, sa_column=Column(text_enum(OrganisationStatus), nullable=False)
    )
    low_age: int | None = None
    high_age: int | None = None
    pupils: int | None = None
    district: str = ""
    address: str = ""
    postcode: str = ""
    telephone: str = ""
    website: str = ""
    head_name: str = ""
    head_job_title: str = ""
    trust_code: str = Field(default="", index=True)
    trust_name: str = ""
    opened_on: date | None = None
    closes_on: date | None = None
    created_at: datetime
    updated_at: datetime


class Identifier(SQLModel, table=True):
    """A name that a register knows an organisation by, with the days on which it held.

    A URN or a code of ours is never given twice; registers do give other numbers again, a LAESTAB to the
    academy that a school became.
    """

    __tablename__ = "identifier"
    __table_args__ = (
        Index(
            "uq_identifier_own_number",
            "scheme",
            "value",
            unique=True,
            postgresql_where=text("scheme IN ('urn', 'slug')"),
        ),
        Index(None, "scheme", "value"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    scheme: str
    value: str
    valid_from: date | None = None
    valid_to: date | None = None


class Succession(SQLModel, table=True):
    """An organisation that took over from another: history follows it."""

    __tablename__ = "succession"
    __table_args__ = (CheckConstraint("predecessor_id <> successor_id", name="not_itself"),)

    predecessor_id: int = Field(foreign_key="organisation.id", primary_key=True)
    successor_id: int = Field(foreign_key="organisation.id", primary_key=True, index=True)
    merged: bool = False
    on_date: date | None = None


class Contact(SQLModel, table=True):
    """A person's place at an organisation: whom to write to and to ring, and as what."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("organisation_id", "user_id", "role"), Index(None, "user_id"))

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    user_id: int = Field(foreign_key="user_account.id")
    role: str
    telephone: str = ""
    created_at: datetime
    ended_at: datetime | None = None


class HandOverState(StrEnum):
    """What became of a hand-over."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class HandOver(SQLModel, table=True):
    """Somebody who leaves their work at an organisation names who takes over; a board manager confirms."""

    __tablename__ = "hand_over"
    __table_args__ = (
        # One at a time: a second one says so, instead of moving the same rights twice.
        Index(
            "uq_hand_over_waiting",
            "organisation_id",
            "leaver_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    leaver_id: int = Field(foreign_key="user_account.id", index=True)
    name: str
    email: str
    note: str = ""
    asked_at: datetime
    state: HandOverState = Field(
        default=HandOverState.WAITING, sa_column=Column(text_enum(HandOverState), nullable=False)
    )
    decided_at: datetime | None = None
    decided_by: int | None = Field(default=None, foreign_key="user_account.id")
    reason: str = ""


class ImportState(StrEnum):
    """How far an import got: looked at, applied in one transaction, or thrown away."""

    PREVIEW = "preview"
    APPLIED = "applied"
    DISCARDED = "discarded"


class RegisterImport(SQLModel, table=True):
    """A file that was read: its rows, and what it would change, until somebody applies it."""

    __tablename__ = "register_import"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    file_name: str
    la_code: str = ""
    uploaded_by: int | None = Field(default=None, foreign_key="user_account.id")
    uploaded_at: datetime
    state: ImportState = Field(
        default=ImportState.PREVIEW, sa_column=Column(text_enum(ImportState), nullable=False)
    )
    applied_at: datetime | None = None
    rows: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    preview: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
