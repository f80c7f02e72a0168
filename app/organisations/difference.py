"""What a new register would change, and which known organisation a new number continues.

Pure: existing organisations are mappings of their facts by URN or code, incoming ones are rows of a file.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

from app.organisations.register_file import Link, SchoolRow


class Incoming(Protocol):
    """A row that can be compared: a school or an agency."""

    @property
    def key(self) -> str:
        """The URN or code."""

    def facts(self) -> dict[str, object]:
        """Return the facts by the names under which they are stored."""


RowT = TypeVar("RowT", bound=Incoming)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One fact that is not what it was."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Change(Generic[RowT]):
    """A known organisation of which the file says something else, in the order of the row's facts."""

    row: RowT
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Difference(Generic[RowT]):
    """New rows, changed ones, keys that the file no longer has, and how many are as they were."""

    new: tuple[RowT, ...]
    changed: tuple[Change[RowT], ...]
    gone: tuple[str, ...]
    unchanged: int


def compare(
    existing: Mapping[str, Mapping[str, object]],
    incoming: Sequence[RowT],
    *,
    given: Collection[str] | None = None,
    refused: Collection[str] = (),
) -> Difference[RowT]:
    """Compare a register with a file, fact by fact, for the facts that both have.

    `given` narrows the facts to those that the file has columns for: a missing column empties nothing.
    `refused` holds keys of rows that could not be read: these have not gone. Lists and sets of texts are
    equal whatever their order; None and an empty text are the same nothing.
    """
    new: list[RowT] = []
    changed: list[Change[RowT]] = []
    for row in incoming:
        before = existing.get(row.key)
        if before is None:
            new.append(row)
            continue
        fields = tuple(_field_changes(before, row.facts(), given))
        if fields:
            changed.append(Change(row, fields))
    accounted = {row.key for row in incoming} | set(refused)
    gone = tuple(key for key in existing if key not in accounted)
    return Difference(tuple(new), tuple(changed), gone, len(incoming) - len(new) - len(changed))


def _field_changes(
    before: Mapping[str, object], after: Mapping[str, object], given: Collection[str] | None
) -> Iterable[FieldChange]:
    for field, value in after.items():
        if field not in before or (given is not None and field not in given):
            continue
        old = before[field]
        if old != value and _comparable(old) != _comparable(value):
            yield FieldChange(field, old, value)


def _comparable(value: object) -> object:
    if isinstance(value, (list, tuple, set, frozenset)):
        return frozenset(value)
    return None if value == "" else value


# --- who continues whom ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """From an organisation to one predecessor of it."""

    urn: str
    merged: bool
    split: bool


Ancestry = Mapping[str, tuple[Step, ...]]
"""By URN, the predecessors; `ancestry` makes it once for many questions."""


def ancestry(links: Iterable[Link]) -> Ancestry:
    """Return every organisation's direct predecessors, whichever end of the link the register wrote down.

    A school that names itself is passed over. Two ends of one link count once; its flags add up.
    """
    found: dict[str, dict[str, Step]] = defaultdict(dict)
    for link in links:
        after, before = (link.urn, link.link_urn) if link.kind == "predecessor" else (link.link_urn, link.urn)
        if after == before:
            continue
        known = found[after].get(before, Step(before, merged=False, split=False))
        found[after][before] = Step(before, known.merged or link.merged, known.split or link.split)
    return {urn: tuple(steps.values()) for urn, steps in found.items()}


def history_chain(urn: str, links: Iterable[Link] | Ancestry) -> tuple[str, ...]:
    """Return all predecessors of an organisation, nearest first; links that run in a circle end it."""
    above = _ancestry(links)
    found: dict[str, None] = {}
    ahead = deque([urn])
    while ahead:
        for step in above.get(ahead.popleft(), ()):
            if step.urn != urn and step.urn not in found:
                found[step.urn] = None
                ahead.append(step.urn)
    return tuple(found)


