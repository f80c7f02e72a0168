"""Pages for signing in with the partnership's own provider."""

import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.database import SessionDep
from app.core.errors import NotFoundError
from app.core.forms import FormDep
from app.core.rendering import page
from app.core.settings import settings
from app.people import cookies, queries, service
from app.people.guard import GuardDep, NowDep
from app.people.rules import browser_words, safe_return_path
from app.people.single_sign_on import AWAY_SECONDS, Provider, ProviderError, away_from, provider

router = APIRouter()
LOG = logging.getLogger("eleven")


def _provider() -> Provider:
    if not settings().by_provider:
        raise NotFoundError
    return provider(settings())


@router.get("/single-sign-on")
def leave(request: Request, _actor: GuardDep, session: SessionDep, at: NowDep, to: str = "/") -> Response:
    """Send a person to the provider."""
    chosen = _provider()
    session.rollback()  # nobody shall wait for a connection while the provider is slow
    try:
        address, away = chosen.leave(safe_return_path(to))
    except ProviderError as problem:
        return _failed(request, problem, status=502)
    response = RedirectResponse(address, status_code=303)
    cookies.put(response, cookies.provider_name(), away.sealed(at), AWAY_SECONDS)
    return response


def _failed(request: Request, problem: ProviderError, *, status: int = 400) -> Response:
    LOG.warning("single sign-on: %s", problem)
    response = page(request, "people/provider-failed.html", status=status)
    cookies.take_back(response, cookies.provider_name())
    return response


@router.get("/single-sign-on/callback")
def come_back(request: Request, _actor: GuardDep, at: NowDep) -> Response:
    """Receive a person from the provider; a button goes on, because reading a page signs nobody in."""
    _provider()
    try:
        away_from(request.cookies.get(cookies.provider_name(), ""), at)
    except ProviderError as problem:
        return _failed(request, problem)
    answer = {name: request.query_params.get(name, "")[:4_000] for name in ("code", "state", "error")}
    return page(request, "people/provider-back.html", answer=answer)


@router.post("/single-sign-on/callback")
def go_on(request: Request, _actor: GuardDep, session: SessionDep, form: FormDep, at: NowDep) -> Response:
    """Check with the provider who it is, and sign that person in if they work for the partnership."""
    chosen = _provider()
    session.rollback()
    answer = {name: form.line(name, most=4_000) for name in ("code", "state", "error")}
    try:
        away = away_from(request.cookies.get(cookies.provider_name(), ""), at)
        address = chosen.come_back(answer, away)
    except ProviderError as problem:
        return _failed(request, problem)
    member = queries.member_by_email(session, address)
    if member is None:
        response = page(request, "people/provider-unknown.html", status=403, address=address)
        cookies.take_back(response, cookies.provider_name())
        return response
    service.end_old_session(session, request.cookies.get(cookies.cookie_name(), ""), at)
    token = service.start_session(
        session,
        settings(),
        user_id=member[0],
        name=member[1],
        now=at,
        browser=browser_words(request.headers.get("user-agent", "")),
        second_factor=True,
    )
    response = RedirectResponse(away.to, status_code=303)
    cookies.take_back(response, cookies.provider_name())
    cookies.put_session(response, token, address)
    return response
