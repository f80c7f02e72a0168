"""What the register knows, read as a whole for comparing with a file: a fixed number of statements."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final, Literal

from sqlalchemy import cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.organisations.contact_plan import ContactRegister, KnownContact, Place
from app.organisations.models import (
    Contact,
    Identifier,
    ImportState,
    Organisation,
    OrganisationStatus,
    RegisterImport,
    Succession,
)
from app.organisations.plan import SECOND_NAMES, Known, Register
from app.organisations.rules import KINDS
from app.people.models import User

FACT_COLUMNS: Final = (
    "name",
    "kind",
    "duty",
    "governance",
    "phase",
    "features",
    "status",
    "low_age",
    "high_age",
    "pupils",
    "district",
    "address",
    "postcode",
    "telephone",
    "website",
    "head_name",
    "head_job_title",
    "trust_code",
    "trust_name",
    "opened_on",
    "closes_on",
)
"""The facts that stand in the organisation's own row; its identifiers have a table of their own."""

_COLUMNS: Final[list[Any]] = [getattr(Organisation, name) for name in ("id", *FACT_COLUMNS)]
_ORGANISATIONS: Final[Any] = select(*_COLUMNS).order_by(col(Organisation.id))


def school_register(session: Session, la_code: str) -> Register:
    """Return the schools of the register; at home are those of one local authority ("812")."""
    register, laestabs = _register(session, "urn")
    home = {
        key
        for key, known in register.current.items()
        if any(value.startswith(la_code) for value in laestabs[known.organisation_id])
    }
    unplaced = {key for key, known in register.current.items() if not laestabs[known.organisation_id]}
    home |= unplaced & _imported_for(session, la_code)
    return Register(register.current, register.earlier, frozenset(home), register.held)


def agency_register(session: Session) -> Register:
    """Return the agencies of the register, all at home: a partnership has one list of them."""
    register, _ = _register(session, "slug")
    return Register(register.current, register.earlier, frozenset(register.current), register.held)


def _register(session: Session, scheme: Literal["urn", "slug"]) -> tuple[Register, dict[int, list[str]]]:
    """Return the organisations known by a scheme, and the LAESTABs of each, ended ones too."""
    held: dict[tuple[str, str], int] = {}
    numbers: dict[int, list[str]] = defaultdict(list)
    second: dict[int, dict[str, str]] = defaultdict(dict)
    laestabs: dict[int, list[str]] = defaultdict(list)
    # The current number comes first; of ended ones the latest, for a body that has no other any more.
    rows = session.execute(
        select(
            col(Identifier.organisation_id),
            col(Identifier.scheme),
            col(Identifier.value),
            col(Identifier.valid_to),
        ).order_by(col(Identifier.valid_to).desc().nulls_first(), col(Identifier.id))
    )
    for organisation_id, name, value, valid_to in rows:
        held.setdefault((name, value), organisation_id)
        if name == scheme:
            numbers[organisation_id].append(value)
        elif name in SECOND_NAMES and valid_to is None:
            second[organisation_id].setdefault(name, value)
        if name == "laestab":
            laestabs[organisation_id].append(value)
    current = {}
    for row in session.execute(_ORGANISATIONS):
        if row[0] in numbers:
            facts: dict[str, Any] = dict(zip(FACT_COLUMNS, row[1:], strict=True))
            facts |= dict.fromkeys(SECOND_NAMES, "") | second[row[0]] | {"parent": facts["trust_code"]}
            current[numbers[row[0]][0]] = Known(row[0], facts)
    earlier = {number: found[0] for found in numbers.values() for number in found[1:]}
    return Register(current, earlier, frozenset(), held), laestabs


def _imported_for(session: Session, la_code: str) -> set[str]:
    """Return the URNs that applied files of an authority had: some schools have no LAESTAB to tell by."""
    urns: Any = func.jsonb_path_query_array(
        col(RegisterImport.rows), cast(literal("$[*].urn"), JSONPATH), type_=JSONB
    )
    found = session.execute(
        select(urns).where(
            col(RegisterImport.kind) == "schools",
            col(RegisterImport.la_code) == la_code,
            col(RegisterImport.state) == ImportState.APPLIED,
        )
    )
    return {urn for each in found.scalars() for urn in each}


def known_successions(session: Session) -> set[tuple[str, str]]:
    """Return who took over from whom among agencies, as codes before and after."""
    before, after = aliased(Identifier), aliased(Identifier)
    rows = session.execute(
        select(col(before.value), col(after.value))
        .select_from(Succession)
        .join(before, (col(before.organisation_id) == col(Succession.predecessor_id)))
        .join(after, (col(after.organisation_id) == col(Succession.successor_id)))
        .where(col(before.scheme) == "slug", col(after.scheme) == "slug")
    )
    return {(row[0], row[1]) for row in rows}


# --- contacts -------------------------------------------------------------------------------------


def contact_register(session: Session, emails: Collection[str]) -> ContactRegister:
    """Return the organisations, contacts and names that a contacts file is compared with."""
    places = session.execute(
        select(
            col(Identifier.scheme),
            col(Identifier.value),
            col(Organisation.id),
            col(Organisation.name),
            col(Organisation.kind),
            col(Organisation.status),
        )
        .join(Organisation, col(Organisation.id) == col(Identifier.organisation_id))
        .where(col(Identifier.scheme).in_(["urn", "slug"]))
    )
    contacts = session.execute(
        select(
            col(Contact.id),
            col(Contact.organisation_id),
            col(Organisation.name),
            col(Organisation.kind),
            col(Contact.role),
            col(User.name),
            col(User.email),
            col(Contact.telephone),
            col(Contact.ended_at).is_not(None),
        )
        .join(User, col(User.id) == col(Contact.user_id))
        .join(Organisation, col(Organisation.id) == col(Contact.organisation_id))
        .order_by(col(Organisation.name), col(Organisation.id), col(User.name), col(Contact.id))
    )
    names = session.execute(
        select(col(User.email), col(User.name)).where(col(User.email).in_(sorted(emails)))
    )
    return ContactRegister(
        places={
            (row[0], row[1]): Place(row[2], row[3], KINDS[row[4]].group, row[5] is OrganisationStatus.GONE)
            for row in places
        },
        contacts=[KnownContact(row[0], row[1], row[2], KINDS[row[3]].group, *row[4:]) for row in contacts],
        names={row[0]: row[1] for row in names},
    )
