"""Reads of stored ratings."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import select
from sqlmodel import Session, col

from app.questionnaires.definition import RatingRule
from app.ratings.models import RatingSource, StoredRating
from app.ratings.rules import DomainRating, Outcome

RATING_COLUMNS = (
    col(StoredRating.domain_key),
    col(StoredRating.outcome),
    col(StoredRating.rule),
    col(StoredRating.applicable),
    col(StoredRating.answered),
    col(StoredRating.points),
    col(StoredRating.possible),
    col(StoredRating.share_percent),
    col(StoredRating.reds),
    col(StoredRating.ambers),
    col(StoredRating.greens),
    col(StoredRating.critical_reds),
    col(StoredRating.unevidenced),
    col(StoredRating.deciding),
    col(StoredRating.thresholds),
)


def rating_of(row: tuple[object, ...]) -> DomainRating:
    """Return a stored rating as the rule made it, from a row of RATING_COLUMNS."""
    *values, deciding, thresholds = row
    assert isinstance(deciding, list)  # noqa: S101 - narrows the type of an ARRAY column
    assert isinstance(thresholds, dict)  # noqa: S101 - narrows the type of a JSON column
    return DomainRating(*values, tuple(deciding), RatingRule(**thresholds))  # type: ignore[arg-type, call-arg]


def ratings_of(
    session: Session, return_id: int, source: RatingSource = RatingSource.SELF
) -> dict[str, DomainRating]:
    """Return the stored ratings of a return by domain, in the questionnaire's order.

    The caller has made sure that the person may read the return.
    """
    rows = session.execute(
        select(*RATING_COLUMNS)
        .where(col(StoredRating.return_id) == return_id, col(StoredRating.source) == source)
        .order_by(col(StoredRating.position))
    )
    return {row[0]: rating_of(tuple(row)) for row in rows}


def peer_outcomes(
    session: Session, round_id: int, organisation_ids: list[int]
) -> Mapping[str, list[Outcome]]:
    """Return the self-rated colours of a group of organisations in a round, by domain, without names."""
    rows = session.execute(
        select(col(StoredRating.domain_key), col(StoredRating.outcome)).where(
            col(StoredRating.round_id) == round_id,
            col(StoredRating.source) == RatingSource.SELF,
            col(StoredRating.organisation_id).in_(organisation_ids),
        )
    )
    outcomes: dict[str, list[Outcome]] = {}
    for domain, outcome in rows:
        outcomes.setdefault(domain, []).append(cast("Outcome", outcome))
    return outcomes
