"""What a contacts file would do to the contacts of the register.

Pure. A contact that the file no longer names stays: lists are seldom complete, and a removed contact would
take somebody's access away in silence.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.access import OrganisationRole
from app.organisations.contact_files import ContactRow, ContactsFile
from app.organisations.difference import FieldChange
from app.organisations.tables import CellError, Refusal
from app.people.rules import normal_address

RIGHTS: Final[Mapping[str, OrganisationRole | None]] = {
    "designated_safeguarding_lead": OrganisationRole.LEAD,
    "deputy_safeguarding_lead": OrganisationRole.LEAD,
    "trust_safeguarding_lead": OrganisationRole.LEAD,
    "agency_lead": OrganisationRole.LEAD,
    "head_teacher": OrganisationRole.SIGNATORY,
    "chief_officer": OrganisationRole.SIGNATORY,
    # A chair is told about the return; to answer or sign it is the lead's and the head's work.
    "chair_of_governors": None,
}
"""What a contact may do on the organisation's return, by their role there."""


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation that a contacts file can name by a URN or a code, also by an earlier one."""

    organisation_id: int
    name: str
    group: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact of the register, present or ended."""

    contact_id: int
    organisation_id: int
    organisation: str
    group: str
    role: str
    name: str
    email: str
    telephone: str
    ended: bool


@dataclass(frozen=True, slots=True)
class ContactRegister:
    """What the register knows: places by (scheme, value), contacts, and the names behind addresses."""

    places: Mapping[tuple[str, str], Place]
    contacts: Sequence[KnownContact]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """A contact that is new, comes back, changes, or (`row` 0) is not in the file."""

    row: int
    organisation_id: int
    organisation: str
    role: str
    name: str
    email: str
    telephone: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPlan:
    """What an import of contacts would do; `notes` are sentences about names that do not agree."""

    new: tuple[PlannedContact, ...] = ()
    changed: tuple[PlannedContact, ...] = ()
    missing: tuple[PlannedContact, ...] = ()
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    unchanged: int = 0


_Key = tuple[int, str, str]


def plan_contacts(file: ContactsFile, register: ContactRegister) -> ContactPlan:
    """Return what a contacts file would do. An empty telephone cell takes no number away."""
    refused = list(file.refused)
    taken: dict[_Key, tuple[ContactRow, Place]] = {}
    for row in file.rows:
        try:
            place = _place(row, register.places)
            _take(taken, row, place)
        except CellError as error:
            refused.append(
                Refusal(row.row, f"{row.name[:100]}, {row.organisation}", error.reason, error.mend)
            )
    known = {(each.organisation_id, each.email, each.role): each for each in register.contacts}
    new, changed = [], []
    for key, (row, place) in taken.items():
        fields = _fields(known[key], row) if key in known else ()
        if key not in known or known[key].ended:
            new.append(_planned(row, place, key[1], register.names))
        elif fields:
            changed.append(_planned(row, place, key[1], register.names, fields))
    return ContactPlan(
        new=tuple(new),
        changed=tuple(changed),
        missing=_missing(taken, register.contacts),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.row)),
        notes=tuple(_notes((row for row, _ in taken.values()), register.names)),
        unchanged=len(taken) - len(new) - len(changed),
    )


def _place(row: ContactRow, places: Mapping[tuple[str, str], Place]) -> Place:
    place = places.get((row.scheme, row.organisation))
    words = "URN" if row.scheme == "urn" else "Organisation"
    if place is None:
        raise CellError(
            f"{words} {row.organisation} is not in the register",
            "Correct it, or import the schools or agencies first",
        )
    if place.is_gone:
        raise CellError(
            f"{place.name} ({row.organisation}) is marked as gone", "Name the organisation that took over"
        )
    return place


def _take(taken: dict[_Key, tuple[ContactRow, Place]], row: ContactRow, place: Place) -> None:
    first, _ = taken.setdefault((place.organisation_id, normal_address(row.email), row.role), (row, place))
    if first is not row:
        raise CellError(f"Row {row.row} repeats row {first.row}", "Delete one of the two rows")


def _fields(known: KnownContact, row: ContactRow) -> tuple[FieldChange, ...]:
    if row.telephone and row.telephone != known.telephone:
        return (FieldChange("telephone", known.telephone, row.telephone),)
    return ()


def _planned(
    row: ContactRow,
    place: Place,
    email: str,
    names: Mapping[str, str],
    fields: tuple[FieldChange, ...] = (),
) -> PlannedContact:
    name = names.get(email, row.name)
    return PlannedContact(
        row.row, place.organisation_id, place.name, row.role, name, email, row.telephone, fields
    )


def _missing(
    taken: Mapping[_Key, tuple[ContactRow, Place]], contacts: Iterable[KnownContact]
) -> tuple[PlannedContact, ...]:
    """Return present contacts that the file does not name, of the groups that it is about."""
    groups = {place.group for _, place in taken.values()}
    return tuple(
        PlannedContact(
            0, each.organisation_id, each.organisation, each.role, each.name, each.email, each.telephone
        )
        for each in contacts
        if not each.ended
        and each.group in groups
        and (each.organisation_id, each.email, each.role) not in taken
    )


def _notes(rows: Iterable[ContactRow], names: Mapping[str, str]) -> Iterable[str]:
    """Say where one address has two names: a person is known by the address, and keeps the first name."""
    written: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        written[normal_address(row.email)].setdefault(row.name, row.row)
    for email, found in written.items():
        first = names.get(email) or next(iter(found))
        others = [name for name in found if name.casefold() != first.casefold()]
        if others:
            yield (
                f"{email} is {first}, and the file also says {_listed(others)} "
                f"(row {found[others[0]]}). One address is one person: the name stays {first}."
            )


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
