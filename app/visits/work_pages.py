"""The officer's desk for one visit: lines of enquiry with notes, the programme, the report, actions."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import Work
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.visits import preparing, queries, reporting, service
from app.visits.enquiry import ASK_WORDS, Ask
from app.visits.lifecycle import VisitState
from app.visits.queries import by_domain_and_ask
from app.visits.report import SHOWS_WORDS, ReportText, Shows
from app.visits.visit_pages import visit_page

router = APIRouter()


@router.get("/visits/{visit_id}/enquiry")
def enquiry(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, visit_id: int) -> Response:
    """Show the lines of enquiry, grouped by domain and by whom to ask."""
    return _enquiry_page(request, Work(session, actor, at), visit_id)


def _enquiry_page(
    request: Request,
    work: Work,
    visit_id: int,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
    question_id: int | None = None,
) -> Response:
    this = queries.visit_to_prepare(work.session, work.actor, visit_id)
    every = queries.questions(work.session, visit_id)
    kept = [line for line in every if not line.left_out]
    return page(
        request,
        "visits/enquiry.html",
        status=422 if problem else 200,
        this=this,
        grouped=by_domain_and_ask(kept),
        left_out=[line for line in every if line.left_out],
        count=len(kept),
        asked=sum(line.asked for line in kept),
        domains=list(dict.fromkeys(line.domain for line in every if line.domain)),
        ask_words=ASK_WORDS,
        shows_words=SHOWS_WORDS,
        edits=this.state in {VisitState.PREPARING, VisitState.PROGRAMMED}
        and work.actor.has(*service.CHOOSERS),
        notes=this.state in preparing.NOTED and work.actor.has(*service.CHOOSERS),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
        failed=question_id,
    )


@router.post("/visits/{visit_id}/enquiry")
def add_question(request: Request, work: WorkDep, form: FormDep, visit_id: int) -> Response:
    """Add a line of enquiry, or draft again from what has come in since."""
    queries.visit_to_prepare(work.session, work.actor, visit_id)
    try:
        if form.get("draft") == "again":
            preparing.draft_again(work, visit_id)
        else:
            ask = form.get("ask", "")
            preparing.add_question(
                work,
                visit_id,
                preparing.NewQuestion(
                    form.text("text", most=2_000),
                    Ask(ask) if ask in list(Ask) else Ask.LEADERS,
                    form.line("domain"),
                    young=form.get("young") == "yes",
                ),
            )
    except RefusedError as problem:
        return _enquiry_page(request, work, visit_id, problem=problem, form=form)
    return RedirectResponse(f"/visits/{visit_id}/enquiry", status_code=303)


@router.post("/visits/{visit_id}/enquiry/{question_id}")
def change_question(
    request: Request, work: WorkDep, form: FormDep, visit_id: int, question_id: int
) -> Response:
    """Edit a line of enquiry, note what was heard and seen, or move it."""
    queries.visit_to_prepare(work.session, work.actor, visit_id)
    try:
        if form.get("move") in {"up", "down"}:
            preparing.shift(work, visit_id, question_id, up=form.get("move") == "up")
        else:
            preparing.note(work, visit_id, question_id, _noted(form, question_id))
    except RefusedError as problem:
        return _enquiry_page(request, work, visit_id, problem=problem, form=form, question_id=question_id)
    return RedirectResponse(f"/visits/{visit_id}/enquiry#question-{question_id}", status_code=303)


def _noted(form: Form, question_id: int) -> preparing.Noted:
    def text(name: str) -> str:
        return form.text(f"{name}-{question_id}", most=10_000)

    ask, shows = form.get(f"ask-{question_id}", ""), form.get(f"shows-{question_id}", "")
    return preparing.Noted(
        text=text("text"),
        ask=Ask(ask) if ask in list(Ask) else Ask.LEADERS,
        left_out=form.get(f"left_out-{question_id}") == "yes",
        asked=form.get(f"asked-{question_id}") == "yes",
        heard=text("heard"),
        seen=text("seen"),
        shows=Shows(shows) if shows in list(Shows) else Shows.NOTHING,
    )


# --- programme and actions: their forms stand on the page of the visit ------------------------------


@router.post("/visits/{visit_id}/programme")
def add_slot(request: Request, work: WorkDep, form: FormDep, visit_id: int) -> Response:
    """Add a part to the programme."""
    new = preparing.NewSlot(
        form.line("begins", most=10),
        form.line("ends", most=10),
        form.line("what"),
        form.line("who"),
    )
    try:
        preparing.add_slot(work, visit_id, new)
    except RefusedError as problem:
        return visit_page(request, work, visit_id, problem=problem, form=form)
    return RedirectResponse(f"/visits/{visit_id}#programme", status_code=303)


@router.post("/visits/{visit_id}/programme/{slot_id}/remove")
def remove_slot(request: Request, work: WorkDep, visit_id: int, slot_id: int) -> Response:
    """Take a part out of the programme."""
    try:
        preparing.remove_slot(work, visit_id, slot_id)
    except RefusedError as problem:
        return visit_page(request, work, visit_id, problem=problem)
    return RedirectResponse(f"/visits/{visit_id}#programme", status_code=303)


@router.post("/visits/{visit_id}/actions")
def add_action(request: Request, work: WorkDep, form: FormDep, visit_id: int) -> Response:
    """Agree an action from the visit."""
    new = reporting.NewAction(
        form.get("domain", ""),
        form.text("action_what", most=4_000),
        form.line("owner"),
        read_date(form.line("due_on", most=40)),
    )
    try:
        reporting.add_action(work, visit_id, new)
    except RefusedError as problem:
        return _report_page(request, work, visit_id, problem=problem, form=form)
    return RedirectResponse(f"/visits/{visit_id}/report#actions", status_code=303)


# --- the report ------------------------------------------------------------------------------------


@router.get("/visits/{visit_id}/report")
def report(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, visit_id: int) -> Response:
    """Show the report as it stands, to be edited while it is written."""
    return _report_page(request, Work(session, actor, at), visit_id)


def _report_page(
    request: Request,
    work: Work,
    visit_id: int,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    this = queries.visit_head(work.session, visit_id)
    found = queries.report(work.session, visit_id)
    comments: Any = reporting.last_comments(work.session, visit_id, found.edition) if found else ()
    return page(
        request,
        "visits/report.html",
        status=422 if problem else 200,
        this=this,
        report=found,
        comments=comments,
        edits=this.state is VisitState.REPORTING and work.actor.has(*service.CHOOSERS),
        acts=reporting.takes_actions(this) and work.actor.has(*service.CHOOSERS),
        actions=reporting.actions_of(work.session, this),
        domains=reporting.domains_of(work, this),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
    )


@router.post("/visits/{visit_id}/report")
def write_report(request: Request, work: WorkDep, form: FormDep, visit_id: int) -> Response:
    """Save the report's text."""
    try:
        text = ReportText(form.text("strengths"), form.text("development"), form.text("consideration"))
        reporting.write(work, visit_id, text)
    except RefusedError as problem:
        return _report_page(request, work, visit_id, problem=problem, form=form)
    return RedirectResponse(f"/visits/{visit_id}/report", status_code=303)
