"""Who works for the partnership and for an organisation does not read there what is kept back from it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.moderation import asking, service, sharing
from app.moderation import queries as threads
from app.visits import queries
from tests.conftest import ClientAs
from tests.moderation import scenes as moderation
from tests.visits import scenes as visits

pytestmark = pytest.mark.access
LEAD, PSO, MANAGER = OrganisationRole.LEAD, PartnershipRole.PSO, PartnershipRole.BOARD_MANAGER
EYES_ONLY = "Its points are for others to read"


def prepared(work: Work, name: str) -> tuple[int, int]:
    """Let an agency's visit be prepared, from a return with a red; return the agency and the visit."""
    place = visits.agency(work, name)
    visits.answered_before(work, place)
    visit_id = visits.preparing_visit(work, place)
    work.session.commit()
    return place, visit_id


def test_nobody_reads_why_their_own_organisation_is_visited_and_what_it_will_be_asked(
    work: Work, client_as: ClientAs
) -> None:
    place, visit_id = prepared(work, "Quollford Housing")
    for role in (PSO, MANAGER):
        other, both = client_as(role), client_as(role, LEAD, organisation=place)
        question = queries.questions(work.session, visit_id)[0].id
        for path in (f"/visits/{visit_id}/enquiry", f"/visits/{visit_id}/pack.docx"):
            assert (other.get(path).status_code, both.get(path).status_code) == (200, 404)
        for path in (f"/visits/{visit_id}/enquiry", f"/visits/{visit_id}/enquiry/{question}"):
            assert both.post(path, data={"draft": "again", "text": "Easy"}).status_code == 404
        assert EYES_ONLY not in other.get(f"/visits/{visit_id}").text
        page = both.get(f"/visits/{visit_id}").text
        assert EYES_ONLY in page
        assert f"/visits/{visit_id}/enquiry" not in page
        assert queries.visit_head(work.session, visit_id).visit.reasons not in page
        assert points(both, "Quollford") == []
        assert points(other, "Quollford") != []


def points(client: TestClient, name: str) -> list[str]:
    """Return the reasons that the selection shows for an organisation."""
    page = client.get(f"/visits/selection?name={name}").text
    assert name in page
    return [part for part in page.split("<li>") if "critical standard" in part]


def test_control_a_person_of_another_agency_is_not_kept_out(work: Work) -> None:
    place, visit_id = prepared(work, "Numbatford Housing")
    stranger = Actor(1, "Sam", "", roles=frozenset({PSO}), organisations={place + 1: frozenset({LEAD})})
    assert queries.visit_to_prepare(work.session, stranger, visit_id).organisation_id == place


def test_nobody_reads_what_officers_judge_of_their_own_organisation_before_it_is_released(
    work: Work, client_as: ClientAs
) -> None:
    scene = moderation.signed(work)
    moderation.judge(moderation.taken(work, scene), scene, 0, "amber", "quoll judged")
    work.session.commit()
    other, both = client_as(PSO), client_as(PSO, LEAD, organisation=scene.place)
    where = f"/moderation/{scene.return_id}"
    for path in (where, f"{where}/{scene.domain}"):
        assert (other.get(path).status_code, both.get(path).status_code) == (200, 404)
        assert both.post(path, data={"do": "take"}).status_code == 404
    path = f"{where}/{scene.domain}/{scene.keys[0]}"
    assert both.post(path, data={"do": "validate", "own": "green"}).status_code == 404
    history = f"/returns/{scene.return_id}/history"
    assert "quoll judged" in other.get(history).text
    assert "quoll judged" not in both.get(history).text
    assert service.hold(work, scene.return_id).judged[scene.keys[0]].judged == "amber"


def test_nobody_chooses_who_moderates_their_own_organisation(work: Work, client_as: ClientAs) -> None:
    scene = moderation.signed(work, "Elm School")
    holder = moderation.taken(work, scene)
    friend = moderation.officer(work, "Alex Friend")
    work.session.commit()
    both, path = client_as(MANAGER, LEAD, organisation=scene.place), f"/rounds/{scene.round_id}/moderation"
    for to in (friend.actor.user_id, "nobody"):
        reply = both.post(path, data={"user_id": to, "all": "yes"})
        assert "left-out=1" in reply.headers["location"]
        work.session.rollback()
        assert set(sharing.holders(work, scene.return_id).values()) == {holder.actor.user_id}
    assert (
        client_as(MANAGER).post(path, data={"user_id": friend.actor.user_id, "all": "yes"}).status_code == 303
    )
    work.session.rollback()
    assert set(sharing.holders(work, scene.return_id).values()) == {friend.actor.user_id}


def test_of_colleagues_who_answer_at_the_same_moment_one_is_taken(work: Work, client_as: ClientAs) -> None:
    scene = moderation.signed(work, "Oak School")
    asking.ask(moderation.taken(work, scene), scene.return_id, scene.domain, scene.keys[0], "Who checks?")
    work.session.commit()
    addresses = [f"lead{number}@oak.example.org" for number in range(6)]
    leads = [client_as(LEAD, organisation=scene.place, email=each) for each in addresses]
    form = {"standard": scene.keys[0], f"answer-{scene.keys[0]}": "Our governors"}
    with ThreadPoolExecutor(len(leads)) as pool:
        replies = pool.map(lambda lead: lead.post(f"/returns/{scene.return_id}/questions", data=form), leads)
        assert sorted(reply.status_code for reply in replies) == [303, *[422] * (len(leads) - 1)]
    work.session.rollback()
    assert len(threads.threads(work.session, work.actor, scene.return_id)[scene.keys[0]]) == 2
