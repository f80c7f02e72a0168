"""What people typed, read raw so that it can be shown again unchanged."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated

from fastapi import Depends, Request, UploadFile
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as StarletteUpload

from app.core.access import Access
from app.core.errors import RefusedError, SignInNeededError
from app.core.routes import access_of
from app.core.settings import settings

MOST_FIELDS = 2_000
MOST_TEXT = 20_000
MOST_KEPT_BYTES = 1024 * 1024


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
    data = await request.form(max_fields=MOST_FIELDS, max_files=3)
    request.state.form = Form(data)
    if stranger:
        raise SignInNeededError
    try:
        yield request.state.form
    finally:
        await data.close()


def _short_text(request: Request) -> bool:
    """Say whether a form is plain text of a known, small size: read in memory, to be given back."""
    plain = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    length = whole_number(request.headers.get("content-length", ""))
    return plain and length is not None and length <= MOST_KEPT_BYTES


FormDep = Annotated[Form, Depends(read_form)]
