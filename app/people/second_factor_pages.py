"""Pages for the second factor: setting it up, and passing it."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import Work
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page, query_string
from app.core.settings import settings
from app.people import cookies, second_factor
from app.people.guard import ActorDep, NowDep, WorkDep
from app.people.rules import safe_return_path
from app.people.second_factor import Passed

router = APIRouter()
WRONG = RefusedError(
    "", {"code": "This code is not right, or was used already. Wait for the next one and enter it"}
)


@router.get("/second-factor")
def show(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, to: str = "/") -> Response:
    """Ask for the code, or show how to set up the app; whoever owes none goes on."""
    target = safe_return_path(to)
    if not actor.second_factor_due:
        return RedirectResponse(target, status_code=303)
    if settings().by_provider:
        return page(request, "people/second-factor-elsewhere.html", to=target)
    if second_factor.state(session, actor.user_id).set_up_at:
        return page(request, "people/second-factor.html", to=target, errors=[])
    return page(
        request,
        "people/second-factor-set-up.html",
        to=target,
        errors=[],
        new=second_factor.begin(actor, at),
    )


@router.post("/second-factor")
def enter(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Take the code of the app, or a recovery code."""
    target = safe_return_path(form.get("to", "/"))
    if not work.actor.second_factor_due:
        return RedirectResponse(target, status_code=303)
    if settings().by_provider:
        return page(request, "people/second-factor-elsewhere.html", status=422, to=target)
    passed = second_factor.check(work, form.code("code"))
    if passed is Passed.OUT:
        return signed_out(request, target)
    if passed is Passed.WRONG:
        return page(request, "people/second-factor.html", status=422, to=target, errors=error_list(WRONG))
    return _let_in(work, RedirectResponse(target, status_code=303))


def _let_in(work: Work, response: Response) -> Response:
    cookies.put_session(response, second_factor.let_in(work), work.actor.email)
    return response


def signed_out(request: Request, target: str = "/") -> Response:
    """Say that too many wrong codes ended the session."""
    request.state.actor = None
    address = "/sign-in" + query_string({"to": target if target != "/" else ""})
    response = page(
        request,
        "people/too-many-codes.html",
        status=429,
        headers={"Retry-After": "60"},
        address=address,
        tries=second_factor.MOST_TRIES,
    )
    cookies.take_back(response, cookies.cookie_name(), cookies.seen_name())
    return response


@router.post("/second-factor/set-up")
def set_up(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Set the app up with its first code, and show the recovery codes once."""
    target = safe_return_path(form.get("to", "/"))
    if settings().by_provider or not work.actor.second_factor_due:
        return RedirectResponse("/second-factor", status_code=303)
    sealed = form.code("sealed")
    try:
        codes = second_factor.set_up(work, sealed=sealed, typed=form.code("code"))
    except RefusedError as problem:
        return page(
            request,
            "people/second-factor-set-up.html",
            status=422,
            to=target,
            errors=error_list(problem),
            new=second_factor.begin(work.actor, work.now, sealed),
        )
    return _let_in(work, page(request, "people/recovery-codes.html", codes=codes, target=target, first=True))
