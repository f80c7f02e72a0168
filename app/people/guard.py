"""The door: who is asking, and may they use this route at all."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from app.core.access import Access, Actor, Work, allows
from app.core.database import SessionDep
from app.core.errors import NotFoundError, SignInNeededError
from app.core.forms import FormDep
from app.core.routes import access_of
from app.core.scope import enter
from app.core.settings import settings
from app.people import queries


def cookie_name() -> str:
    """Return the name of the cookie that holds a person's session."""
    return settings().session_cookie


def now(request: Request) -> datetime:
    """Return the time of this request, from the application's clock."""
    moment: datetime = request.app.state.clock()
    return moment


NowDep = Annotated[datetime, Depends(now)]


def guard(request: Request, form: FormDep, session: SessionDep, at: NowDep) -> Actor | None:
    """Let a request through only if its route's access class allows the person who asks.

    Raises SignInNeededError when nobody is signed in, NotFoundError when the class does not allow them:
    from outside, a page that is not for you is not there.
    """
    del form  # read before the session is opened, so that a slow sender holds no connection
    access = access_of(request)
    token = request.cookies.get(cookie_name())
    actor = queries.actor_by_token(session, token, at) if token else None
    request.state.actor = actor
    enter(session, actor)
    if allows(access, actor, demo=settings().is_demo):
        return actor
    if actor is None and access is not Access.DEMO:
        raise SignInNeededError
    raise NotFoundError


GuardDep = Annotated[Actor | None, Depends(guard)]


def signed_in(actor: GuardDep) -> Actor:
    """Return the person at work."""
    if actor is None:
        raise SignInNeededError
    return actor


ActorDep = Annotated[Actor, Depends(signed_in)]


def work(session: SessionDep, actor: ActorDep, at: NowDep) -> Work:
    """Return the piece of work that this request is."""
    return Work(session, actor, at)


WorkDep = Annotated[Work, Depends(work)]
