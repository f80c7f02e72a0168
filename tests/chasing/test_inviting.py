"""Contacts who come after a round was issued: one click invites them, and never twice."""

from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select as pick

from app.chasing import holding
from app.chasing.inviting import invite_newcomers, newcomers
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.models import AddressFault, OutboxMessage, UndeliverableAddress
from app.organisations.contacts import add_contact, end_contact
from app.returns.issuing import issue
from tests import builders
from tests.chasing.scenes import Scene, close, scene, sign
from tests.conftest import NOW, ClientAs

pytestmark = pytest.mark.chasing
TODAY = NOW.date()
DEPUTY = "deputy_safeguarding_lead"


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(PartnershipRole.BOARD_MANAGER)


def invited(work: Work, this: Scene) -> list[str]:
    """Return who was invited to the round, each as often as that."""
    keys = {f"invitation:{number}" for number in this.returns.values()}
    found = work.session.exec(pick(OutboxMessage).where(OutboxMessage.kind == "invitation")).all()
    return sorted(each.recipient for each in found if each.dedupe_key.rsplit(":", 1)[0] in keys)


def names(work: Work, this: Scene) -> list[str]:
    return [each.address for each in newcomers(work.session, this.round_id, TODAY)]


def join(work: Work, place: int, address: str, role: str = DEPUTY) -> int:
    contact_id = add_contact(work, place, name="New Person", email=address, role=role)
    work.session.commit()
    return contact_id


def test_one_click_invites_those_who_came_later_and_a_second_one_nobody(
    work: Work, manager: TestClient
) -> None:
    this = scene(work, "Oak", "Elm")
    assert names(work, this) == []
    assert "not been invited" not in manager.get(f"{this.here}/chase").text
    join(work, this.places["Oak"], "new-1@example.org")
    page = manager.get(f"{this.here}/chase").text
    assert "1 contact has not been invited to this round yet" in page
    assert "1 new contact not invited yet" in manager.get("/").text
    for count, said in ((1, "1 invitation leaves in a few minutes"), (0, "Nobody was invited")):
        reply = manager.post(f"{this.here}/invite", follow_redirects=False)
        assert reply.headers["location"] == f"{this.here}/chase?invited={count}"
        assert said in manager.get(reply.headers["location"]).text
    issue(work, this.round_id)
    work.session.commit()
    expected = sorted(f"lead-{place}@example.org" for place in this.places.values())
    assert invited(work, this) == [*expected, "new-1@example.org"]


def test_the_invitation_names_the_day_on_which_this_return_is_due(work: Work) -> None:
    this = scene(work, "Oak")
    holding.extend(work, this.round_id, list(this.returns.values()), date(2027, 3, 31), "A flood")
    join(work, this.places["Oak"], "new-2@example.org")
    assert invite_newcomers(work, this.round_id) == 1
    mail = work.session.exec(
        pick(OutboxMessage).where(
            OutboxMessage.recipient == "new-2@example.org", OutboxMessage.kind == "invitation"
        )
    ).one()
    assert "Due: Wednesday 31 March 2027" in mail.body
    work.session.rollback()


def test_who_cannot_or_need_not_answer_is_no_newcomer(work: Work) -> None:
    this = scene(work, "Signed", "Exempt", "Paused", "Chair", "Dead", "Gone again", "Both roles")
    for number, (name, place) in enumerate(this.places.items()):
        role = "chair_of_governors" if name == "Chair" else DEPUTY
        joined = join(work, place, f"late-{number}@example.org", role)
        if name == "Gone again":
            end_contact(work, place, joined)
        if name == "Both roles":
            join(work, place, f"late-{number}@example.org", "designated_safeguarding_lead")
    sign(work, this.returns["Signed"], TODAY)
    holding.exempt(work, this.round_id, [this.returns["Exempt"]], "closed", "Gone")
    holding.pause(work, this.round_id, reason="Inspection", return_ids=[this.returns["Paused"]])
    work.session.add(
        UndeliverableAddress(address="late-4@example.org", fault=AddressFault.BY_HAND, detail="", since=NOW)
    )
    work.session.commit()
    assert names(work, this) == ["late-6@example.org"]


def test_after_a_pause_they_are_newcomers_again(work: Work) -> None:
    this = scene(work, "Oak")
    join(work, this.places["Oak"], "new-3@example.org")
    holding.pause(work, this.round_id, reason="Inspection", ends_on=TODAY)
    work.session.commit()
    assert names(work, this) == []
    assert len(newcomers(work.session, this.round_id, TODAY + timedelta(days=1))) == 1


@pytest.mark.access
def test_only_those_who_chase_invite_and_only_to_an_open_round(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Oak")
    join(work, this.places["Oak"], "new-4@example.org")
    assert client_as(PartnershipRole.PSO).post(f"{this.here}/invite").status_code == 404
    officer = builders.as_person(work, this.places["Oak"], address="x@example.org", name="X")
    with pytest.raises(NotFoundError):
        invite_newcomers(Work(work.session, officer.actor, NOW), this.round_id)
    work.session.rollback()
    close(work, this.round_id)
    with pytest.raises(RefusedError, match="not open"):
        invite_newcomers(work, this.round_id)
    work.session.rollback()
