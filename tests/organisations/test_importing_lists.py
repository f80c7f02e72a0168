"""A partnership's own lists, of agencies and of contacts, come into the register without removing anybody."""

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.access import Work
from app.core.errors import NotFoundError, RefusedError
from app.organisations import service
from app.organisations.models import Contact, OrganisationStatus, Succession
from app.organisations.service import Applied
from app.people.models import Membership, User
from tests import builders
from tests.organisations import import_steps
from tests.organisations.import_steps import (
    ACADEMY,
    agencies,
    apply,
    contacts,
    events,
    have,
    identifiers,
    link,
    look,
    organisations,
    rows_of_register,
    schools,
    second,
)
from tests.organisations.register_builder import Row, school

empty_register = import_steps.empty_register


# --- agencies -------------------------------------------------------------------------------------

POLICE: Row = {"Code": "humber-police", "Name": "Humber Police", "Kind": "Police force"}
ICB: Row = {"Code": "humber-icb", "Name": "Humber ICB", "Kind": "Integrated care board", "ODS": "QOQ"}


def test_agencies_are_imported_with_their_codes_and_again_without_a_change(work: Work) -> None:
    unit: Row = {
        "Code": "police-unit",
        "Name": "Protection unit",
        "Kind": "Police force",
        "Parent": "humber-police",
    }
    assert apply(work, agencies(work, POLICE, ICB, unit)) == Applied(added=3)
    found = organisations(work)
    assert (found["humber-police"].duty, found["humber-police"].governance) == ("section_11", "agency")
    assert found["police-unit"].trust_code == "humber-police"
    assert ("ods", "QOQ", None, None) in identifiers(work, found["humber-icb"].id)
    assert look(work, agencies(work, POLICE, ICB, unit)).counts == (("Unchanged", 3),)
    assert look(work, agencies(work, {**POLICE, "Telephone": "101"}, ICB, unit)).changed[0].fields == [
        ("Telephone", "(empty)", "101")
    ]


def test_a_body_that_took_over_leads_from_the_one_that_ended(work: Work) -> None:
    apply(
        work, agencies(work, POLICE, {"Code": "old-ccg", "Name": "Old CCG", "Kind": "Integrated care board"})
    )
    rows = (POLICE, {**ICB, "Successor of": "old-ccg"})
    import_id = agencies(work, *rows)
    shown = look(work, import_id)
    assert shown.successions == ("humber-icb takes over from old-ccg",)
    assert shown.changed[0].fields == [("Status", "Open", "Gone")]
    assert apply(work, import_id) == Applied(added=1, changed=1)
    found = organisations(work)
    assert found["old-ccg"].status is OrganisationStatus.GONE
    (only,) = work.session.execute(select(Succession)).scalars().all()
    assert (only.predecessor_id, only.successor_id) == (found["old-ccg"].id, found["humber-icb"].id)
    assert look(work, agencies(work, *rows)).counts == (("Unchanged", 2),)


def test_agencies_that_name_others_which_are_nowhere_are_refused_with_those_that_name_them(
    work: Work,
) -> None:
    unit: Row = {"Code": "unit", "Name": "Unit", "Kind": "Police force", "Parent": "nobody"}
    desk: Row = {"Code": "desk", "Name": "Desk", "Kind": "Police force", "Parent": "unit"}
    clash: Row = {"Code": "clash", "Name": "Clash", "Kind": "NHS trust", "ODS": "QOQ"}
    apply(work, agencies(work, ICB))
    shown = look(work, agencies(work, POLICE, unit, desk, clash))
    assert [each.name for each in shown.new] == ["Humber Police"]
    assert [each.what for each in shown.refused] == ["Unit", "Desk", "Clash"]
    assert shown.refused[2].reason == "NHS organisation code (ODS) QOQ belongs to another agency"


# --- contacts -------------------------------------------------------------------------------------


def person(**cells: object) -> Row:
    return {"URN": "117900", "Role": "DSL", "Name": "Ada Okafor", "Email": "Ada@school.example"} | cells


def at(work: Work, organisation_id: int | None) -> dict[str, Contact]:
    rows = work.session.execute(
        select(col(User.email), Contact)
        .join(User, col(User.id) == col(Contact.user_id))
        .where(col(Contact.organisation_id) == organisation_id)
        .execution_options(populate_existing=True)
    )
    return {f"{email} {contact.role}": contact for email, contact in rows}


def rights(work: Work, organisation_id: int | None) -> set[tuple[str, str]]:
    rows = work.session.execute(
        select(col(User.email), col(Membership.role))
        .join(User, col(User.id) == col(Membership.user_id))
        .where(col(Membership.organisation_id) == organisation_id)
    )
    return {(row[0], row[1].value) for row in rows}


