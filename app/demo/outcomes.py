"""What follows from signed returns: ratings by the organisation and by the board."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.demo.chance import chance
from app.demo.returns import Made
from app.questionnaires.definition import Level, Questionnaire
from app.ratings.models import RatingSource
from app.ratings.rules import DomainRating, RatedAnswer, rate_domain
from app.ratings.service import RatedReturn, rating_rows
from app.returns.models import ReturnState
from app.returns.rules import rated_answers
from app.returns.signing import domain_ratings

_REVIEWED_SHARE = 0.7
_LOWERED_SHARE = 0.13
_RAISED_SHARE = 0.02


def rating_rows_of(made: Made, seed: str) -> Iterator[dict[str, Any]]:
    """Yield the stored ratings of a signed return: its own and, for most of last year's, the board's."""
    if made.plan.state is not ReturnState.SIGNED or made.plan.signed_at is None:
        return
    of = RatedReturn(made.id, made.issue.round_id, made.organisation_id)
    own = domain_ratings(made.questionnaire, made.answers)
    yield from rating_rows(of, own, RatingSource.SELF, made.plan.signed_at)
    rng = chance(seed, "validated", made.id)
    closed = made.issue.dates.closed_at
    if closed is None or rng.random() >= _REVIEWED_SHARE:
        return
    reviewed = [_validated(rng, made, rating) for rating in own]
    rated_at = closed + timedelta(days=rng.randint(3, 40), minutes=rng.randrange(400))
    yield from rating_rows(of, reviewed, RatingSource.VALIDATED, rated_at)


def _validated(rng: random.Random, made: Made, own: DomainRating) -> DomainRating:
    """Return what the moderators made of a domain: mostly the same, at times a level lower."""
    chance = rng.random()
    if chance >= _LOWERED_SHARE + _RAISED_SHARE or own.outcome not in {"red", "amber", "green"}:
        return own
    return _moved(rng, made, own, up=chance >= _LOWERED_SHARE)


def _moved(rng: random.Random, made: Made, own: DomainRating, *, up: bool) -> DomainRating:
    """Move single answers by a level until the domain's colour changes; keep it if it never does."""
    questionnaire = made.questionnaire
    answers = rated_answers(questionnaire.domain(own.domain_key).rated, made.answers, questionnaire)
    order = list(range(len(answers)))
    rng.shuffle(order)
    # Moderators doubt the critical standards first.
    order.sort(key=lambda index: not answers[index].critical)
    for index in order:
        answers[index] = _step(answers[index], questionnaire, up=up)
        rating = rate_domain(own.domain_key, answers, questionnaire.rating_rule, questionnaire.scale)
        if rating.outcome != own.outcome:
            return rating
    return own


def _step(answer: RatedAnswer, questionnaire: Questionnaire, *, up: bool) -> RatedAnswer:
    if answer.level is None:
        return answer
    steps = sorted(questionnaire.scale, key=_points)
    index = steps.index(answer.level) + (1 if up else -1)
    return replace(answer, level=steps[min(max(index, 0), len(steps) - 1)])


def _points(level: Level) -> int:
    return level.points
