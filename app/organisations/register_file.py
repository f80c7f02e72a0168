"""The schools register as Get Information About Schools (GIAS) gives it: schools, and who followed whom.

Pure: tables in, rows and refusals out. Agencies and contacts are in `contact_files`.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from app.organisations.contact_files import (
    AgenciesFile,
    AgencyRow,
    ContactRow,
    ContactsFile,
    parse_agencies,
    parse_contacts,
)
from app.organisations.school_rows import Columns, SchoolRow, school_row, type_of, urn_of
from app.organisations.table_files import read_table
from app.organisations.tables import (
    CellError,
    Refusal,
    RegisterFileError,
    Table,
    code,
    day,
    require,
)

__all__ = [
    "SKIPPED",
    "AgenciesFile",
    "AgencyRow",
    "ContactRow",
    "ContactsFile",
    "Link",
    "Refusal",
    "RegisterFileError",
    "SchoolRow",
    "SchoolsFile",
    "Table",
    "parse_agencies",
    "parse_contacts",
    "parse_links",
    "parse_schools",
    "read_table",
]

SKIPPED: Final[Mapping[str, str]] = {
    "other_authority": "In another local authority",
    "closed": "Closed",
    "proposed_to_open": "Proposed to open",
    "other_status": "Neither open nor closed",
    "out_of_scope": "A type of establishment that is not asked",
}

_NOT_ASKED: Final[Mapping[str, str]] = {"2": "closed", "4": "proposed_to_open"}
_ASKED: Final = frozenset({"1", "3"})
_LINK_TYPE: Final = re.compile(r"\s*(predecessor|successor)\b(.*)", re.IGNORECASE)
_CODES_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class SchoolsFile:
    """The schools of one authority in a file, and account of every other row.

    `skipped` counts rows by the keys of SKIPPED, `out_of_scope` those of that key by the name of their type;
    `closed` holds the authority's closed URNs with their dates; `given` names the facts that the file has
    columns for: only those may be compared with what is known.
    """

    rows: tuple[SchoolRow, ...]
    refused: tuple[Refusal, ...]
    skipped: Mapping[str, int]
    out_of_scope: Mapping[str, int]
    closed: Mapping[str, date | None]
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the links file: `link_urn` is the predecessor or the successor of `urn`."""

    urn: str
    link_urn: str
    kind: Literal["predecessor", "successor"]
    merged: bool = False
    split: bool = False
    on_date: date | None = None


# --- schools --------------------------------------------------------------------------------------


def parse_schools(table: Table, la_code: str) -> SchoolsFile:
    """Return the open schools of one local authority ("812") from a register of any size.

    Columns may stand in any order and others are ignored; only those of REQUIRED must be there. A row that is
    not asked is counted, a row that cannot be understood is refused with its reason; a URN that occurs twice
    is refused both times. Raises RegisterFileError when the file as a whole is of no use.
    """
    wanted = la_code.strip()
    if len(wanted) != 3 or not (wanted.isascii() and wanted.isdigit()):
        raise RegisterFileError("The code of a local authority has three digits, such as 812.")
    columns = Columns(table)
    reading = _Reading(columns)
    place = columns.places["la"]
    spelled = {wanted, wanted.lstrip("0"), f"{wanted}.0", f"{wanted.lstrip('0')}.0"}
    others: Counter[str] = Counter()
    for number, cells in table.rows(reading.refused):
        if cells[place].strip() in spelled:
            reading.take(number, cells)
        else:
            others[cells[place]] += 1
    if not reading.seen:
        raise _unknown_authority(wanted, others)
    reading.skipped["other_authority"] = others.total()
    return reading.result()


