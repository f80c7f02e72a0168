"""What an officer's pages show: a return by domain, and each standard with all that bears on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.core.access import Work
from app.core.errors import NotFoundError
from app.moderation import queries
from app.moderation.agreeing import AgreedLine, agreed_at
from app.moderation.interests import conflict_of
from app.moderation.queries import Holder, Message
from app.moderation.rules import (
    Conflict,
    Progress,
    Thread,
    colour_of,
    mark_of,
    obstacles,
    progress_of,
    thread_state,
    words_of,
)
from app.questionnaires.definition import Domain, Questionnaire, Standard
from app.questionnaires.queries import questionnaire_for
from app.ratings.comparison import Distribution
from app.ratings.models import NOT_ANSWERED, NOT_APPLICABLE, RatingSource
from app.ratings.queries import ratings_of
from app.ratings.rules import DomainRating, explain
from app.ratings.validated import Judged, in_force, judged_of
from app.returns import queries as returns
from app.returns.evidence_queries import FileLine, files_of
from app.returns.models import ReturnState
from app.returns.rules import NOTHING, AnswerValues
from app.returns.signing import titles_of


@dataclass(frozen=True)
class Desk:
    """One return on an officer's desk, read once for a page."""

    this: returns.ReturnHead
    asked: Questionnaire
    answers: Mapping[str, AnswerValues]
    judged: Mapping[str, Judged]
    threads: Mapping[str, Sequence[Message]]
    holders: Mapping[str, Holder]
    standing: queries.Standing | None
    changed: tuple[str, ...]
    own: Mapping[str, DomainRating]
    validated: Mapping[str, DomainRating]
    conflict: Conflict | None

    @property
    def signed(self) -> bool:
        """Say whether the return is signed: only then it can be moderated."""
        return self.this.state is ReturnState.SIGNED

    @property
    def signed_again(self) -> bool:
        """Say whether a newer edition was signed since officers looked at it."""
        return self.signed and self.standing is not None and self.standing.edition != self.this.edition

    @property
    def released(self) -> bool:
        """Say whether the organisation sees what officers made of this edition."""
        return self.standing is not None and self.standing.released_at is not None and not self.signed_again

    @property
    def open(self) -> bool:
        """Say whether judgements can be made now."""
        return self.signed and not self.signed_again and not self.released

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of all standards."""
        return titles_of(self.asked)

    @cached_property
    def domains(self) -> tuple[Domain, ...]:
        """The domains that have something to rate."""
        return tuple(each for each in self.asked.domains if each.rated)

    @cached_property
    def progress(self) -> tuple[Progress, ...]:
        """How far each of these domains is."""
        return tuple(progress_of(each, self.answers, self.judged) for each in self.domains)

    def asked_open(self) -> int:
        """Count the questions that the organisation has not answered."""
        states = [thread_state([each.asks for each in found]) for found in self.threads.values()]
        return sum(state is Thread.ASKED for state in states)

    def obstacles(self) -> tuple[str, ...]:
        """Return what stands against a release."""
        return obstacles(self.progress, self.asked_open())

    def why(self, rating: DomainRating | None) -> str:
        """Return the sentence for a domain's colour."""
        return explain(rating, self.titles) if rating else ""


