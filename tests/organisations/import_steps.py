"""Steps of importing that tests share: files of few rows, looking, applying, and reading the register."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.access import Work
from app.core.models import AuditEvent
from app.organisations import service
from app.organisations.import_queries import ImportPreview, import_preview
from app.organisations.models import Contact, Identifier, Organisation, Succession
from app.organisations.service import Applied, Confirmed
from app.people.models import Membership, User
from tests.organisations.register_builder import Row, as_csv, school

LINKS = ("URN", "LinkURN", "LinkName", "LinkType", "LinkEstablishedDate")
CONTACTS = ("URN", "Organisation", "Role", "Name", "Email", "Telephone")
AGENCIES = ("Code", "Name", "Kind", "Parent", "ODS", "Successor of", "Telephone")


@pytest.fixture(autouse=True)
def empty_register(work: Work) -> Iterator[None]:
    """Each test begins with an empty register of its own authority: what it writes is rolled back."""
    connection = work.session.connection()
    before = connection.begin_nested()
    yield
    if before.is_active:
        before.rollback()
    work.session.rollback()


def schools(work: Work, *rows: Row, la: str = "812", links: Iterable[Row] = ()) -> int:
    linked = as_csv(links, columns=LINKS, encoding="utf-8") if links else None
    return service.preview_schools(work, as_csv(rows, encoding="utf-8"), "schools.csv", la, linked).id or 0


def contacts(work: Work, *rows: Row) -> int:
    return service.preview_contacts(work, as_csv(rows, columns=CONTACTS, encoding="utf-8"), "dsl.csv").id or 0


def agencies(work: Work, *rows: Row, columns: tuple[str, ...] = AGENCIES) -> int:
    return service.preview_agencies(work, as_csv(rows, columns=columns, encoding="utf-8"), "a.csv").id or 0


def look(work: Work, import_id: int) -> ImportPreview:
    return import_preview(work.session, import_id)


def apply(work: Work, import_id: int, **said: Any) -> Applied:
    applied = service.apply(work, import_id, Confirmed(**said))
    assert applied is not None
    return applied


def have(work: Work, *rows: Row, **more: Any) -> None:
    """Put schools into the register by importing them."""
    apply(work, schools(work, *rows, **more))


def organisations(work: Work) -> dict[str, Organisation]:
    """Return the register's organisations by current URN or code."""
    rows = work.session.execute(
        select(col(Identifier.value), Organisation)
        .join(Organisation, col(Organisation.id) == col(Identifier.organisation_id))
        .where(col(Identifier.scheme).in_(["urn", "slug"]), col(Identifier.valid_to).is_(None))
        .execution_options(populate_existing=True)
    )
    return {row[0]: row[1] for row in rows}


def identifiers(work: Work, organisation_id: int | None) -> set[tuple[str, str, date | None, date | None]]:
    rows = work.session.execute(
        select(
            col(Identifier.scheme),
            col(Identifier.value),
            col(Identifier.valid_from),
            col(Identifier.valid_to),
        ).where(col(Identifier.organisation_id) == organisation_id)
    )
    return {(row[0], row[1], row[2], row[3]) for row in rows}


def rows_of_register(work: Work) -> list[tuple[Any, ...]]:
    """Return everything that the register holds, for comparing before and after."""
    work.session.expire_all()
    found: list[tuple[Any, ...]] = []
    for model in (Organisation, Identifier, Succession, Contact, Membership, User):
        every = work.session.execute(select(model)).scalars()
        found += sorted((model.__name__, repr(sorted(each.model_dump().items()))) for each in every)
    return found


def events(work: Work, name: str) -> list[AuditEvent]:
    found = work.session.execute(select(AuditEvent).where(col(AuditEvent.event) == name))
    return list(found.scalars())


def second(**cells: object) -> dict[str, object]:
    return school(
        **{
            "URN": "117901",
            "EstablishmentName": "Humber Road School",
            "EstablishmentNumber": "2001",
            "UKPRN": "10070002",
            "Postcode": "DN32 2BB",
        }
        | cells
    )


def link(urn: str, link_urn: str, kind: str = "Predecessor") -> Row:
    return {"URN": urn, "LinkURN": link_urn, "LinkName": "", "LinkType": kind, "LinkEstablishedDate": ""}


ACADEMY: dict[str, object] = {
    "URN": "148000",
    "EstablishmentName": "Wold View Academy",
    "TypeOfEstablishment (code)": "34",
    "OpenDate": "01-09-2026",
    "UKPRN": "10090009",
}
