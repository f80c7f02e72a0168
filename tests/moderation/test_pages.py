"""The pages of moderation: what each role sees and may do, and what the organisation sees and when."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.scope import enter
from app.moderation import releasing, service, sharing
from app.returns import queries as returns
from app.returns.signing import titles_of
from tests import builders
from tests.conftest import ClientAs
from tests.moderation import scenes

pytestmark = pytest.mark.visits

P = PartnershipRole
LEAD = OrganisationRole.LEAD


def says(client: TestClient, path: str, *texts: str) -> str:
    page = client.get(path)
    assert page.status_code == 200, path
    for expected in texts:
        assert expected in page.text, expected
    return page.text


@pytest.fixture
def scene(work: Work) -> scenes.Scene:
    """A signed return."""
    made = scenes.signed(work)
    work.session.commit()
    return made


def test_an_officer_takes_judges_and_releases_on_the_pages(scene: scenes.Scene, client_as: ClientAs) -> None:
    pso, second = client_as(P.PSO), client_as(P.PSO, email="other@partnership.example.org")
    path, domain = f"/moderation/{scene.return_id}", f"/moderation/{scene.return_id}/{scene.domain}"
    says(pso, f"/rounds/{scene.round_id}/moderation", "0 of 1 signed return released", "Nobody yet")
    says(pso, domain, "Take this domain", "Fewer than five have signed", "Not asked, or no return")
    key = scene.keys[0]
    change = {"do": "change", f"judged-{key}": "red", f"comment-{key}": "", "seen": "0"}
    assert pso.post(f"{domain}/{key}", data=change).status_code == 422, "not taken yet"
    assert pso.post(path, data={"do": "take"}).status_code == 303
    refused = pso.post(f"{domain}/{key}", data=change)
    assert refused.status_code == 422
    assert "Say why you see it otherwise" in refused.text
    kept = pso.post(f"{domain}/{key}", data={**change, f"comment-{key}": "<b>Nobody</b> knew it"})
    assert kept.headers["location"] == f"{domain}#standard-{key}"
    says(pso, domain, "Waits for a second opinion", "&lt;b&gt;Nobody&lt;/b&gt; knew it")
    assert "Confirm the change" not in pso.get(domain).text, "nobody confirms their own"
    assert pso.post(domain).status_code == 303
    says(second, "/moderation", "Second opinions that wait")
    no = {"do": "refuse", f"opinion-{key}": ""}
    assert second.post(f"{domain}/{key}", data=no).status_code == 422
    assert second.post(f"{domain}/{key}", data={"do": "confirm"}).status_code == 303
    says(pso, domain, "confirmed it")
    assert pso.post(path, data={"do": "release"}).status_code == 303
    says(pso, path, "Released on Monday 16 November 2026")
    says(client_as(P.BOARD_MANAGER), f"/rounds/{scene.round_id}", "1 of 1 signed return released, 0 more")
    says(pso, f"/rounds/{scene.round_id}/agreement", "the officer agreed", "Too few to say")


def test_only_some_roles_read_and_only_officers_change(scene: scenes.Scene, client_as: ClientAs) -> None:
    path = f"/moderation/{scene.return_id}"
    key = f"{path}/{scene.domain}/{scene.keys[0]}"
    for role in (P.ADMINISTRATOR, P.SAFEGUARDING_PARTNER):
        client = client_as(role)
        assert [client.get(each).status_code for each in ("/moderation", path)] == [404, 404]
    administrator = client_as(P.ADMINISTRATOR)
    assert administrator.get(f"/rounds/{scene.round_id}/agreement").status_code == 404
    assert "Moderation:" not in administrator.get(f"/rounds/{scene.round_id}").text
    scrutineer = client_as(P.INDEPENDENT_SCRUTINEER)
    page = says(scrutineer, f"{path}/{scene.domain}", "not reviewed yet")
    assert "<form" not in page.split("<main", 1)[1]
    for client in (scrutineer, client_as(P.BOARD_MANAGER)):
        assert client.post(key, data={"do": "validate", "own": "green", "seen": "0"}).status_code == 422
    assert scrutineer.post(path, data={"do": "release"}).status_code == 422
    assert scrutineer.post("/moderation/interests", data={"what": "none"}).status_code == 422


def test_a_board_manager_shares_out_by_organisation_and_by_domain(
    work: Work, scene: scenes.Scene, client_as: ClientAs
) -> None:
    who, manager = scenes.officer(work), client_as(P.BOARD_MANAGER)
    work.session.commit()
    path, to = f"/rounds/{scene.round_id}/moderation", str(who.actor.user_id)
    assert "Choose who moderates them" in manager.post(path, data={"all": "yes"}).text
    assert "Choose at least one organisation" in manager.post(path, data={"user_id": to}).text
    done = manager.post(path, data={"user_id": to, "returns": str(scene.return_id), "domain": scene.domain})
    assert "shared=1" in done.headers["location"]
    says(manager, done.headers["location"], "1 return shared out.", "Sam Whitlock")
    assert list(sharing.holders(work, scene.return_id)) == [scene.domain]
    manager.post(path, data={"user_id": to, "all": "yes"})
    work.session.rollback()
    assert len(sharing.holders(work, scene.return_id)) > 1
    manager.post(path, data={"user_id": "nobody", "all": "yes"})
    work.session.rollback()
    assert sharing.holders(work, scene.return_id) == {}
    assert "No return of this round is signed yet" not in manager.get(path).text
    says(manager, f"{path}?who=nobody&stage=not-begun&name=ash", "1 of 1 signed return")
    says(manager, f"{path}?name=nowhere", "Nothing matches")


def test_the_organisation_answers_on_its_page(work: Work, scene: scenes.Scene, client_as: ClientAs) -> None:
    lead, stranger = client_as(LEAD, organisation=scene.place), None
    other = builders.organisation(work, "Another School")
    who, key = scenes.taken(work, scene), scene.keys[0]
    work.session.commit()
    stranger = client_as(LEAD, organisation=other)
    path = f"/returns/{scene.return_id}/questions"
    says(lead, path, "There are none")
    assert stranger.get(path).status_code == 404
    pso = client_as(P.PSO, email=who.actor.email)
    ask = {"do": "ask", f"question-{key}": "Who checks this?"}
    assert pso.post(f"/moderation/{scene.return_id}/{scene.domain}/{key}", data=ask).status_code == 303
    says(lead, "/", "Answer 1 question of our officers")
    says(lead, path, "Who checks this?", "Your answer")
    assert pso.post(path, data={"standard": key, f"answer-{key}": "Me"}).status_code == 404
    assert stranger.post(path, data={"standard": key, f"answer-{key}": "Me"}).status_code == 404
    assert lead.post(path, data={"standard": key, f"answer-{key}": " "}).status_code == 422
    assert lead.post(path, data={"standard": key, f"answer-{key}": "Our governors"}).status_code == 303
    says(pso, "/", "1 answer came back")
    says(pso, f"/moderation/{scene.return_id}/{scene.domain}", "Our governors")


def _rows(engine: Engine, place: int | None) -> dict[str, int]:
    """Count what the database shows to an organisation's people, or to the partnership's."""
    roles = frozenset() if place else frozenset({P.PSO})
    with Session(engine) as session:
        enter(
            session,
            Actor(1, "Robin", "", roles=roles, organisations={place: frozenset({LEAD})} if place else {}),
        )
        return {
            table: int(session.execute(text(f"SELECT count(*) FROM {table} {where}")).scalar_one())
            for table, where in (
                ("domain_rating", "WHERE source = 'validated'"),
                ("validated_standard", ""),
                ("moderation", ""),
                ("moderation_share", ""),
            )
        }


def test_validated_ratings_are_the_organisations_only_once_released(
    work: Work, scene: scenes.Scene, client_as: ClientAs, page_engine: Engine
) -> None:
    lead = client_as(LEAD, organisation=scene.place)
    path = f"/returns/{scene.return_id}/feedback"
    who = scenes.taken(work, scene)
    scenes.judge(who, scene, 0, "amber", "The plan is not signed yet")
    service.validate_rest(who, scene.return_id, scene.domain)
    work.session.commit()
    assert "side by side" not in lead.get(path).text
    assert set(_rows(page_engine, scene.place).values()) == {0}, "the database keeps it back, too"
    assert 0 not in _rows(page_engine, None).values(), "there is something to keep back"
    releasing.release(who, scene.return_id)
    work.session.commit()
    page = says(lead, path, "You and our officers, side by side", "The plan is not signed yet")
    assert page.count("Not reviewed") > 1
    seen = _rows(page_engine, scene.place)
    assert (seen["domain_rating"], seen["moderation"], seen["moderation_share"]) == (1, 1, 0)
    releasing.take_back(who, scene.return_id, "A typing error")
    work.session.commit()
    assert "side by side" not in lead.get(path).text
    assert set(_rows(page_engine, scene.place).values()) == {0}


def test_peers_are_shown_from_five_upwards_and_last_years_judgement_beside_this_years(
    work: Work, client_as: ClientAs
) -> None:
    version = builders.published(work)
    places = [builders.organisation(work, f"School {number}") for number in range(6)]
    before = scenes.signed_at(work, places[0])
    who = scenes.taken(work, before)
    scenes.judge(who, before, 0, "amber", "Last year it was a draft")
    service.validate_rest(who, before.return_id, before.domain)
    round_id = builders.open_round(work, places, version_id=version, previous=before.round_id)
    for place in places[:5]:
        builders.signed_return(work, round_id, place)
    work.session.commit()
    this = builders.return_of(work, round_id, places[0])
    pso, path = client_as(P.PSO), f"/moderation/{this.id}/{before.domain}"
    says(pso, path, "Fewer than five have signed", "Last year it was a draft")
    builders.signed_return(work, round_id, places[5])
    work.session.commit()
    page = says(pso, path, "5 others")
    assert "Fewer than five" not in page
    title = titles_of(returns.questionnaire_of(work.session, this))[before.keys[0]]
    assert title in page


def test_interests_are_declared_and_ended_on_their_page(work: Work, client_as: ClientAs) -> None:
    place = builders.organisation(work, "Oak School")
    work.session.commit()
    pso, path = client_as(P.PSO), "/moderation/interests"
    assert pso.post(path, data={"organisation": "", "what": ""}).text.count("govuk-error-message") == 2
    assert pso.post(path, data={"organisation": str(place), "what": "A governor"}).status_code == 303
    assert pso.post(path, data={"organisation": str(place), "what": "Again"}).status_code == 422
    page = says(pso, path, "A governor", "It has ended")
    says(client_as(P.BOARD_MANAGER), path, "A governor")
    number = page.split('name="end" value="', 1)[1].split('"', 1)[0]
    assert client_as(P.BOARD_MANAGER).post(path, data={"end": number}).status_code == 404
    assert pso.post(path, data={"end": number}).status_code == 303
    says(pso, path, "You have declared none.")


def test_a_long_queue_has_pages_and_all_of_them_can_be_shared_out_at_once(
    work: Work, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Alder School", "Birch School", "Cedar School")
    places = [builders.organisation(work, name) for name in names]
    round_id = builders.open_round(work, places)
    for place in places:
        builders.signed_return(work, round_id, place)
    work.session.commit()
    monkeypatch.setattr("app.moderation.pages.ROWS_A_PAGE", 2)
    manager, path = client_as(P.BOARD_MANAGER), f"/rounds/{round_id}/moderation"
    pso = client_as(P.PSO)
    first = says(pso, path, "3 of 3 signed returns, page 1 of 2", "page=2")
    second = says(pso, f"{path}?page=2", "page 2 of 2", "page=1")
    assert [name in first for name in names] != [name in second for name in names]
    assert all((name in first) != (name in second) for name in names)
    assert says(pso, f"{path}?page=9", "page 2 of 2") == second
    assert "Cedar School" in says(pso, f"{path}?page=x", "page 1 of 2") + second
    refused = manager.post(path, data={"page": "2", "all": "yes", "user_id": ""})
    assert refused.status_code == 422
    assert "page 2 of 2" in refused.text
    officer = scenes.officer(work).actor.user_id
    work.session.commit()
    done = manager.post(path, data={"page": "2", "all": "yes", "user_id": str(officer)})
    assert "page=2" in done.headers["location"]
    says(manager, done.headers["location"], "3 returns shared out", "page 2 of 2")
