"""What somebody asks of the audit trail: the filter, read from an address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final

from app.core.clock import LONDON, end_of_day
from app.core.dates import read_date

LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter as it was typed, and what is wrong with it by field."""

    person: str = ""
    organisation: str = ""
    kind: str = ""
    begin: str = ""
    end: str = ""
    since: datetime | None = None
    until: datetime | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    def parameters(self) -> dict[str, str]:
        """Return the filter as an address carries it; what is empty is left out."""
        every = {
            "person": self.person,
            "organisation": self.organisation,
            "kind": self.kind,
            "begin": self.begin,
            "end": self.end,
        }
        return {name: value for name, value in every.items() if value}


def wanted_from(parameters: Mapping[str, str], kinds: frozenset[str]) -> Wanted:
    """Return the filter of an address; unknown kinds are passed over, unreadable days are problems."""

    def line(name: str) -> str:
        text = "".join(char for char in parameters.get(name, "") if char.isprintable())
        return " ".join(text.split())[:LONGEST]

    begin, end, kind = line("begin"), line("end"), line("kind")
    first, last = read_date(begin), read_date(end)
    problems = {
        name: f"Enter the {words} day like 29/1/2027, or leave it empty"
        for name, words, typed, day in (("begin", "first", begin, first), ("end", "last", end, last))
        if typed and day is None
    }
    if first and last and last < first:
        problems["end"] = "The last day must not be before the first"
    return Wanted(
        person=line("person"),
        organisation=line("organisation"),
        kind=kind if kind in kinds else "",
        begin=begin,
        end=end,
        since=start_of_day(first) if first else None,
        until=end_of_day(last) if last else None,
        problems=problems,
    )


def start_of_day(day: date) -> datetime:
    """Return the first moment of a day in London."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
