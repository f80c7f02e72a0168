"""P11: what a browser fetches when it sees a page for the first time."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from starlette.types import ASGIApp

from app.bench import world
from app.bench.browser import InProcess
from app.bench.readings import Reading, rounded
from app.bench.registry import Bench, measures
from app.core.database import build_engine
from app.core.scope import Scope
from app.main import build_app

KILOBYTES_MUST, KILOBYTES_STRETCH = 70, 40
FILES_MUST, FILES_STRETCH = 6, 4
_LEVEL_OF_A_PROXY: Final = 6


class _Parts(HTMLParser):
    """The style sheets and scripts that a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") == "stylesheet":
            self.found.append(given.get("href") or "")
        if tag == "script":
            self.found.append(given.get("src") or "")


@dataclass(frozen=True, slots=True)
class FirstVisit:
    """The files of a first visit by address: bytes packed as a proxy packs them, and as we send them."""

    page: str
    packed: dict[str, int]
    sent: dict[str, int]

    @property
    def kilobytes(self) -> float:
        """The size of all files, packed, in thousands of bytes."""
        return sum(self.packed.values()) / 1_000

    @property
    def files(self) -> int:
        """How many files they are, the page itself included."""
        return len(self.packed)


def first_visit(app: ASGIApp, path: str, token: str = "") -> FirstVisit:
    """Fetch a page and all that it asks for, with an empty cache."""
    packed, sent = {}, {}
    with InProcess(app, token) as person:
        parts = _Parts()
        parts.feed(person.ok(path).body.decode())
        for each in (path, *dict.fromkeys(parts.found)):
            plain = person.ok(each).body
            packed[each] = len(gzip.compress(plain, _LEVEL_OF_A_PROXY, mtime=0))
            sent[each] = len(person.get(each, accept_encoding="gzip").body)
    return FirstVisit(path, packed, sent)


def readings(visit: FirstVisit, name: str) -> Iterable[Reading]:
    """Judge a first visit by its bytes and by its files."""
    detail = {"packed": visit.packed, "sent_without_proxy": visit.sent}
    yield Reading(
        goal="P11",
        what=f"first visit, {name}: HTML, CSS and JS, KB gzip",
        must=KILOBYTES_MUST,
        stretch=KILOBYTES_STRETCH,
        values=(rounded(visit.kilobytes),),
        detail=detail,
    )
    yield Reading(
        goal="P11",
        what=f"first visit, {name}: files",
        must=FILES_MUST,
        stretch=FILES_STRETCH,
        values=(float(visit.files),),
    )


@measures("P11")
def first_visits(bench: Bench) -> Iterable[Reading]:
    """Visit the sign-in page and a school's task list, each with an empty cache."""
    with bench.stage.database() as database:
        engine = build_engine(database, scope=Scope.SYSTEM)
        world.add_schools(engine, 1)
        round_id = world.prepare_round(engine)
        world.issue_round(engine, round_id)
        school = world.schools(engine, round_id, 1, now=world.today())[0]
        app = build_app(engine)
        yield from readings(first_visit(app, "/sign-in"), "sign-in page")
        yield from readings(first_visit(app, f"/returns/{school.return_id}", school.token), "task list")
        engine.dispose()
