"""A person's own account: where they are signed in, their second factor, staying signed in."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core import audit
from app.core.access import Work
from app.core.database import SessionDep
from app.core.errors import NotFoundError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.people import cookies, queries, second_factor, service
from app.people.guard import ActorDep, NowDep, WorkDep
from app.people.second_factor import Passed
from app.people.second_factor_pages import WRONG, signed_out

router = APIRouter()


@router.get("/account")
def account(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Show what a person may do, where they are signed in, and their second factor."""
    return page(request, "people/account.html", **_shown(session, actor, at), errors=[])


def _shown(session: SessionDep, actor: ActorDep, at: NowDep) -> dict[str, Any]:
    own_factor = actor.is_partnership and not settings().by_provider
    return {
        "places": queries.places_of(session, actor.user_id),
        "sessions": queries.open_sessions(session, actor.user_id, at),
        "factor": second_factor.state(session, actor.user_id) if own_factor else None,
    }


@router.get("/account/stay")
def stay(request: Request, _actor: ActorDep) -> Response:
    """Say until when the person stays signed in: asking is enough to stay, and changes nothing else."""
    return page(request, "people/stay.html")


@router.post("/account/sessions/{session_id}/end")
def end_session(work: WorkDep, session_id: int) -> Response:
    """Sign out one of a person's own browsers."""
    if not service.end_sessions(work, work.actor.user_id, only=session_id):
        raise NotFoundError
    audit.record(work, "user.session_ended", ("user", work.actor.user_id), session=session_id)
    return RedirectResponse("/account", status_code=303)


@router.post("/account/sessions/end-others")
def end_others(work: WorkDep) -> Response:
    """Sign out all of a person's browsers but this one."""
    ended = service.end_sessions(work, work.actor.user_id, but=work.actor.session_id)
    audit.record(work, "user.sessions_ended", ("user", work.actor.user_id), sessions=ended)
    return RedirectResponse("/account", status_code=303)


def _refusal(request: Request, work: Work, form: FormDep) -> Response | None:
    """Ask for a code again before the second factor is changed; return what to answer a wrong one."""
    if settings().by_provider:
        raise NotFoundError
    passed = second_factor.check(work, form.code("code"))
    if passed is Passed.OUT:
        return signed_out(request)
    if passed is Passed.WRONG:
        shown = _shown(work.session, work.actor, work.now)
        return page(request, "people/account.html", status=422, **shown, errors=error_list(WRONG))
    return None


@router.post("/account/recovery-codes")
def renew_recovery_codes(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Replace the recovery codes and show the new ones once."""
    refusal = _refusal(request, work, form)
    if refusal is not None:
        return refusal
    codes = second_factor.renew_recovery_codes(work)
    return page(request, "people/recovery-codes.html", codes=codes, target="/account", first=False)


@router.post("/account/second-factor/remove")
def remove_second_factor(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Take the second factor away, to set it up on another telephone after signing in again."""
    refusal = _refusal(request, work, form)
    if refusal is not None:
        return refusal
    second_factor.forget(work, work.actor.user_id)
    response = RedirectResponse("/sign-in", status_code=303)
    cookies.take_back(response, cookies.cookie_name(), cookies.seen_name())
    return response
