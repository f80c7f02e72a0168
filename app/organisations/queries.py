"""Reads of the register for its pages: the list with its filters, and one organisation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, union_all
from sqlmodel import Session, col

from app.core.errors import NotFoundError
from app.core.models import AuditEvent
from app.core.ordering import by_name
from app.organisations.known import FACT_COLUMNS
from app.organisations.models import (
    Contact,
    Identifier,
    Organisation,
    OrganisationStatus,
    Succession,
)
from app.people.models import User

PAGE_SIZE: Final = 50

StatusFilter = Literal["", "open", "closing", "gone", "all"]

# Somebody who may not sign in any more is nobody to write to.
_PRESENT: Final = and_(
    col(Contact.organisation_id) == col(Organisation.id),
    col(Contact.ended_at).is_(None),
    col(User.disabled_at).is_(None),
)
_CONTACT_COUNT: Final = (
    select(func.count(col(Contact.user_id).distinct()))
    .join(User, col(User.id) == col(Contact.user_id))
    .where(_PRESENT)
    .correlate(Organisation)
    .scalar_subquery()
)
_HAS_CONTACT: Final = exists(
    select(col(Contact.id)).join(User, col(User.id) == col(Contact.user_id)).where(_PRESENT)
).correlate(Organisation)
_CODE: Final = (
    select(col(Identifier.value))
    .where(
        col(Identifier.organisation_id) == col(Organisation.id), col(Identifier.scheme).in_(["urn", "slug"])
    )
    .order_by(col(Identifier.valid_to).desc().nulls_first(), col(Identifier.id))
    .limit(1)
    .correlate(Organisation)
    .scalar_subquery()
)
_NOT_GONE: Final = col(Organisation.status) != OrganisationStatus.GONE


# --- the list -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What somebody looks for in the list; empty means anything, but without a status the gone stay out."""

    text: str = ""
    kind: str = ""
    phase: str = ""
    duty: str = ""
    district: str = ""
    status: StatusFilter = ""
    contact: Literal["", "without"] = ""

    def parameters(self) -> dict[str, str]:
        """Return the filters that are set, by the names that they have in an address."""
        names = ("text", "kind", "phase", "duty", "district", "status", "contact")
        return {name: value for name in names if (value := str(getattr(self, name)))}


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """One organisation of the list; `code` is its current URN or the partnership's own code."""

    id: int
    name: str
    kind: str
    phase: str
    district: str
    status: str
    code: str
    contacts: int


@dataclass(frozen=True, slots=True)
class OrganisationList:
    """One page of the list, and how many organisations fit the filters."""

    lines: tuple[OrganisationLine, ...]
    found: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.found // PAGE_SIZE))


@dataclass(frozen=True, slots=True)
class Facets:
    """What the register holds at all, for the filters: the values that occur, and two counts."""

    kinds: tuple[str, ...]
    phases: tuple[str, ...]
    duties: tuple[str, ...]
    districts: tuple[str, ...]
    total: int
    without_contact: int
    gone: int


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found = [
        getattr(Organisation, name) == value
        for name in ("kind", "phase", "duty", "district")
        if (value := getattr(filters, name))
    ]
    if filters.text:
        found.append(_contains(filters.text))
    if filters.status == "":
        found.append(_NOT_GONE)
    elif filters.status != "all":
        found.append(col(Organisation.status) == OrganisationStatus(filters.status))
    if filters.contact == "without":
        found.append(~_HAS_CONTACT)
    return found


def _contains(text: str) -> ColumnElement[bool]:
    named = exists(
        select(col(Identifier.id)).where(
            col(Identifier.organisation_id) == col(Organisation.id),
            col(Identifier.value).icontains(text, autoescape=True),
        )
    ).correlate(Organisation)
    columns = (col(Organisation.name), col(Organisation.trust_name), col(Organisation.postcode))
    return or_(named, *(column.icontains(text, autoescape=True) for column in columns))


