"""Reads of stored ratings."""

from collections.abc import Callable, Mapping
from typing import cast

from sqlalchemy import select, text
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
_PEERS = text(
    "SELECT kind, phase, domain_key, outcome, organisations FROM peer_outcomes(:round_id, :but_not)"
)


def rating_of(row: tuple[object, ...]) -> DomainRating:
    """Return a stored rating as the rule made it, from a row of RATING_COLUMNS."""
    *values, deciding, thresholds = row
    assert isinstance(deciding, list)  # noqa: S101 - narrows the type of an ARRAY column
    assert isinstance(thresholds, dict)  # noqa: S101 - narrows the type of a JSON column
    return DomainRating(*values, tuple(deciding), RatingRule(**thresholds))  # type: ignore[arg-type, call-arg]


def ratings_of(
    session: Session, return_id: int, source: RatingSource = RatingSource.SELF, *, released: bool = False
) -> dict[str, DomainRating]:
    """Return the stored ratings of a return by domain, in the questionnaire's order.

    The caller has made sure that the person may read the return; `released` leaves out what its organisation
    does not see yet.
    """
    wanted = select(*RATING_COLUMNS).where(
        col(StoredRating.return_id) == return_id, col(StoredRating.source) == source
    )
    if released:
        wanted = wanted.where(col(StoredRating.released_at).is_not(None))
    rows = session.execute(wanted.order_by(col(StoredRating.position)))
    return {row[0]: rating_of(tuple(row)) for row in rows}


def peer_outcomes(
    session: Session, round_id: int, *, but_not: int, alike: Callable[[str, str], bool]
) -> Mapping[str, list[Outcome]]:
    """Return the self-rated colours of the other organisations of a group in a round, by domain.

    `alike` says whether a kind and phase belong to the group. The database counts without handing out a
    name or a row: see `peer_outcomes` in the migrations.
    """
    rows = session.connection().execute(_PEERS, {"round_id": round_id, "but_not": but_not})
    outcomes: dict[str, list[Outcome]] = {}
    for kind, phase, domain, outcome, count in rows:
        if alike(kind, phase):
            outcomes.setdefault(domain, []).extend([cast("Outcome", outcome)] * count)
    return outcomes
