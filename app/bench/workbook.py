"""P6 and P7: the board's workbook against bare openpyxl, and its peak memory as rounds grow."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from statistics import median
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import Engine
from sqlmodel import Session

from app.bench import world
from app.bench.clocks import spent
from app.bench.peak import MEBIBYTE, peak_of_stored
from app.bench.readings import Reading, interleaved, repeated, rounded
from app.bench.registry import Bench, measures
from app.core.database import build_engine
from app.core.scope import Scope
from exports.workbook import round_workbook

SMALL, LARGE = 600, 5_900
MEMORY_MUST: Final = 48
MEMORY_STRETCH: Final = 16

Rows = list[tuple[tuple[Any, int], ...]]


def stored_workbook(engine: Engine, round_id: int) -> BytesIO:
    """Write a stored round's workbook to memory."""
    out = BytesIO()
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        round_workbook(session, world.manager(session).actor, round_id, out, world.today())
    return out


class BareWorkbook:
    """The same cells with the same formats, written by openpyxl's own streaming and nothing else."""

    def __init__(self, finished: BytesIO) -> None:
        book = load_workbook(finished)
        self._styles: dict[int, Any] = {}
        self.sheets: dict[str, Rows] = {}
        for sheet in book.worksheets:
            self.sheets[sheet.title] = [
                tuple((cell.value, self._kept(cell)) for cell in row) for row in sheet.iter_rows()
            ]
        self.cells = sum(len(row) for rows in self.sheets.values() for row in rows)

    def _kept(self, cell: Any) -> int:
        number = int(cell.style_id)
        if number not in self._styles:
            self._styles[number] = {
                name: getattr(cell, name).copy() for name in ("font", "fill", "border", "alignment")
            } | {"number_format": cell.number_format}
        return number

    def write(self) -> None:
        """Write the workbook to memory."""
        book = Workbook(write_only=True)
        for title, rows in self.sheets.items():
            sheet = book.create_sheet(title)
            samples = {number: self._sample(sheet, style) for number, style in self._styles.items()}
            for row in rows:
                sheet.append([_cell(sheet, value, samples[style]) for value, style in row])
        book.save(BytesIO())

    def _sample(self, sheet: Any, style: dict[str, Any]) -> Any:
        cell: Any = WriteOnlyCell(sheet)
        for name, value in style.items():
            setattr(cell, name, value)
        return cell._style  # noqa: SLF001 - see below


def _cell(sheet: Any, value: Any, style: Any) -> Any:
    cell: Any = WriteOnlyCell(sheet, value)
    # The fastest way that there is: a format that the workbook knows already.
    cell._style = style  # noqa: SLF001
    return cell


@contextmanager
def signed_round(bench: Bench, returns: int) -> Iterator[tuple[Engine, int]]:
    """Fill a database with one round in which every return is signed."""
    with bench.stage.database() as database:
        engine = build_engine(database, 4, scope=Scope.SYSTEM)
        world.add_schools(engine, returns)
        round_id = world.add_years(engine, 1)
        try:
            yield engine, round_id
        finally:
            engine.dispose()


@measures("P6")
def workbook_against_openpyxl(bench: Bench) -> Iterable[Reading]:
    """CPU of the workbook of 600 returns, database included, against the same cells by bare openpyxl."""
    ours = bench.stage.ours
    with signed_round(bench, bench.size(SMALL, 60)) as (engine, round_id):
        finished = stored_workbook(engine, round_id)
        size, bare = finished.tell(), BareWorkbook(finished)
        found = interleaved(
            bench.pairs,
            ours,
            lambda: spent(ours.with_database, lambda: stored_workbook(engine, round_id)),
            lambda: spent(ours.with_database, bare.write),
        )
    yield Reading(
        goal="P6",
        what="board workbook of 600 returns from live data ÷ bare openpyxl, same cells and formats",
        must=1.6,
        stretch=1.15,
        values=found.ratios,
        disturbed=found.disturbed,
        detail={
            "workbook_s": rounded(median(found.ours)),
            "openpyxl_s": rounded(median(found.floor)),
            "cells": bare.cells,
            "bytes": size,
            "others_percent": found.others_percent,
        },
    )


@measures("P7")
def workbook_memory(bench: Bench) -> Iterable[Reading]:
    """Peak memory of the workbook at 5,900 returns minus that at 600, each in a process of its own."""
    large = bench.size(LARGE, SMALL * 2)
    with signed_round(bench, SMALL) as (engine, small_round):
        few = peak_of_stored(engine.url, small_round)
    details: list[float] = []
    with signed_round(bench, large) as (engine, large_round):

        def growth() -> float:
            details.append(rounded(peak_of_stored(engine.url, large_round) / MEBIBYTE))
            return details[-1] - few / MEBIBYTE

        # Memory does not wander as time does: two looks are enough, and neighbours do not matter.
        values, _ = repeated(min(bench.pairs, 2), bench.stage.ours, growth)
    yield Reading(
        goal="P7",
        what=f"peak memory of the workbook at {large:,} returns minus at {SMALL:,}, MiB",
        must=MEMORY_MUST,
        stretch=MEMORY_STRETCH,
        values=values,
        detail={"mib_small": rounded(few / MEBIBYTE), "mib_large": details},
    )
