"""The page of a return on which its organisation says what became of older actions."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.actions.pages import said_in
from app.actions.queries import AskedAction
from app.actions.rules import ANSWERS, ENDED, STATUS_WORDS
from app.core.access import Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.questionnaires.definition import Questionnaire
from app.returns import asked, queries
from app.returns.finishing import own_head

router = APIRouter()


@router.get("/returns/{return_id}/actions")
def older_actions(
    request: Request, actor: ActorDep, session: SessionDep, at: NowDep, return_id: int
) -> Response:
    """Show the actions that were open when the return went out, with what became of each."""
    return _page(request, Work(session, actor, at), return_id)


def _page(
    request: Request,
    work: Work,
    return_id: int,
    *,
    problem: RefusedError | None = None,
    failed: int | None = None,
    form: Form | None = None,
) -> Response:
    this = queries.head(work.session, work.actor, return_id)
    questionnaire = queries.questionnaire_of(work.session, this)
    older = asked.asked_of(work.session, work.actor, this, questionnaire)
    today = london_date(work.now)
    return page(
        request,
        "returns/actions.html",
        status=422 if problem else 200,
        this=this,
        groups=_grouped(older, questionnaire),
        owed=sum(not each.answered for each in older),
        places={standard.key: domain.key for domain in questionnaire.domains for standard in domain.rated},
        may_write=work.actor.holds(this.organisation_id) and this.writable(today),
        answers=ANSWERS,
        ended=ENDED,
        status_words=STATUS_WORDS,
        today=today,
        failed=failed,
        # The fields of each form bear the number of their action.
        errors=error_list(_named(problem, failed)),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
    )


def _named(problem: RefusedError | None, failed: int | None) -> RefusedError | None:
    if problem is None:
        return None
    return RefusedError(
        problem.message, {f"a{failed}-{name}": text for name, text in problem.problems.items()}
    )


def _grouped(
    older: Sequence[AskedAction], questionnaire: Questionnaire
) -> list[tuple[str, list[AskedAction]]]:
    """Return the actions by domain: by that of this year's standard, else by the one that they came with."""
    places: dict[str, Any] = {
        standard.key: domain for domain in questionnaire.domains for standard in domain.standards
    }
    titles = [domain.title for domain in questionnaire.domains]
    found: dict[str, list[AskedAction]] = {}
    for each in older:
        place = places.get(each.line.standard_key)
        found.setdefault(place.title if place else each.line.domain, []).append(each)
    order = {title: number for number, title in enumerate(titles)}
    return sorted(found.items(), key=lambda item: order.get(item[0], len(order)))


@router.post("/returns/{return_id}/actions/{action_id}")
def answer(request: Request, work: WorkDep, form: FormDep, return_id: int, action_id: int) -> Response:
    """Note what became of an older action."""
    this = own_head(work, return_id)
    try:
        asked.answer(work, this, action_id, said_in(form))
    except RefusedError as problem:
        return _page(request, work, return_id, problem=problem, failed=action_id, form=form)
    return RedirectResponse(f"/returns/{return_id}/actions#action-{action_id}", status_code=303)
