"""Feedback at the moment of signing: the profile, why, what would change it, last year, others like you."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.core.access import Actor
from app.core.scope import seeing_everything
from app.core.settings import settings
from app.organisations.rules import benchmark_group
from app.questionnaires.definition import Questionnaire
from app.ratings import comparison
from app.ratings.queries import peer_outcomes, ratings_of
from app.ratings.rules import DomainRating, explain, headline
from app.returns import queries
from app.returns.models import ReturnState
from app.returns.rules import AnswerValues, rated_answers
from app.returns.signing import domain_ratings, titles_of


@dataclass(frozen=True, slots=True)
class DomainFeedback:
    """What a return's people are told about one domain."""

    key: str
    title: str
    rating: DomainRating
    reason: str
    change: comparison.Change | None
    peers: comparison.Distribution | None


@dataclass(frozen=True, slots=True)
class PromisedAction:
    """An action that the return took on."""

    domain: str
    standard: str
    values: AnswerValues
    word: str
    rag: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """All that is said at the moment of signing."""

    domains: tuple[DomainFeedback, ...]
    gains: tuple[comparison.Gain, ...]
    to_answer: tuple[str, ...]
    actions: tuple[PromisedAction, ...]
    strengths: tuple[str, ...]
    unevidenced: int
    headline: DomainFeedback | None
    group: str
    has_last_year: bool
    has_peers: bool

    @property
    def gravest_actions(self) -> tuple[PromisedAction, ...]:
        """Return the actions, those on red standards first and critical ones before others."""
        order = {"red": 0, "amber": 1}
        return tuple(sorted(self.actions, key=lambda action: (order.get(action.rag, 2), not action.critical)))

    @property
    def profile(self) -> list[dict[str, object]]:
        """Return the six domains as bars with words."""
        return [
            {
                "name": domain.title,
                "level": domain.rating.outcome,
                "reason": domain.reason,
                "parts": [
                    {"level": "red", "letter": "R", "word": "red", "count": domain.rating.reds},
                    {"level": "amber", "letter": "A", "word": "amber", "count": domain.rating.ambers},
                    {"level": "green", "letter": "G", "word": "green", "count": domain.rating.greens},
                    {
                        "level": "unanswered",
                        "letter": "–",
                        "word": "not answered",
                        "count": domain.rating.applicable - domain.rating.answered,
                    },
                ],
            }
            for domain in self.domains
        ]


def feedback(session: Session, actor: Actor, this: queries.ReturnHead) -> Feedback:
    """Return the feedback on a signed return (on an unsigned one: as it would be if it were signed now)."""
    questionnaire = queries.questionnaire_of(session, this)
    values = queries.values_of(queries.answers(session, actor, this.id))
    ratings = _ratings_in_force(session, this, questionnaire, values)
    last = _last_year(session, this)
    changes = comparison.change_since(last.values(), ratings.values()) if last else {}
    group = benchmark_group(this.facts["kind"], this.facts["phase"])
    distributions = comparison.peers(
        peer_outcomes(
            session,
            this.round_id,
            but_not=this.organisation_id,
            alike=lambda kind, phase: benchmark_group(kind, phase) == group,
        ),
        settings().peers_minimum,
    )
    titles = titles_of(questionnaire)
    domains = tuple(
        DomainFeedback(
            domain.key,
            domain.title,
            ratings[domain.key],
            explain(ratings[domain.key], titles),
            changes.get(domain.key),
            distributions.get(domain.key),
        )
        for domain in questionnaire.domains
        if domain.key in ratings
    )
    by_domain = {
        domain.key: rated_answers(domain.rated, values, questionnaire) for domain in questionnaire.domains
    }
    domain_titles = {domain.key: domain.title for domain in questionnaire.domains}
    worst = headline(ratings.values()) if ratings else None
    return Feedback(
        domains=domains,
        gains=tuple(
            comparison.quickest_gains(
                ratings.values(),
                by_domain,
                questionnaire.scale,
                titles=domain_titles,
            )
        ),
        to_answer=comparison.missing_for_a_colour(ratings.values(), domain_titles),
        actions=_actions(questionnaire, values),
        strengths=tuple(
            standard.title
            for standard in questionnaire.rated
            if values.get(standard.key) and values[standard.key].strength
        ),
        unevidenced=sum(rating.unevidenced for rating in ratings.values()),
        headline=next((each for each in domains if worst and each.key == worst.domain_key), None),
        group=group,
        has_last_year=bool(last),
        has_peers=any(each.peers for each in domains),
    )


def _ratings_in_force(
    session: Session,
    this: queries.ReturnHead,
    questionnaire: Questionnaire,
    values: Mapping[str, AnswerValues],
) -> dict[str, DomainRating]:
    if this.state is ReturnState.SIGNED:
        return ratings_of(session, this.id)
    return {rating.domain_key: rating for rating in domain_ratings(questionnaire, values)}


def _last_year(session: Session, this: queries.ReturnHead) -> dict[str, DomainRating]:
    """Return the ratings of the return before, which may be its predecessor's."""
    # An academy inherits the ratings of the school that it was, whose people its own people are not.
    with seeing_everything(session):
        previous_id = queries.previous_signed_return_id(session, this)
        return ratings_of(session, previous_id) if previous_id else {}


def _actions(questionnaire: Questionnaire, values: Mapping[str, AnswerValues]) -> tuple[PromisedAction, ...]:
    found = []
    for domain in questionnaire.domains:
        for standard in domain.rated:
            answer = values.get(standard.key)
            if answer and answer.action_what.strip():
                level = questionnaire.level(answer.level) if answer.level else None
                found.append(
                    PromisedAction(
                        domain.title,
                        standard.title,
                        answer,
                        level.word if level else "Not rated",
                        level.rag if level else "unanswered",
                        standard.critical,
                    )
                )
    return tuple(found)
