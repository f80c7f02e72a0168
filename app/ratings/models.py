"""Tables of ratings: six rows for a return, so that boards never read raw answers; validated standards."""

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
    # From when the organisation sees it; its own ratings it always sees.
    released_at: datetime | None = None


NOT_APPLICABLE = "not_applicable"
NOT_ANSWERED = ""


class Opinion(StrEnum):
    """Whether a second officer has to look at a judgement before it counts, and what they said."""

    NOT_NEEDED = "not_needed"
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


COUNTING = (Opinion.NOT_NEEDED, Opinion.CONFIRMED)


class ValidatedStandard(SQLModel, table=True):
    """What an officer makes of one standard; it stands beside the answer and never changes it.

    `own` is what the organisation said in the signed `edition`, `judged` what the officer says: a level's
    key, NOT_APPLICABLE, or for `own` NOT_ANSWERED. `outdated` since an edition that changed the answer.
    """

    __tablename__ = "validated_standard"
    __table_args__ = (
        CheckConstraint("judged <> ''", name="judged"),
        CheckConstraint("version > 0", name="version"),
    )

    return_id: int = Field(foreign_key="return.id", primary_key=True)
    standard_key: str = Field(primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    domain_key: str
    edition: int
    version: int
    own: str
    judged: str
    comment: str = ""
    judged_by: int = Field(foreign_key="user_account.id")
    judged_by_name: str
    judged_at: datetime
    opinion: Opinion = Field(sa_column=Column(text_enum(Opinion), nullable=False))
    opinion_by: int | None = Field(default=None, foreign_key="user_account.id")
    opinion_by_name: str = ""
    opinion_comment: str = ""
    opinion_at: datetime | None = None
    outdated: bool = False
    released_at: datetime | None = None
