"""Pages for looking after people: the list, one person, inviting, roles, switching off and on."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import PartnershipRole, Work
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, in_order_of
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.people import managing, queries, second_factor
from app.people.guard import ActorDep, WorkDep
from app.people.rules import is_erased, may_look_after, roles_to_give

router = APIRouter()


@router.get("/people")
def people(request: Request, actor: ActorDep, session: SessionDep, q: str = "") -> Response:
    """Show the partnership's people, and whoever a search finds."""
    return _people_page(request, session, actor, searched=q.replace("\x00", "")[:100])


def _people_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    *,
    searched: str = "",
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    return page(
        request,
        "people/people.html",
        status=422 if problem else 200,
        members=queries.members(session),
        searched=searched,
        found=queries.people_like(session, searched) if searched.strip() else (),
        roles=[role.value for role in roles_to_give(actor)],
        by_provider=settings().by_provider,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form else {},
        chosen=form.values_of("roles") if form else [],
    )


def _roles(form: Form) -> list[PartnershipRole]:
    known = {role.value: role for role in PartnershipRole}
    return [known[value] for value in form.values_of("roles") if value in known]


# The fields of an invitation as the page shows them, with the most characters of each.
_FIELDS = {"name": 200, "email": 254}


@router.post("/people")
def invite(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Invite somebody to work for the partnership."""
    typed, unreadable = form.lines(_FIELDS)
    try:
        user_id = managing.invite(work, name=typed["name"], address=typed["email"], roles=_roles(form))
    except RefusedError as refusal:
        problem = in_order_of([*_FIELDS, "roles"], refusal, unreadable)
        return _people_page(request, work.session, work.actor, problem=problem, form=form)
    return RedirectResponse(f"/people/{user_id}", status_code=303)


@router.get("/people/{user_id}")
def person(request: Request, actor: ActorDep, session: SessionDep, user_id: int) -> Response:
    """Show one person: roles, organisations, and what can be changed."""
    return _person_page(request, session, actor, user_id)


def _person_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    user_id: int,
    *,
    problem: RefusedError | None = None,
) -> Response:
    shown = queries.person(session, user_id)
    return page(
        request,
        "people/person.html",
        status=422 if problem else 200,
        person=shown,
        factor=second_factor.state(session, user_id),
        mine=may_look_after(actor, user_id, frozenset(shown.roles)),
        roles=[role.value for role in roles_to_give(actor)],
        by_provider=settings().by_provider,
        erased=is_erased(shown.email),
        session_days=settings().keep_session_days,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


def _change(request: Request, work: Work, user_id: int, change: Callable[[], None]) -> Response:
    try:
        change()
    except RefusedError as problem:
        return _person_page(request, work.session, work.actor, user_id, problem=problem)
    return RedirectResponse(f"/people/{user_id}", status_code=303)


@router.post("/people/{user_id}/roles")
def change_roles(request: Request, work: WorkDep, form: FormDep, user_id: int) -> Response:
    """Give somebody other roles."""
    return _change(request, work, user_id, lambda: managing.change_roles(work, user_id, _roles(form)))


@router.post("/people/{user_id}/disable")
def disable(request: Request, work: WorkDep, user_id: int) -> Response:
    """Switch somebody's access off."""
    return _change(request, work, user_id, lambda: managing.disable(work, user_id))


@router.post("/people/{user_id}/enable")
def enable(request: Request, work: WorkDep, user_id: int) -> Response:
    """Switch somebody's access on again."""
    return _change(request, work, user_id, lambda: managing.enable(work, user_id))


@router.post("/people/{user_id}/second-factor/reset")
def reset_second_factor(request: Request, work: WorkDep, user_id: int) -> Response:
    """Let somebody set up their second factor anew."""
    return _change(request, work, user_id, lambda: managing.reset_second_factor(work, user_id))
