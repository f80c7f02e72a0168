"""Pages for signing in and out."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.people import queries, service
from app.people.guard import GuardDep, NowDep, WorkDep, cookie_name
from app.people.rules import is_address, safe_return_path

router = APIRouter()


def set_session_cookie(response: Response, token: str) -> None:
    """Hand the browser its session, out of reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=settings().session_hours * 3600,
        path="/",
        httponly=True,
        secure=settings().secure_cookies,
        samesite="lax",
    )


@router.get("/sign-in")
def sign_in(request: Request, actor: GuardDep, session: SessionDep, to: str = "/") -> Response:
    """Ask for an email address."""
    if actor is not None:
        return RedirectResponse(safe_return_path(to), status_code=303)
    people = queries.demo_people(session) if settings().is_demo else ()
    return page(request, "people/sign-in.html", to=safe_return_path(to), people=people, errors=[], address="")


@router.post("/sign-in")
def send_link(request: Request, _actor: GuardDep, session: SessionDep, form: FormDep, at: NowDep) -> Response:
    """Mail a link; the answer is the same whether the address is known or not."""
    address, to = form.line("email"), safe_return_path(form.line("to") or "/")
    if not is_address(address):
        problem = RefusedError(
            "", {"email": "Enter an email address in the correct form, like name@example.org"}
        )
        people = queries.demo_people(session) if settings().is_demo else ()
        return page(
            request,
            "people/sign-in.html",
            status=422,
            to=to,
            people=people,
            errors=error_list(problem),
            address=address,
        )
    service.request_link(session, settings(), address=address, return_to=to, now=at)
    return page(
        request, "people/link-sent.html", minutes=settings().sign_in_link_minutes, demo=settings().is_demo
    )


@router.get("/sign-in/{token}")
def show_link(request: Request, _actor: GuardDep, session: SessionDep, token: str, at: NowDep) -> Response:
    """Show the button that spends the link: scanners that fetch the address do not spend it."""
    is_open = queries.link_is_open(session, token, at)
    return page(request, "people/use-link.html", status=200 if is_open else 410, is_open=is_open, token=token)


@router.post("/sign-in/{token}")
def use_link(request: Request, _actor: GuardDep, session: SessionDep, token: str, at: NowDep) -> Response:
    """Spend the link and sign its person in."""
    spent = service.spend_link(session, settings(), token=token, now=at)
    if spent is None:
        return page(request, "people/use-link.html", status=410, is_open=False, token=token)
    response = RedirectResponse(spent[1], status_code=303)
    set_session_cookie(response, spent[0])
    return response


@router.post("/sign-out")
def sign_out(work: WorkDep) -> Response:
    """End the session in this browser."""
    service.sign_out(work)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(), path="/", httponly=True, secure=settings().secure_cookies)
    return response


@router.post("/demo/sign-in")
def be_demo_person(_actor: GuardDep, session: SessionDep, form: FormDep, at: NowDep) -> Response:
    """Sign in as one of the demo's people with one click; the route does not exist outside demo mode."""
    person = next(
        (item for item in queries.demo_people(session) if str(item.user_id) == form.text("user_id")), None
    )
    if person is None:
        raise NotFoundError
    token = service.start_session(session, settings(), user_id=person.user_id, name=person.name, now=at)
    response = RedirectResponse(safe_return_path(form.line("to") or "/"), status_code=303)
    set_session_cookie(response, token)
    return response


@router.get("/demo/outbox")
def demo_outbox(request: Request, _actor: GuardDep, session: SessionDep) -> Response:
    """Show the mails that the demo would have sent."""
    return page(request, "people/outbox.html", messages=queries.outbox_messages(session), message=None)


@router.get("/demo/outbox/{message_id}")
def demo_mail(request: Request, _actor: GuardDep, session: SessionDep, message_id: int) -> Response:
    """Show one mail of the demo."""
    message = queries.outbox_message(session, message_id)
    return page(request, "people/outbox.html", messages=(), message=message)
