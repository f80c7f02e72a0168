"""The partnership's year on a page, and the pages of its own entries."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.chasing.schedule import terms
from app.core.access import RATINGS
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, in_order_of, whole_number
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.planner import entries
from app.planner.conflicts import conflicts
from app.planner.entries import Place
from app.planner.entry_rules import LONGEST_KIND, LONGEST_NOTE, LONGEST_TITLE, NewEntry, Which
from app.planner.print_size import size_for
from app.planner.recurrence import REPEAT_WORDS, Repeat
from app.planner.year import (
    KIND_WORDS,
    OWN,
    EntryKind,
    PlanYear,
    YearKind,
    activities,
    cells,
    year_of,
)
from app.planner.year_queries import (
    EntryLine,
    entry_line,
    may_write,
    own_kinds,
    undated_visits,
    year_marks,
)
from app.visits.set_up import capacity

router = APIRouter()
_FIRST_YEAR, _LAST_YEAR = 2010, 2090
_FIELDS = ("title", "kind", "own_kind", "first_on", "last_on", "repeats", "repeats_until", "note", "which")


# --- the year ---------------------------------------------------------------------------------------


def _wanted(request: Request, session_day: Any) -> PlanYear:
    typed = request.query_params
    kind = YearKind.FINANCIAL if typed.get("by") == YearKind.FINANCIAL else YearKind.SCHOOL
    begins = whole_number(typed.get("year", ""))
    if begins is None or not _FIRST_YEAR <= begins <= _LAST_YEAR:
        return year_of(session_day, kind)
    return PlanYear(kind, begins)


@router.get("/planner")
def planner(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Show a year of the partnership: months by activities, and as a list."""
    today = london_date(at)
    year = _wanted(request, today)
    known_terms = terms(session)
    marks = year_marks(session, actor, year.first, year.last, known_terms)
    columns = activities({mark.activity.removeprefix(OWN) for mark in marks if mark.activity.startswith(OWN)})
    filled = cells(year, marks)
    found = conflicts(marks, capacity(session), known_terms, today)
    return page(
        request,
        "planner/year.html",
        year=year,
        other=year_of(today if year.first <= today <= year.last else year.first, _other(year.kind)),
        columns=columns,
        cells=filled,
        conflicts=found,
        troubled=frozenset[str]().union(*(each.keys for each in found)),
        as_list=request.query_params.get("view") == "list",
        print_size=size_for(year, columns, filled),
        may_write=may_write(actor),
        sees_visits=actor.has(*RATINGS),
        undated=undated_visits(session) if actor.has(*RATINGS) else 0,
        this_month=today.replace(day=1),
        today=today,
    )


def _other(kind: YearKind) -> YearKind:
    return YearKind.SCHOOL if kind is YearKind.FINANCIAL else YearKind.FINANCIAL


# --- own entries ------------------------------------------------------------------------------------


def _read(form: Form) -> tuple[NewEntry, dict[str, str]]:
    """Return what was typed, and what is wrong with the text of a field itself."""
    most = {"title": LONGEST_TITLE, "own_kind": LONGEST_KIND}
    lines, problems = form.lines(most)
    try:
        note = form.text("note", most=LONGEST_NOTE).strip()
    except RefusedError as problem:
        note = ""
        problems |= problem.problems
    first = read_date(form.code("first_on"))
    last = form.code("last_on")
    kind, own = form.get("kind", ""), lines["own_kind"]
    if kind.startswith(OWN):
        kind, own = EntryKind.OWN, " ".join(kind.removeprefix(OWN).split())[:LONGEST_KIND]
    repeat = form.get("repeats", "")
    new = NewEntry(
        EntryKind(kind) if kind in list(EntryKind) else None,
        own,
        lines["title"],
        note,
        first,
        read_date(last) if last else first,
        Repeat(repeat) if repeat in list(Repeat) else None,
        form.get("day_rule") == "weekday",
        read_date(form.code("repeats_until")),
        for_agencies=form.get("for_agencies") == "yes",
    )
    return new, problems


def _form_page(
    request: Request,
    session: Session,
    *,
    values: Mapping[str, str],
    line: EntryLine | None = None,
    problem: RefusedError | None = None,
) -> Response:
    return page(
        request,
        "planner/entry.html",
        status=422 if problem else 200,
        line=line,
        values=values,
        kinds=KIND_WORDS,
        own_kinds=sorted(own_kinds(session), key=str.casefold),
        own=OWN,
        repeats=REPEAT_WORDS,
        problems=problem.problems if problem else {},
        errors=error_list(problem),
    )


