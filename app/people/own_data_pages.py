"""What Eleven holds about a person, as a page and as a file; and erasing somebody."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core import audit
from app.core.access import Work
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.people import erasing
from app.people.guard import ActorDep, NowDep, WorkDep
from app.people.own_data import SHOWN, as_json, own_data

router = APIRouter()


@router.get("/account/data")
def own(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Show people what is held about them."""
    data = own_data(session, settings(), actor.user_id, at, most=SHOWN)
    return page(request, "people/own-data.html", data=data, own=True)


@router.post("/account/data.json")
def download_own(work: WorkDep) -> Response:
    """Give people what is held about them, as a file."""
    return _file(work, work.actor.user_id)


@router.post("/people/{user_id}/data")
def somebodys(request: Request, work: WorkDep, user_id: int) -> Response:
    """Show a board manager what is held about somebody who asked for it; the audit trail says that it was."""
    data = own_data(work.session, settings(), user_id, work.now, most=SHOWN)
    audit.record(work, "person.data_shown", ("user", user_id))
    return page(request, "people/own-data.html", data=data, own=False)


@router.post("/people/{user_id}/data.json")
def download_somebodys(work: WorkDep, user_id: int) -> Response:
    """Give a board manager what is held about somebody, as a file to send them."""
    return _file(work, user_id)


def _file(work: Work, user_id: int) -> Response:
    data = own_data(work.session, settings(), user_id, work.now)
    audit.record(work, "person.data_downloaded", ("user", user_id))
    name = f"eleven-person-{user_id}-{work.now:%Y-%m-%d}.json"
    return Response(
        as_json(data),
        media_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/people/{user_id}/erase")
def ask_to_erase(request: Request, _actor: ActorDep, session: SessionDep, user_id: int) -> Response:
    """Say what erasing somebody would do, and ask whether to."""
    return _erase_page(request, session, user_id)


def _erase_page(
    request: Request, session: Session, user_id: int, problem: RefusedError | None = None
) -> Response:
    return page(
        request,
        "people/erase.html",
        status=422 if problem else 200,
        person=erasing.to_erase(session, user_id),
        years=settings().keep_return_years,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


@router.post("/people/{user_id}/erase")
def erase(request: Request, work: WorkDep, form: FormDep, user_id: int) -> Response:
    """Erase somebody for good."""
    try:
        erasing.erase(work, user_id, confirmed=form.text("confirmed") == "yes")
    except RefusedError as problem:
        return _erase_page(request, work.session, user_id, problem)
    return RedirectResponse(f"/people/{user_id}", status_code=303)
