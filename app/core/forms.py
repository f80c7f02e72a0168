"""What people typed, read raw so that it can be shown again unchanged."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Annotated

from fastapi import Depends, Request, UploadFile
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as StarletteUpload
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from app.core.access import Access
from app.core.errors import RefusedError, SignInNeededError, TooLargeError
from app.core.routes import MEBIBYTE, access_of, most_bytes_of_files
from app.core.settings import settings

MOST_FIELDS = 2_000
MOST_TEXT = 20_000
# What the largest honest form needs, and some: reading a body costs time before anybody is known.
MOST_BYTES_OF_STRANGERS = 64 * 1024
MOST_BYTES = MEBIBYTE
MOST_BYTES_SKIPPED = 50 * MEBIBYTE
_LONGEST_LENGTH = 18
# Whose session has just ended gets their text back, up to a page of long answers.
MOST_KEPT_BYTES = 256 * 1024
OUTSIDE = frozenset({Access.PUBLIC, Access.DEMO, Access.ON_THE_WAY_IN})

NO_ROOM = (
    "There is no room for files on the server just now, so nothing was stored. Tell the partnership, and try "
    "again later."
)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WHOLE = re.compile(r"[0-9]{1,9}")


def whole_number(typed: str) -> int | None:
    """Return a whole number as forms and addresses carry it, or None for anything else."""
    return int(typed) if _WHOLE.fullmatch(typed) else None


class Form(Mapping[str, str]):
    """A submitted form: field names to text, the last value of a name winning."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def __getitem__(self, name: str) -> str:
        value = self._data[name]
        return value if isinstance(value, str) else ""

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def text(self, name: str, *, most: int = MOST_TEXT) -> str:
        """Return a field's text with one kind of line end, or an empty string.

        Raises RefusedError for text that no database or workbook could keep exactly.
        """
        value = self.get(name, "").replace("\r\n", "\n").replace("\r", "\n")
        if UNSTORABLE.search(value):
            raise RefusedError(
                "This text holds a character that cannot be stored. Paste it as plain text and save again.",
                {name: "Remove the invisible character from this text"},
            )
        if len(value) > most:
            raise RefusedError(
                f"This text is too long: it has {len(value):,} characters and the most is {most:,}.",
                {name: f"Shorten this text to {most:,} characters or fewer"},
            )
        return value

    def line(self, name: str, *, most: int = 300) -> str:
        """Return a single line of text, trimmed."""
        return " ".join(self.text(name, most=most).split())

    def lines(self, most: Mapping[str, int]) -> tuple[dict[str, str], dict[str, str]]:
        """Return single lines by field, and what is wrong with each that cannot be kept (it is empty then).

        `most` says how many characters each field may have, in the order in which the page shows them.
        """
        read: dict[str, str] = {}
        problems: dict[str, str] = {}
        for name, longest in most.items():
            try:
                read[name] = self.line(name, most=longest)
            except RefusedError as problem:
                read[name] = ""
                problems |= problem.problems
        return read, problems

    def code(self, name: str) -> str:
        """Return a code or another short secret; what can be none, far too long for example, is empty."""
        try:
            return self.line(name, most=2_000)
        except RefusedError:
            return ""

    def values_of(self, name: str) -> list[str]:
        """Return every value of a repeated field, such as ticked boxes."""
        return [value for value in self._data.getlist(name) if isinstance(value, str)]

    def integers(self, name: str) -> list[int]:
        """Return the whole numbers among a repeated field's values; the rest is ignored."""
        return [number for value in self.values_of(name) if (number := whole_number(value)) is not None]

    def file(self, name: str) -> UploadFile | None:
        """Return an uploaded file, or None when none was chosen."""
        value = self._data.get(name)
        if isinstance(value, StarletteUpload) and value.filename:
            return UploadFile(value.file, size=value.size, filename=value.filename, headers=value.headers)
        return None


def most_bytes(request: Request) -> int:
    """Return how large a body the route that a request matched takes, in bytes."""
    if access_of(request) in OUTSIDE:
        return MOST_BYTES_OF_STRANGERS
    with_files = request.headers.get("content-type", "").startswith("multipart/form-data")
    return (most_bytes_of_files(request) if with_files else None) or MOST_BYTES


