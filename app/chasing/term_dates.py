"""The partnership's school terms: typed in one by one, or read from a CSV or calendar file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import icalendar
from sqlalchemy import delete, select
from sqlmodel import Session, col

from app.chasing.models import TermDates
from app.core import audit
from app.core.access import REGISTER, Work
from app.core.dates import read_date
from app.core.errors import NotFoundError, RefusedError
from app.core.working_days import school_year

LONGEST_NAME: Final = 80
LONGEST_TERM: Final = 200
MOST_TERMS: Final = 60
MOST_BYTES: Final = 500_000
# Fewer weeks than this in a school year are no whole year: reminders would stop outside them.
WHOLE_YEAR_WEEKS: Final = 30
_FIRST: Final = frozenset({"first day", "first", "start", "starts", "from", "begins", "opens"})
_LAST: Final = frozenset({"last day", "last", "end", "ends", "to", "closes", "until"})
_NAME: Final = frozenset({"term", "name", "title", "summary"})


@dataclass(frozen=True, slots=True)
class TermLine:
    """A term as it is listed."""

    id: int
    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class NewTerm:
    """A term that somebody typed or that stood in a file; `row` is its line there."""

    name: str
    first_on: date | None
    last_on: date | None
    row: int = 0


def term_lines(session: Session) -> tuple[TermLine, ...]:
    """Return all terms in order."""
    rows = session.execute(
        select(
            col(TermDates.id), col(TermDates.name), col(TermDates.first_on), col(TermDates.last_on)
        ).order_by(col(TermDates.first_on))
    )
    return tuple(TermLine(int(number or 0), *rest) for number, *rest in rows)


def short_years(lines: Sequence[TermLine]) -> list[int]:
    """Return the school years of which so few weeks are entered that something must be missing."""
    weeks: dict[int, int] = {}
    for each in lines:
        year = school_year(each.first_on)
        weeks[year] = weeks.get(year, 0) + ((each.last_on - each.first_on).days + 1) // 7
    return sorted(year for year, count in weeks.items() if count < WHOLE_YEAR_WEEKS)


def problems_of(term: NewTerm, others: Sequence[tuple[date, date]]) -> dict[str, str]:
    """Return what is wrong with a term, by form field."""
    problems = {}
    if not term.name or len(term.name) > LONGEST_NAME:
        problems["name"] = f"Enter a name in {LONGEST_NAME} characters or fewer, like Autumn term, first half"
    if term.first_on is None:
        problems["first_on"] = "Enter the first day, like 2/9/2026"
    if term.last_on is None:
        problems["last_on"] = "Enter the last day, like 23/10/2026"
    if term.first_on is None or term.last_on is None:
        return problems
    if term.last_on < term.first_on:
        problems["last_on"] = "The last day must not be before the first"
    elif (term.last_on - term.first_on).days > LONGEST_TERM:
        problems["last_on"] = "This is longer than any term. Check the year"
    elif any(first <= term.last_on and term.first_on <= last for first, last in others):
        problems["first_on"] = "These days overlap with another term"
    return problems


def add_terms(work: Work, new: Sequence[NewTerm]) -> int:
    """Add terms, all or none; a term that is there already is passed over. Return how many are new.

    Raises RefusedError with the fields at fault; for a file it says the row.
    """
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    lines = term_lines(work.session)
    there = [(each.first_on, each.last_on) for each in lines]
    added = [each for each in new if (each.first_on, each.last_on) not in there]
    if len(there) + len(added) > MOST_TERMS:
        raise RefusedError(f"Nothing was added: {MOST_TERMS} terms are the most. Remove old ones first.")
    for each in added:
        problems = problems_of(each, there)
        if problems and each.row:
            raise RefusedError(f"Nothing was added. Row {each.row}: {'; '.join(problems.values())}.")
        if problems or each.first_on is None or each.last_on is None:
            raise RefusedError("The term was not added.", problems)
        there.append((each.first_on, each.last_on))
        work.session.add(TermDates(name=each.name, first_on=each.first_on, last_on=each.last_on))
    work.session.flush()
    if added:
        audit.record(
            work,
            "terms.added",
            ("terms", 0),
            terms=[[each.name, each.first_on, each.last_on] for each in added],
        )
    return len(added)


def remove_term(work: Work, term_id: int) -> None:
    """Remove a term. Raises NotFoundError when there is none of that number."""
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    gone = work.session.execute(
        delete(TermDates)
        .where(col(TermDates.id) == term_id)
        .returning(col(TermDates.name), col(TermDates.first_on), col(TermDates.last_on))
    ).first()
    if gone is None:
        raise NotFoundError
    audit.record(work, "terms.removed", ("terms", term_id), term=list(gone))


# --- files ----------------------------------------------------------------------------------------


def read_terms(name: str, data: bytes) -> list[NewTerm]:
    """Return the terms of a CSV or calendar file. Raises RefusedError that says what is wrong and where."""
    if len(data) > MOST_BYTES:
        raise RefusedError("", {"file": "This file is too large to be a list of terms"})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = {"file": "This file is not text. Save it as CSV (UTF-8), or use a calendar file (.ics)"}
        raise RefusedError("", problem) from error
    if "\x00" in text:
        raise RefusedError("", {"file": "This file is not text. Save it as CSV (UTF-8)"})
    found = _from_calendar(text) if text.lstrip().upper().startswith("BEGIN:VCALENDAR") else _from_csv(text)
    if not found:
        raise RefusedError("", {"file": f"No term was found in {name}"})
    return found


def _from_csv(text: str) -> list[NewTerm]:
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise RefusedError("", {"file": f"This CSV file cannot be read: {error}"}) from error
    head = [" ".join(cell.lower().split()) for cell in rows[0]] if rows else []
    places = [
        next((at for at, cell in enumerate(head) if cell in names), None) for names in (_NAME, _FIRST, _LAST)
    ]
    if None in places:
        problem = "The first row must have the headings Term, First day, Last day"
        raise RefusedError("", {"file": problem})
    found = []
    for number, row in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in row):
            name, first, last = ("" if at is None or at >= len(row) else row[at] for at in places)
            found.append(NewTerm(_line(name), read_date(first), read_date(last), number))
    return found


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _day(value: Any) -> date | None:
    moment = getattr(value, "dt", None)
    if isinstance(moment, datetime):
        return moment.date()
    return moment if isinstance(moment, date) else None


def _from_calendar(text: str) -> list[NewTerm]:
    """Read whole-day events whose name says term; a calendar's end day is the day after the last."""
    try:
        calendar = icalendar.Calendar.from_ical(text)
        events = list(calendar.walk("VEVENT"))
    except (ValueError, KeyError, IndexError) as error:
        problem = {"file": "This calendar file cannot be read. Export it again as .ics"}
        raise RefusedError("", problem) from error
    found = []
    for number, event in enumerate(events, 1):
        name = _line(str(event.get("SUMMARY", "")))
        if "term" not in name.lower() or "holiday" in name.lower() or "half term" in name.lower():
            continue
        first, after = _day(event.get("DTSTART")), _day(event.get("DTEND"))
        last = after - timedelta(days=1) if first and after and after > first else first
        found.append(NewTerm(name, first, last, number))
    return found
