"""How a file that was read waits in the database between the look at it and the step of applying it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from app.organisations.contact_files import AgenciesFile, AgencyRow, ContactRow, ContactsFile
from app.organisations.contact_plan import ContactPlan
from app.organisations.plan import Plan
from app.organisations.register_file import Link, SchoolRow, SchoolsFile
from app.organisations.tables import Refusal

Stored = dict[str, Any]


def _plain_value(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(type(value).__name__)


def plain(value: object) -> Any:
    """Return a value as it comes back from a JSON column: dates as text, tuples and sets as lists."""
    return json.loads(json.dumps(value, default=_plain_value))


def rows_of(file: SchoolsFile | AgenciesFile | ContactsFile) -> list[Stored]:
    """Return the rows of a file for a JSON column."""
    return [plain(asdict(row)) for row in file.rows]


def context_of(file: SchoolsFile | AgenciesFile | ContactsFile, links: Sequence[Link] = ()) -> dict[str, Any]:
    """Return all that belongs to a file beside its rows, for a JSON column."""
    context: Stored = {"refused": [asdict(refusal) for refusal in file.refused]}
    if not isinstance(file, ContactsFile):
        context["given"] = sorted(file.given)
    if isinstance(file, SchoolsFile):
        context |= {
            "skipped": dict(file.skipped),
            "out_of_scope": dict(file.out_of_scope),
            "closed": dict(file.closed),
            "links": [asdict(link) for link in links],
        }
    found: dict[str, Any] = plain(context)
    return found


def plan_of(plan: Plan | ContactPlan) -> Stored:
    """Return a plan for a JSON column."""
    stored: Stored = plain(asdict(plan))
    return stored


def differs(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two stored plans would do different things; what merely counts does not matter."""
    immaterial = {"unchanged", "known", "notes"}
    return any(one.get(key) != other.get(key) for key in (one.keys() | other.keys()) - immaterial)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _refused(context: Mapping[str, Any]) -> tuple[Refusal, ...]:
    return tuple(Refusal(**each) for each in context["refused"])


def schools_file(rows: Sequence[Stored], context: Mapping[str, Any]) -> SchoolsFile:
    """Return the schools file that was stored."""
    return SchoolsFile(
        rows=tuple(_school(row) for row in rows),
        refused=_refused(context),
        skipped=context["skipped"],
        out_of_scope=context["out_of_scope"],
        closed={urn: _day(day) for urn, day in context["closed"].items()},
        given=frozenset(context["given"]),
    )


def _school(row: Stored) -> SchoolRow:
    typed = {
        "features": frozenset(row["features"]),
        "open_date": _day(row["open_date"]),
        "close_date": _day(row["close_date"]),
    }
    return SchoolRow(**(row | typed))


def links_of(context: Mapping[str, Any]) -> tuple[Link, ...]:
    """Return the links that were stored with a schools file."""
    return tuple(Link(**(each | {"on_date": _day(each["on_date"])})) for each in context["links"])


def agencies_file(rows: Sequence[Stored], context: Mapping[str, Any]) -> AgenciesFile:
    """Return the agencies file that was stored."""
    return AgenciesFile(
        rows=tuple(AgencyRow(**(row | {"successor_of": tuple(row["successor_of"])})) for row in rows),
        refused=_refused(context),
        given=frozenset(context["given"]),
    )


def contacts_file(rows: Sequence[Stored], context: Mapping[str, Any]) -> ContactsFile:
    """Return the contacts file that was stored."""
    return ContactsFile(tuple(ContactRow(**row) for row in rows), _refused(context))
