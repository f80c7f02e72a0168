"""Faults of ours, told to the log without what people wrote.

An exception's message quotes the values that it failed on: an answer, an email address, the token in an
address. The log goes to more people than the returns do, so it gets where and what, and no values.
"""

import logging
import traceback
from collections.abc import Iterator

from fastapi import Request
from sqlalchemy.exc import DBAPIError


def where_asked(request: Request) -> str:
    """Return the method and the pattern of the route that was asked for, never the address itself."""
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path', 'an address outside the program')}"


class WithoutTracebacks(logging.Filter):
    """Keeps the web server from printing faults a second time, with the values that we left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass without its exception."""
        record.exc_info = record.exc_text = None
        return True


def keep_values_out_of_the_servers_log() -> None:
    """Call this before the server starts: it logs what the program has answered and logged already."""
    logging.getLogger("uvicorn.error").addFilter(WithoutTracebacks())


def described(problem: BaseException) -> str:
    """Return where a fault happened and what kind it is, causes first, as a traceback does."""
    return "\n".join(_each(problem))


def _each(problem: BaseException) -> Iterator[str]:
    before = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    if before is not None:
        yield from _each(before)
    yield "".join(traceback.format_tb(problem.__traceback__)).rstrip()
    yield f"{type(problem).__module__}.{type(problem).__qualname__}{_database_words(problem)}"


def _database_words(problem: BaseException) -> str:
    if not isinstance(problem, DBAPIError) or problem.orig is None:
        return ""
    diagnosis = getattr(problem.orig, "diag", None)
    names = (getattr(diagnosis, name, None) for name in ("sqlstate", "table_name", "constraint_name"))
    return f" ({', '.join([type(problem.orig).__name__, *(str(name) for name in names if name)])})"
