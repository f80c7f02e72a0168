"""Pages for working together, and for feedback."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import OrganisationRole
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.people import queries as people
from app.people.guard import ActorDep, WorkDep
from app.returns import queries, teamwork
from app.returns.editions import editions_of
from app.returns.feedback import feedback
from app.returns.finishing import own_head
from app.returns.models import ReturnState

router = APIRouter()


@router.get("/returns/{return_id}/team")
def team(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show who works on a return and which part is whose."""
    return _team_page(request, session, actor, return_id)


def _team_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    return_id: int,
    *,
    problem: RefusedError | None = None,
    values: dict[str, str] | None = None,
) -> Response:
    this = queries.head(session, actor, return_id)
    questionnaire = queries.questionnaire_of(session, this)
    return page(
        request,
        "returns/team.html",
        status=422 if problem else 200,
        this=this,
        domains=questionnaire.domains,
        team=people.colleagues(session, this.organisation_id),
        given=queries.domain_colleagues(session, actor, return_id),
        leads=actor.holds(this.organisation_id, OrganisationRole.LEAD, OrganisationRole.SIGNATORY),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=values or {},
    )


@router.post("/returns/{return_id}/team")
def invite(request: Request, work: WorkDep, form: FormDep, return_id: int) -> Response:
    """Invite a colleague or a signatory."""
    this = own_head(work, return_id)
    known = {role.value: role for role in OrganisationRole}
    roles = [known[value] for value in form.values_of("roles") if value in known]
    try:
        teamwork.invite(work, this, name=form.line("name"), address=form.line("email"), roles=roles)
    except RefusedError as problem:
        return _team_page(request, work.session, work.actor, return_id, problem=problem, values=dict(form))
    return RedirectResponse(f"/returns/{return_id}/team", status_code=303)


@router.post("/returns/{return_id}/team/{user_id}/remove")
def remove(request: Request, work: WorkDep, return_id: int, user_id: int) -> Response:
    """Take a colleague's rights away."""
    this = own_head(work, return_id)
    try:
        teamwork.remove(work, this, user_id)
    except RefusedError as problem:
        return _team_page(request, work.session, work.actor, return_id, problem=problem)
    return RedirectResponse(f"/returns/{return_id}/team", status_code=303)


@router.post("/returns/{return_id}/domains/{domain}/colleague")
def give_domain(work: WorkDep, form: FormDep, return_id: int, domain: str) -> Response:
    """Give a part of the return to a colleague."""
    this = own_head(work, return_id)
    chosen = form.integers("user_id")
    teamwork.give_domain(work, this, domain_key=domain, user_id=chosen[0] if chosen else None)
    return RedirectResponse(f"/returns/{return_id}/team", status_code=303)


@router.get("/returns/{return_id}/feedback")
def show_feedback(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show the feedback on a signed return."""
    this = queries.head(session, actor, return_id)
    if this.state is not ReturnState.SIGNED:
        return RedirectResponse(f"/returns/{return_id}", status_code=303)
    return page(
        request,
        "returns/feedback.html",
        this=this,
        feedback=feedback(session, actor, this),
        editions=editions_of(session, actor, return_id),
        just_signed=request.query_params.get("signed") == "now",
    )


@router.get("/returns/{return_id}/governors")
def governors(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show one page for governors or the board, made to be printed."""
    this = queries.head(session, actor, return_id)
    signed = queries.latest_signed(session, actor, return_id)
    if signed is None or this.state is not ReturnState.SIGNED:
        raise NotFoundError
    return page(
        request,
        "returns/governors.html",
        this=this,
        feedback=feedback(session, actor, this),
        signed=signed,
    )
