"""What an agencies file would do to the register: new, changed, ended, missing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.organisations.contact_files import AgenciesFile, AgencyRow
from app.organisations.difference import FieldChange
from app.organisations.plan import (
    Changed,
    Plan,
    Register,
    Unclaimed,
    changes,
    expected,
    known_before,
    missing,
    new_of,
    unclaimed_names,
)
from app.organisations.rules import IDENTIFIER_SCHEMES
from app.organisations.tables import Refusal


@dataclass(frozen=True, slots=True)
class Agency:
    """A row of the agencies file; `ended` when another row says that it took over from it."""

    row: AgencyRow
    ended: bool

    @property
    def key(self) -> str:
        """The agency's code."""
        return self.row.code

    def facts(self) -> dict[str, object]:
        """Return the facts by the names under which they are stored."""
        return self.row.facts() | ({"status": "gone"} if self.ended else {})


def agencies_of(rows: Sequence[AgencyRow]) -> list[Agency]:
    """Return the agencies of a file, with who has ended according to the same file."""
    ended = {code for row in rows for code in row.successor_of}
    return [Agency(row, row.code in ended) for row in rows]


def plan_agencies(file: AgenciesFile, register: Register, successions: Collection[tuple[str, str]]) -> Plan:
    """Return what an agencies file would do; `successions` are those known, as codes before and after.

    Being in the file means being asked, unless another row took over. An agency that the file names only as
    a predecessor is marked as gone without asking: the file says that it has ended.
    """
    given = file.given | {"status"}
    rows, refused = _taken(file, register)
    agencies = agencies_of(rows)
    before = known_before(agencies, register)
    new = tuple(new_of(each) for each in agencies if each.key not in before)
    changed = changes(agencies, before, given)
    pairs = tuple((code, row.code) for row in rows for code in row.successor_of)
    all_refused = (*file.refused, *refused)
    read = {row.code for row in rows} | {refusal.key for refusal in all_refused} | {code for code, _ in pairs}
    return Plan(
        new=new,
        changed=(*changed, *_ended_elsewhere(agencies, register)),
        gone=missing(register, read, {}),
        refused=tuple(sorted(all_refused, key=lambda refusal: refusal.row)),
        successions=tuple(pair for pair in pairs if pair not in successions),
        unchanged=len(agencies) - len(new) - len(changed),
        known=expected(register),
    )


def _taken(file: AgenciesFile, register: Register) -> tuple[list[AgencyRow], list[Refusal]]:
    """Refuse agencies whose codes belong to others or that name others which are nowhere.

    Refusing one may leave another without the agency that it names, so this goes on until nothing changes.
    """
    agencies = agencies_of(file.rows)
    before = known_before(agencies, register)
    unclaimed = unclaimed_names(agencies, register, before, file.given)
    refused = [_refusal(row, *_held(each)) for row, each in _with_rows(file.rows, unclaimed)]
    out = {key for key, _ in unclaimed}
    taken = [row for row in file.rows if row.code not in out]
    while True:
        codes = {row.code for row in taken} | register.current.keys()
        lost = {row.code: found for row in taken if (found := _unknown(row, codes))}
        if not lost:
            return taken, refused
        refused += [_refusal(row, *lost[row.code]) for row in taken if row.code in lost]
        taken = [row for row in taken if row.code not in lost]


def _with_rows(
    rows: Iterable[AgencyRow], unclaimed: Mapping[tuple[str, str], Unclaimed]
) -> Iterable[tuple[AgencyRow, Unclaimed]]:
    """Yield each row at fault once, with the first code that it cannot have."""
    first: dict[str, Unclaimed] = {}
    for each in unclaimed.values():
        first.setdefault(each.key, each)
    return ((row, first[row.code]) for row in rows if row.code in first)


def _held(unclaimed: Unclaimed) -> tuple[str, str]:
    words = IDENTIFIER_SCHEMES[unclaimed.scheme]
    return f"{words} {unclaimed.value} belongs to another agency", "Correct the code or leave it empty"


def _unknown(row: AgencyRow, codes: Collection[str]) -> tuple[str, str] | None:
    named = {"Parent": (row.parent,) if row.parent else (), "Successor of": row.successor_of}
    for column, values in named.items():
        for code in values:
            if code not in codes:
                return (
                    f"{column} names “{code}”, which is neither in this file nor in the register",
                    "Correct the code, add the agency, or leave the cell empty",
                )
    return None


def _refusal(row: AgencyRow, reason: str, mend: str) -> Refusal:
    return Refusal(row.row, row.name[:100], reason, mend, row.code)


def _ended_elsewhere(agencies: Sequence[Agency], register: Register) -> list[Changed]:
    """Mark predecessors that the register knows and the file does not list."""
    listed = {each.key for each in agencies}
    codes = dict.fromkeys(code for each in agencies for code in each.row.successor_of if code not in listed)
    found = []
    for code in codes:
        known = register.current[code]
        if not known.is_gone:
            field = FieldChange("status", known.facts["status"], "gone")
            found.append(Changed(code, known.organisation_id, known.name, (field,)))
    return found