class _Reading:
    """What has been read so far of one authority's rows."""

    def __init__(self, columns: Columns) -> None:
        self.refused: list[Refusal] = []
        self.skipped: Counter[str] = Counter()
        self.seen = False
        self._columns = columns
        self._outside: Counter[str] = Counter()
        self._closed: dict[str, date | None] = {}
        self._rows: dict[str, SchoolRow] = {}
        self._twice: set[str] = set()

    def take(self, number: int, cells: list[str]) -> None:
        """Sort one row of the authority: keep it, count it or refuse it."""
        self.seen = True
        status = code(self._columns.raw(cells, "status"))
        try:
            if self._is_asked(cells, status):
                self._keep(school_row(number, cells, self._columns))
        except CellError as error:
            urn = self._columns.raw(cells, "urn").strip().removesuffix(".0")
            self._refuse(number, " ".join(self._columns.raw(cells, "name").split()), urn, error)

    def _is_asked(self, cells: list[str], status: str) -> bool:
        if not status:
            raise CellError("EstablishmentStatus (code) is empty", "Write 1 for an open school")
        if status in _ASKED:
            kind = type_of(self._columns.raw(cells, "type"))
            if not kind.in_scope:
                self.skipped["out_of_scope"] += 1
                self._outside[kind.name] += 1
            return kind.in_scope
        self.skipped[_NOT_ASKED.get(status, "other_status")] += 1
        if status == "2":
            urn = self._columns.raw(cells, "urn").strip().removesuffix(".0")
            self._closed[urn] = _day_or_none(self._columns.raw(cells, "close_date"))
        return False

    def _keep(self, row: SchoolRow) -> None:
        first = self._rows.setdefault(row.urn, row)
        if first is row:
            return
        error = CellError(
            f"URN {row.urn} is on row {first.row} and on row {row.row}", "Delete the row that is wrong"
        )
        if row.urn not in self._twice:
            self._refuse(first.row, first.name, row.urn, error)
        self._twice.add(row.urn)
        self._refuse(row.row, row.name, row.urn, error)

    def _refuse(self, number: int, name: str, urn: str, error: CellError) -> None:
        what = f"{name[:100]} (URN {urn[:10]})" if name and urn else name[:100] or f"Row {number}"
        self.refused.append(Refusal(number, what, error.reason, error.mend, urn))

    def result(self) -> SchoolsFile:
        """Return what was read, refusals in the order of the rows."""
        return SchoolsFile(
            rows=tuple(row for urn, row in self._rows.items() if urn not in self._twice),
            refused=tuple(sorted(self.refused, key=lambda refusal: refusal.row)),
            skipped=dict(self.skipped),
            out_of_scope=dict(self._outside),
            closed=self._closed,
            given=self._columns.given(),
        )


def _day_or_none(text: str) -> date | None:
    try:
        return day(text, "CloseDate")
    except CellError:
        return None


def _unknown_authority(wanted: str, others: Counter[str]) -> RegisterFileError:
    codes = sorted({" ".join(raw.split())[:10] for raw in others if raw.strip()})
    if not codes:
        return RegisterFileError(
            "The file has no row with a code in the column “LA (code)”. Choose another file."
        )
    more = f" and {len(codes) - _CODES_SHOWN} more" if len(codes) > _CODES_SHOWN else ""
    return RegisterFileError(
        f"No row of the file belongs to local authority {wanted}. "
        f"It has rows of {', '.join(codes[:_CODES_SHOWN])}{more}. "
        "Check the code, or choose a file that includes your authority."
    )


# --- links ----------------------------------------------------------------------------------------


def parse_links(table: Table) -> tuple[Link, ...]:
    """Return the predecessors and successors of a links file (URN, LinkURN, LinkType, LinkEstablishedDate).

    Links of other types, such as a shared sixth form or an amalgamation without direction, say nothing about
    who continues whom and are passed over. Raises RegisterFileError naming the row that cannot be read.
    """
    urn, link_urn, link_type = require(table, ("URN",), ("LinkURN",), ("LinkType",))
    on_date = table.find("LinkEstablishedDate")
    refused: list[Refusal] = []
    links: dict[Link, None] = {}
    for number, cells in table.rows(refused):
        try:
            match = _LINK_TYPE.match(cells[link_type])
            if match is None:
                continue
            ends = urn_of(cells[urn], "URN"), urn_of(cells[link_urn], "LinkURN")
            when = None if on_date is None else day(cells[on_date], "LinkEstablishedDate")
        except CellError as error:
            raise RegisterFileError(f"Row {number}: {error.reason}. {error.mend}.") from error
        links[_link(ends, match, when)] = None
    if refused:
        raise RegisterFileError(f"Row {refused[0].row}: {refused[0].reason}. {refused[0].mend}.")
    return tuple(links)


def _link(ends: tuple[str, str], match: re.Match[str], when: date | None) -> Link:
    detail = match[2].casefold()
    return Link(
        urn=ends[0],
        link_urn=ends[1],
        kind="predecessor" if match[1].casefold() == "predecessor" else "successor",
        merged="merge" in detail or "amalgamat" in detail,
        split="split" in detail,
        on_date=when,
    )
