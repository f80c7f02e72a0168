"""What chasing has done so far in the demo: reminders that left, who is paused, exempt or has more time."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.composing import About, Recipient, compose, values_for
from app.chasing.deciding import is_school
from app.chasing.models import (
    ChaseMessage,
    ChasePlan,
    ChaseStage,
    Exemption,
    ExemptionKind,
    Extension,
    MessageOutcome,
    Pause,
    TermDates,
)
from app.chasing.queueing import message_key
from app.chasing.stages import (
    DEFAULT_FROM,
    DEFAULT_STAGES,
    DEFAULT_UNTIL,
    Addressee,
    Plan,
    Stage,
    StageKind,
    Standing4,
    addressee,
    stage_day,
)
from app.core.access import PartnershipRole
from app.core.clock import london_date
from app.core.letters import TITLES, standard_letter
from app.core.models import AddressFault, MessageState, OutboxMessage, UndeliverableAddress
from app.core.settings import settings
from app.core.working_days import Term, london_moment, school_year
from app.demo.chance import chance
from app.demo.copying import copy_rows
from app.demo.people import Person
from app.demo.returns import Made
from app.demo.rounds import Cast, RoundPlan
from app.returns.models import ReturnState

# Beside the usual stages the demo's schools are reminded early, so that there is something to see.
EARLY: Final = tuple(Stage(f"before-{days}", -days, StageKind.REMINDER) for days in (42, 28))
_LETTERS: Final = {key: standard_letter(key) for key in TITLES}
_TERMS: Final = (
    ("Autumn term, first half", (9, 2), (10, 23)),
    ("Autumn term, second half", (11, 2), (12, 18)),
    ("Spring term, first half", (1, 4), (2, 12)),
    ("Spring term, second half", (2, 22), (3, 25)),
    ("Summer term, first half", (4, 12), (5, 28)),
    ("Summer term, second half", (6, 7), (7, 21)),
)


def terms_of(now: datetime) -> list[tuple[str, date, date]]:
    """Return the terms of the school year of a moment and of the next."""
    this = school_year(london_date(now))
    found = []
    for begins in (this, this + 1):
        for name, first, last in _TERMS:
            year = begins + (first[0] < 9)
            days = _weekday(date(year, *first), 1), _weekday(date(year, *last), -1)
            found.append((f"{name}, {begins} to {begins + 1}", *days))
    return found


def _weekday(day: date, step: int) -> date:
    """Return a day, moved off the weekend: no school begins or ends a term on one."""
    while day.weekday() > 4:
        day += timedelta(days=step)
    return day


def write_terms(session: Session, cast: Cast) -> None:
    """Write the terms of the demo's schools."""
    rows = [{"name": name, "first_on": first, "last_on": last} for name, first, last in terms_of(cast.now)]
    copy_rows(session, TermDates, rows)


def plan_for(this: RoundPlan) -> Plan:
    """Return the schedule of a round of the demo."""
    stages = (*EARLY, *DEFAULT_STAGES) if this.before and this.id % 2 == 0 else DEFAULT_STAGES
    return Plan(stages, named_person="Cordelia Fairholme", named_address="chair@eleven.example.org", own=True)


# --- reminders that left ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    made: Made
    stage: Stage
    at: datetime
    standing: Standing4
    answered: int
    to: Addressee


def standing_then(made: Made, at: datetime) -> Standing4 | None:
    """Return how far a return was at a moment, None when it was signed."""
    plan = made.plan
    if plan.signed_at is not None and plan.signed_at <= at:
        return None
    if plan.ready_at is not None and plan.ready_at <= at:
        return Standing4.WAITING
    if plan.started_at is not None and plan.started_at <= at:
        return Standing4.IN_PROGRESS
    opened = plan.opened_at is not None and plan.opened_at <= at
    return Standing4.NOT_STARTED if opened else Standing4.NOT_OPENED


def _people(cast: Cast) -> dict[int, list[Addressee]]:
    users = {row["id"]: Person(row["id"], row["name"], row["email"]) for row in cast.people.users}
    found: dict[int, list[Addressee]] = defaultdict(list)
    for contact in cast.people.contacts:
        if contact["ended_at"] is None:
            person = users[contact["user_id"]]
            found[contact["organisation_id"]].append(
                Addressee(person.id, person.name, person.email, contact["role"])
            )
    return found


def _told(cast: Cast, this: RoundPlan, every: Sequence[Made]) -> Iterator[_Told]:
    people, plan, today = _people(cast), plan_for(this), london_date(cast.now)
    terms = [Term(first, last) for _, first, last in terms_of(cast.now)]
    rng = chance(cast.seed, "reminders", this.id)
    for stage in plan.stages:
        if stage.kind is StageKind.CALL:
            continue
        minutes = rng.randrange(0, 240, 30)
        for made in every:
            respected = terms if is_school(made.facts["kind"]) else None
            day = stage_day(stage, made.plan.due_on, respected)
            if not this.dates.opens_on < day < today:
                continue
            at = london_moment(day, time(8, 30)) + timedelta(minutes=minutes)
            standing = standing_then(made, at)
            if standing is None:
                continue
            to = addressee(people.get(made.organisation_id, ()), stage.kind, standing, plan)
            if to is not None:
                answered = len(made.answers) // 2 if standing is Standing4.IN_PROGRESS else 0
                yield _Told(made, stage, at, standing, answered, to)


