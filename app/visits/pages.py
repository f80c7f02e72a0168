"""Pages of the programme: coverage, selection, and what the partnership has set."""

import secrets
from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import PartnershipRole
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.people.queries import members
from app.visits import picture, queries, service, set_up, setting_up
from app.visits.lifecycle import STATE_WORDS, UNDER_WAY
from app.visits.outlook import NEXT
from app.visits.programme import Capacity
from app.visits.rules import PARTNER_WORDS, Partner
from app.visits.selection import WEIGHT_WORDS, Weights

router = APIRouter()
SHOWN = 40
CAPACITY_WORDS = {
    "visits_a_month": "Visits in a month, at most",
    "visits_a_day": "Visits on one day, at most",
    "pso_days_a_year": "Days of all scrutiny officers in a year",
    "pso_days_a_visit": "Days that one visit takes",
}


@router.get("/visits")
def programme(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Show the visits by what they need next, and the coverage of the two-year commitment."""
    today = london_date(at)
    heads = queries.visits(session)
    return page(
        request,
        "visits/programme.html",
        under_way=[head for head in heads if head.state in UNDER_WAY],
        done=[head for head in heads if head.state not in UNDER_WAY],
        overdue={head.id for head in queries.overdue(heads, today)},
        covered=picture.coverage(session, heads, today),
        words=STATE_WORDS,
        next=NEXT,
        may_choose=actor.has(*service.CHOOSERS),
        may_set=actor.has(PartnershipRole.BOARD_MANAGER),
        today=today,
    )


@router.get("/visits/selection")
def selection(
    request: Request,
    actor: ActorDep,
    session: SessionDep,
    at: NowDep,
    who: str = "section-11",
    name: str = "",
) -> Response:
    """Show who comes first for a visit, and why; anybody can be found by name and added."""
    return _selection_page(request, actor, session, at, who=who, name=" ".join(name.split())[:100])


def _selection_page(
    request: Request,
    actor: ActorDep,
    session: SessionDep,
    at: NowDep,
    *,
    who: str = "section-11",
    name: str = "",
    problem: RefusedError | None = None,
) -> Response:
    today = london_date(at)
    every = picture.ranking(session, today)
    agencies = who != "everybody"
    lines = [line for line in every if line.place.section_11 or not agencies]
    lines = [line for line in lines if name.casefold() in line.place.name.casefold()]
    problems = problem.problems if problem else {}
    failed = {int(name.removeprefix("why-")) for name in problems if name.startswith("why-")}
    shown = lines[:SHOWN]
    return page(
        request,
        "visits/selection.html",
        status=422 if problem else 200,
        lines=shown + [line for line in every if line.place.id in failed and line not in shown],
        count=len(lines),
        who="section-11" if agencies else "everybody",
        name=name,
        simulated=picture.next_two_years(session, today, every),
        capacity=set_up.capacity(session),
        drawn=set_up.last_draw(session),
        names={line.place.id: line.place.name for line in every},
        may_choose=actor.has(*service.CHOOSERS),
        own=actor.readable,
        errors=error_list(problem),
        problems=problems,
        today=today,
    )


@router.post("/visits/selection")
def choose(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Put an organisation on the list of visits."""
    organisation_id = whole_number(form.get("organisation_id", "")) or 0
    try:
        with work.session.begin_nested():
            visit_id = service.choose(work, organisation_id, form.line(f"why-{organisation_id}"))
    except RefusedError as problem:
        return _selection_page(request, work.actor, work.session, work.now, problem=problem)
    return RedirectResponse(f"/visits/{visit_id}", status_code=303)


@router.post("/visits/draw")
def draw(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Draw the calibration sample; the seed is recorded, so that anybody can repeat the draw."""
    typed = form.line("seed", most=9)
    seed = whole_number(typed) if typed else secrets.randbelow(1_000_000)
    try:
        with work.session.begin_nested():
            service.draw(work, seed)
    except RefusedError as problem:
        return _selection_page(request, work.actor, work.session, work.now, problem=problem)
    return RedirectResponse("/visits/selection#draw", status_code=303)


# --- settings --------------------------------------------------------------------------------------


@router.get("/visits/settings")
def settings_page(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Show points, capacity, seats and the Word template."""
    return show_settings(request, session)


def show_settings(
    request: Request, session: SessionDep, *, problem: RefusedError | None = None, form: Form | None = None
) -> Response:
    """Render the settings of visits, with what was typed and what is wrong with it."""
    typed = dict(form) if form is not None else {}
    seats = {seat.user_id: seat.partner for seat in queries.seats(session)}
    people = [each for each in members(session) if PartnershipRole.SAFEGUARDING_PARTNER in each.roles]
    return page(
        request,
        "visits/settings.html",
        status=422 if problem else 200,
        weights={**asdict(set_up.weights(session)), **typed},
        weight_words=WEIGHT_WORDS,
        capacity={**asdict(set_up.capacity(session)), **typed},
        capacity_words=CAPACITY_WORDS,
        people=people,
        seats=seats,
        partners=PARTNER_WORDS,
        templates=set_up.templates(session),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


@router.post("/visits/settings")
def change_settings(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Set points, capacity, or for whom a partner's representative speaks."""
    part = form.get("part", "")
    if part not in {"weights", "capacity", "seat", "template"}:
        return show_settings(request, work.session, problem=RefusedError("Choose what to change."))
    try:
        if part == "weights":
            setting_up.set_weights(work, {name: whole_number(form.line(name)) for name in asdict(Weights())})
        elif part == "capacity":
            setting_up.set_capacity(
                work, {name: whole_number(form.line(name)) for name in asdict(Capacity())}
            )
        elif part == "seat":
            chosen = form.get("partner", "")
            setting_up.set_seat(
                work,
                whole_number(form.get("user_id", "")) or 0,
                Partner(chosen) if chosen in list(Partner) else None,
            )
        else:
            setting_up.use_template(work, whole_number(form.get("template_id", "")))
    except RefusedError as problem:
        return show_settings(request, work.session, problem=problem, form=form)
    return RedirectResponse(f"/visits/settings#{part}", status_code=303)
