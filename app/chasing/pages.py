"""Pages of a round under way: its overview, and the list from which people ring the missing ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.chasing import queries, service
from app.chasing.exempting import exempt_returns
from app.chasing.inviting import newcomers
from app.chasing.listing import (
    OUTCOME_WORDS,
    SORT_CHOICES,
    STATE_CHOICES,
    ChaseRow,
    Wanted,
    as_csv,
    chosen,
    one_page,
    wanted_from,
)
from app.chasing.models import CallOutcome
from app.chasing.overview import overview_of
from app.chasing.touches import last_touches
from app.core.access import RATINGS, Access, Actor, Work, allows
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page, query_string, wants_fragment
from app.core.settings import settings
from app.organisations.rules import KINDS, PHASES
from app.people.guard import ActorDep, NowDep, WorkDep
from app.ratings.validated import reviewed_of_round
from app.rounds.queries import RoundLine, round_line

router = APIRouter()

# Special schools and agencies have no phase; as a group they need a name.
PHASE_WORDS = {**PHASES, "not_applicable": "No phase"}


@router.get("/rounds/{round_id}")
def overview(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Show how far a round is, and what there is to do about it."""
    line = round_line(session, round_id)
    before = round_line(session, line.previous_round_id) if line.previous_round_id else None
    lines = queries.return_lines(session, round_id, line.previous_round_id)
    return page(
        request,
        "chasing/overview.html",
        round=line,
        before=before,
        seen=overview_of(
            line,
            lines[round_id],
            before,
            lines.get(before.id, []) if before else [],
            today=london_date(at),
        ),
        may={access.name.lower(): allows(access, actor, demo=False) for access in Access},
        kinds={key: kind.plural for key, kind in KINDS.items()},
        phases=PHASE_WORDS,
        opens_later=line.opens_later(london_date(at)),
        reviewed=reviewed_of_round(session, round_id) if actor.has(*RATINGS) else None,
        exempt=exempt_returns(session, round_id),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """The chase list of a round as a person looks at it."""

    line: RoundLine
    rows: list[ChaseRow]
    wanted: Wanted
    today: date

    def row(self, return_id: str) -> ChaseRow | None:
        """Return the row of a return, or None when it is not of this round."""
        return next((row for row in self.rows if str(row.return_id) == return_id), None)


def _desk(session: Session, actor: Actor, today: date, round_id: int, wanted: Wanted) -> Desk:
    line = round_line(session, round_id)
    rows = queries.chase_rows(
        session,
        line,
        today,
        stalled_after_days=settings().stalled_after_days,
        with_ratings=actor.has(*RATINGS),
    )
    return Desk(line, rows, wanted, today)


@router.get("/rounds/{round_id}/chase")
def chase(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """List whom to ring, with what is needed for the call."""
    desk = _desk(session, actor, london_date(at), round_id, wanted_from(request.query_params))
    return _chase_page(request, session, desk, called=desk.row(request.query_params.get("called", "")))


def _chase_page(
    request: Request,
    session: Session,
    desk: Desk,
    *,
    called: ChaseRow | None = None,
    failed: Mapping[str, Any] | None = None,
) -> Response:
    listed = one_page(chosen(desk.rows, desk.wanted), desk.wanted, len(desk.rows))
    at_fault = desk.row(str(failed["return_id"])) if failed else None
    if at_fault and at_fault not in listed.rows:
        # It no longer fits the filters, but what was typed about it must stay in sight.
        listed = replace(listed, rows=[at_fault, *listed.rows])
    kinds, phases = {row.kind for row in desk.rows}, {row.phase for row in desk.rows}
    return page(
        request,
        "chasing/_list.html" if wants_fragment(request) else "chasing/chase.html",
        status=422 if failed else 200,
        round=desk.line,
        listed=listed,
        # The export and the links to other pages each bring their own page number.
        parameters=replace(desk.wanted, page=1).parameters(),
        here=query_string(desk.wanted.parameters()),
        states=STATE_CHOICES,
        kinds={key: kind.plural for key, kind in KINDS.items() if key in kinds},
        phases={key: words for key, words in PHASE_WORDS.items() if key in phases},
        districts=sorted({row.district for row in desk.rows if row.district}),
        trusts=sorted({row.trust for row in desk.rows if row.trust}),
        exempt=exempt_returns(session, desk.line.id),
        newcomers=newcomers(session, desk.line.id, desk.today) if desk.line.state == "open" else (),
        invited=request.query_params.get("invited", ""),
        touches=last_touches(session, [row.return_id for row in listed.rows]),
        sorts=SORT_CHOICES,
        outcomes=[(each.value, OUTCOME_WORDS[each.value]) for each in CallOutcome],
        outcome_words=OUTCOME_WORDS,
        example_date=desk.today + timedelta(days=7),
        opens_later=desk.line.opens_later(desk.today),
        called=called if called and called.last_call else None,
        failed=failed or {},
        errors=error_list(failed["problem"]) if failed else [],
    )


@router.get("/rounds/{round_id}/chase.csv")
def export(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Hand the filtered list over as a file for a spreadsheet."""
    today = london_date(at)
    desk = _desk(session, actor, today, round_id, wanted_from(request.query_params))
    name = f"chase-list-round-{round_id}-{today.isoformat()}.csv"
    return Response(
        as_csv(chosen(desk.rows, desk.wanted)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _back(form: Form) -> Wanted:
    """Return the view of the list from which a call was logged; nothing else is believed of the field."""
    typed = form.get("back", "")[:2_000].removeprefix("?")
    return wanted_from(dict(parse_qsl(typed)))


@router.post("/rounds/{round_id}/chase/{return_id}/call")
def log_call(request: Request, work: WorkDep, form: FormDep, round_id: int, return_id: int) -> Response:
    """Log a call and go back to where one was in the list."""
    wanted = _back(form)
    try:
        _log(work, form, round_id, return_id)
    except RefusedError as problem:
        desk = _desk(work.session, work.actor, london_date(work.now), round_id, wanted)
        if desk.row(str(return_id)) is None:
            raise NotFoundError from problem
        failed = {"return_id": return_id, "values": form, "problem": _with_ids(problem, return_id)}
        return _chase_page(request, work.session, desk, failed=failed)
    to = query_string(wanted.parameters(), called=return_id)
    return RedirectResponse(f"/rounds/{round_id}/chase{to}", status_code=303)


def _log(work: Work, form: Form, round_id: int, return_id: int) -> None:
    outcome, note, typed = form.text("outcome", most=40), form.line("note", most=2_000), form.line("next_on")
    next_on = read_date(typed)
    if typed and next_on is None:
        problems = service.call_problems(outcome, note, None, london_date(work.now))
        problems["next_on"] = "Enter the day of the next call like 24/11/2026, or leave it empty"
        raise RefusedError("", problems)
    service.log_call(work, return_id, outcome, note, next_on, round_id=round_id)


def _with_ids(problem: RefusedError, return_id: int) -> RefusedError:
    """Return the problem with the ids that the row's fields have on the page."""
    return RefusedError(
        problem.message, {f"{field}-{return_id}": text for field, text in problem.problems.items()}
    )
