"""The returns of one round: what each said, who saved it when, what was signed, and how it was rated."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from app.core.clock import london_date
from app.demo.answers import Answers, Making, complete, partly, typed_oddly
from app.demo.chance import chance
from app.demo.history import Save, history_row, saves, stamp, standing
from app.demo.people import Person
from app.demo.plan import Asked, Plan
from app.demo.timetable import Dates
from app.demo.wording import wording
from app.questionnaires.definition import Questionnaire
from app.returns.models import ReturnState
from app.returns.rules import FIELDS, AnswerValues, answered_in
from app.returns.signing import DECLARATION, domain_ratings, snapshot, snapshot_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A round as its returns need to know it."""

    round_id: int
    title: str
    dates: Dates
    version_id: int
    version_hash: str
    shift: float
    last_year: bool
    questionnaire_for: Callable[[Mapping[str, Any]], Questionnaire]
    previous: Mapping[int, Answers] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edition:
    """What was signed at a moment."""

    answers: Answers
    signed_at: datetime


@dataclass(slots=True, kw_only=True)
class Made:
    """One return with everything that belongs to it."""

    id: int
    issue: Issue
    asked: Asked
    plan: Plan
    facts: dict[str, Any]
    questionnaire: Questionnaire
    answers: Answers = field(default_factory=dict)
    saves: list[Save] = field(default_factory=list)
    editions: list[Edition] = field(default_factory=list)
    domains_given: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    older: list[dict[str, Any]] = field(default_factory=list)

    @property
    def organisation_id(self) -> int:
        """The organisation whose return it is."""
        return self.asked.listed.id

    def signed_files(self) -> dict[str, list[dict[str, Any]]]:
        """Return what a signed edition remembers of the files, as the program freezes them."""
        kept = {"id": "id", "name": "name", "type": "type_key", "size": "size", "sha256": "sha256"}
        return {
            key: [{name: row[column] for name, column in kept.items()} for row in rows]
            for key, rows in self.files.items()
        }

    @property
    def lead(self) -> Person | None:
        """Who led on the return when it was written."""
        return self.asked.team.last_lead if self.issue.last_year else self.asked.team.lead


def make(issue: Issue, asked: Asked, plan: Plan, *, return_id: int, facts: dict[str, Any], seed: str) -> Made:
    """Make up one return."""
    made = Made(
        id=return_id,
        issue=issue,
        asked=asked,
        plan=plan,
        facts=facts,
        questionnaire=issue.questionnaire_for(facts),
    )
    if plan.started_at is None or plan.last_at is None:
        return made
    rng = chance(seed, "answers", issue.round_id, made.organisation_id)
    made.answers = _answers(rng, made, london_date(plan.last_at), odd=return_id % 97 == 5)
    made.saves = _first_saves(rng, made, plan.started_at, plan.last_at)
    if plan.first_signed_at is not None:
        made.editions.append(Edition(dict(made.answers), plan.first_signed_at))
    if plan.sent_back_at is not None:
        _look_again(rng, made, plan.sent_back_at)
    if plan.signed_at is not None and plan.signed_at != plan.first_signed_at:
        made.editions.append(Edition(dict(made.answers), plan.signed_at))
    return made


def _answers(rng: random.Random, made: Made, day: date, *, odd: bool) -> Answers:
    lead_name = made.lead.name if made.lead else ""
    making = Making(
        questionnaire=made.questionnaire,
        quality=made.asked.quality,
        wording=wording(rng, made.asked.listed, lead_name, made.facts["governance"], day),
        shift=made.issue.shift,
        last_year=made.issue.previous.get(made.organisation_id, {}),
    )
    answers = complete(making) if made.plan.share >= 1 else partly(making, made.plan.share)
    return typed_oddly(answers) if odd else answers


def _first_saves(rng: random.Random, made: Made, start: datetime, end: datetime) -> list[Save]:
    lead = made.lead
    assert lead is not None  # noqa: S101 - a return that was begun was begun by somebody
    helpers = made.asked.team.contributors
    style = made.asked.quality.style
    shared = bool(helpers) and style != "rushed" and (made.asked.forced is not None or rng.random() < 0.75)
    writers: dict[str, int] = {}
    for domain in made.questionnaire.domains:
        author = rng.choice([lead, *helpers]) if shared else lead
        writers |= {standard.key: author.id for standard in domain.standards}
        if author is not lead and rng.random() < 0.6:
            made.domains_given[domain.key] = author.id
    ordered = saves(rng, made.answers, lambda key: writers.get(key, lead.id), lead.id, start)
    stamp(rng, ordered, start, end, one_sitting=style == "rushed" or rng.random() < 0.2)
    return ordered


