"""What an import would do to the organisations of the register: the plan that people look at and then apply.

Pure: what the register knows and what a file says go in, a plan comes out. Contacts are in `contact_plan`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from app.organisations.contact_files import AgenciesFile, AgencyRow
from app.organisations.difference import (
    Continuation,
    FieldChange,
    Incoming,
    ancestry,
    compare,
    history_chain,
    predecessor_in_register,
)
from app.organisations.register_file import Link, SchoolRow, SchoolsFile
from app.organisations.rules import IDENTIFIER_SCHEMES
from app.organisations.tables import Refusal

MOST_GONE_PERCENT: Final = 20
"""More than this share of a register going at once is rather a wrong file: it is asked about again."""

SECOND_NAMES: Final = ("laestab", "ukprn", "ods", "gss")
"""Identifiers that are facts of an organisation, beside the URN or code that it is known by."""


@dataclass(frozen=True, slots=True)
class Known:
    """An organisation as the register knows it: facts by name, current identifiers among them."""

    organisation_id: int
    facts: Mapping[str, object]

    @property
    def name(self) -> str:
        """The organisation's name."""
        return str(self.facts["name"])

    @property
    def is_gone(self) -> bool:
        """Whether it is no longer asked."""
        return self.facts["status"] == "gone"


@dataclass(frozen=True, slots=True)
class Register:
    """What the register knows, by current URN or code.

    `earlier` leads from numbers that an organisation had before to the one that it has; `home` holds those
    that a file of this kind must name or they are missing; `held` says whose every identifier is.
    """

    current: Mapping[str, Known]
    earlier: Mapping[str, str]
    home: frozenset[str]
    held: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Changed:
    """A known organisation of which the file says something else; with `before_key`, under a new number."""

    key: str
    organisation_id: int
    name: str
    fields: tuple[FieldChange, ...]
    before_key: str = ""
    before_name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known organisation that a new number may continue."""

    key: str
    organisation_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A new number of which a person says whom it continues; `verdict` as in `Continuation`."""

    key: str
    name: str
    verdict: str
    reason: str
    candidates: tuple[Candidate, ...]

    @property
    def must_answer(self) -> bool:
        """Whether it cannot be applied unanswered: without a link, only a person can tell."""
        return self.verdict == "suggested"


