"""Storing ratings: when a return is signed or moderated, never on read."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import col

from app.core.access import Work
from app.ratings.models import RatingSource, StoredRating
from app.ratings.rules import DomainRating


@dataclass(frozen=True, slots=True)
class RatedReturn:
    """The return that ratings belong to."""

    return_id: int
    round_id: int
    organisation_id: int


def rating_rows(
    of: RatedReturn, ratings: Iterable[DomainRating], source: RatingSource, rated_at: Any
) -> list[dict[str, Any]]:
    """Return a return's ratings as rows of the table, in the order of the questionnaire."""
    return [
        {
            **asdict(of),
            "domain_key": rating.domain_key,
            "position": position,
            "source": source,
            "outcome": rating.outcome,
            "rule": rating.rule,
            "applicable": rating.applicable,
            "answered": rating.answered,
            "points": rating.points,
            "possible": rating.possible,
            "share_percent": rating.share_percent,
            "reds": rating.reds,
            "ambers": rating.ambers,
            "greens": rating.greens,
            "critical_reds": rating.critical_reds,
            "unevidenced": rating.unevidenced,
            "deciding": list(rating.deciding),
            "thresholds": asdict(rating.thresholds),
            "rated_at": rated_at,
        }
        for position, rating in enumerate(ratings)
    ]


def store(work: Work, of: RatedReturn, ratings: Iterable[DomainRating], source: RatingSource) -> None:
    """Replace a return's ratings of one source by new ones."""
    remove(work, of.return_id, source)
    rows = rating_rows(of, ratings, source, work.now)
    if rows:
        work.session.connection().execute(insert(StoredRating), rows)


def remove(work: Work, return_id: int, source: RatingSource) -> None:
    """Take a return's ratings of one source away: it is open again and has none in force."""
    work.session.connection().execute(
        delete(StoredRating).where(
            col(StoredRating.return_id) == return_id, col(StoredRating.source) == source
        )
    )