def _ancestry(links: Iterable[Link] | Ancestry) -> Ancestry:
    return links if isinstance(links, Mapping) else ancestry(links)


@dataclass(frozen=True, slots=True)
class Continuation:
    """Which known organisations a new number follows, and whether that may be taken without asking.

    "continues": one body under a new number, its history goes on. "merged" and "split": a person must decide.
    "suggested": no link says so, but address and number do; to be confirmed. "none": a new organisation.
    """

    verdict: Literal["continues", "merged", "split", "suggested", "none"]
    urns: tuple[str, ...]
    reason: str

    @property
    def needs_confirming(self) -> bool:
        """Whether a person has to decide before any history is joined."""
        return self.verdict in {"merged", "split", "suggested"}


_NONE: Final = Continuation("none", (), "No link and no school at the same address with the same number")


def predecessor_in_register(
    new_row: SchoolRow,
    links: Iterable[Link] | Ancestry,
    existing: Mapping[str, Mapping[str, object]],
    *,
    still_open: Collection[str] = (),
) -> Continuation:
    """Say which organisation of the register a new URN continues (an academy conversion issues a new URN).

    A single predecessor, also over several conversions since the last import, is continued. Several, a link
    marked merged or split, or a predecessor that other new schools follow too, need a person. A predecessor
    that is `still_open` in the file cannot be continued. Without a link, a school with the same postcode and
    the same (or the previous) establishment number is suggested; `existing` needs "postcode" and "laestab".
    """
    above = _ancestry(links)
    nearest, merged, split = _nearest(new_row.urn, above, existing)
    found = tuple(urn for urn in nearest if urn not in still_open)
    if not found:
        return _suggestion(new_row, existing, still_open)
    if merged:
        return Continuation(
            "merged", found, "Schools were merged into this one: choose whose history it continues"
        )
    if split or _heirs(found[0], above) > 1:
        return Continuation(
            "split", found, "The earlier school was divided: choose which school continues it"
        )
    return Continuation("continues", found, "The links file names it as the only predecessor")


def _nearest(
    urn: str, above: Ancestry, existing: Mapping[str, Mapping[str, object]]
) -> tuple[tuple[str, ...], bool, bool]:
    """Walk up until known organisations are met; return them and whether a step was a merger or a split."""
    found: dict[str, None] = {}
    merged = split = False
    seen = {urn}
    ahead = deque([urn])
    while ahead:
        steps = [step for step in above.get(ahead.popleft(), ()) if step.urn not in seen]
        # Several predecessors are a merger even if only one of them was ever in this register.
        merged = merged or len(steps) > 1
        for step in steps:
            seen.add(step.urn)
            merged, split = merged or step.merged, split or step.split
            if step.urn in existing:
                found[step.urn] = None
            else:
                ahead.append(step.urn)
    return tuple(found), merged, split


def _heirs(urn: str, above: Ancestry) -> int:
    return sum(any(step.urn == urn for step in steps) for steps in above.values())


def _suggestion(
    row: SchoolRow, existing: Mapping[str, Mapping[str, object]], still_open: Collection[str]
) -> Continuation:
    numbers = {row.laestab} if row.laestab else set()
    if row.previous_number:
        authority = row.previous_la if row.previous_la.strip("0") else row.laestab.partition("/")[0]
        numbers.add(f"{authority}/{row.previous_number}")
    postcode = _joined(row.postcode)
    found = tuple(
        urn
        for urn, facts in existing.items()
        if urn != row.urn
        and urn not in still_open
        and postcode
        and facts.get("laestab") in numbers
        and _joined(facts.get("postcode")) == postcode
    )
    if not found:
        return _NONE
    return Continuation(
        "suggested", found, "Same postcode and establishment number: confirm that it is the same school"
    )


def _joined(postcode: object) -> str:
    return "".join(str(postcode or "").upper().split())