def test_contacts_get_their_place_and_the_rights_of_their_role(work: Work) -> None:
    have(work, school(), second())
    import_id = contacts(
        work,
        person(Telephone="01472 1"),
        person(Role="Headteacher", Name="Bo Lund", Email="bo@school.example"),
        person(Role="Chair of governors", Name="Cy Hale", Email="cy@mail.example"),
        person(URN="117901", Role="Trust safeguarding lead"),
        person(URN="117901", Role="Deputy DSL", Name="Di Fox", Email="di@school.example"),
    )
    assert len(look(work, import_id).new) == 5
    assert apply(work, import_id) == Applied(added=5)
    found = organisations(work)
    first, other = found["117900"].id, found["117901"].id
    assert at(work, first)["ada@school.example designated_safeguarding_lead"].telephone == "01472 1"
    assert rights(work, first) == {("ada@school.example", "lead"), ("bo@school.example", "signatory")}
    assert "cy@mail.example chair_of_governors" in at(work, first)
    assert rights(work, other) == {("ada@school.example", "lead"), ("di@school.example", "lead")}
    assert len({each.organisation_id for each in events(work, "contacts.imported")} & {first, other}) == 2


def test_importing_contacts_again_changes_nothing_and_removes_nobody(work: Work) -> None:
    have(work, school(), second())
    both = (person(Telephone="1"), person(URN="117901", Name="Di Fox", Email="di@school.example"))
    apply(work, contacts(work, *both))
    before = rows_of_register(work)
    again = contacts(work, *both)
    assert look(work, again).counts == (("Unchanged", 2),)
    apply(work, again)
    assert rows_of_register(work) == before
    fewer = contacts(work, person())
    shown = look(work, fewer)
    assert [each.name for each in shown.gone] == ["Di Fox, designated safeguarding lead"]
    assert dict(shown.counts)["Not in this file, kept"] == 1
    apply(work, fewer)
    assert rows_of_register(work) == before
    changed = look(work, contacts(work, person(Telephone="2"))).changed
    assert changed[0].fields == [("Telephone", "1", "2")]


def test_a_contact_who_was_removed_comes_back_with_a_new_file(work: Work) -> None:
    have(work, school())
    apply(work, contacts(work, person()))
    place = organisations(work)["117900"].id or 0
    (contact,) = at(work, place).values()
    service.end_contact(work, place, contact.id or 0)
    assert rights(work, place) == set()
    assert apply(work, contacts(work, person())) == Applied(added=1)
    (back,) = at(work, place).values()
    assert (back.id, back.ended_at) == (contact.id, None)
    assert rights(work, place) == {("ada@school.example", "lead")}


def test_contacts_of_nobody_are_refused_and_an_earlier_number_is_understood(work: Work) -> None:
    have(work, school(), second())
    apply(work, schools(work, school(**ACADEMY), second(), links=[link("148000", "117900")]))
    rows = (person(), person(URN="148000"), person(URN="555555"), person(URN="", Organisation="no-such"))
    shown = look(work, contacts(work, *rows))
    assert [each.cells[0] for each in shown.new] == ["Wold View Academy"]
    assert [(each.row, each.reason) for each in shown.refused] == [
        (3, "Row 3 repeats row 2"),
        (4, "URN 555555 is not in the register"),
        (5, "Organisation no-such is not in the register"),
    ]


def test_one_address_with_two_names_is_one_person_and_the_page_says_so(work: Work) -> None:
    have(work, school())
    import_id = contacts(work, person(), person(Role="Headteacher", Name="Bo Lund"))
    (note,) = look(work, import_id).notes
    assert note.startswith("ada@school.example is Ada Okafor, and the file also says Bo Lund (row 3).")


def test_single_contacts_are_added_and_removed_and_keep_their_access_while_they_have_a_role(
    work: Work,
) -> None:
    place = builders.organisation(work)
    lead = service.add_contact(
        work, place, name="Ada Okafor", email="Ada@school.example", role="designated_safeguarding_lead"
    )
    head = service.add_contact(
        work, place, name="Ada Okafor", email="ada@School.example", role="head_teacher"
    )
    with pytest.raises(RefusedError) as refused:
        service.add_contact(work, place, name="A", email="ada@school.example", role="head_teacher")
    assert "already" in refused.value.problems["email"]
    with pytest.raises(RefusedError) as refused:
        service.add_contact(work, place, name=" ", email="ada", role="boss", telephone="1" * 41)
    assert set(refused.value.problems) == {"name", "email", "role", "telephone"}
    assert rights(work, place) == {("ada@school.example", "lead"), ("ada@school.example", "signatory")}
    service.end_contact(work, place, lead)
    assert len(rights(work, place)) == 2
    service.end_contact(work, place, head)
    service.end_contact(work, place, head)
    assert rights(work, place) == set()
    with pytest.raises(NotFoundError):
        service.end_contact(work, place + 1, head)
    with pytest.raises(NotFoundError):
        service.add_contact(work, 10**6, name="A", email="a@b.example", role="head_teacher")
