"""Handing over: the contact names a successor, the board manager confirms, and the roles move."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.organisations import handing_over
from app.organisations.models import Contact
from app.people import queries, service
from app.people.models import User
from tests import builders
from tests.conftest import ClientAs
from tests.people.steps import mails_to, newest_link, signed_in

pytestmark = pytest.mark.access
LEAVER, NEW = "dsl@ashgrove.example.org", "new.dsl@ashgrove.example.org"


@pytest.fixture
def place(work: Work) -> int:
    """A school with a lead, who may sign in."""
    place = builders.organisation(work)
    user_id = builders.contact(work, place, LEAVER)
    work.session.get_one(User, user_id).disabled_at = None
    work.session.commit()
    return place


def asked(client: TestClient, place: int | str, **more: str) -> int:
    data = {"organisation_id": str(place), "name": "Jo New", "email": NEW, "note": "From January", **more}
    return client.post("/account/hand-over", data=data).status_code


def newest_id(work: Work) -> int:
    return max(each.id for each in handing_over.hand_overs(work.session, decided=False))


def roles_at(engine: Engine, address: str, place: int) -> set[OrganisationRole]:
    with Session(engine) as session:
        user_id = queries.users_by_email(session, [address]).get(address, 0)
        held = {each.organisation_id: each.roles for each in queries.places_of(session, user_id)}
    return set(held.get(place, ()))


def test_roles_and_places_move_when_the_board_manager_confirms(
    client_as: ClientAs, engine: Engine, work: Work, place: int
) -> None:
    leaver = client_as(OrganisationRole.SIGNATORY, organisation=place, email=LEAVER)
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    assert asked(leaver, place) == 303
    assert "You have told us" in leaver.get("/account/hand-over").text
    assert roles_at(engine, NEW, place) == set(), "nothing changes before it is confirmed"
    assert "From January" in manager.get("/hand-overs").text
    assert "Confirm 1 change of contact" in manager.get("/").text
    assert "change of contact" not in client_as(PartnershipRole.ADMINISTRATOR).get("/").text
    assert mails_to(engine, "manager@partnership.example.org", "hand-over")
    assert manager.post(f"/hand-overs/{newest_id(work)}/confirm").status_code == 303
    assert roles_at(engine, LEAVER, place) == set()
    assert roles_at(engine, NEW, place) == {OrganisationRole.LEAD, OrganisationRole.SIGNATORY}
    assert not signed_in(leaver), "who serves no other organisation is switched off"
    with Session(engine) as session:
        contacts = session.execute(
            select(col(User.email), col(Contact.role), col(Contact.ended_at).is_(None))
            .join(User, col(User.id) == col(Contact.user_id))
            .where(col(Contact.organisation_id) == place)
        ).all()
    role = "designated_safeguarding_lead"
    assert {tuple(each) for each in contacts} == {(LEAVER, role, False), (NEW, role, True)}
    successor = client_as()
    successor.post(newest_link(engine, NEW, "invitation"), data={"to": "/"})
    assert successor.post(newest_link(engine, NEW)).status_code == 303
    assert successor.get("/account").status_code == 200
    assert "confirmed" in manager.get("/hand-overs").text


def test_confirming_twice_moves_nothing_twice(client_as: ClientAs, work: Work, place: int) -> None:
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    asked(leaver, place)
    this = newest_id(work)
    assert manager.post(f"/hand-overs/{this}/confirm").status_code == 303
    for path in ("confirm", "decline"):
        reply = manager.post(f"/hand-overs/{this}/{path}", data={"reason": "Late"})
        assert reply.status_code == 422
    assert manager.post("/hand-overs/999999/confirm").status_code == 404


def test_a_declined_one_leaves_everything_and_says_why(
    client_as: ClientAs, engine: Engine, work: Work, place: int
) -> None:
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    asked(leaver, place)
    this = newest_id(work)
    assert manager.post(f"/hand-overs/{this}/decline").status_code == 422
    assert (
        manager.post(f"/hand-overs/{this}/decline", data={"reason": "Not their address"}).status_code == 303
    )
    assert roles_at(engine, LEAVER, place) == {OrganisationRole.LEAD}
    assert "Not their address" in mails_to(engine, LEAVER)[-1]
    assert signed_in(leaver)
    assert asked(leaver, place) == 303, "it can be asked again"


def test_somebody_who_serves_elsewhere_keeps_that(
    client_as: ClientAs, engine: Engine, work: Work, place: int
) -> None:
    other = builders.organisation(work, "Other School")
    builders.contact(work, other, LEAVER)
    work.session.commit()
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    page = leaver.get("/account/hand-over").text
    assert "Which organisation?" in page
    assert asked(leaver, "") == 422
    asked(leaver, place)
    client_as(PartnershipRole.BOARD_MANAGER).post(f"/hand-overs/{newest_id(work)}/confirm")
    assert signed_in(leaver)
    assert roles_at(engine, LEAVER, other) == {OrganisationRole.LEAD}


def test_nobody_hands_over_what_is_not_theirs(client_as: ClientAs, work: Work, place: int) -> None:
    other = builders.organisation(work, "Not theirs")
    work.session.commit()
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    assert asked(leaver, other) == 404
    assert asked(leaver, 999_999) == 404
    assert client_as(PartnershipRole.PSO).get("/account/hand-over").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("email", "no"), ("email", LEAVER.upper()), ("note", "x" * 1_001)]
)
def test_what_cannot_be_is_refused_with_how_to_mend_it(
    client_as: ClientAs, place: int, field: str, value: str
) -> None:
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    assert asked(leaver, place, **{field: value}) == 422


def test_asking_twice_says_so(client_as: ClientAs, place: int) -> None:
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    assert asked(leaver, place) == 303
    assert asked(leaver, place) == 422


def test_a_successor_who_is_switched_off_is_switched_on_first(
    client_as: ClientAs, work: Work, place: int
) -> None:
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    asked(leaver, place, email="off@ashgrove.example.org")
    user_id = service.ensure_users(work, [("off@ashgrove.example.org", "Off")])["off@ashgrove.example.org"]
    work.session.get_one(User, user_id).disabled_at = work.now
    work.session.commit()
    reply = manager.post(f"/hand-overs/{newest_id(work)}/confirm")
    assert reply.status_code == 422
    assert "Switch it on first" in reply.text
    assert signed_in(leaver)


def test_what_people_wrote_is_shown_as_text(client_as: ClientAs, place: int) -> None:
    leaver = client_as(OrganisationRole.LEAD, organisation=place, email=LEAVER)
    asked(leaver, place, name="<script>alert(1)</script>", note="{{7*7}} <div hx-get=/x>")
    page = client_as(PartnershipRole.BOARD_MANAGER).get("/hand-overs").text
    assert "<script>alert(1)" not in page
    assert "<div hx-get=/x>" not in page
    assert "{{7*7}}" in page
