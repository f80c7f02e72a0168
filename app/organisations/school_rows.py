"""One school of the register: its columns in the file of GIAS, and what a row of them means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from app.organisations.rules import PHASE_OF_CODE, SCHOOL_TYPES, SchoolType
from app.organisations.tables import CellError, Table, clean, code, day, digits, require, shown, whole_number

_NAMES: Final[Mapping[str, str]] = {
    "urn": "URN",
    "la": "LA (code)",
    "name": "EstablishmentName",
    "type": "TypeOfEstablishment (code)",
    "status": "EstablishmentStatus (code)",
    "number": "EstablishmentNumber",
    "phase": "PhaseOfEducation (code)",
    "low_age": "StatutoryLowAge",
    "high_age": "StatutoryHighAge",
    "boarders": "Boarders (name)",
    "nursery": "NurseryProvision (name)",
    "sixth_form": "OfficialSixthForm (name)",
    "pupils": "NumberOfPupils",
    "ukprn": "UKPRN",
    "trust_code": "Trusts (code)",
    "trust_name": "Trusts (name)",
    "street": "Street",
    "locality": "Locality",
    "address3": "Address3",
    "town": "Town",
    "county": "County (name)",
    "postcode": "Postcode",
    "district": "DistrictAdministrative (name)",
    "telephone": "TelephoneNum",
    "website": "SchoolWebsite",
    "head_title": "HeadTitle (name)",
    "head_first": "HeadFirstName",
    "head_last": "HeadLastName",
    "head_job": "HeadPreferredJobTitle",
    "open_date": "OpenDate",
    "close_date": "CloseDate",
    "previous_la": "PreviousLA (code)",
    "previous_number": "PreviousEstablishmentNumber",
}
REQUIRED: Final = ("urn", "la", "name", "type", "status")

# Which columns a fact is made of: without all of them, the file says nothing about it.
_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "name": (),
    "kind": (),
    "governance": (),
    "duty": (),
    "status": (),
    "laestab": ("number",),
    "phase": ("phase",),
    "features": ("boarders", "low_age", "high_age"),
    "low_age": ("low_age",),
    "high_age": ("high_age",),
    "pupils": ("pupils",),
    "ukprn": ("ukprn",),
    "trust_code": ("trust_code",),
    "trust_name": ("trust_name",),
    "address": ("street", "town"),
    "postcode": ("postcode",),
    "district": ("district",),
    "telephone": ("telephone",),
    "website": ("website",),
    "head_name": ("head_last",),
    "head_job_title": ("head_job",),
    "opened_on": ("open_date",),
    "closes_on": ("close_date",),
}

_OPEN: Final[Mapping[str, Literal["open", "closing"]]] = {"1": "open", "3": "closing"}
_ADDRESS: Final = ("street", "locality", "address3", "town", "county")
_HEAD: Final = ("head_title", "head_first", "head_last")
_NO_VALUE: Final = frozenset({"not recorded", "not applicable", "none recorded"})
_WEBSITE: Final = re.compile(r"(https?://)?[\w-]+(\.[\w-]+)+([:/?#]\S*)?", re.IGNORECASE)
_BOARDING: Final = ("boarding school", "residential", "has boarders")
_EARLY_YEARS_BELOW: Final = 5
_SIXTH_FORM_ABOVE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolRow:
    """One open school of the authority. Codes are text; `laestab` is "812/2000" or empty; ages in years.

    `status` is "open" or "closing" (open, but proposed to close); `head_title` is the job title of the head.
    """

    row: int
    urn: str
    laestab: str
    name: str
    type_code: str
    kind: str
    governance: str
    duty: str
    phase: str
    features: frozenset[str]
    low_age: int | None
    high_age: int | None
    pupils: int | None
    ukprn: str
    trust_code: str
    trust_name: str
    address: str
    postcode: str
    district: str
    telephone: str
    website: str
    head_name: str
    head_title: str
    status: Literal["open", "closing"]
    open_date: date | None
    close_date: date | None
    previous_la: str
    previous_number: str

    @property
    def key(self) -> str:
        """What the school is known by in a comparison: its URN."""
        return self.urn

    def facts(self) -> dict[str, object]:
        """Return what the register keeps of a school, by the names under which it is stored."""
        return {
            "name": self.name,
            "kind": self.kind,
            "governance": self.governance,
            "duty": self.duty,
            "phase": self.phase,
            "features": sorted(self.features),
            "status": self.status,
            "low_age": self.low_age,
            "high_age": self.high_age,
            "pupils": self.pupils,
            "laestab": self.laestab,
            "ukprn": self.ukprn,
            "trust_code": self.trust_code,
            "trust_name": self.trust_name,
            "address": self.address,
            "postcode": self.postcode,
            "district": self.district,
            "telephone": self.telephone,
            "website": self.website,
            "head_name": self.head_name,
            "head_job_title": self.head_title,
            "opened_on": self.open_date,
            "closes_on": self.close_date,
        }


class Columns:
    """Where the columns of a schools file stand; a missing optional column reads as empty."""

    def __init__(self, table: Table) -> None:
        """Find every column that is used. Raises RegisterFileError when a required one is missing."""
        required = require(table, *((_NAMES[key],) for key in REQUIRED))
        self.places: dict[str, int] = dict(zip(REQUIRED, required, strict=True))
        for key, name in _NAMES.items():
            place = table.find(name)
            if place is not None:
                self.places[key] = place

    def given(self) -> frozenset[str]:
        """Return the names of the facts that the file has all columns for."""
        return frozenset(fact for fact, sources in _SOURCES.items() if self.places.keys() >= set(sources))

    def raw(self, cells: list[str], key: str) -> str:
        """Return a cell as it stands in the file."""
        place = self.places.get(key)
        return "" if place is None else cells[place]

    def text(self, cells: list[str], key: str) -> str:
        """Return a cell's text; the register's words for "nothing" are empty. Raises CellError."""
        text = clean(self.raw(cells, key), _NAMES[key])
        return "" if text.casefold() in _NO_VALUE else text

    def joined(self, cells: list[str], between: str, keys: tuple[str, ...]) -> str:
        """Return several cells' texts as one, without the empty ones. Raises CellError."""
        return between.join(filter(None, (self.text(cells, key) for key in keys)))

    def whole(self, cells: list[str], key: str) -> int | None:
        """Return a cell's number. Raises CellError."""
        return whole_number(self.raw(cells, key), _NAMES[key])

    def digits(self, cells: list[str], key: str, length: int) -> str:
        """Return a cell's code, padded to its length. Raises CellError."""
        return digits(self.raw(cells, key), _NAMES[key], length)

    def day(self, cells: list[str], key: str) -> date | None:
        """Return a cell's date. Raises CellError."""
        return day(self.raw(cells, key), _NAMES[key])