def organisations(session: Session, filters: Filters, page: int = 1) -> OrganisationList:
    """Return one page of the organisations that fit, by name; a page beyond the last is the last."""
    conditions = _conditions(filters)
    found = session.execute(select(func.count()).select_from(Organisation).where(*conditions)).scalar_one()
    last = max(1, -(-found // PAGE_SIZE))
    number = min(max(page, 1), last)
    columns: list[Any] = [
        getattr(Organisation, name) for name in ("id", "name", "kind", "phase", "district", "status")
    ]
    rows = session.execute(
        select(*columns, func.coalesce(_CODE, ""), _CONTACT_COUNT)
        .where(*conditions)
        .order_by(by_name(col(Organisation.name)), col(Organisation.id))
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return OrganisationList(tuple(OrganisationLine(*row) for row in rows), found, number)


def facets(session: Session) -> Facets:
    """Return what the register holds, in one statement; organisations that are gone do not count."""

    def present(name: str) -> Any:
        column = getattr(Organisation, name)
        return func.array_agg(column.distinct()).filter(_NOT_GONE, column != "")

    row = session.execute(
        select(
            *(present(name) for name in ("kind", "phase", "duty", "district")),
            func.count().filter(_NOT_GONE),
            func.count().filter(and_(_NOT_GONE, ~_HAS_CONTACT)),
            func.count().filter(~_NOT_GONE),
        ).select_from(Organisation)
    ).one()
    values = [tuple(sorted(each or ())) for each in row[:4]]
    return Facets(values[0], values[1], values[2], values[3], *row[4:])


# --- one organisation -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IdentifierLine:
    """A name that a register knows the organisation by, and from when to when."""

    scheme: str
    value: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A present contact."""

    id: int
    name: str
    email: str
    role: str
    telephone: str
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class Relative:
    """An organisation before or after this one; or, as parent, the one that it is part of."""

    relation: Literal["predecessor", "successor", "parent"]
    id: int
    name: str
    merged: bool
    on_date: date | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change of the organisation's entry."""

    at: datetime
    by: str
    event: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """Everything about one organisation that its page shows."""

    id: int
    facts: Mapping[str, Any]
    identifiers: tuple[IdentifierLine, ...]
    contacts: tuple[ContactLine, ...]
    relatives: tuple[Relative, ...]
    history: tuple[HistoryLine, ...]

    def related(self, relation: str) -> list[Relative]:
        """Return the relatives of one sort."""
        return [each for each in self.relatives if each.relation == relation]


EVENTS: Final = (
    "organisation.added",
    "organisation.changed",
    "organisation.renumbered",
    "organisation.gone",
    "contacts.imported",
    "contact.added",
    "contact.removed",
)
_HISTORY_LENGTH: Final = 20


def organisation_page(session: Session, organisation_id: int) -> OrganisationPage:
    """Return one organisation for its page, in five statements, or raise NotFoundError."""
    columns: list[Any] = [getattr(Organisation, name) for name in FACT_COLUMNS]
    row = session.execute(select(*columns).where(col(Organisation.id) == organisation_id)).first()
    if row is None:
        raise NotFoundError
    facts = dict(zip(FACT_COLUMNS, row, strict=True))
    return OrganisationPage(
        organisation_id,
        facts,
        _identifiers(session, organisation_id),
        _contacts(session, organisation_id),
        _relatives(session, organisation_id, facts),
        _history(session, organisation_id),
    )


def _identifiers(session: Session, organisation_id: int) -> tuple[IdentifierLine, ...]:
    rows = session.execute(
        select(
            col(Identifier.scheme),
            col(Identifier.value),
            col(Identifier.valid_from),
            col(Identifier.valid_to),
        )
        .where(col(Identifier.organisation_id) == organisation_id)
        .order_by(
            func.array_position(
                literal(["urn", "slug", "laestab", "ukprn", "ods", "gss"]), col(Identifier.scheme)
            ),
            col(Identifier.valid_to).desc().nulls_first(),
            col(Identifier.id),
        )
    )
    return tuple(IdentifierLine(*row) for row in rows)


def _contacts(session: Session, organisation_id: int) -> tuple[ContactLine, ...]:
    rows = session.execute(
        select(
            col(Contact.id),
            col(User.name),
            col(User.email),
            col(Contact.role),
            col(Contact.telephone),
            col(User.disabled_at).is_not(None),
        )
        .join(User, col(User.id) == col(Contact.user_id))
        .where(col(Contact.organisation_id) == organisation_id, col(Contact.ended_at).is_(None))
        .order_by(by_name(col(User.name)), col(Contact.id))
    )
    return tuple(ContactLine(*row) for row in rows)


def _relatives(session: Session, organisation_id: int, facts: Mapping[str, Any]) -> tuple[Relative, ...]:
    """Read predecessors, successors and the agency that this one is part of, in one statement."""

    def line(relation: str, other: Any, condition: ColumnElement[bool]) -> Any:
        return (
            select(
                literal(relation).label("relation"),
                col(Organisation.id).label("id"),
                col(Organisation.name).label("name"),
                col(Succession.merged).label("merged"),
                col(Succession.on_date).label("on_date"),
            )
            .join(Succession, other == col(Organisation.id))
            .where(condition)
        )

    before, after = col(Succession.predecessor_id), col(Succession.successor_id)
    parent = (
        select(
            literal("parent"),
            col(Organisation.id),
            col(Organisation.name),
            literal(value=False),
            col(Organisation.closes_on),
        )
        .join(Identifier, col(Identifier.organisation_id) == col(Organisation.id))
        .where(
            col(Identifier.scheme) == "slug",
            col(Identifier.value) == facts["trust_code"],
            literal(facts["governance"]) == "agency",
        )
    )
    found = union_all(
        line("predecessor", before, after == organisation_id),
        line("successor", after, before == organisation_id),
        parent,
    ).subquery()
    rows = session.execute(select(found).order_by(found.c.relation, found.c.name))
    return tuple(Relative(*row) for row in rows)


def _history(session: Session, organisation_id: int) -> tuple[HistoryLine, ...]:
    rows = session.execute(
        select(col(AuditEvent.at), col(AuditEvent.actor_name), col(AuditEvent.event), col(AuditEvent.detail))
        .where(col(AuditEvent.organisation_id) == organisation_id, col(AuditEvent.event).in_(EVENTS))
        .order_by(col(AuditEvent.id).desc())
        .limit(_HISTORY_LENGTH)
    )
    return tuple(HistoryLine(*row) for row in rows)
