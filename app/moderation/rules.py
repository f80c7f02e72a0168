"""Rules of moderation: who may judge, when a second officer is needed, what counts, when it is released.

The framework has professional scrutiny officers challenge self-assessments. The organisation's own rating
stays as it is; the officer's stands beside it, with a reason wherever they differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.questionnaires.definition import Domain, Questionnaire, Standard
from app.ratings.models import NOT_ANSWERED, NOT_APPLICABLE, Opinion
from app.ratings.rules import DomainRating, RatedAnswer, counted, rate_domain
from app.ratings.validated import Judged
from app.returns.rules import NOTHING, AnswerValues

_FAR_APART: Final = frozenset({"red", "green"})


def mark_of(values: AnswerValues) -> str:
    """Return an answer as one word: a level's key, not applicable, or not answered."""
    return NOT_APPLICABLE if values.not_applicable else values.level or NOT_ANSWERED


def words_of(mark: str, questionnaire: Questionnaire) -> str:
    """Return a mark in the questionnaire's words."""
    if mark == NOT_ANSWERED:
        return "Not answered"
    if mark == NOT_APPLICABLE:
        return "Not applicable"
    return next((level.word for level in questionnaire.scale if level.key == mark), mark.capitalize())


def colour_of(mark: str, questionnaire: Questionnaire) -> str:
    """Return the colour of a mark: red, amber or green, `na` or `unanswered` where it has none."""
    if mark == NOT_ANSWERED:
        return "unanswered"
    if mark == NOT_APPLICABLE:
        return "na"
    return next((level.rag for level in questionnaire.scale if level.key == mark), "unanswered")


def needs_second_opinion(own: str, judged: str, questionnaire: Questionnaire) -> bool:
    """Say whether a change goes from red to green or from green to red, so that another officer confirms."""
    return {colour_of(own, questionnaire), colour_of(judged, questionnaire)} == _FAR_APART


def problem_of(standard: Standard, own: str, judged: str, comment: str, levels: Sequence[str]) -> str:
    """Return what is wrong with a judgement and how to mend it, or nothing."""
    if judged not in (*levels, NOT_APPLICABLE):
        return "Choose what the rating should be"
    if judged == NOT_APPLICABLE and own != NOT_APPLICABLE and not standard.not_applicable:
        return "This standard applies to everybody: choose a level"
    if judged != own and not comment.strip():
        return "Say why you see it otherwise, so that the organisation can learn from it"
    return ""


class Conflict(StrEnum):
    """Why somebody takes no part in the moderation of an organisation."""

    OWN = "You hold a role at this organisation, so you do not moderate it."
    DECLARED = "You declared an interest in this organisation, so you do not moderate it."


def conflict(*, holds_a_role: bool, declared: bool) -> Conflict | None:
    """Return why a person may not moderate an organisation, or None if they may."""
    if holds_a_role:
        return Conflict.OWN
    return Conflict.DECLARED if declared else None


# --- what counts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one domain is: standards to look at, those done, and what holds the rest up.

    A standard that the organisation left unanswered need not be judged: it stays not answered.
    """

    domain_key: str
    title: str
    total: int
    done: int
    changed: int
    waiting: int
    refused: int
    outdated: int

    @property
    def begun(self) -> bool:
        """Say whether anybody has judged anything in this domain."""
        return bool(self.done or self.waiting or self.refused or self.outdated)

    @property
    def complete(self) -> bool:
        """Say whether the domain has a validated rating: everything is judged and counts."""
        return bool(self.done) and self.done >= self.total and not (self.waiting + self.refused)


def progress_of(
    domain: Domain, answers: Mapping[str, AnswerValues], judged: Mapping[str, Judged]
) -> Progress:
    """Return how far the moderation of a domain is."""
    found = [judged[standard.key] for standard in domain.rated if standard.key in judged]
    counting = [each for each in found if each.counts]
    needed = {
        standard.key
        for standard in domain.rated
        if mark_of(answers.get(standard.key, NOTHING)) != NOT_ANSWERED
    }
    return Progress(
        domain_key=domain.key,
        title=domain.title,
        total=len(needed | {each.standard_key for each in counting}),
        done=len(counting),
        changed=sum(each.changed for each in counting),
        waiting=sum(each.opinion is Opinion.WAITING and not each.outdated for each in found),
        refused=sum(each.opinion is Opinion.REFUSED and not each.outdated for each in found),
        outdated=sum(each.outdated for each in found),
    )


def validated_rating(
    domain: Domain,
    answers: Mapping[str, AnswerValues],
    judged: Mapping[str, Judged],
    questionnaire: Questionnaire,
) -> DomainRating | None:
    """Return the domain's validated rating by the questionnaire's own rule; None while not reviewed whole."""
    if not progress_of(domain, answers, judged).complete:
        return None
    rated = []
    for standard in domain.rated:
        values, each = answers.get(standard.key, NOTHING), judged.get(standard.key)
        mark = each.judged if each is not None and each.counts else mark_of(values)
        is_level = mark not in {NOT_ANSWERED, NOT_APPLICABLE}
        rated.append(
            RatedAnswer(
                standard_key=standard.key,
                title=standard.title,
                critical=standard.critical,
                level=questionnaire.level(mark) if is_level else None,
                not_applicable=mark == NOT_APPLICABLE,
                evidenced=values.evidenced,
            )
        )
    return rate_domain(domain.key, rated, questionnaire.rating_rule, questionnaire.scale)


# --- the thread on a standard ----------------------------------------------------------------------


class Thread(StrEnum):
    """Whose turn it is in the questions and answers on a standard."""

    NONE = "none"
    ASKED = "asked"
    ANSWERED = "answered"


def thread_state(asks: Sequence[bool]) -> Thread:
    """Return whose turn it is, from the messages in their order (true: the officer asks)."""
    if not asks:
        return Thread.NONE
    return Thread.ASKED if asks[-1] else Thread.ANSWERED


# --- release ---------------------------------------------------------------------------------------


def obstacles(domains: Sequence[Progress], asked: int) -> tuple[str, ...]:
    """Return what stands against a release, as sentences.

    A domain that nobody has begun is released as not reviewed; one that was begun has to be finished.
    """
    found = []
    for each in domains:
        if not each.begun or each.complete:
            continue
        parts = []
        left = each.total - each.done - each.waiting - each.refused
        if left > 0:
            parts.append(f"{counted(left, 'standard')} to look at")
        if each.waiting:
            parts.append(f"{counted(each.waiting, 'second opinion')} to wait for")
        if each.refused:
            parts.append(f"{counted(each.refused, 'change')} not confirmed")
        found.append(f"{each.title}: {', '.join(parts)}.")
    if asked:
        found.append(f"{counted(asked, 'question')} to the organisation not answered yet.")
    if not any(each.complete for each in domains):
        found.append("No domain is reviewed yet.")
    return tuple(found)
