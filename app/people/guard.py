"""The door: who is asking, and may they use this route at all."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from app.core.access import Access, Actor, Work, allows
from app.core.database import SAFE_METHODS, SessionDep
from app.core.errors import NotFoundError, SecondFactorNeededError, SignInNeededError
from app.core.forms import FormDep, is_overlong
from app.core.routes import access_of, most_bytes_of_files
from app.core.scope import enter
from app.core.settings import settings
from app.people import presence, queries, service
from app.people.cookies import cookie_name


async def now(request: Request) -> datetime:
    """Return the time of this request, from the application's clock."""
    moment: datetime = request.app.state.clock()
    return moment


NowDep = Annotated[datetime, Depends(now)]


async def may_send_files(request: Request, at: NowDep) -> None:
    """Refuse files from somebody whose route does not allow them, before a byte of them is read.

    The same goes for a form that is too long: only who may send it gets it read and given back. Other forms
    are so small that they are read first: then a slow sender holds no connection.
    """
    if request.method in SAFE_METHODS or not (most_bytes_of_files(request) or is_overlong(request)):
        return
    await run_in_threadpool(_admit_once, request, at)


def _admit_once(request: Request, at: datetime) -> None:
    with Session(request.app.state.engine) as session:
        _admit(request, session, at)


FileSenderDep = Annotated[None, Depends(may_send_files)]


def guard(
    request: Request, sender: FileSenderDep, form: FormDep, session: SessionDep, at: NowDep
) -> Actor | None:
    """Let a request through only if its route's access class allows the person who asks.

    Raises SignInNeededError when nobody is signed in, SecondFactorNeededError while a person of the
    partnership still owes it, NotFoundError when the class does not allow them: from outside, a page that is
    not for you is not there.
    """
    del sender, form  # read before the session is opened, so that a slow sender holds no connection
    return admit(request, session, at)


def admit(request: Request, session: Session, at: datetime) -> Actor | None:
    """Return who asks, and let the session see what they may; raises as `guard` does."""
    actor = _admit(request, session, at)
    enter(session, actor)
    return actor


def _admit(request: Request, session: Session, at: datetime) -> Actor | None:
    access = access_of(request)
    actor = _who(request, session, at)
    request.state.actor = actor
    if allows(access, actor, demo=settings().is_demo):
        return actor
    if actor is None and access is not Access.DEMO:
        raise SignInNeededError
    if actor is not None and actor.second_factor_due and access is not Access.DEMO:
        raise SecondFactorNeededError
    raise NotFoundError


def _who(request: Request, session: Session, at: datetime) -> Actor | None:
    """Return who asks, without any right while they owe the second factor; nobody after the idle limit."""
    token = request.cookies.get(cookie_name())
    found = queries.signed_in_by_token(session, token, at) if token else None
    if found is None:
        return None
    session_id = found.actor.session_id
    seen = presence.last_seen(request, session_id, found.changed_at)
    if at - seen >= presence.idle_limit():
        return None
    request.state.limits = presence.limits_at(at, found.expires_at)
    if at - seen >= presence.NOTED_EVERY:
        request.state.seen = presence.seen_value(session_id, at)
    if request.method not in SAFE_METHODS and at - found.changed_at >= presence.NOTED_EVERY:
        service.note_change(session, session_id, at, presence.NOTED_EVERY)
    if found.actor.is_partnership and found.factor_at is None:
        return replace(found.actor, roles=frozenset(), organisations={}, second_factor_due=True)
    return found.actor


GuardDep = Annotated[Actor | None, Depends(guard)]


async def signed_in(actor: GuardDep) -> Actor:
    """Return the person at work."""
    if actor is None:
        raise SignInNeededError
    return actor


ActorDep = Annotated[Actor, Depends(signed_in)]


async def work(session: SessionDep, actor: ActorDep, at: NowDep) -> Work:
    """Return the piece of work that this request is."""
    return Work(session, actor, at)


WorkDep = Annotated[Work, Depends(work)]
