"""Table of stored ratings: six rows for a return, so that boards never read raw answers."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from app.core.database import text_enum


class RatingSource(StrEnum):
    """Whose judgement a rating is; the two stand side by side and never overwrite each other."""

    SELF = "self"
    VALIDATED = "validated"


class StoredRating(SQLModel, table=True):
    """The rating of one domain of one return, with its reasons, as of the day it was made."""

    __tablename__ = "domain_rating"
    __table_args__ = (
        UniqueConstraint("return_id", "domain_key", "source"),
        Index(None, "round_id", "domain_key", "outcome"),
        CheckConstraint("outcome IN ('red', 'amber', 'green', 'insufficient', 'not_rated')", name="outcome"),
    )

    id: int | None = Field(default=None, primary_key=True)
    return_id: int = Field(sa_column=Column(ForeignKey("return.id"), nullable=False))
    round_id: int = Field(sa_column=Column(ForeignKey("round.id"), nullable=False))
    organisation_id: int = Field(sa_column=Column(ForeignKey("organisation.id"), nullable=False, index=True))
    domain_key: str
    position: int
    source: RatingSource = Field(sa_column=Column(text_enum(RatingSource), nullable=False))
    outcome: str
    rule: str
    applicable: int
    answered: int
    points: int
    possible: int
    share_percent: int
    reds: int
    ambers: int
    greens: int
    critical_reds: int
    unevidenced: int
    deciding: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    thresholds: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    rated_at: datetime
