"""What follows from signed returns: the organisation's ratings, and actions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.actions.models import ActionStatus
from app.core.clock import london_date
from app.demo.chance import chance
from app.demo.returns import Made
from app.ratings.models import RatingSource
from app.ratings.service import RatedReturn, rating_rows
from app.returns.models import ReturnState
from app.returns.signing import domain_ratings
from app.returns.signoff import promises


def rating_rows_of(made: Made) -> Iterator[dict[str, Any]]:
    """Yield the stored self-ratings of a signed return."""
    if made.plan.state is not ReturnState.SIGNED or made.plan.signed_at is None:
        return
    of = RatedReturn(made.id, made.issue.round_id, made.organisation_id)
    own = domain_ratings(made.questionnaire, made.answers)
    yield from rating_rows(of, own, RatingSource.SELF, made.plan.signed_at)


def action_rows(made: Made, seed: str, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the actions that signed returns promised: last year's mostly done, some overdue."""
    if not made.editions:
        return
    rng = chance(seed, "actions", made.id)
    signed = made.editions[0].signed_at
    until = made.plan.signed_at or signed
    for promise in promises(made.questionnaire, made.editions[-1].answers):
        status, closed_at = ActionStatus.OPEN, None
        if made.issue.last_year:
            status = rng.choices(list(ActionStatus), (40, 55, 5))[0]
        if status is not ActionStatus.OPEN:
            closed_at = min(
                until + timedelta(days=rng.randint(10, 190)), now - timedelta(hours=rng.randint(1, 900))
            )
        yield {
            "organisation_id": made.organisation_id,
            "return_id": made.id,
            "round_id": made.issue.round_id,
            "domain_key": promise.domain_key,
            "standard_key": promise.standard_key,
            "level": promise.level,
            "what": promise.what,
            "owner": promise.owner,
            "due_on": promise.due_on or london_date(signed),
            "status": status,
            "created_at": signed,
            "closed_at": closed_at,
        }
