"""Pages for working together, and for feedback."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import READERS, OrganisationRole
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep, in_order_of
from app.core.rendering import error_list, page, query_string
from app.people import queries as people
from app.people.guard import ActorDep, WorkDep
from app.questionnaires.definition import Questionnaire
from app.returns import queries, teamwork
from app.returns.editions import editions_of
from app.returns.evidence_queries import count_of
from app.returns.feedback import feedback
from app.returns.finishing import own_head
from app.returns.models import ReturnState
from app.returns.validated import released

router = APIRouter()


@router.get("/returns/{return_id}/team")
def team(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show who works on a return and which part is whose.

    Whoever only took over from a closed organisation reads what it gave, not who worked there.
    """
    this = queries.head(session, actor, return_id)
    if not actor.holds(this.organisation_id) and not actor.has(*READERS):
        raise NotFoundError
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
    colleagues = people.colleagues(session, this.organisation_id)
    given = queries.domain_colleagues(session, actor, return_id)
    return page(
        request,
        "returns/team.html",
        status=422 if problem and request.method == "POST" else 200,
        this=this,
        domains=questionnaire.domains,
        team=colleagues,
        given=given,
        done="" if problem else _done(request, this, questionnaire, (colleagues, given)),
        leads=actor.holds(this.organisation_id, OrganisationRole.LEAD, OrganisationRole.SIGNATORY),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=values or {},
    )


def _done(
    request: Request,
    this: queries.ReturnHead,
    questionnaire: Questionnaire,
    team: tuple[Sequence[people.Colleague], Mapping[str, tuple[int, str]]],
) -> str:
    """Say what was done a moment before, in words that hold for what stands now."""
    colleagues, given = team
    asked = request.query_params
    place = this.organisation_name
    invited = next((each for each in colleagues if str(each.user_id) == asked.get("invited")), None)
    if invited and invited.user_id == request.state.actor.user_id:
        can = "can sign this return" if OrganisationRole.SIGNATORY in invited.roles else "have your new part"
        return f"You {can} for {place}. It is on record that you chose it yourself."
    if invited:
        can = " and can sign this return" if OrganisationRole.SIGNATORY in invited.roles else ""
        return f"{invited.name} is invited{can}. A mail with the link is on its way."
    if asked.get("removed") == "yes":
        return f"Your colleague can no longer sign in for {place}. What they wrote is still here."
    part = {domain.key: domain.title for domain in questionnaire.domains}.get(asked.get("given", ""))
    if not part:
        return ""
    who = given[asked["given"]][1] if asked["given"] in given else "Nobody in particular"
    return f"{who} now sees to “{part}”."


# The fields of an invitation as the page shows them, with the most characters of each.
_FIELDS = {"name": 200, "email": 254}


@router.post("/returns/{return_id}/team")
def invite(request: Request, work: WorkDep, form: FormDep, return_id: int) -> Response:
    """Invite a colleague or a signatory."""
    this = own_head(work, return_id)
    known = {role.value: role for role in OrganisationRole}
    roles = [known[value] for value in form.values_of("roles") if value in known]
    typed, unreadable = form.lines(_FIELDS)
    try:
        invited = teamwork.invite(work, this, name=typed["name"], address=typed["email"], roles=roles)
    except RefusedError as refusal:
        problem = in_order_of([*_FIELDS, "roles"], refusal, unreadable)
        return _team_page(request, work.session, work.actor, return_id, problem=problem, values=dict(form))
    return RedirectResponse(f"/returns/{return_id}/team?invited={invited}", status_code=303)


@router.get("/returns/{return_id}/team/{user_id}/remove")
def ask_before_removing(request: Request, work: WorkDep, return_id: int, user_id: int) -> Response:
    """Say what removing a colleague would do, and ask."""
    this = own_head(work, return_id)
    try:
        leaving = teamwork.who_leaves(work, this, user_id)
    except RefusedError as problem:
        return _team_page(request, work.session, work.actor, return_id, problem=problem)
    given = queries.domain_colleagues(work.session, work.actor, return_id)
    titles = {domain.key: domain.title for domain in queries.questionnaire_of(work.session, this).domains}
    return page(
        request,
        "returns/remove-colleague.html",
        this=this,
        person=leaving,
        parts=[titles[key] for key, (who, _) in given.items() if who == user_id and key in titles],
    )


@router.post("/returns/{return_id}/team/{user_id}/remove")
def remove(request: Request, work: WorkDep, return_id: int, user_id: int) -> Response:
    """Take a colleague's rights away."""
    this = own_head(work, return_id)
    try:
        teamwork.remove(work, this, user_id)
    except RefusedError as problem:
        return _team_page(request, work.session, work.actor, return_id, problem=problem)
    return RedirectResponse(f"/returns/{return_id}/team?removed=yes", status_code=303)


@router.post("/returns/{return_id}/domains/{domain}/colleague")
def give_domain(work: WorkDep, form: FormDep, return_id: int, domain: str) -> Response:
    """Give a part of the return to a colleague."""
    this = own_head(work, return_id)
    chosen = form.integers("user_id")
    teamwork.give_domain(work, this, domain_key=domain, user_id=chosen[0] if chosen else None)
    return RedirectResponse(f"/returns/{return_id}/team{query_string({'given': domain})}", status_code=303)


@router.get("/returns/{return_id}/feedback")
def show_feedback(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show the feedback on a signed return."""
    this = queries.head(session, actor, return_id)
    if this.state is not ReturnState.SIGNED:
        return RedirectResponse(f"/returns/{return_id}", status_code=303)
    found = feedback(session, actor, this)
    rated = {domain.key: domain.rating for domain in found.domains}
    return page(
        request,
        "returns/feedback.html",
        this=this,
        feedback=found,
        released=released(session, this, queries.questionnaire_of(session, this), rated),
        editions=editions_of(session, actor, return_id),
        own=actor.holds(this.organisation_id),
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
        files=count_of(session, actor, return_id),
    )
