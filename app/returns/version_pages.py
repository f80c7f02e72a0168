"""Pages of an answer's earlier versions: reading them, and bringing one back."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core.access import Actor
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep, whole_number
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, WorkDep
from app.returns import looking_back, queries, restoring
from app.returns.pages import domain_named, standard_named

router = APIRouter()


@router.get("/returns/{return_id}/{domain}/{standard}")
def earlier_versions(
    request: Request, actor: ActorDep, session: SessionDep, return_id: int, domain: str, standard: str
) -> Response:
    """Show who changed an answer, when and to what."""
    this = queries.head(session, actor, return_id)
    return _page(request, session, actor, this, place=(domain, standard))


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    this: queries.ReturnHead,
    *,
    place: tuple[str, str],
    problem: RefusedError | None = None,
) -> Response:
    questionnaire = queries.questionnaire_of(session, this)
    domain = domain_named(questionnaire, place[0])
    asked = standard_named(domain, place[1])
    kept = queries.history(session, actor, this.id, asked.key)
    return page(
        request,
        "returns/history.html",
        status=409 if problem else 200,
        this=this,
        domain=domain,
        standard=asked,
        lines=looking_back.history_lines(questionnaire, asked, kept),
        version=max((line.version for line in kept), default=0),
        may_restore=actor.holds(this.organisation_id) and this.open_for_answers,
        errors=error_list(problem),
    )


@router.post("/returns/{return_id}/{domain}/{standard}/restore")
def restore(
    request: Request, work: WorkDep, form: FormDep, return_id: int, domain: str, standard: str
) -> Response:
    """Bring an earlier version back as the newest one."""
    this = queries.head(work.session, work.actor, return_id)
    questionnaire = queries.questionnaire_of(work.session, this)
    asked = standard_named(domain_named(questionnaire, domain), standard)
    if not work.actor.holds(this.organisation_id):
        raise NotFoundError
    entry, seen = whole_number(form.get("entry", "")), whole_number(form.get("version", ""))
    try:
        restoring.restore(work, this, asked.key, entry=entry or 0, seen=-1 if seen is None else seen)
    except RefusedError as problem:
        return _page(request, work.session, work.actor, this, place=(domain, standard), problem=problem)
    return RedirectResponse(f"/returns/{return_id}/{domain}#standard-{standard}", status_code=303)
