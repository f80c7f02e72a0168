"""The pages of the register: the list and one organisation; who may use them and what they refuse."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.organisations.models import Contact
from tests import builders
from tests.conftest import ClientAs
from tests.organisations.page_steps import HOSTILE, counted, names


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(PartnershipRole.BOARD_MANAGER)


@pytest.fixture
def place(work: Work) -> int:
    made = builders.organisation(work, name=f"Ashgrove {work.now.timestamp()}")
    work.session.commit()
    return made


# --- the empty register ---------------------------------------------------------------------------


def test_an_empty_register_says_what_will_appear_and_what_to_do_first(client_as: ClientAs) -> None:
    page = client_as(PartnershipRole.ADMINISTRATOR).get("/organisations").text
    assert "Nobody is in the register yet" in page
    assert 'href="/organisations/import"' in page
    reader = client_as(PartnershipRole.PSO).get("/organisations").text
    assert 'href="/organisations/import"' not in reader


# --- who may --------------------------------------------------------------------------------------


@pytest.mark.access
@pytest.mark.parametrize("role", list(PartnershipRole))
def test_the_partnership_reads_and_only_the_register_roles_write(
    role: PartnershipRole, client_as: ClientAs, place: int
) -> None:
    client = client_as(role)
    assert client.get("/organisations").status_code == 200
    page = client.get(f"/organisations/{place}")
    assert page.status_code == 200
    writes = role in {PartnershipRole.BOARD_MANAGER, PartnershipRole.ADMINISTRATOR}
    reads_ratings = role is not PartnershipRole.ADMINISTRATOR
    assert (f'action="/organisations/{place}/contacts"' in page.text) is writes
    assert (f"/organisations/{place}/profile" in page.text) is reads_ratings
    expected = 200 if writes else 404
    assert client.get("/organisations/import").status_code == expected
    posted = client.post("/organisations/import", data={"what": "schools"})
    assert posted.status_code == (422 if writes else 404)
    if not writes:
        added = client.post(f"/organisations/{place}/contacts", data={"name": "A"})
        assert added.status_code == 404
        assert client.post(f"/organisations/{place}/contacts/1/remove").status_code == 404
        for step in ("", "/apply", "/discard"):
            method = client.get if not step else client.post
            assert method(f"/organisations/import/1{step}").status_code == 404


@pytest.mark.access
def test_people_of_an_organisation_and_strangers_see_nothing_of_the_register(
    client_as: ClientAs, place: int
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    for path in ("/organisations", f"/organisations/{place}", "/organisations/import"):
        assert lead.get(path).status_code == 404
        assert client_as().get(path).status_code == 303
    assert client_as().post(f"/organisations/{place}/contacts").status_code == 401


# --- the list -------------------------------------------------------------------------------------


def test_the_list_filters_by_everything_that_it_offers(manager: TestClient, work: Work) -> None:
    near = builders.organisation(work, "Filter Alpha", district="Westerby", duty="section_11", kind="police")
    builders.organisation(work, "Filter Beta", phase="secondary", status="gone", postcode="ZZ1 9XY")
    builders.organisation(work, "Filter 100%_Gamma", phase="secondary", trust_name="Estuary Trust")
    builders.contact(work, near, "filter-alpha@example.org")
    work.session.commit()
    everywhere = "/organisations?text=filter"
    assert names(manager.get(everywhere).text) == ["Filter 100%_Gamma", "Filter Alpha"]
    assert names(manager.get(f"{everywhere}&status=all").text)[2] == "Filter Beta"
    assert names(manager.get(f"{everywhere}&status=gone").text) == ["Filter Beta"]
    assert names(manager.get(f"{everywhere}&contact=without").text) == ["Filter 100%_Gamma"]
    assert names(manager.get("/organisations?kind=police&text=filter").text) == ["Filter Alpha"]
    assert names(manager.get("/organisations?district=Westerby").text) == ["Filter Alpha"]
    assert names(manager.get("/organisations?duty=section_11").text) == ["Filter Alpha"]
    assert names(manager.get("/organisations?phase=secondary").text) == ["Filter 100%_Gamma"]
    assert names(manager.get("/organisations?text=zz1+9&status=all").text) == ["Filter Beta"]
    assert names(manager.get("/organisations?text=estuary").text) == ["Filter 100%_Gamma"]
    assert names(manager.get("/organisations?text=100%25_").text) == ["Filter 100%_Gamma"]
    assert "No organisation fits these filters" in manager.get("/organisations?text=100%25%25").text


@pytest.mark.parametrize(
    "query",
    [
        "status=x&kind=x&phase=x&duty=x&contact=x",
        "page=-1",
        "page=99999999999",
        "text=%00%ff",
        "district=%00",
    ],
)
def test_odd_addresses_answer_with_the_list(query: str, manager: TestClient, place: int) -> None:
    assert place
    assert manager.get(f"/organisations?{query}").status_code == 200


def test_a_long_list_has_pages_and_takes_as_many_statements_as_a_short_one(
    manager: TestClient, work: Work, page_engine: Engine
) -> None:
    builders.organisation(work, "Paged 000")
    work.session.commit()
    with counted(page_engine) as few:
        assert manager.get("/organisations?text=paged").status_code == 200
    for number in range(1, 121):
        builders.organisation(work, f"Paged {number:03}")
    work.session.commit()
    with counted(page_engine) as many:
        first = manager.get("/organisations?text=paged").text
    assert len(few) == len(many) == 4
    assert "121 organisations found, page 1 of 3" in first
    assert len(names(first)) == 50
    assert "/organisations?text=paged&amp;page=2" in first
    last = manager.get("/organisations?text=paged&page=7").text
    assert names(last)[-1] == "Paged 120"
    assert len(names(last)) == 21


def test_htmx_gets_the_list_alone_and_everybody_else_the_page(manager: TestClient, place: int) -> None:
    assert place
    part = manager.get("/organisations", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "<html" not in part
    assert names(part)
    assert "<html" in manager.get("/organisations", headers={"HX-Request": "true"}).text


# --- one organisation -----------------------------------------------------------------------------


def test_a_contact_is_added_and_removed_on_the_page(manager: TestClient, place: int, engine: Engine) -> None:
    path = f"/organisations/{place}"
    assert "has no contact" in manager.get(path).text
    typed = {
        "name": "Ada Okafor",
        "email": "ada@school.example",
        "role": "head_teacher",
        "telephone": "01472 1",
    }
    reply = manager.post(f"{path}/contacts", data=typed)
    assert reply.status_code == 303
    page = manager.get(reply.headers["location"]).text
    assert "Ada Okafor is a contact now, as head teacher." in page
    assert "Contact added: Ada Okafor, head teacher" in page
    with Session(engine) as session:
        contact_id = session.execute(
            select(col(Contact.id)).where(col(Contact.organisation_id) == place)
        ).scalar_one()
    elsewhere = manager.post(f"/organisations/{place + 1}/contacts/{contact_id}/remove")
    assert elsewhere.status_code == 404
    removed = manager.post(f"{path}/contacts/{contact_id}/remove")
    after = manager.get(removed.headers["location"]).text
    assert "The contact was removed." in after
    assert "ada@school.example" not in after


def test_a_contact_that_cannot_be_added_keeps_what_was_typed(manager: TestClient, place: int) -> None:
    typed = {"name": HOSTILE, "email": "ada@school", "role": "", "telephone": "9"}
    reply = manager.post(f"/organisations/{place}/contacts", data=typed)
    assert reply.status_code == 422
    assert "Error: " in reply.text
    assert 'href="#email"' in reply.text
    assert 'href="#role"' in reply.text
    assert 'value="ada@school"' in reply.text
    assert "<script>alert" not in reply.text
    assert "&lt;script&gt;alert" in reply.text
    assert manager.post("/organisations/999999/contacts", data=typed).status_code == 404
    assert manager.get("/organisations/999999").status_code == 404
    assert manager.get("/organisations/import-me").status_code == 404
