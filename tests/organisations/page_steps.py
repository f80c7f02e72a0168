"""Steps on the pages of the register."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, event

from tests.organisations.register_builder import Row, as_csv

HOSTILE = "<script>alert(1)</script> & St Mary’s “Église”"
LONG = "The Blessed Trinity and Saint Bartholomew-on-the-Wold Church of England Voluntary Primary School"
FORMS = "multipart/form-data"


def upload(client: TestClient, what: str, data: bytes, *, name: str = "file.csv", **more: str) -> Response:
    """Upload a file to be imported."""
    return client.post(
        "/organisations/import", data={"what": what, **more}, files={f"{what}_file": (name, data)}
    )


def schools_file(*rows: Row) -> bytes:
    """Return a file of schools as the government publishes it."""
    return as_csv(rows, encoding="utf-8")


def import_of(reply: Response) -> str:
    """Return the address of the import that an upload led to."""
    assert reply.status_code == 303, reply.text
    path: str = reply.headers["location"]
    assert re.fullmatch(r"/organisations/import/\d+", path)
    return path


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Note the statements that are sent to the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def names(page: str) -> list[str]:
    """Return the names of the organisations on a page."""
    return re.findall(r'<a class="govuk-link" href="/organisations/\d+">([^<]*)</a>', page)
