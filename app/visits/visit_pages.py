"""One visit: how far it is, what comes next and who does it, and the forms of each step."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import READERS, Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.questionnaires.queries import questionnaire
from app.visits import framework, preparing, queries, reporting, service
from app.visits.deadlines import deadlines
from app.visits.lifecycle import HELD, STATE_WORDS, Step, VisitState, next_steps
from app.visits.outlook import NEXT, timeline
from app.visits.picture import month_is_full
from app.visits.queries import VisitHead
from app.visits.rules import PARTNER_WORDS, Partner, may_endorse, may_take_part
from app.visits.signals import school_terms

router = APIRouter()


@router.get("/visits/{visit_id}")
def visit(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, visit_id: int) -> Response:
    """Show a visit with its next action."""
    return visit_page(request, Work(session, actor, at), visit_id)


def visit_page(
    request: Request,
    work: Work,
    visit_id: int,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    """Render a visit, with what was typed and what is wrong with it."""
    session, actor = work.session, work.actor
    this = queries.visit_head(session, visit_id)
    seats = queries.seats(session)
    concerned = not may_take_part(
        actor.user_id, this.kind, seats, own=bool(actor.organisations.get(this.organisation_id))
    )
    steps = () if concerned else next_steps(this.state, actor.roles)
    found = queries.report(session, visit_id)
    return page(
        request,
        "visits/visit.html",
        status=422 if problem else 200,
        this=this,
        words=STATE_WORDS,
        next=NEXT[this.state],
        timeline=timeline(this),
        steps=frozenset(steps),
        concerned=concerned,
        speaks_for=service.seats_to_speak(work, this),
        partners=may_endorse(this.kind),
        partner_words=PARTNER_WORDS,
        seats=seats,
        said=_sayings(session, this, found),
        report=found,
        replies=queries.replies(session, visit_id),
        slots=queries.slots(session, visit_id),
        writes=actor.has(*service.CHOOSERS) and not concerned,
        reads=actor.has(*READERS) and this.organisation_id not in actor.readable,
        own=this.organisation_id in actor.readable,
        held=this.state in HELD,
        **_dates(work, this),
        **_framework(work, this, steps),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values={"letter": framework.letter_text(this), **(dict(form) if form is not None else {})},
    )


def _sayings(
    session: SessionDep, this: VisitHead, found: queries.ReportLine | None
) -> Mapping[Partner, queries.Saying]:
    """Return what the partners say to the question of the day: the visit, or later the report."""
    asked = {VisitState.CIRCULATED, VisitState.AGREED, VisitState.RELEASED, VisitState.CLOSED}
    if this.state in asked and found is not None:
        return queries.agreements(session, this.id, found.edition)
    return queries.endorsements(session, this.id)


def _dates(work: Work, this: VisitHead) -> dict[str, Any]:
    today = london_date(work.now)
    if this.visit.visit_on is None:
        return {"dates": None, "missed": (), "full": "", "today": today}
    dates = deadlines(this.visit.visit_on, school_terms(work.session) if this.is_school else None)
    issued = this.visit.return_id is not None
    missed = dates.missed(today, issued=issued, returned=this.returned)
    ahead = this.state not in HELD
    full = month_is_full(work.session, this) if ahead else ""
    return {"dates": dates, "missed": missed if ahead else (), "full": full, "today": today}


def _framework(work: Work, this: VisitHead, steps: tuple[Step, ...]) -> dict[str, Any]:
    """Return what the framework can ask, where it is to be issued now."""
    if Step.ISSUE_FRAMEWORK not in steps:
        return {"domains": (), "last": None, "framework_kinds": {}}
    try:
        version, last = framework.base_version(work, this)
    except RefusedError:
        return {"domains": (), "last": None, "framework_kinds": {}}
    domains = questionnaire(work.session, version.id or 0).domains
    return {"domains": domains, "last": last, "framework_kinds": framework.KINDS_OF_FRAMEWORK}


# --- steps -----------------------------------------------------------------------------------------


def _word(form: Form) -> service.Word:
    partner = form.get("partner", "")
    if partner not in list(Partner):
        raise RefusedError("", {"partner": "Choose for which safeguarding partner you speak"})
    if form.get("answer", "") not in {"yes", "no"}:
        raise RefusedError("", {"answer": "Choose yes or no"})
    return service.Word(Partner(partner), form.get("answer") == "yes", form.text("comment", most=4_000))


def _endorse(work: Work, visit_id: int, form: Form) -> None:
    service.endorse(work, visit_id, _word(form))


def _agree(work: Work, visit_id: int, form: Form) -> None:
    reporting.say(work, visit_id, _word(form))


def _date(work: Work, visit_id: int, form: Form) -> None:
    service.set_date(work, visit_id, read_date(form.line("visit_on", most=40)), form.text("why", most=2_000))


def _issue(work: Work, visit_id: int, form: Form) -> None:
    standards = [line.strip() for line in form.text("standards", most=6_000).splitlines() if line.strip()]
    wanted = framework.Framework(
        kind=form.get("kind", "whole"),
        domains=tuple(form.values_of("domains")),
        title=form.line("bespoke_title", most=80),
        standards=tuple(standards[:20]),
    )
    framework.issue_framework(work, visit_id, wanted)


def _send_letter(work: Work, visit_id: int, form: Form) -> None:
    text = form.text("letter") if "letter" in form else None
    framework.send_letter(work, visit_id, text)


def _hold(work: Work, visit_id: int, form: Form) -> None:
    stars = form.get("stars", "")
    preparing.hold(
        work,
        visit_id,
        preparing.Day(form.text("highlights"), whole_number(stars), form.text("young_comment", most=4_000)),
    )


_Handler = Callable[[Work, int, Form], object]
_HANDLERS: Mapping[Step, _Handler] = {
    Step.ENDORSE: _endorse,
    Step.PROPOSE_DATE: _date,
    Step.MOVE_DATE: _date,
    Step.WAIVE: lambda work, visit_id, form: service.waive(work, visit_id, form.text("reason", most=4_000)),
    Step.SEND_LETTER: _send_letter,
    Step.ISSUE_FRAMEWORK: _issue,
    Step.USE_LAST_RETURN: lambda work, visit_id, _: framework.use_last_return(work, visit_id),
    Step.PREPARE: lambda work, visit_id, _: preparing.prepare(work, visit_id),
    Step.AGREE_PROGRAMME: lambda work, visit_id, _: preparing.agree_programme(work, visit_id),
    Step.HOLD: _hold,
    Step.DRAFT_REPORT: lambda work, visit_id, _: reporting.draft(work, visit_id),
    Step.CIRCULATE: lambda work, visit_id, _: reporting.circulate(work, visit_id),
    Step.AGREE_REPORT: _agree,
    Step.RETURN_REPORT: _agree,
    Step.RELEASE: lambda work, visit_id, _: reporting.release(work, visit_id),
    Step.CLOSE: lambda work, visit_id, _: service.close(work, visit_id),
    Step.DROP: lambda work, visit_id, form: service.drop(work, visit_id, form.text("why", most=2_000)),
}


@router.post("/visits/{visit_id}/steps/{step}")
def take(request: Request, work: WorkDep, form: FormDep, visit_id: int, step: str) -> Response:
    """Take a visit one step on."""
    if step not in list(Step):
        raise NotFoundError
    try:
        # What a step began before it was refused must not be kept.
        with work.session.begin_nested():
            _HANDLERS[Step(step)](work, visit_id, form)
    except RefusedError as problem:
        work.session.expire_all()
        return visit_page(request, work, visit_id, problem=problem, form=form)
    return RedirectResponse(f"/visits/{visit_id}", status_code=303)
