"""Last year's moderation in the demo: every signed return judged standard by standard, and released."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.core.access import PartnershipRole
from app.core.models import AuditEvent
from app.demo.chance import chance
from app.demo.copying import copy_rows
from app.demo.people import Person
from app.demo.returns import Made
from app.demo.rounds import Cast
from app.moderation.models import Moderation
from app.moderation.rules import mark_of, needs_second_opinion
from app.questionnaires.definition import Domain, Level, Questionnaire
from app.ratings.models import NOT_ANSWERED, Opinion, RatingSource, StoredRating, ValidatedStandard
from app.ratings.rules import DomainRating, RatedAnswer, rate_domain
from app.ratings.service import RatedReturn, rating_rows
from app.returns.models import ReturnState
from app.returns.rules import NOTHING, rated_answers

_LOWERED_SHARE = 0.13
_RAISED_SHARE = 0.02
# Beside what turns a domain's colour: single standards that are seen otherwise.
_LOWERED_STANDARDS = 0.05
_RAISED_STANDARDS = 0.012
_WHY_LOWER = (
    "The evidence shows the policy, not that it is followed.",
    "Minutes of last spring name this as open; nothing here says that it was closed.",
    "Staff whom we met could not say what to do.",
    "A plan is in place, but it has not begun.",
    "The training record ends two years ago.",
)
_WHY_HIGHER = (
    "You do more than you say: the visit in March saw this at work.",
    "Your evidence meets the descriptor of the next level.",
)


@dataclass(frozen=True, slots=True)
class _Finished:
    """What an officer made of a return."""

    made: Made
    officer: Person
    second: Person
    marks: dict[str, tuple[str, str, str]]
    ratings: list[DomainRating]
    judged_at: datetime
    released_at: datetime


def write(session: Session, cast: Cast, every: Sequence[Made]) -> None:
    """Write the moderation of a closed round's signed returns."""
    officers = _officers(cast)
    done = [_finished(cast, made, officers) for made in every if made.plan.state is ReturnState.SIGNED]
    copy_rows(session, Moderation, map(_moderation_row, done))
    copy_rows(session, ValidatedStandard, (row for each in done for row in _standard_rows(each)))
    copy_rows(session, StoredRating, (row for each in done for row in _rating_rows(each)))
    copy_rows(session, AuditEvent, sorted(map(_audit_row, done), key=lambda row: row["at"]))


def _officers(cast: Cast) -> list[Person]:
    ids = [each["user_id"] for each in cast.people.partnership if each["role"] is PartnershipRole.PSO]
    people = {row["id"]: Person(row["id"], row["name"], row["email"]) for row in cast.people.users}
    return [people[number] for number in ids]


def _finished(cast: Cast, made: Made, officers: Sequence[Person]) -> _Finished:
    rng = chance(str(cast.seed), "validated", made.id)
    closed = made.issue.dates.closed_at
    assert closed is not None  # noqa: S101 - last year's rounds are closed
    marks: dict[str, tuple[str, str, str]] = {}
    ratings = []
    for domain in made.questionnaire.domains:
        answers = rated_answers(domain.rated, made.answers, made.questionnaire)
        seen = _seen(rng, made.questionnaire, domain, answers)
        judged = {
            each.standard_key: _mark(each) for each in seen if each.not_applicable or each.level is not None
        }
        if not judged:
            continue
        for standard in domain.rated:
            own = mark_of(made.answers.get(standard.key, NOTHING))
            if own != NOT_ANSWERED:
                marks[standard.key] = (domain.key, own, judged[standard.key])
        rule, scale = made.questionnaire.rating_rule, made.questionnaire.scale
        ratings.append(rate_domain(domain.key, seen, rule, scale))
    first = rng.randrange(len(officers))
    judged_at = closed + timedelta(days=rng.randint(3, 40), minutes=rng.randrange(400))
    return _Finished(
        made,
        officers[first],
        officers[(first + 1) % len(officers)],
        marks,
        ratings,
        min(judged_at, cast.now),
        min(judged_at + timedelta(days=rng.randint(1, 12)), cast.now),
    )


def _mark(answer: RatedAnswer) -> str:
    return answer.level.key if answer.level is not None else "not_applicable"