def _typed_day(day: Any) -> str:
    return f"{day.day}/{day.month}/{day.year}" if day else ""


@router.get("/planner/entries/new")
def new_entry(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Show the empty form of an entry; the address can carry its first day and its kind."""
    typed = request.query_params
    day = read_date(typed.get("day", "")[:10])
    values = {"first_on": _typed_day(day), "kind": typed.get("kind", ""), "repeats": Repeat.ONCE.value}
    return _form_page(request, session, values=values)


@router.post("/planner/entries")
def add_entry(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Put an entry into the year."""
    new, unreadable = _read(form)
    try:
        with work.session.begin_nested():
            _refuse(unreadable)
            entries.add(work, new)
    except RefusedError as problem:
        problem = in_order_of(_FIELDS, problem, unreadable)
        return _form_page(request, work.session, values=form, problem=problem)
    return RedirectResponse(_year_with(new), status_code=303)


def _refuse(unreadable: Mapping[str, str]) -> None:
    if unreadable:
        raise RefusedError("Nothing was changed.", dict(unreadable))


def _year_with(new: NewEntry) -> str:
    if new.first is None:
        return "/planner"
    return f"/planner?year={year_of(new.first, YearKind.SCHOOL).begins}"


@router.get("/planner/entries/{entry_id}/{number}")
def one_entry(request: Request, actor: ActorDep, session: SessionDep, entry_id: int, number: int) -> Response:
    """Show an entry at one of its occurrences; whoever may change it finds the form."""
    line = entry_line(session, entry_id, number)
    if not may_write(actor):
        return page(request, "planner/entry-read.html", line=line, kinds=KIND_WORDS)
    return _form_page(request, session, values=_values_of(line), line=line)


def _values_of(line: EntryLine) -> dict[str, str]:
    entry = line.entry
    return {
        "title": entry.title,
        "kind": OWN + entry.own_kind if entry.own_kind else entry.kind.value,
        "note": entry.note,
        "first_on": _typed_day(line.this.first),
        "last_on": _typed_day(line.this.last) if line.this.last != line.this.first else "",
        "repeats": entry.repeats.value,
        "day_rule": "weekday" if entry.same_weekday else "date",
        "repeats_until": _typed_day(entry.repeats_until),
        "for_agencies": "yes" if entry.for_agencies else "",
    }


def _place(form: Form, entry_id: int, number: int) -> tuple[Place, Which | None]:
    which = form.get("which", "")
    place = Place(entry_id, number, whole_number(form.get("edition", "")))
    return place, Which(which) if which in list(Which) else None


@router.post("/planner/entries/{entry_id}/{number}")
def change_entry(request: Request, work: WorkDep, form: FormDep, entry_id: int, number: int) -> Response:
    """Change an occurrence, or it and all that follow."""
    line = entry_line(work.session, entry_id, number)
    place, which = _place(form, entry_id, number)
    new, unreadable = _read(form)
    try:
        with work.session.begin_nested():
            _refuse(unreadable)
            entries.change(work, place, new, which)
    except RefusedError as problem:
        problem = in_order_of(_FIELDS, problem, unreadable)
        return _form_page(request, work.session, values=form, line=line, problem=problem)
    return RedirectResponse(_year_with(new), status_code=303)


@router.post("/planner/entries/{entry_id}/{number}/remove")
def remove_entry(request: Request, work: WorkDep, form: FormDep, entry_id: int, number: int) -> Response:
    """Take an occurrence out of the year, or it and all that follow."""
    line = entry_line(work.session, entry_id, number)
    place, which = _place(form, entry_id, number)
    try:
        with work.session.begin_nested():
            entries.remove(work, place, which)
    except RefusedError as problem:
        if "which" in problem.problems:
            problem = RefusedError(problem.message, {"remove-which": problem.problems["which"]})
        return _form_page(request, work.session, values=_values_of(line), line=line, problem=problem)
    year = year_of(line.this.first, YearKind.SCHOOL).begins
    return RedirectResponse(f"/planner?year={year}", status_code=303)
