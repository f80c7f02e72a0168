"""P9: how costs grow with sizes: exponents, where 1 is in proportion and 0 is not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Engine, text

from app.bench import world
from app.bench.browser import BrokenReplyError, Connection, InProcess, Reply
from app.bench.clocks import repeat, spent
from app.bench.readings import (
    Reading,
    disturbed,
    growth_exponent,
    milliseconds,
    percents,
    repeated,
)
from app.bench.register import register_csv
from app.bench.registry import Bench, measures
from app.bench.server import PROGRAM, running
from app.bench.survey import ALL_KEYS, DOMAINS
from app.bench.timings import import_register
from app.bench.workbook import signed_round, stored_workbook
from app.bench.writing import Save, Writer
from app.core.database import build_engine
from app.core.scope import Scope
from app.main import build_app

IN_PROPORTION: Final = 1.05
NOT_AT_ALL: Final = 0.05
_RETURNS: Final = (150, 300, 600, 1_200)
_ROWS: Final = (6_000, 12_000, 24_000, 48_000)
_ONE_IN: Final = 10
# Schools and years before this one.
_KEPT: Final = (590, 10)


@measures("P9")
def growth(bench: Bench) -> Iterable[Reading]:
    """Exponents of export, list, issue and import in their size; of page and save in stored answers."""
    sizes = _RETURNS[:2] if bench.quick else _RETURNS
    with ExitStack() as stack:
        rounds = {size: stack.enter_context(signed_round(bench, size)) for size in sizes}
        yield _grown(bench, "export of a workbook", sizes, lambda size: _export(bench, *rounds[size]))
        yield _grown(bench, "chase list", sizes, lambda size: _list(bench, *rounds[size]))
    yield _grown(bench, "issuing a round", sizes, lambda size: _issue(bench, size))
    rows = _ROWS[:2] if bench.quick else _ROWS
    files = {size: register_csv(size, one_in=_ONE_IN) for size in rows}
    yield _grown(bench, "import of a register", rows, lambda size: _import(bench, files[size]))
    yield from _stored_answers(bench)


def _grown(bench: Bench, what: str, sizes: tuple[int, ...], cost: Callable[[int], float]) -> Reading:
    """Measure a cost at every size, again and again, smallest to largest, and fit each row of figures."""
    costs: dict[int, list[float]] = {size: [] for size in sizes}
    cost(sizes[0])

    def once() -> float:
        row = [cost(size) for size in sizes]
        for size, taken in zip(sizes, row, strict=True):
            costs[size].append(taken)
        return growth_exponent(sizes, row)

    values, shares = repeated(bench.pairs, bench.stage.ours, once)
    return Reading(
        goal="P9",
        what=f"growth exponent of CPU: {what}",
        must=IN_PROPORTION,
        stretch=IN_PROPORTION,
        values=values,
        disturbed=disturbed(shares),
        detail={"ms_by_size": _by_size(costs), "others_percent": percents(shares)},
    )


def _by_size(costs: Mapping[int, list[float]]) -> dict[str, float]:
    return {str(size): milliseconds(sorted(taken)[len(taken) // 2]) for size, taken in costs.items()}


def _export(bench: Bench, engine: Engine, round_id: int) -> float:
    return spent(bench.stage.ours.with_database, lambda: stored_workbook(engine, round_id))


def _list(bench: Bench, engine: Engine, round_id: int) -> float:
    token = world.manager_token(engine, world.today())
    with InProcess(build_app(engine), token) as person:
        person.ok(f"/rounds/{round_id}/chase")
        once = partial(person.ok, f"/rounds/{round_id}/chase")
        return spent(bench.stage.ours.with_database, lambda: repeat(once, 3))


def _issue(bench: Bench, schools: int) -> float:
    with bench.stage.database() as database:
        engine = build_engine(database, scope=Scope.SYSTEM)
        world.add_schools(engine, schools)
        round_id = world.prepare_round(engine)
        taken = spent(bench.stage.ours.with_database, lambda: world.issue_round(engine, round_id))
        engine.dispose()
    return taken


def _import(bench: Bench, data: bytes) -> float:
    with bench.stage.database() as database:
        engine = build_engine(database, scope=Scope.SYSTEM)
        taken = spent(bench.stage.ours.with_database, lambda: import_register(engine, data))
        engine.dispose()
    return taken


# --- page and save against what is stored ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Desk:
    """A person at a return, in a database that holds so many answers."""

    answers: int
    show: Callable[[], None]
    save: Callable[[], None]


@contextmanager
def _desk(bench: Bench, schools: int, years: int) -> Iterator[_Desk]:
    """Serve a round that is under way, with earlier years kept beside it."""
    with bench.stage.database() as database, ExitStack() as stack:
        engine = build_engine(database, scope=Scope.SYSTEM)
        world.add_schools(engine, schools)
        previous = world.add_years(engine, years, history=True) if years else None
        round_id = world.prepare_round(engine, year=2027, previous=previous)
        world.issue_round(engine, round_id)
        world.fill_round(engine, round_id, signed=False)
        one = world.schools(engine, round_id, 1, now=world.today())[0]
        with engine.connect() as connection:
            answers = connection.execute(text("SELECT count(*) FROM answer")).scalar_one()
        engine.dispose()
        server = stack.enter_context(running(PROGRAM, bench.stage.ours, database))
        person = stack.enter_context(Connection(server.port, one.token))
        saves = Writer(one.return_id, dict.fromkeys(ALL_KEYS, 1)).saves()
        yield _Desk(answers, lambda: _show(person, one.return_id), lambda: _save(person, next(saves)))


def _show(person: Connection, return_id: int) -> None:
    _must_be_ok(person.get(f"/returns/{return_id}/{DOMAINS[0]}"))


def _save(person: Connection, save: Save) -> None:
    _must_be_ok(person.post(save.path, save.body))


def _must_be_ok(reply: Reply) -> None:
    if reply.status != 200:
        raise BrokenReplyError(f"The program answered {reply.status}: {reply.body[:300]!r}")


def _stored_answers(bench: Bench) -> Iterable[Reading]:
    times = bench.size(60, 20)
    with ExitStack() as stack:
        few = stack.enter_context(_desk(bench, 2, 0))
        many = stack.enter_context(_desk(bench, *((60, 1) if bench.quick else _KEPT)))
        yield _level(bench, "page of ten questions", (few, many), lambda desk: desk.show, times)
        yield _level(bench, "save", (few, many), lambda desk: desk.save, times)


def _level(
    bench: Bench,
    name: str,
    desks: tuple[_Desk, ...],
    work_at: Callable[[_Desk], Callable[[], None]],
    times: int,
) -> Reading:
    sizes = [desk.answers for desk in desks]
    costs: dict[int, list[float]] = {size: [] for size in sizes}

    def cost(desk: _Desk) -> float:
        work = work_at(desk)
        return spent(bench.stage.ours.served, lambda: repeat(work, times)) / times

    def once() -> float:
        row = [cost(desk) for desk in desks]
        for size, taken in zip(sizes, row, strict=True):
            costs[size].append(taken)
        return growth_exponent(sizes, row)

    for desk in desks:
        cost(desk)
    values, shares = repeated(bench.pairs, bench.stage.ours, once)
    return Reading(
        goal="P9",
        what=f"growth exponent of CPU in stored answers: {name}",
        must=NOT_AT_ALL,
        stretch=NOT_AT_ALL,
        values=values,
        disturbed=disturbed(shares),
        detail={"ms_by_answers": _by_size(costs), "others_percent": percents(shares)},
    )