def _seen(
    rng: random.Random, questionnaire: Questionnaire, domain: Domain, answers: list[RatedAnswer]
) -> list[RatedAnswer]:
    """Return what the officer made of a domain: mostly the same, at times a level lower."""
    luck = rng.random()
    if luck < _LOWERED_SHARE + _RAISED_SHARE:
        return _moved(rng, questionnaire, domain, answers, up=luck >= _LOWERED_SHARE)
    seen = []
    for answer in answers:
        one = rng.random()
        if one < _LOWERED_STANDARDS + _RAISED_STANDARDS:
            seen.append(_step(answer, questionnaire, up=one >= _LOWERED_STANDARDS))
        else:
            seen.append(answer)
    return seen


def _moved(
    rng: random.Random, questionnaire: Questionnaire, domain: Domain, answers: list[RatedAnswer], *, up: bool
) -> list[RatedAnswer]:
    """Move single answers by a level until the domain's colour changes; keep them if it never does."""
    rule, scale = questionnaire.rating_rule, questionnaire.scale
    own = rate_domain(domain.key, answers, rule, scale).outcome
    moved = list(answers)
    order = list(range(len(answers)))
    rng.shuffle(order)
    # Officers doubt the critical standards first.
    order.sort(key=lambda index: not answers[index].critical)
    for index in order:
        moved[index] = _step(moved[index], questionnaire, up=up)
        if rate_domain(domain.key, moved, rule, scale).outcome != own:
            return moved
    return answers


def _step(answer: RatedAnswer, questionnaire: Questionnaire, *, up: bool) -> RatedAnswer:
    if answer.level is None:
        return answer
    steps = sorted(questionnaire.scale, key=_points)
    index = steps.index(answer.level) + (1 if up else -1)
    return replace(answer, level=steps[min(max(index, 0), len(steps) - 1)])


def _points(level: Level) -> int:
    return level.points


# --- rows ------------------------------------------------------------------------------------------


def _moderation_row(each: _Finished) -> dict[str, Any]:
    return {
        "return_id": each.made.id,
        "organisation_id": each.made.organisation_id,
        "edition": len(each.made.editions),
        "begun_at": each.judged_at,
        "released_at": each.released_at,
        "released_by": each.officer.id,
    }


def _standard_rows(each: _Finished) -> Iterator[dict[str, Any]]:
    points = {level.key: level.points for level in each.made.questionnaire.scale}
    for number, (key, (domain, own, judged)) in enumerate(each.marks.items()):
        lower = points.get(judged, 0) < points.get(own, 0)
        reasons = _WHY_LOWER if lower else _WHY_HIGHER
        second = needs_second_opinion(own, judged, each.made.questionnaire)
        yield {
            "return_id": each.made.id,
            "standard_key": key,
            "organisation_id": each.made.organisation_id,
            "domain_key": domain,
            "edition": len(each.made.editions),
            "version": 1,
            "own": own,
            "judged": judged,
            "comment": reasons[(each.made.id + number) % len(reasons)] if own != judged else "",
            "judged_by": each.officer.id,
            "judged_by_name": each.officer.name,
            "judged_at": each.judged_at,
            "opinion": Opinion.CONFIRMED if second else Opinion.NOT_NEEDED,
            "opinion_by": each.second.id if second else None,
            "opinion_by_name": each.second.name if second else "",
            "opinion_comment": "",
            "opinion_at": each.judged_at if second else None,
            "outdated": False,
            "released_at": each.released_at,
        }


def _rating_rows(each: _Finished) -> Iterator[dict[str, Any]]:
    of = RatedReturn(each.made.id, each.made.issue.round_id, each.made.organisation_id)
    for row in rating_rows(of, each.ratings, RatingSource.VALIDATED, each.judged_at):
        yield {**row, "released_at": each.released_at}


def _audit_row(each: _Finished) -> dict[str, Any]:
    return {
        "at": each.released_at,
        "actor_id": each.officer.id,
        "actor_name": each.officer.name,
        "event": "moderation.released",
        "subject": "return",
        "subject_id": each.made.id,
        "organisation_id": each.made.organisation_id,
        "detail": {
            "edition": len(each.made.editions),
            "domains": [rating.domain_key for rating in each.ratings],
        },
    }
