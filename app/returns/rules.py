"""Rules about returns: what an answer is, how two people's changes merge, what stops a signature."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

from app.core.clock import short_date
from app.questionnaires.definition import Questionnaire, Standard
from app.questionnaires.rules import display_fact
from app.ratings.rules import RatedAnswer


@dataclass(frozen=True, slots=True)
class AnswerValues:
    """What an organisation says about one standard: each field can be changed by itself.

    `files` names the evidence files beside it. They come and go by themselves, so they are no field of the
    answer: two answers that say the same are the same, whatever files they have.
    """

    level: str | None = None
    not_applicable: bool = False
    not_applicable_reason: str = ""
    comment: str = ""
    evidence: str = ""
    strength: bool = False
    fact: str = ""
    action_what: str = ""
    action_owner: str = ""
    action_due: date | None = None
    files: Sequence[str] = field(default=(), compare=False)

    @property
    def evidenced(self) -> bool:
        """Say whether there is any evidence: a word, or a file."""
        return bool(self.evidence.strip() or self.files)

    @property
    def answered(self) -> bool:
        """Say whether this counts as answered: a judgement was made, or a fact given."""
        return self.level is not None or self.not_applicable or bool(self.fact.strip())

    @property
    def has_action(self) -> bool:
        """Say whether an action says what, who and by when."""
        return bool(self.action_what.strip() and self.action_owner.strip() and self.action_due)

    def stored(self) -> dict[str, Any]:
        """Return the values as they are kept in the history."""
        due = self.action_due.isoformat() if self.action_due else None
        return {name: getattr(self, name) for name in FIELDS} | {"action_due": due}


NOTHING = AnswerValues()
FIELDS = tuple(each.name for each in fields(AnswerValues) if each.compare)
FIELD_WORDS: Mapping[str, str] = {
    "level": "Rating",
    "not_applicable": "Not applicable",
    "not_applicable_reason": "Reason why it does not apply",
    "comment": "Comment",
    "evidence": "How we know",
    "strength": "A strength to share",
    "fact": "Answer",
    "action_what": "Action: what",
    "action_owner": "Action: who",
    "action_due": "Action: by when",
}


def from_stored(stored: Mapping[str, Any]) -> AnswerValues:
    """Return the values that the history kept."""
    due = stored.get("action_due")
    kept = {name: stored[name] for name in FIELDS if name in stored}
    return AnswerValues(**{**kept, "action_due": date.fromisoformat(due) if due else None})


@dataclass(frozen=True, slots=True)
class Merge:
    """Two people's changes to one answer brought together, and the fields on which they disagree."""

    values: AnswerValues
    conflicts: tuple[str, ...]


def impossible_dates(
    standard: Standard, before: AnswerValues, after: AnswerValues, today: date
) -> dict[str, str]:
    """Return what is wrong with the dates that a save changes, by field of the answer.

    An action lies ahead; what a question asks for as past lies behind. A date that stays as it was is
    left alone: an action that was set for last week does not keep people from saving this week.
    """
    problems = {}
    due = after.action_due
    if due is not None and due != before.action_due and due < today:
        problems["action_due"] = (
            f"The action on “{standard.title}” would have been due on {short_date(due)}, which is past. "
            "Enter a day from today on"
        )
    if standard.past and after.fact and after.fact != before.fact and after.fact > today.isoformat():
        given = display_fact(standard, after.fact)
        problems["fact"] = (
            f"“{standard.title}” asks for a day that has been, and {given} is still to come. Check the year"
        )
    return problems


# The level and 'not applicable' are one judgement: two halves of different people make no answer.
_JUDGEMENT = frozenset({"level", "not_applicable"})


def merge(base: AnswerValues, mine: AnswerValues, theirs: AnswerValues) -> Merge:
    """Merge my change of `base` into what stands now.

    A field that only I changed takes my value, one that only they changed keeps theirs; where both
    changed it differently nobody is overwritten: it is a conflict.
    """
    changed_by_me = {name for name in FIELDS if getattr(mine, name) != getattr(base, name)}
    changed_by_them = {name for name in FIELDS if getattr(theirs, name) != getattr(base, name)}
    if changed_by_me & _JUDGEMENT:
        changed_by_me |= _JUDGEMENT
    if changed_by_them & _JUDGEMENT:
        changed_by_them |= _JUDGEMENT
    conflicts = {
        name for name in changed_by_me & changed_by_them if getattr(mine, name) != getattr(theirs, name)
    }
    if conflicts & _JUDGEMENT:
        conflicts |= _JUDGEMENT
    taken = {name: getattr(mine, name) for name in changed_by_me - conflicts}
    return Merge(replace(theirs, **taken), tuple(name for name in FIELDS if name in conflicts))


def rated_answers(
    standards: Iterable[Standard], answers: Mapping[str, AnswerValues], questionnaire: Questionnaire
) -> list[RatedAnswer]:
    """Return the answers of a domain's rated standards as the rating rule wants them."""
    result = []
    for standard in standards:
        values = answers.get(standard.key, NOTHING)
        result.append(
            RatedAnswer(
                standard_key=standard.key,
                title=standard.title,
                critical=standard.critical,
                level=questionnaire.level(values.level) if values.level else None,
                not_applicable=values.not_applicable,
                evidenced=values.evidenced,
            )
        )
    return result


@dataclass(frozen=True, slots=True)
class Gap:
    """Something to see to before signing, and where."""

    domain_key: str
    standard_key: str
    title: str
    what: str
    stops_signing: bool


def gaps(questionnaire: Questionnaire, answers: Mapping[str, AnswerValues]) -> tuple[Gap, ...]:
    """Return what is missing before a return is signed (DESIGN: a red needs an action before signing).

    A standard without an answer does not stop the signature: it stays 'not answered' and is shown as such.
    """
    found = []
    for domain in questionnaire.domains:
        for standard in domain.standards:
            values = answers.get(standard.key, NOTHING)
            problem = _gap(questionnaire, values)
            if problem:
                found.append(Gap(domain.key, standard.key, standard.title, problem[0], problem[1]))
    found.extend(
        Gap(CLOSING, question.key, question.title, "not answered", stops_signing=False)
        for question in questionnaire.closing
        if not answers.get(question.key, NOTHING).answered
    )
    return tuple(found)


CLOSING = "closing"


def _gap(questionnaire: Questionnaire, values: AnswerValues) -> tuple[str, bool] | None:
    if not values.answered:
        return "not answered", False
    if values.not_applicable and not values.not_applicable_reason.strip():
        return "say why it does not apply", True
    rag = questionnaire.level(values.level).rag if values.level else None
    if rag == "red" and not values.has_action:
        return "red needs an action: what, who and by when", True
    if rag == "amber" and not values.has_action:
        return "amber: think about an action", False
    if rag == "green" and not values.evidenced:
        return "green without evidence: say how you know, or add a file", False
    return None


def answered_in(standards: Iterable[Standard], answers: Mapping[str, AnswerValues]) -> int:
    """Count the questions that have an answer."""
    return sum(answers.get(standard.key, NOTHING).answered for standard in standards)
