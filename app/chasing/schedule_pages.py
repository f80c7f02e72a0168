"""Pages of a round's schedule: its stages, what goes out next, what worked, and pausing all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.chasing import holding, planning
from app.chasing.deciding import Due, coming, mails_of
from app.chasing.planning import TypedPlan, TypedStage
from app.chasing.schedule import plan_of, terms
from app.chasing.spared import spared_lines
from app.chasing.stages import KIND_WORDS, STANDING_WORDS, Plan, StageKind, Standing4, stage_day
from app.chasing.worked import worked
from app.core.access import Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.rounds.queries import round_line

router = APIRouter()

DAYS_AHEAD = 14
_LISTED = 60


def typed_of(plan: Plan) -> TypedPlan:
    """Return a schedule as its form shows it."""
    stages = [
        TypedStage(
            number,
            each.key,
            str(abs(each.days)),
            "before" if each.days < 0 else "after",
            each.kind.value,
            tuple(sorted(each.standings)),
        )
        for number, each in enumerate(plan.stages)
    ]
    return TypedPlan(
        [*stages, TypedStage(len(stages), "", "", "after", "reminder", tuple(sorted(Standing4)))],
        f"{plan.send_from:%H:%M}",
        f"{plan.send_until:%H:%M}",
        plan.named_person,
        plan.named_address,
    )


def typed_in(form: Form) -> TypedPlan:
    """Return the schedule that a form holds."""
    stages = [
        TypedStage(
            number,
            form.line(f"key-{number}", most=60),
            form.line(f"days-{number}", most=20),
            form.line(f"side-{number}", most=20),
            form.line(f"kind-{number}", most=20),
            tuple(form.values_of(f"standings-{number}")),
            dropped=form.get(f"drop-{number}") == "yes",
        )
        for number in range(planning.MOST_STAGES + 1)
        if f"days-{number}" in form
    ]
    return TypedPlan(
        stages,
        form.line("send_from", most=20),
        form.line("send_until", most=20),
        form.line("named_person"),
        form.line("named_address"),
    )


@router.get("/rounds/{round_id}/schedule")
def schedule(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Show a round's schedule, and let it be changed."""
    return _schedule_page(request, session, round_id, today=london_date(at))


def _schedule_page(
    request: Request,
    session: Session,
    round_id: int,
    *,
    today: date,
    typed: TypedPlan | None = None,
    pausing: Mapping[str, str] | None = None,
    problem: RefusedError | None = None,
) -> Response:
    line = round_line(session, round_id)
    plan = plan_of(session, round_id)
    known = terms(session)
    pauses = [
        each
        for each in spared_lines(session, round_id, today)
        if each.what == "pause" and each.organisation_id is None and each.in_force
    ]
    return page(
        request,
        "chasing/schedule.html",
        status=422 if problem else 200,
        round=line,
        plan=plan,
        days=[(each, stage_day(each, line.due_on, known)) for each in plan.stages],
        typed=typed or typed_of(plan),
        kinds=[(kind.value, KIND_WORDS[kind]) for kind in StageKind],
        kind_words=KIND_WORDS,
        standings=[(each.value, STANDING_WORDS[each]) for each in Standing4],
        all_standings=len(Standing4),
        has_terms=bool(known),
        pauses=pauses,
        pausing=pausing or {},
        problems=problem.problems if problem else {},
        errors=error_list(problem),
        saved="saved" in request.query_params,
    )


@router.post("/rounds/{round_id}/schedule")
def save(request: Request, work: WorkDep, form: FormDep, round_id: int) -> Response:
    """Keep a changed schedule."""
    typed = typed_in(form)
    try:
        planning.save_plan(work, round_id, typed)
    except RefusedError as problem:
        today = london_date(work.now)
        return _schedule_page(request, work.session, round_id, today=today, typed=typed, problem=problem)
    return RedirectResponse(f"/rounds/{round_id}/schedule?saved=1", status_code=303)


def typed_day(form: Form, name: str) -> date | None:
    """Return a day from a form, None when it is empty. Raises RefusedError when it is no day."""
    typed = form.line(name, most=60)
    day = read_date(typed)
    if typed and day is None:
        raise RefusedError("", {name: "Enter a day like 26/2/2027"})
    return day


def _pause(work: Work, form: Form, round_id: int) -> None:
    ends_on = typed_day(form, "ends_on")
    holding.pause(work, round_id, reason=form.line("reason", most=2_000), ends_on=ends_on)


@router.post("/rounds/{round_id}/schedule/pause")
def pause_round(request: Request, work: WorkDep, form: FormDep, round_id: int) -> Response:
    """Send nothing at all in a round for a while."""
    try:
        _pause(work, form, round_id)
    except RefusedError as problem:
        today = london_date(work.now)
        return _schedule_page(request, work.session, round_id, today=today, pausing=form, problem=problem)
    return RedirectResponse(f"/rounds/{round_id}/schedule", status_code=303)


# --- what goes out next -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ComingStage:
    """What leaves on a day at one stage."""

    words: str
    kind: str
    lines: tuple[Due, ...]
    more: int
    mails: int
    told: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class ComingDay:
    """What leaves on one day."""

    day: date
    stages: tuple[ComingStage, ...]

    @property
    def mails(self) -> int:
        """How many mails that makes."""
        return sum(each.mails for each in self.stages)


def by_day(due: list[Due]) -> tuple[ComingDay, ...]:
    """Put what is coming in order: by day, then by stage, then by organisation."""
    ordered = sorted(due, key=lambda each: (each.day, each.stage.days, each.stage.key, each.of.organisation))
    return tuple(
        ComingDay(
            day,
            tuple(
                _coming_stage(list(lines))
                for _, lines in groupby(every, key=lambda each: (each.stage.days, each.stage.key))
            ),
        )
        for day, every in groupby(ordered, key=lambda each: each.day)
    )


def _coming_stage(lines: list[Due]) -> ComingStage:
    stage = lines[0].stage
    told = sum(each.to is not None for each in lines)
    return ComingStage(
        stage.words,
        KIND_WORDS[stage.kind],
        tuple(lines[:_LISTED]),
        max(0, len(lines) - _LISTED),
        len(mails_of(lines)),
        told,
        len(lines) - told,
    )


@router.get("/rounds/{round_id}/coming")
def what_is_coming(
    request: Request, _actor: ActorDep, session: SessionDep, at: NowDep, round_id: int
) -> Response:
    """Show what goes out in the next 14 days, to whom, and why."""
    line = round_line(session, round_id)
    today = london_date(at)
    due = coming(session, round_id, today, DAYS_AHEAD) if line.state == "open" else []
    return page(
        request,
        "chasing/coming.html",
        round=line,
        days=by_day(due),
        mails=len(mails_of(due)),
        returns=len(due),
        unreachable=sum(each.to is None for each in due),
        today=today,
        until=today + timedelta(days=DAYS_AHEAD - 1),
        standing_words=STANDING_WORDS,
    )


@router.get("/rounds/{round_id}/worked")
def what_worked(request: Request, _actor: ActorDep, session: SessionDep, round_id: int) -> Response:
    """Show what each reminder brought, and at which hour mails are answered best."""
    line = round_line(session, round_id)
    found: Any = worked(session, round_id, plan_of(session, round_id))
    return page(request, "chasing/worked.html", round=line, found=found)