def _mail_row(this: RoundPlan, key: str, group: Sequence[_Told]) -> dict[str, Any]:
    first = group[0]
    abouts = [
        About(
            each.made.id,
            each.made.asked.listed.organisation.name,
            this.title,
            each.standing,
            each.made.plan.due_on,
            each.answered,
            len(each.made.questionnaire.questions),
        )
        for each in group
    ]
    to = Recipient(first.to.user_id, first.to.name, may_sign_in=bool(first.to.user_id))
    values = values_for(abouts, to, settings(), now=first.at, today=london_date(first.at))
    subject, body = compose(_LETTERS, first.stage.kind, abouts, values)
    return {
        "dedupe_key": key,
        "kind": "chase",
        "recipient": first.to.address,
        "subject": subject,
        "body": body,
        "organisation_id": first.made.organisation_id if len(group) == 1 else None,
        "state": MessageState.SENT,
        "created_at": first.at,
        "due_at": first.at,
        "sent_at": first.at,
        "attempts": 1,
        "message_id": f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@eleven.example.org>",
    }


def _message_row(this: RoundPlan, each: _Told, outbox_id: int) -> dict[str, Any]:
    due_on = each.made.plan.due_on
    return {
        "dedupe_key": message_key(each.made.id, each.stage.kind, each.stage.key, due_on, each.to.address),
        "round_id": this.id,
        "return_id": each.made.id,
        "organisation_id": each.made.organisation_id,
        "stage_key": each.stage.key,
        "kind": each.stage.kind,
        "due_on": due_on,
        "state_then": each.standing.value,
        "address": each.to.address,
        "user_id": each.to.user_id or None,
        "queued_at": each.at,
        "outbox_id": outbox_id,
        "outcome": MessageOutcome.SENT,
        "settled_at": each.at,
        "why_not": "",
    }


def write_reminders(session: Session, cast: Cast, this: RoundPlan, every: Sequence[Made]) -> None:
    """Write a round's schedule, and the reminders that have left by it."""
    _write_plan(session, this)
    groups: dict[str, list[_Told]] = defaultdict(list)
    for each in _told(cast, this, every):
        groups[f"chase:demo:{this.id}:{each.at:%m%d}:{each.stage.kind}:{each.to.address}"].append(each)
    copy_rows(session, OutboxMessage, (_mail_row(this, key, group) for key, group in groups.items()))
    rows = session.execute(
        select(col(OutboxMessage.dedupe_key), col(OutboxMessage.id)).where(
            col(OutboxMessage.dedupe_key).in_(list(groups))
        )
    )
    numbers = {key: int(number or 0) for key, number in rows}
    messages = [_message_row(this, each, numbers[key]) for key, group in groups.items() for each in group]
    copy_rows(session, ChaseMessage, messages)


def _write_plan(session: Session, this: RoundPlan) -> None:
    plan = plan_for(this)
    row = {
        "round_id": this.id,
        "send_from": DEFAULT_FROM,
        "send_until": DEFAULT_UNTIL,
        "named_person": plan.named_person,
        "named_address": plan.named_address,
        "changed_at": this.dates.issued_at,
    }
    copy_rows(session, ChasePlan, [row])
    stages = [
        {
            "round_id": this.id,
            "key": each.key,
            "days": each.days,
            "kind": each.kind,
            "states": sorted(standing.value for standing in each.standings),
        }
        for each in plan.stages
    ]
    copy_rows(session, ChaseStage, stages)


# --- left alone, more time, dead addresses ----------------------------------------------------------------


def write_holds(session: Session, cast: Cast, this: RoundPlan, every: Sequence[Made]) -> None:
    """Write who is paused, exempt or has more time, and whose mails come back."""
    rng = chance(cast.seed, "holds", this.id)
    manager = cast.people.staff[PartnershipRole.BOARD_MANAGER].id
    silent = [made for made in every if made.plan.state is ReturnState.ISSUED and made.asked.team.somebody]
    chosen = rng.sample(silent, min(6, len(silent)))
    days = [cast.now - timedelta(days=number, hours=rng.randrange(3)) for number in (3, 6, 9)]
    for made, kind, reason, at in zip(
        chosen[:2],
        (ExemptionKind.ELSEWHERE, ExemptionKind.CLOSED),
        ("Answers to the partnership where its main site is", "Closes at the end of this term"),
        days,
        strict=False,
    ):
        session.add(
            Exemption(
                return_id=made.id,
                organisation_id=made.organisation_id,
                kind=kind,
                reason=reason,
                made_at=at,
                made_by=manager,
            )
        )
    for made in chosen[2:3]:
        session.add(
            Pause(
                round_id=this.id,
                organisation_id=made.organisation_id,
                reason="An inspection is in the building",
                begun_at=days[0],
                begun_by=manager,
                ends_on=london_date(cast.now) + timedelta(days=5),
            )
        )
    _extensions(session, this, every, manager, days[2])
    _dead(session, cast, chosen[3:5], rng)
    session.flush()


def _extensions(session: Session, this: RoundPlan, every: Sequence[Made], manager: int, at: datetime) -> None:
    """Give each return that is due later than its round the reason why."""
    for made in every:
        if made.plan.due_on > this.dates.due_on:
            session.add(
                Extension(
                    return_id=made.id,
                    organisation_id=made.organisation_id,
                    due_before=this.dates.due_on,
                    due_on=made.plan.due_on,
                    reason="New head since half term",
                    made_at=at,
                    made_by=manager,
                )
            )


def _dead(session: Session, cast: Cast, chosen: Sequence[Made], rng: random.Random) -> None:
    people = _people(cast)
    for made in chosen:
        found = people.get(made.organisation_id, [])
        for person in found[:1]:
            if session.get(UndeliverableAddress, person.address) is None:
                session.add(
                    UndeliverableAddress(
                        address=person.address,
                        fault=AddressFault.REFUSED,
                        detail="550 5.1.1 The email account does not exist",
                        since=cast.now - timedelta(days=rng.randrange(2, 9)),
                    )
                )
