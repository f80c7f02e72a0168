"""What follows from signed returns: the organisation's own ratings."""

from collections.abc import Iterator
from typing import Any

from app.demo.returns import Made
from app.ratings.models import RatingSource
from app.ratings.service import RatedReturn, rating_rows
from app.returns.models import ReturnState
from app.returns.signing import domain_ratings


def rating_rows_of(made: Made) -> Iterator[dict[str, Any]]:
    """Yield the stored self-ratings of a signed return."""
    if made.plan.state is not ReturnState.SIGNED or made.plan.signed_at is None:
        return
    of = RatedReturn(made.id, made.issue.round_id, made.organisation_id)
    own = domain_ratings(made.questionnaire, made.answers)
    yield from rating_rows(of, own, RatingSource.SELF, made.plan.signed_at)
