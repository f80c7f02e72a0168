"""The doorkeeper: nobody's upload is read before we know that somebody may upload there at all."""

from fastapi import Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from app.core.access import Access, allows
from app.core.database import SAFE_METHODS
from app.core.errors import NotFoundError, SignInNeededError
from app.core.routes import access_of
from app.core.settings import settings
from app.people import queries
from app.people.cookies import cookie_name

SMALL_BODY = 256 * 1024
_OPEN = frozenset({Access.PUBLIC, Access.DEMO, Access.ON_THE_WAY_IN})


async def doorkeeper(request: Request) -> None:
    """Turn a large request away before its body is read, unless a known person may use the route.

    The guard behind asks again, exactly, with the request's own session; here a connection is taken for a
    moment only, so that slow senders hold none. Small bodies cost less to read than to ask about.
    """
    if request.method in SAFE_METHODS or not _is_large(request):
        return
    access = access_of(request)
    if access in _OPEN:
        return
    await run_in_threadpool(_ask, request, access)


def _ask(request: Request, access: Access) -> None:
    token = request.cookies.get(cookie_name())
    with Session(request.app.state.engine) as session:
        found = queries.signed_in_by_token(session, token, request.app.state.clock()) if token else None
    if found is None:
        raise SignInNeededError
    if not allows(access, found.actor, demo=settings().is_demo):
        raise NotFoundError


def _is_large(request: Request) -> bool:
    """Say whether a body is large, or does not tell its size."""
    length = request.headers.get("content-length", "")
    return not length.isdecimal() or int(length) > SMALL_BODY
