"""Reading an answer from the form of a standard; what does not fit comes back with how to mend it."""

import re
from dataclasses import dataclass

from app.core.dates import read_date
from app.core.errors import RefusedError
from app.core.forms import Form, whole_number
from app.questionnaires.definition import Questionnaire, Standard
from app.questionnaires.rules import FactError, parse_fact
from app.returns.rules import AnswerValues

NOT_APPLICABLE = "not-applicable"
MOST_TEXT = 10_000
_SAVE_KEY = re.compile(r"[0-9a-f]{1,64}")


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a person sent for one standard: the values, the version they saw, and the key of this save."""

    standard_key: str
    values: AnswerValues
    version: int
    save_key: str


def field(standard_key: str, name: str) -> str:
    """Return the name of a form field: one page holds several standards."""
    return f"{standard_key}.{name}"


def read_answer(form: Form, standard: Standard, questionnaire: Questionnaire) -> Submitted:
    """Read the answer to one standard from a form.

    Raises RefusedError that names each field that does not fit; nothing of the answer is taken then.
    """
    problems: dict[str, str] = {}
    if standard.rated:
        values = _judgement(form, standard, questionnaire, problems)
    else:
        values = AnswerValues(fact=_fact(form, standard, problems))
    if problems:
        raise RefusedError("This answer was not saved yet.", problems)
    version = form.get(field(standard.key, "version"), "0")
    save_key = form.get(field(standard.key, "save_key"), "")
    return Submitted(
        standard.key,
        values,
        whole_number(version) or 0,
        save_key if _SAVE_KEY.fullmatch(save_key) else "",
    )


def _text(form: Form, standard: Standard, name: str, problems: dict[str, str]) -> str:
    try:
        return form.text(field(standard.key, name), most=MOST_TEXT)
    except RefusedError as problem:
        problems.update(problem.problems)
        return ""


def _judgement(
    form: Form, standard: Standard, questionnaire: Questionnaire, problems: dict[str, str]
) -> AnswerValues:
    chosen = form.get(field(standard.key, "level"), "")
    not_applicable = chosen == NOT_APPLICABLE and standard.not_applicable
    if chosen and not not_applicable and chosen not in {level.key for level in questionnaire.scale}:
        problems[field(standard.key, "level")] = f"Choose one of the levels for “{standard.title}”"
    typed_due = form.line(field(standard.key, "action_due"), most=40)
    due = read_date(typed_due)
    if typed_due and due is None:
        problems[field(standard.key, "action_due")] = (
            f"Enter the day by which the action on “{standard.title}” is done, like 31/3/2027"
        )
    return AnswerValues(
        level=chosen if chosen and not not_applicable else None,
        not_applicable=not_applicable,
        not_applicable_reason=_text(form, standard, "not_applicable_reason", problems),
        comment=_text(form, standard, "comment", problems),
        evidence=_text(form, standard, "evidence", problems),
        strength=form.get(field(standard.key, "strength"), "") == "yes",
        action_what=_text(form, standard, "action_what", problems),
        action_owner=_text(form, standard, "action_owner", problems),
        action_due=due,
    )


def _fact(form: Form, standard: Standard, problems: dict[str, str]) -> str:
    name = field(standard.key, "fact")
    raw: str | tuple[str, ...]
    if standard.type == "number_of_number":
        raw = (form.text(f"{name}-1", most=20), form.text(f"{name}-2", most=20))
    else:
        raw = form.text(name)
    try:
        return parse_fact(standard, raw)
    except FactError as problem:
        problems[name] = str(problem)
        return ""
