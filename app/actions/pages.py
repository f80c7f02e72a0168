"""The partnership's list of actions, and one action with what was said about it."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.actions import queries, service
from app.actions.models import ActionSource
from app.actions.queries import SHOWN, SOURCE_WORDS, Wanted
from app.actions.rules import ANSWERS, ENDED, OUTCOME_WORDS, STATUS_WORDS, ActionStatus, Outcome, outcomes
from app.core.access import Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep

router = APIRouter()
PAGE = 50


def wanted_from(parameters: Mapping[str, str]) -> Wanted:
    """Return which actions an address asks for; what it cannot mean is passed over."""
    show, source = parameters.get("show", ""), parameters.get("source", "")
    return Wanted(
        show=show if show in SHOWN else "open",
        source=source if source in list(ActionSource) else "",
        domain=parameters.get("domain", "").replace("\0", ""),
        search=" ".join(parameters.get("search", "").replace("\0", "").split())[:200],
        organisation=whole_number(parameters.get("organisation", "")),
    )


@router.get("/actions")
def actions(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """List what organisations promised and what visits and moderation left, with filters."""
    today = london_date(at)
    wanted = wanted_from(request.query_params)
    start = max(whole_number(request.query_params.get("start", "")) or 0, 0)
    lines = queries.actions(session, actor, wanted, today, most=PAGE + 1, skip=start)
    return page(
        request,
        "actions/list.html",
        actions=lines[:PAGE],
        wanted=wanted,
        parameters=wanted.parameters(),
        counts=queries.counts(session, actor, wanted, today),
        shown=SHOWN,
        sources={key.value: words for key, words in SOURCE_WORDS.items()},
        domains=queries.domains(session, actor),
        status_words=STATUS_WORDS,
        today=today,
        start=start,
        earlier=max(start - PAGE, 0) if start else None,
        later=start + PAGE if len(lines) > PAGE else None,
    )


@router.get("/actions/{action_id}")
def action(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, action_id: int) -> Response:
    """Show an action: to its organisation, to say how far it is; to the partnership, to review it."""
    return action_page(request, Work(session, actor, at), action_id)


def action_page(
    request: Request,
    work: Work,
    action_id: int,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    """Render an action, with what was typed and what is wrong with it."""
    session, actor = work.session, work.actor
    this = queries.action(session, actor, action_id)
    own = service.answers_for(actor, this.organisation_id)
    reviews = service.may_review(actor, this.organisation_id)
    values: dict[str, Any] = dict(form) if form is not None else {}
    return page(
        request,
        "actions/action.html",
        status=422 if problem else 200,
        this=this,
        notes=queries.notes(session, actor, action_id),
        own=own,
        ended=this.status in ENDED,
        reviews=outcomes(this.status) if reviews else (),
        changes=reviews and this.status not in ENDED,
        comments=own or actor.has(*service.REVIEWERS),
        status_words=STATUS_WORDS,
        source_words=SOURCE_WORDS,
        answers=ANSWERS,
        outcome_words=OUTCOME_WORDS,
        today=london_date(work.now),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=values,
    )


def _back(action_id: int) -> Response:
    return RedirectResponse(f"/actions/{action_id}#history", status_code=303)


def said_in(form: Form) -> service.Said:
    """Return how far somebody says that an action is. Raises RefusedError for text that cannot be kept."""
    status = form.get("status", "")
    return service.Said(
        ActionStatus(status) if status in list(ANSWERS) else None,
        form.text("words", most=4_000),
        form.line("owner"),
    )


@router.post("/actions/{action_id}/progress")
def progress(request: Request, work: WorkDep, form: FormDep, action_id: int) -> Response:
    """Note how far the organisation says that it is."""
    try:
        service.say(work, action_id, said_in(form))
    except RefusedError as problem:
        return action_page(request, work, action_id, problem=problem, form=form)
    return _back(action_id)


@router.post("/actions/{action_id}/comments")
def comment(request: Request, work: WorkDep, form: FormDep, action_id: int) -> Response:
    """Add a remark."""
    try:
        service.comment(work, action_id, form.text("comment", most=4_000))
    except RefusedError as problem:
        return action_page(request, work, action_id, problem=problem, form=form)
    return _back(action_id)


@router.post("/actions/{action_id}/review")
def review(request: Request, work: WorkDep, form: FormDep, action_id: int) -> Response:
    """Note what SAIG says."""
    outcome, seen = form.get("outcome", ""), form.get("seen", "")
    try:
        service.review(
            work,
            action_id,
            Outcome(outcome) if outcome in list(Outcome) else None,
            form.text("review", most=4_000),
            seen=ActionStatus(seen) if seen in list(ActionStatus) else None,
        )
    except RefusedError as problem:
        return action_page(request, work, action_id, problem=problem, form=form)
    return _back(action_id)


@router.post("/actions/{action_id}/terms")
def terms(request: Request, work: WorkDep, form: FormDep, action_id: int) -> Response:
    """Agree another owner or another day."""
    try:
        due_on = read_date(form.line("due_on", most=40))
        service.change(
            work, action_id, service.Terms(form.line("owner"), due_on, form.text("why", most=2_000))
        )
    except RefusedError as problem:
        return action_page(request, work, action_id, problem=problem, form=form)
    return _back(action_id)