def announced(request: Request) -> int:
    """Return how many bytes a request says that it sends; 0 if it does not say."""
    said = request.headers.get("content-length", "")
    return int(said[:_LONGEST_LENGTH]) if said.isdecimal() else 0


def is_plain_form(request: Request) -> bool:
    """Say whether a request sends a form without files."""
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def is_overlong(request: Request) -> bool:
    """Say whether a request announces more than its page takes, where a session is needed."""
    return access_of(request) not in OUTSIDE and announced(request) > most_bytes(request)


async def skip(receive: Receive) -> None:
    """Let a body go by unread, within a bound: browsers show an answer only once they have sent it all."""
    more, arrived = True, 0
    while more and arrived < MOST_BYTES_SKIPPED:
        message = await receive()
        arrived += len(message.get("body", b""))
        more = message.get("more_body", False)


class _Measured:
    """A request's body, cut off beyond a number of bytes."""

    def __init__(self, request: Request, most: int) -> None:
        self._request = request
        self._most = most
        self._arrived = 0
        self._more = True
        self._announced = announced(request)

    async def _next(self) -> Message:
        message = await self._request.receive()
        self._arrived += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        return message

    async def receive(self) -> Message:
        """Return the next part of the body."""
        message = await self._next()
        if self.too_large:
            raise MultiPartException("too large")  # the parser closes the files that it has begun
        return message

    @property
    def too_large(self) -> bool:
        return max(self._announced, self._arrived) > self._most

    async def form(self) -> FormData:
        """Return the form, or raise TooLargeError: unparsed, if the sender says how long it is."""
        try:
            if not self.too_large:
                within = Request(self._request.scope, self.receive)
                return await within.form(max_fields=MOST_FIELDS, max_files=3)
        except HTTPException:
            if not self.too_large:
                raise
        if self._most == MOST_BYTES_OF_STRANGERS:
            raise TooLargeError(self._most)
        if not self._arrived:
            raise TooLargeError(self._most, unread=True)
        if self._more:
            await skip(self._request.receive)
        raise TooLargeError(self._most)


def in_order_of(fields: Iterable[str], problem: RefusedError, unreadable: Mapping[str, str]) -> RefusedError:
    """Return a refusal whose problems stand in the order of the page's fields.

    What is wrong with the text of a field itself goes before what the rules say about an empty one.
    """
    problems = {**problem.problems, **unreadable}
    order = [*fields, *problems]
    return RefusedError(problem.message, {name: problems[name] for name in order if name in problems})


async def read_form(request: Request) -> AsyncIterator[Form]:
    """Read the request's form before a database connection is taken, so that slow senders hold none.

    Who brings no session gets no form read where one is needed, but for a short text that the reply gives
    back to them: their session may have just ended. Strangers fill no disk of ours.
    """
    public = access_of(request) in {Access.PUBLIC, Access.DEMO}
    stranger = not public and settings().session_cookie not in request.cookies
    if request.method in {"GET", "HEAD"}:
        if stranger:
            raise SignInNeededError
        yield Form(FormData())
        return
    if stranger and not _short_text(request):
        raise SignInNeededError
    try:
        data = await _Measured(request, most_bytes(request)).form()
    except OSError as problem:
        raise RefusedError(NO_ROOM) from problem
    except ClientDisconnect as gone:
        raise HTTPException(400) from gone  # nobody waits for the answer, and it is no fault of ours
    # An error page gives people back what they typed.
    request.state.form = form = Form(data)
    if stranger:
        raise SignInNeededError
    try:
        yield form
    finally:
        await data.close()


def _short_text(request: Request) -> bool:
    """Say whether a form is plain text of a known, small size: read in memory, to be given back."""
    known = request.headers.get("content-length", "").isdecimal()
    return is_plain_form(request) and known and announced(request) <= MOST_KEPT_BYTES


FormDep = Annotated[Form, Depends(read_form)]
