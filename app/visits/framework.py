"""Letter and framework: the agency is told, and asked once more, with its last answers to begin from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from app.core.access import Work
from app.core.clock import london_date, long_date
from app.core.errors import RefusedError
from app.core.settings import settings
from app.core.working_days import earlier_working_day
from app.questionnaires import queries as questionnaires
from app.questionnaires.models import FRAMEWORK_SUFFIX, QuestionnaireVersion
from app.questionnaires.service import publish_content
from app.returns import queries as returns
from app.returns.issuing import issue
from app.returns.models import Answer, AnswerVersion, Return
from app.returns.rules import FIELDS, answered_in
from app.rounds import service as rounds
from app.rounds.models import Round
from app.rounds.rules import Audience
from app.visits import mails
from app.visits.letter import LetterFacts, problems_of, standard_text
from app.visits.lifecycle import Step
from app.visits.preparing import draft_lines
from app.visits.queries import VisitHead
from app.visits.service import check, held, move
from app.visits.sources import newest_signed

_WHOLE, _CHOSEN, _BESPOKE = "whole", "chosen", "bespoke"
KINDS_OF_FRAMEWORK = {
    _WHOLE: "The whole questionnaire",
    _CHOSEN: "Chosen domains",
    _BESPOKE: "A domain of our own for this visit",
}
_DESCRIPTORS = {
    "red": "It is not in place, is out of date, or we do not know.",
    "amber": "It exists, but it is incomplete, not used everywhere, or is unchecked for a year.",
    "green": "It is complete, current and used everywhere, and we can show how we know.",
}


@dataclass(frozen=True, slots=True)
class Framework:
    """What the agency is asked before a visit: everything, some domains, or a domain of the visit's own."""

    kind: str = _WHOLE
    domains: tuple[str, ...] = ()
    title: str = ""
    standards: tuple[str, ...] = ()


def letter_text(this: VisitHead) -> str:
    """Return what the selection letter says: what it said when it went, or Eleven's words to begin from.

    Empty while the visit has no date.
    """
    visit, config = this.visit, settings()
    if visit.letter or visit.visit_on is None or visit.framework_due is None or visit.return_due is None:
        return visit.letter
    return standard_text(
        LetterFacts(
            organisation=this.organisation,
            visit_on=visit.visit_on,
            framework_due=visit.framework_due,
            return_due=visit.return_due,
            law=config.statutory_paragraph,
            phone=config.partnership_phone,
            email=config.partnership_email,
        )
    )


def send_letter(work: Work, visit_id: int, text: str | None = None) -> int:
    """Tell the agency in these words (None: Eleven's) that it is selected; return how many people it reaches.

    Raises RefusedError when the text does not say the date.
    """
    this = held(work, visit_id)
    check(work, this, Step.SEND_LETTER)
    standard = letter_text(this)
    text = standard if text is None else text.strip()
    problems = problems_of(text, this.visit.visit_on) if this.visit.visit_on else {}
    if problems:
        raise RefusedError("The letter was not sent.", problems)
    this.visit.letter = text
    this.visit.letter_sent_at = work.now
    reached = mails.to_agency(
        work, this, "visit-selected", "You are selected for an assurance visit", text=text
    )
    move(work, this, Step.SEND_LETTER, reached=reached, own_words=text != standard)
    return reached


def base_version(work: Work, this: VisitHead) -> tuple[QuestionnaireVersion, returns.ReturnHead | None]:
    """Return the newest version of what the agency answers each year, and its newest signed return."""
    last = newest_signed(work.session, work.actor, this.organisation_id)
    query = select(QuestionnaireVersion).order_by(col(QuestionnaireVersion.version).desc()).limit(1)
    if last is not None:
        key = questionnaires.version_line(work.session, last.version_id).key.removesuffix(FRAMEWORK_SUFFIX)
        query = query.where(col(QuestionnaireVersion.key) == key)
    else:
        kind = "section-175" if this.is_school else "section-11"
        query = query.where(col(QuestionnaireVersion.key) == kind)
    version = work.session.execute(query).scalar()
    if version is None:
        raise RefusedError("There is no questionnaire for this agency yet. Publish one first.")
    return version, last


def framework_content(base: Mapping[str, Any], wanted: Framework) -> dict[str, Any]:
    """Return the definition of a visit's framework. Raises RefusedError when it would ask nothing."""
    content = {
        **base,
        "key": f"{base['key']}{FRAMEWORK_SUFFIX}",
        "title": f"{base['title']}: assurance visit",
    }
    if wanted.kind == _CHOSEN:
        content["domains"] = [each for each in base["domains"] if each["key"] in wanted.domains]
        if not content["domains"]:
            raise RefusedError("", {"domains": "Choose at least one domain"})
    if wanted.kind == _BESPOKE:
        if not wanted.title or not wanted.standards:
            raise RefusedError("", {"bespoke_title": "Give the domain a name, and write one standard a line"})
        kept = [each for each in base["domains"] if each["key"] in wanted.domains]
        content["domains"] = [*kept, _bespoke(base, wanted)]
    return content


