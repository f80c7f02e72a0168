"""The heat map: organisations by domains, which of them are wanted, grouped, worst first, and counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.chasing.exempting import Exempt
from app.chasing.listing import LONGEST_SEARCH
from app.core.ordering import name_key
from app.organisations.rules import KINDS, PHASES
from app.ratings.comparison import change_since
from app.ratings.rules import sort_key

UNANSWERED: Final = "unanswered"
OUTCOME_CHOICES: Final[Mapping[str, str]] = {
    "red": "Red",
    "amber": "Amber",
    "green": "Green",
    "insufficient": "Not enough answers",
    "not_rated": "Not rated: nothing applies",
    UNANSWERED: "Not signed yet",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the heat map reads of a stored rating."""

    domain_key: str
    outcome: Any
    points: int
    possible: int
    critical_reds: int
    greens: int
    unevidenced: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One organisation in one domain: its own rating, the validated one, and last year's if it changed."""

    domain_key: str
    level: str
    validated: str | None = None
    unevidenced: bool = False
    was: str | None = None

    @property
    def effective(self) -> str:
        """The rating that counts: the validated one where there is one."""
        return self.validated or self.level

    @property
    def look(self) -> tuple[str, str | None, bool]:
        """What decides how the cell looks; cells that look the same are drawn once."""
        return (self.level, self.validated, self.unevidenced)


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One organisation's return with its stored ratings, this round's and those of the round before."""

    return_id: int
    organisation_id: int
    organisation: str
    kind: str
    phase: str
    district: str
    signed: bool
    own: Mapping[str, Stored] = field(default_factory=dict)
    validated: Mapping[str, Stored] = field(default_factory=dict)
    last: Mapping[str, Stored] = field(default_factory=dict)

    @property
    def effective(self) -> dict[str, Stored]:
        """The ratings that count by domain: the validated ones where there are."""
        return {**self.own, **self.validated}


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as it is shown: its cells in the order of the questionnaire's domains."""

    row: HeatRow
    cells: tuple[Cell, ...]
    changed: bool
    signals: int = 0


def shown(row: HeatRow, domains: Sequence[str], signals: int = 0) -> Shown:
    """Return a row's cells; a domain without a rating is not answered. `signals` is how many it has."""
    moved = {
        key: change.before
        for key, change in change_since(row.last.values(), row.effective.values()).items()
        if change.direction in {"better", "worse"}
    }
    cells = []
    for key in domains:
        own, checked = row.own.get(key), row.validated.get(key)
        cells.append(
            Cell(
                domain_key=key,
                level=own.outcome if own else UNANSWERED,
                validated=checked.outcome if checked else None,
                unevidenced=own is not None and 0 < own.greens == own.unevidenced,
                was=moved.get(key),
            )
        )
    return Shown(row, tuple(cells), bool(moved.keys() & set(domains)), signals)


# --- what a person asks for ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which organisations a person wants to see on the heat map."""

    kind: str = ""
    phase: str = ""
    district: str = ""
    domain: str = ""
    outcome: str = ""
    changed: bool = False
    signed: bool = False
    signals: bool = False
    text: str = ""

    def parameters(self) -> dict[str, str]:
        """Return the address's parameters that lead here again; what is usual is left out."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return {name: "yes" if value is True else value for name, value in said.items() if value}


def wanted_from(parameters: Mapping[str, str], domains: Iterable[str]) -> Wanted:
    """Read what is wanted from an address; anything unknown there counts as not said."""

    def known(name: str, choices: Iterable[str]) -> str:
        value = parameters.get(name, "")
        return value if value in choices else ""

    def line(name: str) -> str:
        return " ".join(parameters.get(name, "").replace("\x00", " ").split())[:LONGEST_SEARCH]

    return Wanted(
        kind=known("kind", KINDS),
        phase=known("phase", PHASES),
        district=line("district"),
        domain=known("domain", set(domains)),
        outcome=known("outcome", OUTCOME_CHOICES),
        changed=parameters.get("changed") == "yes",
        signed=parameters.get("signed") == "yes",
        signals=parameters.get("signals") == "yes",
        text=line("text"),
    )


def chosen(rows: Iterable[Shown], wanted: Wanted) -> list[Shown]:
    """Return the rows that are wanted; an outcome without a domain means any of its domains."""
    words = wanted.text.casefold().split()
    return [
        each
        for each in rows
        if wanted.kind in {"", each.row.kind}
        and wanted.phase in {"", each.row.phase}
        and wanted.district in {"", each.row.district}
        and (each.row.signed or not wanted.signed)
        and (each.changed or not wanted.changed)
        and (each.signals or not wanted.signals)
        and _has_outcome(each, wanted)
        and all(word in name_key(each.row.organisation) for word in words)
    ]


def apart(exempt: Iterable[Exempt], wanted: Wanted) -> list[Exempt]:
    """Return those who owe no answer, to be shown apart: nobody when ratings or changes are asked for."""
    if wanted.outcome or wanted.changed or wanted.signed:
        return []
    words = wanted.text.casefold().split()
    return [
        each
        for each in exempt
        if wanted.kind in {"", each.kind}
        and wanted.phase in {"", each.phase}
        and wanted.district in {"", each.district}
        and all(word in name_key(each.organisation) for word in words)
    ]


def _has_outcome(each: Shown, wanted: Wanted) -> bool:
    if not wanted.outcome:
        return True
    return any(
        cell.effective == wanted.outcome for cell in each.cells if wanted.domain in {"", cell.domain_key}
    )


# --- groups and counts -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeatGroup:
    """The organisations of one kind, worst first; or those that have not signed, by name."""

    title: str
    rows: tuple[Shown, ...]


def grouped(rows: Iterable[Shown], six: Sequence[str]) -> tuple[HeatGroup, ...]:
    """Return signed returns by kind, worst first by the six domains, then those that are not signed.

    Domains of the partnership's own do not count for the order, so that it stays comparable over years.
    """
    by_kind: dict[str, list[Shown]] = {}
    waiting = []
    for each in rows:
        if each.row.signed:
            by_kind.setdefault(each.row.kind, []).append(each)
        else:
            waiting.append(each)

    def worst(each: Shown) -> tuple[Any, ...]:
        ratings = [rating for key, rating in each.row.effective.items() if key in six]
        return (*sort_key(ratings), name_key(each.row.organisation), each.row.return_id)

    made = [
        HeatGroup(KINDS[kind].plural if kind in KINDS else kind, tuple(sorted(members, key=worst)))
        for kind, members in by_kind.items()
    ]
    made.sort(key=lambda group: group.title)
    if waiting:
        waiting.sort(key=lambda each: (name_key(each.row.organisation), each.row.return_id))
        made.append(HeatGroup("Not signed yet", tuple(waiting)))
    return tuple(made)


def counts(rows: Iterable[Shown], domains: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how many organisations have which outcome, by domain; outcomes nobody has are left out."""
    counted: dict[str, Counter[str]] = {key: Counter() for key in domains}
    for each in rows:
        for cell in each.cells:
            counted[cell.domain_key][cell.effective] += 1
    return {
        key: {outcome: found[outcome] for outcome in OUTCOME_CHOICES if found[outcome]}
        for key, found in counted.items()
    }
