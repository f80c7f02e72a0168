"""The register of the demo: organisations with ids, who is asked in which year, rows for the tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import london_date
from app.demo.agencies import LEISURE, agencies
from app.demo.names import Namer
from app.demo.schools import ASHGROVE, Listed, Merger, bodies, convert, mergers, open_new, schools
from app.demo.timetable import school_year_start


@dataclass(frozen=True, slots=True)
class Register:
    """All organisations: schools (open and merged) and agencies."""

    schools: tuple[Listed, ...]
    agencies: tuple[Listed, ...]
    merged: tuple[Merger, ...]

    def __iter__(self) -> Iterator[Listed]:
        """Yield every organisation in the order of ids."""
        yield from self.schools
        yield from self.agencies

    @property
    def ashgrove(self) -> Listed:
        """The primary school whose people visitors of the demo can be."""
        return next(each for each in self.schools if each.organisation.name == ASHGROVE)

    @property
    def leisure(self) -> Listed:
        """The agency whose people visitors of the demo can be."""
        return next(each for each in self.agencies if each.organisation.name == LEISURE)


def build(namer: Namer, now: datetime) -> Register:
    """Make up the register as it stands now, one year of changes included."""
    listed = schools(namer, now)
    start = school_year_start(london_date(now))
    merged = mergers(namer, listed, start)
    open_new(listed, start)
    convert(listed, start - timedelta(days=280))
    every = tuple(bodies(listed, merged))
    others = tuple(agencies(namer, now))
    for number, each in enumerate((*every, *others), 1):
        each.organisation.id = number
    return Register(every, others, tuple(merged))


def organisation_rows(register: Register) -> Iterator[dict[str, Any]]:
    """Yield the rows of the organisation table."""
    for each in register:
        yield each.organisation.model_dump()


def identifier_rows(register: Register) -> Iterator[dict[str, Any]]:
    """Yield the rows of the identifier table."""
    for each in register:
        for known in each.identifiers:
            yield {"organisation_id": each.id, **known}


def succession_rows(register: Register) -> Iterator[dict[str, Any]]:
    """Yield the rows of the succession table."""
    for merger in register.merged:
        for before in merger.predecessors:
            yield {
                "predecessor_id": before.id,
                "successor_id": merger.successor.id,
                "merged": True,
                "on_date": merger.on_date,
            }
