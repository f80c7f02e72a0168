"""P8: the boards' pages when ten years are kept, against one."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import Final

from sqlalchemy import Engine, text

from app.bench import world
from app.bench.browser import InProcess
from app.bench.clocks import repeat, spent
from app.bench.readings import Reading, interleaved, milliseconds
from app.bench.registry import Bench, measures
from app.bench.statements import counted
from app.core.database import build_engine
from app.core.scope import Scope
from app.main import build_app

_RETURNS: Final = 590
PAGES: Final = {"heat map": "/rounds/{}/ratings", "progress": "/rounds/{}", "chase list": "/rounds/{}/chase"}


class Board:
    """A board manager before a database with some years in it."""

    def __init__(self, engine: Engine, round_id: int, person: InProcess) -> None:
        self.engine = engine
        self._round_id = round_id
        self._person = person

    def show(self, page: str) -> None:
        """Fetch a page of the newest round; raises BrokenReplyError if it is not there."""
        self._person.ok(PAGES[page].format(self._round_id))

    def answers(self) -> int:
        """Count the answers that are kept."""
        with self.engine.connect() as connection:
            found: int = connection.execute(text("SELECT count(*) FROM answer")).scalar_one()
        return found

    def statements(self, page: str) -> int:
        """Count the statements of a page."""
        self.show(page)
        with counted(self.engine) as found:
            self.show(page)
            found.sent.clear()
            self.show(page)
            return len(found)


@contextmanager
def board(bench: Bench, years: int, returns: int) -> Iterator[Board]:
    """Fill a database with years and sit a board manager before it."""
    with bench.stage.database() as database, ExitStack() as stack:
        engine = build_engine(database, 4, scope=Scope.SYSTEM)
        stack.callback(engine.dispose)
        world.add_schools(engine, returns)
        # A round before the first, so that both sides compare with last year.
        round_id = world.add_years(engine, years + 1)
        token = world.manager_token(engine, world.today())
        yield Board(engine, round_id, stack.enter_context(InProcess(build_app(engine), token)))


@measures("P8")
def boards_over_the_years(bench: Bench) -> Iterable[Reading]:
    """CPU of the boards' pages, database included, with ten years kept against one; and their statements."""
    returns = bench.size(_RETURNS, 60)
    with board(bench, 1, returns) as young, board(bench, 10, returns) as old:
        for page in PAGES:
            yield _cost(bench, page, young, old)
            few, many = young.statements(page), old.statements(page)
            yield Reading(
                goal="P8",
                what=f"{page}: statements at ten years kept minus at one",
                must=0,
                stretch=0,
                values=(float(many - few),),
                detail={"statements": many},
            )


def _cost(bench: Bench, page: str, young: Board, old: Board) -> Reading:
    clock, times = bench.stage.ours.with_database, bench.size(4, 2)
    for each in (young, old):
        each.show(page)
    found = interleaved(
        bench.pairs,
        bench.stage.ours,
        lambda: spent(clock, lambda: repeat(partial(old.show, page), times)) / times,
        lambda: spent(clock, lambda: repeat(partial(young.show, page), times)) / times,
    )
    return Reading(
        goal="P8",
        what=f"{page}: CPU at ten years kept ÷ at one",
        must=1.2,
        stretch=1.05,
        values=found.ratios,
        disturbed=found.disturbed,
        detail={
            "ten_years_ms": milliseconds(median(found.ours)),
            "one_year_ms": milliseconds(median(found.floor)),
            "answers_kept": [each.answers() for each in (young, old)],
            "others_percent": found.others_percent,
        },
    )
