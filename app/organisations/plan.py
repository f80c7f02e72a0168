"""What an import would do to the organisations of the register: the plan that people look at, then apply.

Pure: what the register knows and what a file says go in, a plan comes out. `school_plan` and `agency_plan`
make plans from what is here; contacts have a plan of their own in `contact_plan`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.organisations.difference import FieldChange, Incoming, compare
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
class New:
    """An organisation that the register does not have yet."""

    key: str
    name: str
    kind: str
    phase: str


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

    new: tuple[New, ...] = ()
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


def known_before(
    rows: Iterable[Incoming], register: Register, continued: Mapping[str, str] | None = None
) -> dict[str, Known]:
    """Return, by the key in the file, the known organisation that a row is about."""
    keys = {row.key: (continued or {}).get(row.key, row.key) for row in rows}
    return {key: register.current[known] for key, known in keys.items() if known in register.current}


def changes(
    rows: Sequence[Incoming],
    before: Mapping[str, Known],
    given: Collection[str],
    unclaimed: Collection[tuple[str, str]] = (),
) -> list[Changed]:
    """Return what changes of known organisations, without the identifiers that they cannot have."""
    facts = {key: known.facts for key, known in before.items()}
    found = []
    for change in compare(facts, rows, given=given).changed:
        key = change.row.key
        fields = tuple(each for each in change.fields if (key, each.field) not in unclaimed)
        if fields:
            found.append(Changed(key, before[key].organisation_id, name_of(change.row), fields))
    return found


def name_of(row: Incoming) -> str:
    """Return the name that a row gives an organisation."""
    return str(row.facts()["name"])


def new_of(row: Incoming) -> New:
    """Return what people are shown of a new organisation."""
    facts = row.facts()
    return New(row.key, str(facts["name"]), str(facts["kind"]), str(facts["phase"]))


def missing(register: Register, read: Collection[str], closed: Mapping[str, date | None]) -> tuple[Gone, ...]:
    """Return the organisations that a file should have had and has not, except those marked as gone."""
    found = ((key, known) for key, known in register.current.items() if key in register.home)
    return tuple(
        Gone(key, known.organisation_id, known.name, key in closed, closed.get(key))
        for key, known in found
        if key not in read and not known.is_gone
    )


def expected(register: Register) -> int:
    """Return how many organisations a file should have."""
    return sum(not register.current[key].is_gone for key in register.home)


def unclaimed_names(
    rows: Sequence[Incoming],
    register: Register,
    before: Mapping[str, Known],
    given: Collection[str],
    *,
    yielding: Collection[str] = (),
) -> dict[tuple[str, str], Unclaimed]:
    """Return the identifiers that rows cannot have, by row and scheme: others hold them or came first.

    Who holds a number and is still given it keeps it; otherwise the first row of the file that claims it has
    it. An open organisation that the file does not name keeps its numbers unless it is among the `yielding`.
    """
    claims: dict[tuple[str, str], list[Incoming]] = {}
    for row in rows:
        facts = row.facts()
        for scheme in SECOND_NAMES:
            if scheme in given and facts.get(scheme):
                claims.setdefault((scheme, str(facts[scheme])), []).append(row)
    ids = {key: known.organisation_id for key, known in before.items()}
    elsewhere = {
        known.organisation_id
        for key, known in register.current.items()
        if not known.is_gone and key not in yielding
    } - set(ids.values())
    found = {}
    for (scheme, value), claimants in claims.items():
        holder = register.held.get((scheme, value))
        owner = next((row for row in claimants if holder and ids.get(row.key) == holder), None)
        if owner is None and holder not in elsewhere:
            owner = claimants[0]
        for row in claimants:
            if row is not owner:
                found[row.key, scheme] = Unclaimed(row.key, name_of(row), scheme, value)
    return found
