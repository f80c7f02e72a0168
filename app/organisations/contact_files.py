"""Lists that a partnership keeps itself: contacts of schools and agencies, and the agencies."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.organisations.rules import CONTACT_ROLES, KINDS, kind_from_words, role_from_words
from app.organisations.tables import CellError, Refusal, RegisterFileError, Table, clean, require, shown
from app.people.rules import LONGEST_ADDRESS, is_address

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_SLUG: Final = 60
_URN: Final = re.compile(r"[1-9][0-9]{5}")
_ODS: Final = re.compile(r"[A-Z0-9]{3,10}")
_GSS: Final = re.compile(r"[A-Z][0-9]{8}")
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]+)")
_BEFORE_AT: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LONGEST_BEFORE_AT: Final = 64


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A person's place at an organisation, which is named by `scheme` "urn" or "slug" and its value."""

    row: int
    scheme: str
    organisation: str
    role: str
    name: str
    email: str
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class ContactsFile:
    """The contacts that can be taken, and the rows that cannot."""

    rows: tuple[ContactRow, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyRow:
    """One agency: `code` is the partnership's own short name for it, `parent` and `successor_of` such codes.

    A code that `parent` or `successor_of` names may stand in the same file or in the register already.
    """

    row: int
    code: str
    name: str
    kind: str
    parent: str = ""
    ods: str = ""
    gss: str = ""
    address: str = ""
    postcode: str = ""
    telephone: str = ""
    successor_of: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What the agency is known by in a comparison: its code."""
        return self.code

    def facts(self) -> dict[str, object]:
        """Return what the register keeps of an agency, by the names under which it is stored."""
        return {
            "name": self.name,
            "kind": self.kind,
            "duty": KINDS[self.kind].duty,
            "governance": "agency",
            "phase": "not_applicable",
            "features": [],
            "status": "open",
            "parent": self.parent,
            "ods": self.ods,
            "gss": self.gss,
            "address": self.address,
            "postcode": self.postcode,
            "telephone": self.telephone,
        }


@dataclass(frozen=True, slots=True)
class AgenciesFile:
    """The agencies that can be taken, the rows that cannot, and the facts that the file has columns for."""

    rows: tuple[AgencyRow, ...]
    refused: tuple[Refusal, ...]
    given: frozenset[str]


class _Columns:
    """Cells of a table by plain names; a missing optional column reads as empty."""

    def __init__(
        self, table: Table, required: tuple[tuple[str, ...], ...], optional: tuple[tuple[str, ...], ...]
    ):
        places = dict(zip((names[0] for names in required), require(table, *required), strict=True))
        found = ((names[0], table.find(*names)) for names in optional)
        self._places = places | {name: place for name, place in found if place is not None}

    def has(self, *names: str) -> bool:
        """Say whether the file has all of these columns."""
        return self._places.keys() >= set(names)

    def raw(self, cells: list[str], name: str) -> str:
        """Return a cell as it stands in the file."""
        place = self._places.get(name)
        return "" if place is None else cells[place]

    def text(self, cells: list[str], name: str) -> str:
        """Return a cell's text. Raises CellError."""
        return clean(self.raw(cells, name), name)

    def needed(self, cells: list[str], name: str, mend: str) -> str:
        """Return a cell's text, which must be there. Raises CellError."""
        text = self.text(cells, name)
        if not text:
            raise CellError(f"{name} is empty", mend)
        return text

    def matching(self, cells: list[str], name: str, form: re.Pattern[str], example: str) -> str:
        """Return a code in capitals that has the right form, or nothing. Raises CellError."""
        text = self.text(cells, name).upper()
        if text and not form.fullmatch(text):
            raise CellError(f"{name} is {shown(text)}, which has not the form of {example}",
                            "Correct the code or leave it empty")  # fmt: skip
        return text

    def label(self, cells: list[str], number: int, *names: str) -> str:
        """Return what a refused row is about: the first of these cells with content."""
        texts = (" ".join(self.raw(cells, name).split()) for name in names)
        return next((text[:100] for text in texts if text), f"Row {number}")


# --- contacts -------------------------------------------------------------------------------------


def email_address(text: str, column: str = "Email") -> str:
    """Return an email address with its domain in lower case. Raises CellError saying what is wrong."""
    typed = text.strip()
    before, _, domain = typed.rpartition("@")
    address = f"{before}@{domain.lower()}"
    problem = _address_problem(typed, before, domain.lower())
    if problem is None and not is_address(address):
        problem = f"{shown(typed)} is not an email address"
    if problem is not None:
        raise CellError(
            f"{column} {problem}", "Write one address, such as head@school.example, and nothing else"
        )
    return address


def _address_problem(typed: str, before: str, domain: str) -> str | None:
    if not typed:
        return "is empty"
    if len(typed) > LONGEST_ADDRESS:
        return f"is longer than {LONGEST_ADDRESS} characters"
    if typed.count("@") != 1:
        return f"{shown(typed)} has {'more than one' if '@' in typed else 'no'} @"
    if not all("!" <= char <= "~" and char not in '<>()[]\\,;:"' for char in typed):
        return f"{shown(typed)} has a space or a character that does not belong in an address"
    named = len(before) <= _LONGEST_BEFORE_AT and _BEFORE_AT.fullmatch(before)
    if named and _DOMAIN.fullmatch(domain):
        return None
    lacks = "domain, such as school.example, after" if named else "name before"
    return f"{shown(typed)} has no proper {lacks} the @"


def parse_contacts(table: Table) -> ContactsFile:
    """Return the contacts of a list: URN or organisation (an agency's code), role, name, email, telephone.

    A row that repeats an earlier one is refused. Raises RegisterFileError when a column is missing.
    """
    columns = _Columns(
        table,
        (
            ("Role",),
            ("Name", "Full name", "Contact name"),
            ("Email", "E-mail", "Email address", "E-mail address"),
        ),
        (("URN",), ("Organisation", "Organisation code", "Code"), ("Telephone", "Phone", "TelephoneNum")),
    )
    if not columns.has("URN") and not columns.has("Organisation"):
        raise RegisterFileError(
            "The file needs a column “URN” for schools, or “Organisation” for the codes of agencies. Add one."
        )
    refused: list[Refusal] = []
    found: dict[tuple[str, str, str], ContactRow] = {}
    for number, cells in table.rows(refused):
        try:
            _add(found, _contact(number, cells, columns))
        except CellError as error:
            what = columns.label(cells, number, "Name", "Email", "Organisation", "URN")
            refused.append(Refusal(number, what, error.reason, error.mend))
    return ContactsFile(tuple(found.values()), _in_order(refused))


def _add(found: dict[tuple[str, str, str], ContactRow], contact: ContactRow) -> None:
    first = found.setdefault((contact.organisation, contact.role, contact.email.lower()), contact)
    if first is not contact:
        raise CellError(f"Row {contact.row} repeats row {first.row}", "Delete one of the two rows")


def _contact(number: int, cells: list[str], columns: _Columns) -> ContactRow:
    scheme, organisation = _organisation(cells, columns)
    words = columns.needed(cells, "Role", f"Write one of: {_ROLES}")
    role = role_from_words(words)
    if role is None:
        raise CellError(f"Role {shown(words)} is not a known role", f"Write one of: {_ROLES}")
    return ContactRow(
        row=number,
        scheme=scheme,
        organisation=organisation,
        role=role,
        name=columns.needed(cells, "Name", "Write the person's name"),
        email=email_address(columns.text(cells, "Email")),
        telephone=columns.text(cells, "Telephone"),
    )


_ROLES: Final = ", ".join(CONTACT_ROLES.values())


def _organisation(cells: list[str], columns: _Columns) -> tuple[str, str]:
    urn = columns.text(cells, "URN").removesuffix(".0")
    if urn and not _URN.fullmatch(urn):
        raise CellError(f"URN is {shown(urn)}, not a number of six digits", "Write the school's URN")
    text = urn or columns.text(cells, "Organisation").removesuffix(".0")
    if not text:
        raise CellError("The row names no organisation", "Write the school's URN or the agency's code")
    if _URN.fullmatch(text):
        return "urn", text
    return "slug", slug(text, "Organisation")


def _in_order(refused: list[Refusal]) -> tuple[Refusal, ...]:
    return tuple(sorted(refused, key=lambda refusal: refusal.row))


# --- agencies -------------------------------------------------------------------------------------


def slug(text: str, column: str) -> str:
    """Return a code made of small letters, digits and single hyphens. Raises CellError."""
    bare = text.strip().lower()
    if len(bare) > _LONGEST_SLUG or not _SLUG.fullmatch(bare):
        raise CellError(
            f"{column} is {shown(text)}, which is not a code",
            "Write a short code of letters, digits and hyphens, such as humber-police",
        )
    return bare


_AGENCY_REQUIRED: Final = (("Code", "Slug"), ("Name",), ("Kind", "Type"))
_AGENCY_OPTIONAL: Final = (
    ("Parent",),
    ("ODS", "ODS code"),
    ("GSS", "GSS code"),
    ("Address",),
    ("Postcode",),
    ("Telephone", "Phone"),
    ("Successor of", "Successor_of", "Predecessor"),
)


def parse_agencies(table: Table) -> AgenciesFile:
    """Return a list's agencies: code, name, kind, and where known parent, ODS, GSS, address, predecessors.

    A code, ODS or GSS that occurs twice is refused every time. Raises RegisterFileError for a missing column.
    """
    columns = _Columns(table, _AGENCY_REQUIRED, _AGENCY_OPTIONAL)
    refused: list[Refusal] = []
    read: list[AgencyRow] = []
    for number, cells in table.rows(refused):
        try:
            read.append(_agency(number, cells, columns))
        except CellError as error:
            key = columns.raw(cells, "Code").strip().lower()
            what = columns.label(cells, number, "Name", "Code")
            refused.append(Refusal(number, what, error.reason, error.mend, key))
    taken = []
    problems = _problems(read)
    for agency in read:
        if agency.row in problems:
            reason, mend = problems[agency.row]
            refused.append(Refusal(agency.row, agency.name, reason, mend, agency.code))
        else:
            taken.append(agency)
    given = {"name", "kind", "duty"} | {
        names[0].lower() for names in _AGENCY_OPTIONAL[:-1] if columns.has(names[0])
    }
    return AgenciesFile(tuple(taken), _in_order(refused), frozenset(given))


def _agency(number: int, cells: list[str], columns: _Columns) -> AgencyRow:
    code = slug(columns.needed(cells, "Code", "Write a short code for the agency"), "Code")
    parent = columns.text(cells, "Parent")
    predecessors = filter(None, re.split(r"[;,\s]+", columns.text(cells, "Successor of")))
    agency = AgencyRow(
        row=number,
        code=code,
        name=columns.needed(cells, "Name", "Write the name of the agency"),
        kind=_kind(columns.needed(cells, "Kind", "Write the kind of agency, such as police")),
        parent=slug(parent, "Parent") if parent else "",
        ods=columns.matching(cells, "ODS", _ODS, "QOQ"),
        gss=columns.matching(cells, "GSS", _GSS, "E06000012"),
        address=columns.text(cells, "Address"),
        postcode=columns.text(cells, "Postcode").upper(),
        telephone=columns.text(cells, "Telephone"),
        successor_of=tuple(slug(code, "Successor of") for code in predecessors),
    )
    if code in agency.successor_of:
        raise CellError(f"Successor of names {shown(code)} itself", "Write the code of the body that ended")
    return agency


def _kind(words: str) -> str:
    key = kind_from_words(words)
    if key is None:
        titles = {kind.title.lower(): kind.title for kind in KINDS.values() if kind.group == "agency"}
        near = difflib.get_close_matches(words.replace("_", " ").lower(), titles, n=1, cutoff=0.5)
        meant = (
            f"Did you mean “{titles[near[0]]}”?" if near else f"Write one of: {', '.join(titles.values())}"
        )
        raise CellError(f"Kind {shown(words)} is not a known kind of agency", meant)
    if KINDS[key].group != "agency":
        raise CellError(
            f"Kind {shown(words)} is a kind of school", "Import schools from the schools register"
        )
    return key


def _problems(agencies: list[AgencyRow]) -> dict[int, tuple[str, str]]:
    """Return by row what only shows over all agencies: repeated codes, circles of parents."""
    found: dict[int, tuple[str, str]] = {}
    parents = {agency.code: agency.parent for agency in agencies}
    for agency in agencies:
        if _is_own_ancestor(agency.code, parents):
            reason = f"Parent {shown(agency.parent)} leads back to the agency itself"
            found[agency.row] = (reason, "Correct the parent or leave it empty")
    for name, value_of in _UNIQUE.items():
        rows: dict[str, list[int]] = {}
        for agency in agencies:
            if value := value_of(agency):
                rows.setdefault(value, []).append(agency.row)
        for value, on in rows.items():
            if len(on) > 1:
                said = f"{name} {value} is on rows {', '.join(map(str, on[:-1]))} and {on[-1]}"
                found |= dict.fromkeys(on, (said, "Leave it on one row only"))
    return found


_UNIQUE: Final[Mapping[str, Callable[[AgencyRow], str]]] = {
    "GSS": lambda agency: agency.gss,
    "ODS": lambda agency: agency.ods,
    "Code": lambda agency: agency.code,
}


def _is_own_ancestor(code: str, parents: Mapping[str, str]) -> bool:
    above, seen = parents[code], set[str]()
    while above and above not in seen:
        if above == code:
            return True
        seen.add(above)
        above = parents.get(above, "")
    return False
