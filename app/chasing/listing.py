"""The chase list: what stands in a row, which rows are wanted, in which order, and how they are exported."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from app.chasing.rules import ANSWERED, STATE_WORDS, ChaseState, Ringing, Standing
from app.core.clock import london_date
from app.core.ordering import name_key
from app.organisations.rules import CONTACT_ROLES, KINDS, PHASES

ROWS_A_PAGE: Final = 50
LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of an organisation in one role."""

    name: str
    role: str
    email: str
    telephone: str
    unreachable: bool = False

    @property
    def role_words(self) -> str:
        """The role as people say it."""
        return CONTACT_ROLES.get(self.role, self.role)


@dataclass(frozen=True, slots=True)
class Callee:
    """Somebody to ring at an organisation, with all roles and numbers; the switchboard is not repeated."""

    name: str
    roles: tuple[str, ...]
    email: str
    telephones: tuple[str, ...]
    unreachable: bool = False

    @property
    def role_words(self) -> str:
        """The roles as people say them."""
        return " and ".join(self.roles)


def callees(contacts: Iterable[Person], switchboard: str) -> tuple[Callee, ...]:
    """Return whom to ring, each person once, however many roles they have at the organisation."""
    found: dict[str, Callee] = {}
    for contact in contacts:
        person = found.get(contact.email) or Callee(contact.name, (), contact.email, (), contact.unreachable)
        numbers = person.telephones
        if contact.telephone and contact.telephone not in {switchboard, *numbers}:
            numbers = (*numbers, contact.telephone)
        roles = tuple(dict.fromkeys((*person.roles, contact.role_words)))
        found[contact.email] = replace(person, roles=roles, telephones=numbers)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """The newest call to an organisation about its return, and how many there were."""

    called_at: datetime
    caller: str
    outcome: str
    note: str
    next_on: date | None
    count: int


@dataclass(frozen=True, slots=True)
class ChaseRow:
    """One organisation's return on the chase list."""

    return_id: int
    organisation_id: int
    organisation: str
    kind: str
    phase: str
    district: str
    telephone: str
    pupils: int | None
    standing: Standing
    state: ChaseState
    overdue: int
    ringing: Ringing
    contacts: tuple[Callee, ...]
    last_call: LoggedCall | None
    trust: str = ""

    @property
    def kind_words(self) -> str:
        """The kind as people say it."""
        return KINDS[self.kind].title if self.kind in KINDS else self.kind

    @property
    def phase_words(self) -> str:
        """The phase as people say it."""
        return PHASES.get(self.phase, self.phase)

    @property
    def why(self) -> str:
        """Say why to ring, as a sentence."""
        words = "; ".join(self.ringing.reasons)
        return f"{words[:1].upper()}{words[1:]}." if words else ""

    @property
    def searched(self) -> str:
        """The text that a search looks through."""
        people = (f"{each.name} {each.email}" for each in self.contacts)
        return " ".join([self.organisation, self.district, *people]).casefold()


# --- what a person asks for -----------------------------------------------------------------------