def _bespoke(base: Mapping[str, Any], wanted: Framework) -> dict[str, Any]:
    levels = [level["key"] for level in base["scale"]] if "scale" in base else list(_DESCRIPTORS)
    standards = [
        {
            "key": f"our-own-{number}",
            "title": " ".join(text.split()[:8])[:80],
            "text": text,
            "descriptors": {key: _DESCRIPTORS.get(key, key.capitalize()) for key in levels},
            "evidence": "A title, a date or a number that shows it.",
        }
        for number, text in enumerate(wanted.standards, 1)
    ]
    return {
        "key": "our-own-for-this-visit",
        "title": wanted.title,
        "summary": "Written for this visit; reported apart from the six domains.",
        "bespoke": True,
        "standards": standards,
    }


def issue_framework(work: Work, visit_id: int, wanted: Framework) -> int:
    """Issue the framework as a return like any other, filled with the last answers. Returns its id.

    Raises RefusedError when a deadline is missed and no waiver for short notice is recorded.
    """
    this = held(work, visit_id)
    check(work, this, Step.ISSUE_FRAMEWORK)
    _in_time(work, this)
    base, last = base_version(work, this)
    version = publish_content(work, framework_content(base.content, wanted))
    round_id = _round(work, this, version, last)
    rounds.set_audience(work, round_id, Audience(included=frozenset({this.organisation_id})))
    issue(work, round_id)
    made = work.session.execute(select(Return).where(col(Return.round_id) == round_id)).scalar_one()
    if last is not None:
        _prefill(work, made, last)
    this.visit.return_id, this.visit.framework_issued_at = made.id, work.now
    move(work, this, Step.ISSUE_FRAMEWORK, return_id=made.id, kind=wanted.kind)
    return made.id or 0


def _in_time(work: Work, this: VisitHead) -> None:
    due = this.visit.framework_due
    if due is not None and london_date(work.now) > due and not this.visit.waiver:
        raise RefusedError(
            f"The framework was to go out by {long_date(due)}. Move the visit, or record a waiver for short "
            "notice first."
        )


def _round(
    work: Work, this: VisitHead, version: QuestionnaireVersion, last: returns.ReturnHead | None
) -> int:
    visit_on, back, today = this.visit.visit_on, this.visit.return_due, london_date(work.now)
    assert visit_on is not None  # noqa: S101 - a framework is issued after a date was proposed
    due = back if back is not None and back >= today else earlier_working_day(visit_on - timedelta(days=1))
    made = Round(
        title=f"Before the visit on {long_date(visit_on)}: {this.organisation}",
        version_id=version.id or 0,
        school_year=version.school_year,
        opens_on=today,
        due_on=max(due, today),
        # What it is compared with is the agency's last return, not some other agency's framework.
        previous_round_id=last.round_id if last else None,
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    return made.id or 0


def _prefill(work: Work, made: Return, last: returns.ReturnHead) -> None:
    """Copy the last answers into a framework: each with who gave it, as the first version of its history."""
    questionnaire = questionnaires.questionnaire_for(work.session, made.version_id, made.facts)
    asked = {each.key for each in questionnaire.questions}
    lines = returns.answers(work.session, work.actor, last.id)
    kept = {key: line for key, line in lines.items() if key in asked}
    if not kept:
        return
    common = {"return_id": made.id, "organisation_id": made.organisation_id, "version": 1}
    answers: Sequence[dict[str, Any]] = [
        {
            **common,
            "standard_key": key,
            **{name: getattr(line.values, name) for name in FIELDS},
            "updated_at": work.now,
            "updated_by": line.updated_by,
        }
        for key, line in kept.items()
    ]
    history = [
        {
            **common,
            "standard_key": key,
            "accepted": True,
            "values": line.values.stored(),
            "save_key": "",
            "saved_at": work.now,
            "saved_by": line.updated_by,
        }
        for key, line in kept.items()
    ]
    connection = work.session
    connection.execute(insert(Answer), answers)
    connection.execute(insert(AnswerVersion), history)
    done = answered_in(questionnaire.questions, {key: line.values for key, line in kept.items()})
    connection.execute(update(Return).where(col(Return.id) == made.id).values(answered=done))


def use_last_return(work: Work, visit_id: int) -> int:
    """Go on with the newest signed return, and draft the lines of enquiry from it. Returns how many.

    The framework has the questionnaire sent only "if it needs to be updated".
    """
    this = held(work, visit_id)
    check(work, this, Step.USE_LAST_RETURN)
    last = newest_signed(work.session, work.actor, this.organisation_id)
    if last is None:
        raise RefusedError("This agency has not signed a return yet. Issue the framework instead.")
    this.visit.return_id = last.id
    move(work, this, Step.USE_LAST_RETURN, return_id=last.id)
    return draft_lines(work, this)
