"""What officers make of a return stays theirs until it is released: on every page, and in the database."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.database import owner_engine
from app.core.scope import enter
from app.main import build_app
from app.moderation import asking, interests, releasing, service, sharing
from app.trail import queries as trail
from app.trail.words import FOR_OFFICERS
from tests.conftest import ClientAs, MovableClock
from tests.moderation import scenes

pytestmark = pytest.mark.access
ClientOn = Callable[[TestClient], TestClient]
LEAD, PSO = OrganisationRole.LEAD, PartnershipRole.PSO
JUDGED, SECOND, ASKED, WHY = "quoll judged", "quoll second", "What is quokka?", "quoll interest"
PAGES = ("", "/history", "/history?show=readings", "/feedback", "/questions", "/receipt", "/governors")


@pytest.fixture
def scene(work: Work) -> scenes.Scene:
    """A signed return of which officers have judged, doubted and asked, and released nothing."""
    this = scenes.signed(work)
    first, second, third = scenes.taken(work, this), scenes.officer(work, "Kim Doe"), scenes.officer(work)
    scenes.judge(first, this, 1, "green", JUDGED)
    service.second_opinion(second, this.return_id, this.keys[1], yes=False, comment=SECOND)
    asking.ask(first, this.return_id, this.domain, this.keys[0], ASKED)
    interests.declare(scenes.officer(work, "Pat Roe"), this.place, WHY)
    sharing.give_back(third, this.return_id, this.domain)
    work.session.commit()
    return this


@pytest.fixture
def careless(engine: Engine, clock: MovableClock) -> Iterator[ClientOn]:
    """The same visitor on a program that works as the owner of the tables, past the policies."""
    owner = owner_engine(engine.url)

    def visitor(like: TestClient) -> TestClient:
        client = TestClient(build_app(owner, clock), headers=dict(like.headers), follow_redirects=False)
        client.cookies.update(like.cookies)
        return client

    yield visitor
    owner.dispose()


def told(client: TestClient, scene: scenes.Scene) -> list[str]:
    """Return the pages of the return that tell a person what officers say among themselves."""
    secret = (JUDGED, SECOND, WHY, "Rest of a domain validated", "Return given to an officer")
    pages = {page: client.get(f"/returns/{scene.return_id}{page}").text for page in PAGES}
    return [page for page, body in pages.items() if any(words in body for words in secret)]


def test_the_history_of_a_return_does_not_tell_its_organisation_what_officers_judge(
    scene: scenes.Scene, client_as: ClientAs
) -> None:
    lead = client_as(LEAD, organisation=scene.place)
    history = lead.get(f"/returns/{scene.return_id}/history").text
    assert "Return signed" in history
    assert ASKED in history, "what the organisation was asked is its own"
    assert told(lead, scene) == []
    officer = client_as(PSO)
    page = officer.get(f"/returns/{scene.return_id}/history").text
    assert all(words in page for words in (JUDGED, SECOND)), "whoever moderates sees every step"


def test_control_a_history_that_forgets_to_leave_it_out_is_noticed_and_the_database_still_does(
    scene: scenes.Scene, client_as: ClientAs, careless: ClientOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "FOR_OFFICERS", frozenset())
    lead = client_as(LEAD, organisation=scene.place)
    assert told(lead, scene) == [], "row-level security holds where the query does not"
    assert told(careless(lead), scene) == ["/history"]


def test_the_database_tells_an_organisation_the_events_that_pages_may_and_no_other(
    scene: scenes.Scene, page_engine: Engine
) -> None:
    query = text("SELECT DISTINCT event FROM audit_event WHERE organisation_id = :place")
    seen = {}
    for roles in (frozenset[PartnershipRole](), frozenset({PSO})):
        with Session(page_engine) as session:
            enter(session, Actor(1, "Robin", "", roles=roles, organisations={scene.place: frozenset({LEAD})}))
            seen[bool(roles)] = set(session.execute(query, {"place": scene.place}).scalars())
    hidden = seen[True] - seen[False]
    assert {"return.signed", "moderation.asked"} <= seen[False]
    assert {"moderation.judged", "moderation.refused", "moderation.shared", "interest.declared"} <= hidden
    assert not seen[False] & FOR_OFFICERS


def test_after_the_release_the_feedback_page_says_it_and_the_history_says_when(
    work: Work, client_as: ClientAs
) -> None:
    this = scenes.signed(work, "Elm School")
    officer = scenes.taken(work, this)
    scenes.judge(officer, this, 0, "amber", JUDGED)
    service.validate_rest(officer, this.return_id, this.domain)
    releasing.release(officer, this.return_id)
    work.session.commit()
    lead = client_as(LEAD, organisation=this.place)
    assert JUDGED in lead.get(f"/returns/{this.return_id}/feedback").text
    history = lead.get(f"/returns/{this.return_id}/history").text
    assert "Validated ratings released to the organisation" in history
    assert JUDGED not in history
    releasing.take_back(officer, this.return_id, "quoll typing error")
    work.session.commit()
    for page in PAGES:
        body = lead.get(f"/returns/{this.return_id}{page}").text
        assert "quoll" not in body, page


def test_nobody_of_another_organisation_finds_or_answers_a_question(
    work: Work, scene: scenes.Scene, client_as: ClientAs
) -> None:
    other = scenes.signed(work, "Oak School")
    work.session.commit()
    stranger = client_as(LEAD, organisation=other.place)
    path = f"/returns/{scene.return_id}/questions"
    form = {"standard": scene.keys[0], f"answer-{scene.keys[0]}": "Ours now", "return_id": scene.return_id}
    assert stranger.get(path).status_code == 404
    assert stranger.post(path, data=form).status_code == 404
    # Through the own return, where nobody was asked: the question of another return is not answered.
    assert stranger.post(f"/returns/{other.return_id}/questions", data=form).status_code == 422
    lead = client_as(LEAD, organisation=scene.place)
    assert "Ours now" not in lead.get(path).text
    assert ASKED not in stranger.get(f"/returns/{other.return_id}/questions").text