def desk(work: Work, return_id: int) -> Desk:
    """Return a return as an officer's pages show it, or raise NotFoundError.

    Whoever answers for the organisation too reads what officers made of it where it does: once released.
    """
    session, actor = work.session, work.actor
    this = returns.head(session, actor, return_id)
    if this.organisation_id in actor.readable:
        raise NotFoundError
    standing = queries.standing(session, return_id)
    changed: tuple[str, ...] = ()
    if standing is not None and this.state is ReturnState.SIGNED:
        changed = queries.changed_since(session, actor, this, standing.edition)
    return Desk(
        this=this,
        asked=returns.questionnaire_of(session, this),
        answers=returns.values_of(returns.answers(session, actor, return_id)),
        judged=judged_of(session, return_id),
        threads=queries.threads(session, actor, return_id),
        holders=queries.holders(session, return_id),
        standing=standing,
        changed=changed,
        own=ratings_of(session, return_id),
        validated=ratings_of(session, return_id, RatingSource.VALIDATED),
        conflict=conflict_of(session, actor, this.organisation_id),
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating as it is shown: its key, its word and its colour."""

    key: str
    word: str
    colour: str


def mark(key: str, asked: Questionnaire) -> Mark:
    """Return a rating as it is shown."""
    return Mark(key, words_of(key, asked), colour_of(key, asked))


@dataclass(frozen=True, slots=True)
class LastYear:
    """What was said and validated of the standard the year before."""

    own: Mark
    validated: Mark | None
    comment: str


@dataclass(frozen=True, slots=True)
class StandardLine:
    """One standard with all that bears on its judgement."""

    standard: Standard
    values: AnswerValues
    own: Mark
    judged: Judged | None
    mark: Mark | None
    files: tuple[FileLine, ...]
    last: LastYear | None
    peers: Distribution | None
    thread: tuple[Message, ...]
    turn: Thread
    changed_since: bool
    agreed: tuple[AgreedLine, ...]
    choices: tuple[Mark, ...]


def domain_or_none(this: Desk, key: str) -> Domain:
    """Return a domain of the desk, or raise NotFoundError."""
    found = next((each for each in this.domains if each.key == key), None)
    if found is None:
        raise NotFoundError
    return found


def standard_lines(work: Work, this: Desk, domain: Domain) -> tuple[StandardLine, ...]:
    """Return the standards of a domain as the officer's page shows them."""
    keys = [each.key for each in domain.rated]
    others = queries.peers_of(work.session, this.this, this.asked, keys)
    files = files_of(work.session, work.actor, this.this.id)
    before = _last_year(work, this)
    agreed = agreed_at(work.session, this.this.id)
    lines = []
    for standard in domain.rated:
        values, judged = this.answers.get(standard.key, NOTHING), this.judged.get(standard.key)
        thread = tuple(this.threads.get(standard.key, ()))
        own = mark(mark_of(values), this.asked)
        lines.append(
            StandardLine(
                standard=standard,
                values=values,
                own=own,
                judged=judged,
                mark=mark(judged.judged, this.asked) if judged else None,
                files=files.get(standard.key, ()),
                last=before.get(standard.key),
                peers=others.get(standard.key),
                thread=thread,
                turn=thread_state([each.asks for each in thread]),
                changed_since=standard.key in this.changed or bool(judged and judged.outdated),
                agreed=agreed.get(standard.key, ()),
                choices=_choices(standard, own, this.asked),
            )
        )
    return tuple(lines)


def _choices(standard: Standard, own: Mark, asked: Questionnaire) -> tuple[Mark, ...]:
    marks = [mark(level.key, asked) for level in asked.scale]
    if standard.not_applicable or own.key == NOT_APPLICABLE:
        marks.append(mark(NOT_APPLICABLE, asked))
    return tuple(marks)


def _last_year(work: Work, this: Desk) -> dict[str, LastYear]:
    """Return what was said and validated the year before, by standard; nothing if there was no return."""
    number = returns.previous_signed_return_id(work.session, this.this)
    if number is None:
        return {}
    head = returns.head(work.session, work.actor, number)
    asked = questionnaire_for(work.session, head.version_id, head.facts)
    values = returns.values_of(returns.answers(work.session, work.actor, number))
    judged = judged_of(work.session, number)
    counting = in_force(judged)
    return {
        key: LastYear(
            mark(mark_of(each), asked),
            mark(counting[key], asked) if key in counting else None,
            judged[key].comment if key in counting else "",
        )
        for key, each in values.items()
        if mark_of(each) != NOT_ANSWERED
    }
