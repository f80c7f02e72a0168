"""Pages for signing in and out."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.people import cookies, limits, links, queries, service
from app.people.guard import GuardDep, NowDep, WorkDep
from app.people.links import LinkState
from app.people.rules import (
    browser_words,
    is_address,
    masked_address,
    network_of,
    normal_address,
    safe_return_path,
)
from app.people.totp import digits_of

router = APIRouter()
NOT_THE_CODE = RefusedError("", {"code": "Enter the six digits that are shown where you asked for the link"})


@router.get("/sign-in")
def sign_in(request: Request, actor: GuardDep, session: SessionDep, to: str = "/") -> Response:
    """Ask for an email address."""
    if actor is not None:
        return RedirectResponse(safe_return_path(to), status_code=303)
    return _sign_in_page(request, session, safe_return_path(to))


def _sign_in_page(
    request: Request, session: Session, to: str, *, problem: RefusedError | None = None, address: str = ""
) -> Response:
    config = settings()
    return page(
        request,
        "people/sign-in.html",
        status=422 if problem else 200,
        to=to,
        people=queries.demo_people(session) if config.is_demo else (),
        errors=error_list(problem),
        address=address,
        by_provider=config.by_provider,
    )


@router.post("/sign-in")
def send_link(request: Request, _actor: GuardDep, session: SessionDep, form: FormDep, at: NowDep) -> Response:
    """Mail a link; the answer is the same whether the address is known or not."""
    address, to = form.code("email"), safe_return_path(form.get("to", "/"))
    if not is_address(address):
        words = "Enter an email address in the correct form, like name@example.org"
        problem = RefusedError("", {"email": words if address.strip() else "Enter your email address"})
        return _sign_in_page(request, session, to, problem=problem, address=form.get("email", ""))
    limits.forget_whole(session, at)
    wait = _wait_to_ask(request, session, normal_address(address), at)
    if wait is not None:
        return slow_down(request, wait)
    return _ask(request, session, address=address, to=to, at=at)


def _wait_to_ask(request: Request, session: Session, address: str, at: datetime) -> int | None:
    """Return how long to wait before the next link, if too many were asked for.

    A browser in which this address has signed in before has an allowance of its own, so that nobody else on
    the same network can use it up.
    """
    known = cookies.known_browser(request, address)
    if known:
        return limits.draw(session, limits.KNOWN_BROWSER, known, at)
    return limits.draw(session, limits.ASKING_FOR_LINKS, _network(request), at)


def _network(request: Request) -> str:
    return network_of(request.client.host if request.client else "")


def slow_down(request: Request, seconds: int) -> Response:
    """Ask somebody to come back in some seconds."""
    return page(
        request, "people/slow-down.html", status=429, headers={"Retry-After": str(seconds)}, seconds=seconds
    )


def _ask(request: Request, session: Session, *, address: str, to: str, at: datetime) -> Response:
    browser = cookies.asking_browser(request)
    config = settings()
    links.request_link(session, config, address=address, browser=browser, return_to=to, now=at)
    response = page(
        request,
        "people/link-sent.html",
        minutes=config.sign_in_link_minutes,
        demo=config.is_demo,
        code=links.asking_code(browser),
    )
    cookies.put(response, cookies.asking_name(), browser, 3600)
    return response


@router.get("/sign-in/{token}")
def show_link(request: Request, _actor: GuardDep, session: SessionDep, token: str, at: NowDep) -> Response:
    """Show the button that spends the link: scanners that fetch the address do not spend it."""
    browser = cookies.asking_browser(request)
    state = links.link_state(session, token=token, browser=browser, now=at)
    return _link_page(request, token, state)


def _link_page(
    request: Request, token: str, state: LinkState, *, problem: RefusedError | None = None
) -> Response:
    if state is LinkState.CLOSED:
        return page(request, "people/link-closed.html", status=410)
    return page(
        request,
        "people/use-link.html",
        status=422 if problem else 200,
        token=token,
        code_needed=state is LinkState.CODE_NEEDED,
        errors=error_list(problem),
    )


@router.post("/sign-in/{token}")
def use_link(
    request: Request, _actor: GuardDep, session: SessionDep, form: FormDep, token: str, at: NowDep
) -> Response:
    """Spend the link and sign its person in."""
    browser = cookies.asking_browser(request)
    spent = links.spend_link(session, token=token, browser=browser, code=digits_of(form.code("code")), now=at)
    if spent is LinkState.CODE_NEEDED:
        return _link_page(request, token, LinkState.CODE_NEEDED, problem=NOT_THE_CODE)
    if isinstance(spent, LinkState):
        # Only what leads nowhere is counted: a good link works, however many tries came from its network.
        wait = limits.draw(session, limits.WRONG_TOKENS, _network(request), at)
        return slow_down(request, wait) if wait else _link_page(request, token, spent)
    service.end_old_session(session, request.cookies.get(cookies.cookie_name(), ""), at)
    new = service.start_session(
        session,
        settings(),
        user_id=spent.user_id,
        name=spent.name,
        now=at,
        browser=browser_words(request.headers.get("user-agent", "")),
    )
    response = RedirectResponse(spent.return_to, status_code=303)
    cookies.put_session(response, new, spent.address)
    return response


@router.get("/invitation/{token}")
def show_invitation(
    request: Request, actor: GuardDep, session: SessionDep, token: str, at: NowDep, to: str = "/"
) -> Response:
    """Offer to mail a sign-in link to the person whom an invitation names; it signs nobody in itself."""
    target = safe_return_path(to)
    if actor is not None:
        return RedirectResponse(target, status_code=303)
    return _invitation_page(request, links.invited(session, token, at), token, target)


def _invitation_page(request: Request, person: links.Invited | None, token: str, target: str) -> Response:
    return page(
        request,
        "people/invitation.html",
        status=200 if person else 410,
        address=masked_address(person.address) if person else "",
        token=token,
        to=target,
    )


@router.post("/invitation/{token}")
def use_invitation(
    request: Request, _actor: GuardDep, session: SessionDep, form: FormDep, token: str, at: NowDep
) -> Response:
    """Mail the person whom an invitation names a sign-in link."""
    target = safe_return_path(form.get("to", "/"))
    person = links.invited(session, token, at)
    if person is None:
        wait = limits.draw(session, limits.WRONG_TOKENS, _network(request), at)
        return slow_down(request, wait) if wait else _invitation_page(request, None, token, target)
    return _ask(request, session, address=person.address, to=target, at=at)


@router.post("/sign-out")
def sign_out(work: WorkDep) -> Response:
    """End the session in this browser."""
    service.sign_out(work)
    response = RedirectResponse("/sign-in", status_code=303)
    cookies.take_back(response, cookies.cookie_name(), cookies.seen_name())
    return response


@router.post("/demo/sign-in")
def be_demo_person(
    request: Request, _actor: GuardDep, session: SessionDep, form: FormDep, at: NowDep
) -> Response:
    """Sign in as one of the demo's people with one click; the route does not exist outside demo mode."""
    person = next(
        (item for item in queries.demo_people(session) if str(item.user_id) == form.text("user_id")), None
    )
    if person is None:
        raise NotFoundError
    token = service.start_session(
        session,
        settings(),
        user_id=person.user_id,
        name=person.name,
        now=at,
        browser=browser_words(request.headers.get("user-agent", "")),
        second_factor=True,
    )
    response = RedirectResponse(safe_return_path(form.get("to", "/")), status_code=303)
    cookies.put_session(response, token, "")
    return response


@router.get("/demo/outbox")
def demo_outbox(request: Request, _actor: GuardDep, session: SessionDep, at: NowDep) -> Response:
    """Show the mails that the demo would have sent."""
    messages = queries.outbox_messages(session)
    return page(request, "people/outbox.html", messages=messages, message=None, now=at)


@router.get("/demo/outbox/{message_id}")
def demo_mail(
    request: Request, _actor: GuardDep, session: SessionDep, at: NowDep, message_id: int
) -> Response:
    """Show one mail of the demo."""
    message = queries.outbox_message(session, message_id)
    return page(request, "people/outbox.html", messages=(), message=message, now=at)
