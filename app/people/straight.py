"""The straight way for what people ask most: a whole request in one thread.

The framework finds out what a route needs step by step, and changes threads between the steps; for a save
that costs more than the save itself. Here the same steps follow one another directly: the form is read, and
then one thread opens the session, lets the guard decide, works, and commits before the reply leaves.
"""

from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from inspect import signature
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from app.core.access import Work
from app.core.database import begin, end
from app.core.errors import NotFoundError, SignInNeededError
from app.core.forms import Form, read_form, whole_number
from app.people.guard import admit, may_send_files

_reading = asynccontextmanager(read_form)
_GIVEN: Final = frozenset({"request", "work", "form"})


class StraightRoute(APIRoute):
    """A route for somebody who is signed in, without files.

    Its endpoint takes any of `request`, `work` and `form`, and whole numbers and texts from the address.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request. Raises TypeError for an endpoint that takes something else."""
        endpoint = self.endpoint
        wanted = {name: each.annotation for name, each in signature(endpoint).parameters.items()}
        from_address = {name: kind for name, kind in wanted.items() if name not in _GIVEN}
        if unknown := {name for name, kind in from_address.items() if kind not in (int, str)}:
            raise TypeError(f"{endpoint.__name__} takes {sorted(unknown)}, which no address holds.")

        def answer(request: Request, at: datetime, form: Form) -> Response:
            with begin(request) as session:
                actor = admit(request, session, at)
                if actor is None:
                    raise SignInNeededError
                given = {"request": request, "work": Work(session, actor, at), "form": form}
                reply: Response = endpoint(
                    **{name: given[name] for name in wanted if name in _GIVEN},
                    **{name: _part(request, name, kind) for name, kind in from_address.items()},
                )
                end(session, request)
            return reply

        async def handle(request: Request) -> Response:
            at = request.app.state.clock()
            await may_send_files(request, at)
            # The form is read first, so that a slow sender holds no connection and no thread.
            async with _reading(request) as form, request.app.state.places:
                return await run_in_threadpool(answer, request, at, form)

        return handle


def _part(request: Request, name: str, kind: type) -> int | str:
    """Return a part of the address; what is no number where one belongs leads to no page."""
    text: str = request.path_params[name]
    if kind is str:
        return text
    number = whole_number(text)
    if number is None:
        raise NotFoundError
    return number
