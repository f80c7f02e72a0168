"""Pages for finishing a return: checking, signing, sending back."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.actions.rules import STATUS_WORDS
from app.core.access import OrganisationRole, Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.people import queries as people
from app.people.guard import ActorDep, NowDep, WorkDep
from app.questionnaires.rules import display_fact
from app.returns import context, queries, signoff
from app.returns.asked import asked_of
from app.returns.pages import task_list_page
from app.returns.rules import gaps
from app.returns.signing import DECLARATION, domain_ratings

router = APIRouter()


def own_head(work: Work, return_id: int) -> queries.ReturnHead:
    """Return the head of a return of the person's own organisation, or raise NotFoundError."""
    this = queries.head(work.session, work.actor, return_id)
    if not work.actor.holds(this.organisation_id):
        raise NotFoundError
    return this


@router.get("/returns/{return_id}/check")
def check(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, return_id: int) -> Response:
    """Show what is missing first, then every answer in short."""
    return _check_page(request, Work(session, actor, at), return_id)


def _check_page(
    request: Request, work: Work, return_id: int, problem: RefusedError | None = None
) -> Response:
    session, actor = work.session, work.actor
    this = queries.head(session, actor, return_id)
    questionnaire = queries.questionnaire_of(session, this)
    values = queries.values_of(queries.answers(session, actor, return_id))
    found = gaps(questionnaire, values)
    older = asked_of(session, actor, this, questionnaire)
    team = people.colleagues(session, this.organisation_id)
    ratings = {rating.domain_key: rating for rating in domain_ratings(questionnaire, values)}
    return page(
        request,
        "returns/check.html",
        status=422 if problem else 200,
        this=this,
        questionnaire=questionnaire,
        values=values,
        display=display_fact,
        stopping=[gap for gap in found if gap.stops_signing],
        older=older,
        owed=[each for each in older if not each.answered],
        unanswered=[gap for gap in found if gap.what == "not answered"],
        worth_a_look=[gap for gap in found if not gap.stops_signing and gap.what != "not answered"],
        lines=context.domain_lines(questionnaire, values, {}, ratings),
        signatories=[each for each in team if OrganisationRole.SIGNATORY in each.roles],
        may_sign=actor.holds(this.organisation_id, OrganisationRole.SIGNATORY),
        may_write=actor.holds(this.organisation_id) and this.writable(london_date(work.now)),
        errors=error_list(problem),
    )


@router.post("/returns/{return_id}/ready")
def ready(request: Request, work: WorkDep, return_id: int) -> Response:
    """Tell the signatories that the return is complete."""
    this = own_head(work, return_id)
    try:
        signoff.ready_to_sign(work, this)
    except RefusedError as problem:
        return _check_page(request, work, return_id, problem)
    return RedirectResponse(f"/returns/{return_id}/sign-off", status_code=303)


@router.get("/returns/{return_id}/sign-off")
def sign_off(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, return_id: int) -> Response:
    """Show the profile, the declaration and one button; to everybody else, who signs."""
    this = queries.head(session, actor, return_id)
    if this.signed_at is not None:
        return RedirectResponse(f"/returns/{return_id}/feedback", status_code=303)
    return _sign_page(request, Work(session, actor, at), this)


def _sign_page(
    request: Request, work: Work, this: queries.ReturnHead, problem: RefusedError | None = None
) -> Response:
    session, actor = work.session, work.actor
    questionnaire = queries.questionnaire_of(session, this)
    values = queries.values_of(queries.answers(session, actor, this.id))
    found = gaps(questionnaire, values)
    older = asked_of(session, actor, this, questionnaire)
    ratings = {rating.domain_key: rating for rating in domain_ratings(questionnaire, values)}
    team = people.colleagues(session, this.organisation_id)
    return page(
        request,
        "returns/sign-off.html",
        status=422 if problem else 200,
        this=this,
        lines=[line for line in context.domain_lines(questionnaire, values, {}, ratings) if line.rating],
        stopping=[gap for gap in found if gap.stops_signing],
        owed=[each for each in older if not each.answered],
        older=older,
        status_words=STATUS_WORDS,
        unanswered=sum(gap.what == "not answered" for gap in found),
        declaration=DECLARATION,
        seen=signoff.seen_mark(values, older),
        signatories=[each for each in team if OrganisationRole.SIGNATORY in each.roles],
        may_sign=actor.holds(this.organisation_id, OrganisationRole.SIGNATORY)
        and this.writable(london_date(work.now)),
        errors=error_list(problem),
    )


@router.post("/returns/{return_id}/sign-off")
def sign(request: Request, work: WorkDep, form: FormDep, return_id: int) -> Response:
    """Sign the return and show the feedback at once."""
    this = own_head(work, return_id)
    try:
        signoff.sign(work, this, declared=form.get("declared") == "yes", seen=form.get("seen", ""))
    except RefusedError as problem:
        return _sign_page(request, work, this, problem)
    return RedirectResponse(f"/returns/{return_id}/feedback?signed=now", status_code=303)


@router.post("/returns/{return_id}/send-back")
def send_back(request: Request, work: WorkDep, form: FormDep, return_id: int) -> Response:
    """Send a return back, or reopen it, with a reason."""
    try:
        signoff.send_back(work, return_id, form.text("reason", most=2_000))
    except RefusedError as problem:
        return task_list_page(request, work, return_id, problem=problem, reason=form.get("reason", ""))
    return RedirectResponse(f"/returns/{return_id}", status_code=303)