@dataclass(frozen=True, slots=True)
class Gone:
    """A known organisation that the file no longer has; `is_closed` when the file says that it has closed."""

    key: str
    organisation_id: int
    name: str
    is_closed: bool = False
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """An identifier that two organisations claim: the holder keeps it, the other goes without."""

    key: str
    name: str
    scheme: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do. `known` counts the organisations that were expected in the file."""

    new: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    continued: tuple[Changed, ...] = ()
    decisions: tuple[Decision, ...] = ()
    gone: tuple[Gone, ...] = ()
    refused: tuple[Refusal, ...] = ()
    unclaimed: tuple[Unclaimed, ...] = ()
    successions: tuple[tuple[str, str], ...] = ()
    unchanged: int = 0
    known: int = 0

    @property
    def many_gone(self) -> bool:
        """Whether so many would go that it is rather a wrong file."""
        return len(self.gone) * 100 > self.known * MOST_GONE_PERCENT


# --- schools --------------------------------------------------------------------------------------


def plan_schools(file: SchoolsFile, links: Iterable[Link], register: Register) -> Plan:
    """Return what a schools file would do to the register.

    A URN that an organisation had before is refused: the file is older than the register. A single
    predecessor is continued; where that is not clear, a person decides. What is missing has gone only if a
    person says so.
    """
    older = [_older(row, register) for row in file.rows if row.urn in register.earlier]
    rows = [row for row in file.rows if row.urn not in register.earlier]
    refused = (*file.refused, *older)
    read = {row.urn for row in rows} | {refusal.key for refusal in refused}
    read |= {register.earlier[refusal.key] for refusal in older}
    verdicts = _continuations([row for row in rows if row.urn not in register.current], links, register, read)
    continued = {urn: each.urns[0] for urn, each in verdicts.items() if each.verdict == "continues"}
    before = _before(rows, register, continued)
    unclaimed = _unclaimed(rows, register, {row.urn: before.get(row.urn) for row in rows}, file.given)
    found = _changes(rows, before, file.given, unclaimed)
    return Plan(
        new=tuple(urn for urn, each in verdicts.items() if each.verdict == "none"),
        changed=tuple(each for each in found if each.key not in continued),
        continued=tuple(
            replace(
                each,
                before_key=continued[each.key],
                before_name=register.current[continued[each.key]].name,
                reason=verdicts[each.key].reason,
            )
            for each in _with_unchanged(found, rows, before, continued)
        ),
        decisions=tuple(
            _decision(row, verdicts[row.urn], register)
            for row in rows
            if row.urn in verdicts and verdicts[row.urn].needs_confirming
        ),
        gone=_gone(register, read | set(continued.values()), file.closed),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.row)),
        unclaimed=tuple(unclaimed.values()),
        unchanged=len(rows) - len(verdicts) - sum(each.key not in continued for each in found),
        known=_expected(register),
    )


def _older(row: SchoolRow, register: Register) -> Refusal:
    now = register.earlier[row.urn]
    return Refusal(
        row.row,
        f"{row.name[:100]} (URN {row.urn})",
        f"It is in the register as {register.current[now].name}, under the later URN {now}",
        "Download the register again: this file is older than what was imported before",
        row.urn,
    )


def _continuations(
    new: Sequence[SchoolRow], links: Iterable[Link], register: Register, read: Collection[str]
) -> dict[str, Continuation]:
    above = ancestry(links)
    existing = {key: known.facts for key, known in register.current.items()}
    found = {
        row.urn: predecessor_in_register(row, above, existing, still_open=frozenset(read)) for row in new
    }
    heirs = Counter(each.urns[0] for each in found.values() if each.verdict == "continues")
    for urn, each in found.items():
        # Two schools that reach the same one by different ways divide it as surely as by one link.
        if each.verdict == "continues" and heirs[each.urns[0]] > 1:
            reason = "Several schools follow the earlier one: choose which school continues it"
            found[urn] = Continuation("split", each.urns, reason)
    return found


def _before(rows: Iterable[Incoming], register: Register, continued: Mapping[str, str]) -> dict[str, Known]:
    """Return, by the key in the file, the known organisation that a row is about."""
    keys = {row.key: continued.get(row.key, row.key) for row in rows}
    return {key: register.current[known] for key, known in keys.items() if known in register.current}


def _changes(
    rows: Sequence[Incoming],
    before: Mapping[str, Known],
    given: Collection[str],
    unclaimed: Mapping[tuple[str, str], Unclaimed],
) -> list[Changed]:
    facts = {key: known.facts for key, known in before.items()}
    found = []
    for change in compare(facts, rows, given=given).changed:
        key = change.row.key
        fields = tuple(each for each in change.fields if (key, each.field) not in unclaimed)
        if fields:
            name = str(change.row.facts()["name"])
            found.append(Changed(key, before[key].organisation_id, name, fields))
    return found


def _with_unchanged(
    found: Sequence[Changed],
    rows: Sequence[SchoolRow],
    before: Mapping[str, Known],
    continued: Mapping[str, str],
) -> list[Changed]:
    """Return those under a new number, also when nothing but the number is new."""
    changed = {each.key: each for each in found}
    return [
        changed.get(row.urn, Changed(row.urn, before[row.urn].organisation_id, row.name, ()))
        for row in rows
        if row.urn in continued
    ]


def _decision(row: SchoolRow, found: Continuation, register: Register) -> Decision:
    candidates = tuple(
        Candidate(urn, register.current[urn].organisation_id, register.current[urn].name)
        for urn in found.urns
    )
    return Decision(row.urn, row.name, found.verdict, found.reason, candidates)


def _gone(register: Register, read: Collection[str], closed: Mapping[str, date | None]) -> tuple[Gone, ...]:
    missing = [key for key in register.current if key in register.home and key not in read]
    return tuple(
        Gone(
            key,
            register.current[key].organisation_id,
            register.current[key].name,
            key in closed,
            closed.get(key),
        )
        for key in missing
        if not register.current[key].is_gone
    )


def _expected(register: Register) -> int:
    return sum(not register.current[key].is_gone for key in register.home)


def fields_when_continuing(
    row: SchoolRow, before: Known, given: Collection[str], unclaimed: Iterable[Unclaimed]
) -> tuple[FieldChange, ...]:
    """Return what changes of a known organisation when a person says that a new number continues it."""
    without = {(each.key, each.scheme): each for each in unclaimed}
    changes = _changes([row], {row.urn: before}, given, without)
    return changes[0].fields if changes else ()


def relevant_links(rows: Iterable[SchoolRow], links: Sequence[Link]) -> tuple[Link, ...]:
    """Return the links that say anything about these schools or those before them."""
    above = ancestry(links)
    reach = {row.urn for row in rows}
    reach |= {urn for row in reach for urn in history_chain(row, above)}
    return tuple(link for link in links if link.urn in reach or link.link_urn in reach)


# --- identifiers ----------------------------------------------------------------------------------


def _unclaimed(
    rows: Sequence[Incoming],
    register: Register,
    before: Mapping[str, Known | None],
    given: Collection[str],
) -> dict[tuple[str, str], Unclaimed]:
    """Return the identifiers that rows cannot have, by row and scheme: others hold them or came first.

    Who holds a number and is still given it keeps it; otherwise the first row of the file that claims it.
    """
    claims: dict[tuple[str, str], list[Incoming]] = {}
    for row in rows:
        facts = row.facts()
        for scheme in SECOND_NAMES:
            if scheme in given and facts.get(scheme):
                claims.setdefault((scheme, str(facts[scheme])), []).append(row)
    elsewhere = _live_elsewhere(rows, register, before)
    found = {}
    for (scheme, value), claimants in claims.items():
        holder = register.held.get((scheme, value))
        owner = next((row for row in claimants if holder and _id_of(before[row.key]) == holder), None)
        if owner is None and holder not in elsewhere:
            owner = claimants[0]
        for row in claimants:
            if row is not owner:
                unclaimed = Unclaimed(row.key, str(row.facts()["name"]), scheme, value)
                found[row.key, scheme] = unclaimed
    return found


def _id_of(known: Known | None) -> int | None:
    return known.organisation_id if known else None


def _live_elsewhere(
    rows: Iterable[Incoming], register: Register, before: Mapping[str, Known | None]
) -> set[int]:
    """Return who keeps an identifier against a file that says nothing of them: the open ones elsewhere."""
    here = {_id_of(before[row.key]) for row in rows}
    home = {register.current[key].organisation_id for key in register.home}
    open_ones = {known.organisation_id for known in register.current.values() if not known.is_gone}
    return open_ones - here - home


# --- agencies -------------------------------------------------------------------------------------


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


def agencies_of(file: AgenciesFile) -> tuple[Agency, ...]:
    """Return the agencies of a file, with who has ended according to the same file."""
    ended = {code for row in file.rows for code in row.successor_of}
    return tuple(Agency(row, row.code in ended) for row in file.rows)


def plan_agencies(file: AgenciesFile, register: Register, successions: Collection[tuple[str, str]]) -> Plan:
    """Return what an agencies file would do; `successions` are those known, as codes before and after.

    Being in the file means being asked, unless another row took over. An agency that the file names only as
    a predecessor is marked as gone without asking: the file says that it has ended.
    """
    given = file.given | {"status"}
    taken, refused = _resolved(agencies_of(file), register)
    before = _before(taken, register, {})
    unclaimed = _unclaimed(taken, register, {each.key: before.get(each.key) for each in taken}, given)
    refused = [*refused, *_twice_held(taken, unclaimed)]
    taken = [each for each in taken if all(key != each.key for key, _ in unclaimed)]
    found = [*_changes(taken, before, given, {}), *_ended_elsewhere(taken, register)]
    new = tuple(each.key for each in taken if each.key not in before)
    pairs = tuple((code, each.key) for each in taken for code in each.row.successor_of)
    read = {each.key for each in taken} | {refusal.key for refusal in (*file.refused, *refused)}
    return Plan(
        new=new,
        changed=tuple(found),
        gone=_gone(register, read | {code for code, _ in pairs}, {}),
        refused=tuple(sorted((*file.refused, *refused), key=lambda refusal: refusal.row)),
        successions=tuple(pair for pair in pairs if pair not in successions),
        unchanged=len(taken) - len(new) - sum(any(each.key == row.key for row in taken) for each in found),
        known=_expected(register),
    )


def _resolved(agencies: Sequence[Agency], register: Register) -> tuple[list[Agency], list[Refusal]]:
    """Refuse agencies that name others which are nowhere, and again those that named these."""
    taken, refused = list(agencies), []
    while True:
        codes = {each.key for each in taken} | register.current.keys()
        lost = [each for each in taken if _unknown(each.row, codes)]
        if not lost:
            return taken, refused
        refused += [_refusal(each.row, *_unknown(each.row, codes)) for each in lost]
        taken = [each for each in taken if each not in lost]


def _unknown(row: AgencyRow, codes: Collection[str]) -> tuple[str, ...]:
    named = {"Parent": (row.parent,) if row.parent else (), "Successor of": row.successor_of}
    for column, values in named.items():
        for code in values:
            if code not in codes:
                return (
                    f"{column} names “{code}”, which is neither in this file nor in the register",
                    "Correct the code, add the agency, or leave the cell empty",
                )
    return ()


def _refusal(row: AgencyRow, reason: str, mend: str) -> Refusal:
    return Refusal(row.row, row.name[:100], reason, mend, row.code)


def _twice_held(taken: Iterable[Agency], unclaimed: Mapping[tuple[str, str], Unclaimed]) -> Iterable[Refusal]:
    rows = {each.key: each.row for each in taken}
    for each in unclaimed.values():
        words = IDENTIFIER_SCHEMES[each.scheme]
        yield _refusal(
            rows[each.key],
            f"{words} {each.value} belongs to another agency",
            "Correct the code or leave it empty",
        )


def _ended_elsewhere(taken: Sequence[Agency], register: Register) -> list[Changed]:
    """Mark predecessors that the register knows and the file does not list."""
    listed = {each.key for each in taken}
    codes = dict.fromkeys(code for each in taken for code in each.row.successor_of if code not in listed)
    return [
        Changed(
            code, known.organisation_id, known.name, (FieldChange("status", known.facts["status"], "gone"),)
        )
        for code in codes
        if not (known := register.current[code]).is_gone
    ]