def urn_of(text: str, column: str) -> str:
    """Return a unique reference number, which has six digits and no leading zero. Raises CellError."""
    urn = text.strip().removesuffix(".0")
    if len(urn) != 6 or not (urn.isascii() and urn.isdigit()) or urn[0] == "0":
        raise CellError(
            f"{column} is {shown(text)}, not a number of six digits" if urn else f"{column} is empty",
            "Write the school's unique reference number from Get Information About Schools",
        )
    return urn


def type_of(text: str) -> SchoolType:
    """Return a type of establishment by its code. Raises CellError for one that is not known here."""
    found = SCHOOL_TYPES.get(code(text))
    if found is None:
        raise CellError(
            f"{_NAMES['type']} is {shown(text)}, which is not a known type",
            "Correct the code; if it is a new type of the register, ask for it to be added",
        )
    return found


def school_row(number: int, cells: list[str], columns: Columns) -> SchoolRow:
    """Return the school of a row that is open and in scope. Raises CellError for the first cell at fault."""
    kind = type_of(columns.raw(cells, "type"))
    name = columns.text(cells, "name")
    if not name:
        raise CellError("EstablishmentName is empty", "Write the name of the school")
    la, establishment = columns.digits(cells, "la", 3), columns.digits(cells, "number", 4)
    low, high = columns.whole(cells, "low_age"), columns.whole(cells, "high_age")
    return SchoolRow(
        row=number,
        urn=urn_of(columns.raw(cells, "urn"), _NAMES["urn"]),
        laestab=f"{la}/{establishment}" if establishment else "",
        name=name,
        type_code=kind.code,
        kind=kind.kind,
        governance=kind.governance,
        duty=kind.duty,
        phase=_phase(columns.raw(cells, "phase")),
        features=_features(columns, cells, low, high),
        low_age=low,
        high_age=high,
        pupils=columns.whole(cells, "pupils"),
        ukprn=columns.digits(cells, "ukprn", 8),
        trust_code=code(columns.text(cells, "trust_code")),
        trust_name=columns.text(cells, "trust_name"),
        address=columns.joined(cells, ", ", _ADDRESS),
        postcode=columns.text(cells, "postcode").upper(),
        district=columns.text(cells, "district"),
        telephone=_telephone(columns.text(cells, "telephone")),
        website=_website(columns.text(cells, "website")),
        head_name=columns.joined(cells, " ", _HEAD),
        head_title=columns.text(cells, "head_job"),
        status=_OPEN[code(columns.raw(cells, "status"))],
        open_date=columns.day(cells, "open_date"),
        close_date=columns.day(cells, "close_date"),
        previous_la=columns.digits(cells, "previous_la", 3),
        previous_number=columns.digits(cells, "previous_number", 4),
    )


def _phase(text: str) -> str:
    if not text.strip():
        return "not_applicable"
    phase = PHASE_OF_CODE.get(code(text))
    if phase is None:
        raise CellError(
            f"{_NAMES['phase']} is {shown(text)}, which is not a known phase", "Write a code from 0 to 7"
        )
    return phase


def _features(columns: Columns, cells: list[str], low: int | None, high: int | None) -> frozenset[str]:
    """Boarders; children under five (the early years foundation stage applies); pupils over sixteen."""
    boarders = columns.raw(cells, "boarders").casefold()
    sixth_form = columns.raw(cells, "sixth_form").casefold()
    says_no = sixth_form.startswith("does not")
    found = {
        "boarding": any(word in boarders for word in _BOARDING),
        "early_years": (low is not None and low < _EARLY_YEARS_BELOW)
        or columns.raw(cells, "nursery").casefold().startswith("has nursery"),
        "sixth_form": sixth_form.startswith("has a sixth form")
        or (high is not None and high > _SIXTH_FORM_ABOVE and not says_no),
    }
    return frozenset(feature for feature, present in found.items() if present)


def _website(text: str) -> str:
    """Keep what a browser can open safely; anything else, such as "n/a" or a script, is no website."""
    return text if _WEBSITE.fullmatch(text) else ""


def _telephone(text: str) -> str:
    """Give back the leading zero that a spreadsheet took from a British number."""
    bare = text.removesuffix(".0")
    return f"0{bare}" if len(bare) == 10 and bare.isdigit() and bare[0] != "0" else bare