def _look_again(rng: random.Random, made: Made, sent_back_at: datetime) -> None:
    """Change a few answers after the return was sent back."""
    lead = made.lead
    assert lead is not None  # noqa: S101 - see above
    stands = standing(made.saves)
    able = [key for key, values in made.answers.items() if values.level is not None]
    until = made.plan.ready_at if made.plan.signed_at else None
    for number, key in enumerate(rng.sample(able, min(3, len(able))), 1):
        before = stands[key]
        values = replace(
            before.values, comment=f"{before.values.comment} Looked at again: see evidence.".strip()
        )
        minutes = timedelta(minutes=7 * number)
        at = sent_back_at + (min(minutes, (until - sent_back_at) / 2) if until else minutes)
        made.saves.append(Save(key, values, before.version + 1, accepted=True, by=lead.id, at=at))
        made.answers[key] = values


# --- rows ----------------------------------------------------------------------------------------


def return_row(made: Made) -> dict[str, Any]:
    """Return the row of the return itself: state and progress are stored, as the program stores them."""
    plan = made.plan
    lead = made.lead
    done = plan.state in {ReturnState.READY, ReturnState.SIGNED}
    return {
        "id": made.id,
        "round_id": made.issue.round_id,
        "organisation_id": made.organisation_id,
        "version_id": made.issue.version_id,
        "state": plan.state,
        "facts": made.facts,
        "due_on": plan.due_on,
        "total": len(made.questionnaire.questions),
        "answered": answered_in(made.questionnaire.questions, made.answers),
        "edition": len(made.editions),
        "issued_at": plan.issued_at,
        "opened_at": plan.opened_at,
        "started_at": made.saves[0].at if made.saves else None,
        "last_saved_at": max(save.at for save in made.saves if save.accepted) if made.saves else None,
        "ready_at": plan.ready_at if done else None,
        "ready_by": lead.id if lead and (done or made.editions) else None,
        "signed_at": plan.signed_at,
        "sent_back_at": plan.sent_back_at,
        "sent_back_reason": plan.sent_back_reason,
    }


def answer_rows(made: Made) -> Iterator[dict[str, Any]]:
    """Yield the answers as they stand."""
    for key, save in standing(made.saves).items():
        yield {
            "return_id": made.id,
            "standard_key": key,
            "organisation_id": made.organisation_id,
            "version": save.version,
            **{name: getattr(save.values, name) for name in FIELDS},
            "updated_at": save.at,
            "updated_by": save.by,
        }


def history_rows(made: Made, seed: str) -> Iterator[dict[str, Any]]:
    """Yield every save, refused ones included."""
    rng = chance(seed, "keys", made.id)
    place = {"return_id": made.id, "organisation_id": made.organisation_id}
    for save in made.saves:
        yield history_row(rng, save, place)


def domain_rows(made: Made) -> Iterator[dict[str, Any]]:
    """Yield the domains that the lead gave to colleagues who are still there."""
    present = {each.id for each in made.asked.team.contacts}
    for domain_key, user_id in made.domains_given.items():
        if user_id in present:
            yield {
                "return_id": made.id,
                "domain_key": domain_key,
                "organisation_id": made.organisation_id,
                "user_id": user_id,
            }


def signed_rows(made: Made) -> Iterator[dict[str, Any]]:
    """Yield each signed edition, frozen as the program freezes it."""
    signatory = made.asked.team.signatory
    assert signatory is not None or not made.editions  # noqa: S101 - somebody signed
    for number, edition in enumerate(made.editions, 1):
        content = snapshot(
            organisation_name=made.asked.listed.organisation.name,
            facts=made.facts,
            round_title=made.issue.title,
            due_on=made.plan.due_on,
            questionnaire=made.questionnaire,
            version_hash=made.issue.version_hash,
            answers=edition.answers,
            ratings=domain_ratings(made.questionnaire, edition.answers),
            files=made.signed_files(),
            earlier_actions=made.older,
        )
        yield {
            "return_id": made.id,
            "organisation_id": made.organisation_id,
            "edition": number,
            "content": content,
            "content_hash": snapshot_hash(content),
            "declaration": DECLARATION,
            "signatory_id": signatory.id if signatory else 0,
            "signatory_name": signatory.name if signatory else "",
            "signed_at": edition.signed_at,
        }


def signed_answers(every: Sequence[Made]) -> dict[int, dict[str, AnswerValues]]:
    """Return the answers of the signed returns by organisation."""
    return {made.organisation_id: made.answers for made in every if made.plan.state is ReturnState.SIGNED}