TO_CHASE: Final = "to_chase"
OVERDUE: Final = "overdue"
EVERY: Final = "all"
STATE_CHOICES: Final[Mapping[str, str]] = {
    TO_CHASE: "Not signed yet",
    OVERDUE: "Overdue",
    **{state.value: words for state, words in STATE_WORDS.items()},
    EVERY: "All",
}
SORT_CHOICES: Final[Mapping[str, str]] = {
    "first": "Whom to ring first",
    "name": "Name",
    "progress": "Most answered first",
    "quiet": "Longest without a save",
    "next": "Next call",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the list a person wants to see, and how."""

    state: str = TO_CHASE
    kind: str = ""
    phase: str = ""
    district: str = ""
    trust: str = ""
    text: str = ""
    sort: str = "first"
    page: int = 1

    def parameters(self) -> dict[str, str]:
        """Return the address's parameters that lead here again; what is usual is left out."""
        usual = Wanted()
        return {
            name: str(value)
            for name in self.__slots__
            if (value := getattr(self, name)) != getattr(usual, name)
        }


def wanted_from(parameters: Mapping[str, str]) -> Wanted:
    """Read what is wanted from an address; anything unknown there counts as not said."""
    state, sort, page = (parameters.get(name, "") for name in ("state", "sort", "page"))
    return Wanted(
        state=state if state in STATE_CHOICES else TO_CHASE,
        kind=_known(parameters.get("kind", ""), KINDS),
        phase=_known(parameters.get("phase", ""), PHASES),
        district=_one_line(parameters.get("district", "")),
        trust=_one_line(parameters.get("trust", "")),
        text=_one_line(parameters.get("text", "")),
        sort=sort if sort in SORT_CHOICES else "first",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 and int(page) else 1,
    )


def _known(value: str, choices: Mapping[str, Any]) -> str:
    return value if value in choices else ""


def _one_line(value: str) -> str:
    return " ".join(value.replace("\x00", " ").split())[:LONGEST_SEARCH]


def _in_state(row: ChaseRow, state: str) -> bool:
    if state == EVERY:
        return True
    if state == TO_CHASE:
        return row.state not in ANSWERED
    if state == OVERDUE:
        return row.overdue > 0
    if state == ChaseState.NO_CONTACT:
        # Somebody may have begun before the last address stopped working: mails reach nobody there either.
        return row.state not in ANSWERED and not row.standing.has_contact
    return row.state == state


def chosen(rows: Iterable[ChaseRow], wanted: Wanted) -> list[ChaseRow]:
    """Return the rows that are wanted, in the order that is wanted; each word searched for must occur."""
    words = wanted.text.casefold().split()
    found = [
        row
        for row in rows
        if _in_state(row, wanted.state)
        and wanted.kind in {"", row.kind}
        and wanted.phase in {"", row.phase}
        and wanted.district in {"", row.district}
        and wanted.trust in {"", row.trust}
        and all(word in row.searched for word in words)
    ]
    return sorted(
        found, key=lambda row: (*_SORT_KEYS[wanted.sort](row), name_key(row.organisation), row.return_id)
    )


_LONG_AGO: Final = date.min
_NEVER: Final = date.max


def _by_quiet(row: ChaseRow) -> tuple[Any, ...]:
    return (row.state in ANSWERED, row.standing.touched_on or _LONG_AGO)


def _by_next(row: ChaseRow) -> tuple[Any, ...]:
    return ((row.last_call.next_on if row.last_call else None) or _NEVER,)


def _by_progress(row: ChaseRow) -> tuple[Any, ...]:
    return (-row.standing.answered / row.standing.total if row.standing.total else 0,)


_SORT_KEYS: Final[Mapping[str, Callable[[ChaseRow], tuple[Any, ...]]]] = {
    "first": lambda row: row.ringing.order,
    "name": lambda _row: (),
    "progress": _by_progress,
    "quiet": _by_quiet,
    "next": _by_next,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list; `wanted.page` is a page that there is."""

    rows: Sequence[ChaseRow]
    found: int
    of: int
    pages: int
    wanted: Wanted


def one_page(rows: Sequence[ChaseRow], wanted: Wanted, of: int) -> Page:
    """Return the wanted page of the chosen rows, or the last one; `of` counts all rows of the list."""
    pages = max(1, -(-len(rows) // ROWS_A_PAGE))
    number = min(wanted.page, pages)
    start = (number - 1) * ROWS_A_PAGE
    return Page(rows[start : start + ROWS_A_PAGE], len(rows), of, pages, replace(wanted, page=number))


# --- export ---------------------------------------------------------------------------------------

_HEADINGS: Final = (
    "Organisation",
    "Kind",
    "Phase",
    "District",
    "State",
    "Days overdue",
    "Why ring",
    "Answered",
    "Questions",
    "Last saved",
    "Due",
    "Telephone",
    "Contacts",
    "Last call",
    "Outcome",
    "Note",
    "Next call",
    "Calls",
)
OUTCOME_WORDS: Final[Mapping[str, str]] = {
    "spoke": "Spoke to somebody",
    "message": "Left a message",
    "no_answer": "No answer",
    "wrong_number": "Wrong number",
}
# What makes a spreadsheet read a cell as a formula, full-width forms included.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula: a dangerous beginning gets an apostrophe."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def as_csv(rows: Iterable[ChaseRow]) -> bytes:
    """Return rows as CSV for spreadsheets: UTF-8 with a byte order mark, no cell a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    for row in rows:
        writer.writerow([safe_cell(value) for value in _cells(row)])
    return out.getvalue().encode("utf-8-sig", "replace")


def _cells(row: ChaseRow) -> tuple[object, ...]:
    call = row.last_call
    people = "; ".join(
        ", ".join(part for part in (each.name, each.role_words, *each.telephones, each.email) if part)
        for each in row.contacts
    )
    return (
        row.organisation,
        row.kind_words,
        row.phase_words,
        row.district,
        STATE_WORDS[row.state],
        row.overdue or None,
        "; ".join(row.ringing.reasons),
        row.standing.answered,
        row.standing.total,
        row.standing.touched_on,
        row.standing.due_on,
        row.telephone,
        people,
        london_date(call.called_at) if call else None,
        OUTCOME_WORDS.get(call.outcome, call.outcome) if call else None,
        call.note if call else None,
        call.next_on if call else None,
        call.count if call else None,
    )
