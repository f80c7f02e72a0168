"""Changing a round's schedule: its stages, its hours, and whom it names where there is no chair."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

from sqlalchemy import delete
from sqlmodel import col

from app.chasing.models import ChasePlan, ChaseStage
from app.chasing.schedule import plan_of
from app.chasing.stages import Plan, Stage, StageKind, Standing4
from app.core import audit
from app.core.access import REGISTER, Work
from app.core.errors import NotFoundError, RefusedError
from app.people.rules import LONGEST_NAME, is_address, normal_address
from app.rounds.service import locked

MOST_STAGES: Final = 20
FURTHEST: Final = 120


@dataclass(frozen=True, slots=True)
class TypedStage:
    """One stage as somebody typed it; `number` is its place on the page, no key: it is new."""

    number: int
    key: str
    days: str
    side: str
    kind: str
    standings: tuple[str, ...]
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class TypedPlan:
    """A schedule as somebody typed it."""

    stages: Sequence[TypedStage]
    send_from: str
    send_until: str
    named_person: str = ""
    named_address: str = ""


def read_time(typed: str) -> time | None:
    """Return a time of day that somebody typed (8:30, 08.30, 16:30), or None."""
    hours, mark, minutes = typed.strip().replace(".", ":").partition(":")
    if not (hours.isdecimal() and hours.isascii()) or (mark and not minutes.isdecimal()):
        return None
    try:
        return time(int(hours), int(minutes or 0))
    except ValueError:
        return None


def read_plan(typed: TypedPlan, known: Plan) -> Plan:
    """Return the schedule that was typed. Raises RefusedError with each field at fault."""
    problems: dict[str, str] = {}
    begins, ends = read_time(typed.send_from), read_time(typed.send_until)
    if begins is None:
        problems["send_from"] = "Enter a time like 8:30"
    if ends is None:
        problems["send_until"] = "Enter a time like 16:30"
    if begins and ends and begins >= ends:
        problems["send_until"] = "Mails must be able to leave: make this later than the first time"
    if typed.named_address and not is_address(typed.named_address):
        problems["named_address"] = "Enter an address like name@example.org, or leave it empty"
    if typed.named_address and not typed.named_person:
        problems["named_person"] = "Enter the person's name"
    if len(typed.named_person) > LONGEST_NAME:
        problems["named_person"] = f"Shorten the name to {LONGEST_NAME} characters or fewer"
    kept = [each for each in typed.stages if not each.dropped and (each.key or each.days.strip())]
    if len(kept) > MOST_STAGES:
        problems["stages"] = f"Keep to {MOST_STAGES} stages or fewer"
    stages = [_read_stage(each, known, problems) for each in kept]
    if problems or begins is None or ends is None:
        raise RefusedError("The schedule was not saved.", problems)
    found = sorted((each for each in stages if each), key=lambda each: (each.days, each.key))
    return Plan(tuple(found), begins, ends, typed.named_person, normal_address(typed.named_address), own=True)


def _read_stage(typed: TypedStage, known: Plan, problems: dict[str, str]) -> Stage | None:
    number = typed.number
    days = int(typed.days) if typed.days.strip().isascii() and typed.days.strip().isdecimal() else None
    if days is None or days > FURTHEST:
        problems[f"days-{number}"] = f"Enter a whole number of days, up to {FURTHEST}"
    if typed.side not in {"before", "after"}:
        problems[f"side-{number}"] = "Choose before or after"
    if typed.kind not in set(StageKind):
        problems[f"kind-{number}"] = "Choose what happens"
    standings = frozenset(Standing4(each) for each in typed.standings if each in set(Standing4))
    if not standings:
        problems[f"standings-{number}"] = "Choose for whom, at least one"
    if days is None or typed.kind not in set(StageKind):
        return None
    # A stage keeps its key for life: whoever was told at it is not told again because its day moved.
    key = typed.key if known.stage(typed.key) else f"{typed.kind}-{secrets.token_hex(4)}"
    return Stage(key, -days if typed.side == "before" else days, StageKind(typed.kind), standings)


def save_plan(work: Work, round_id: int, typed: TypedPlan) -> Plan:
    """Give a round its own schedule. Raises RefusedError with each field at fault."""
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    locked(work, round_id)
    before = plan_of(work.session, round_id)
    plan = read_plan(typed, before)
    work.session.merge(
        ChasePlan(
            round_id=round_id,
            send_from=plan.send_from,
            send_until=plan.send_until,
            named_person=plan.named_person,
            named_address=plan.named_address,
            changed_at=work.now,
        )
    )
    work.session.execute(delete(ChaseStage).where(col(ChaseStage.round_id) == round_id))
    work.session.flush()
    for each in plan.stages:
        work.session.add(
            ChaseStage(
                round_id=round_id, key=each.key, days=each.days, kind=each.kind, states=sorted(each.standings)
            )
        )
    work.session.flush()
    audit.record(work, "chase.planned", ("round", round_id), before=_told(before), after=_told(plan))
    return plan


def _told(plan: Plan) -> dict[str, object]:
    return {
        "stages": [[each.key, each.days, each.kind.value, sorted(each.standings)] for each in plan.stages],
        "hours": [plan.send_from.isoformat("minutes"), plan.send_until.isoformat("minutes")],
        "named": [plan.named_person, plan.named_address],
    }
