"""Who owes no answer: shown apart, and counted nowhere."""

import re
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from app.chasing import holding
from app.chasing.exempting import exempt_returns, exempt_words
from app.chasing.models import ExemptionKind
from app.chasing.overview import overview_of
from app.chasing.queries import return_lines
from app.core.access import PartnershipRole, Work
from app.organisations.models import Succession
from app.rounds.queries import round_line
from app.visits.sources import selection_facts
from tests.chasing.scenes import Scene, scene, sign
from tests.conftest import NOW, ClientAs

pytestmark = pytest.mark.chasing
R = PartnershipRole
LATE = date(2027, 3, 1)


@pytest.fixture
def merged(work: Work) -> Scene:
    """Three schools were asked; Birch has signed, and Cedar was merged into Oak."""
    this = scene(work, "Oak", "Birch", "Cedar", district="Riverside")
    sign(work, this.returns["Birch"], date(2026, 11, 10))
    work.session.add(
        Succession(predecessor_id=this.places["Cedar"], successor_id=this.places["Oak"], merged=True)
    )
    holding.exempt(work, this.round_id, [this.returns["Cedar"]], "merged", "One school since September")
    work.session.commit()
    return this


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(R.BOARD_MANAGER)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split())


def test_the_words_say_where_an_organisation_has_gone() -> None:
    assert exempt_words(ExemptionKind.MERGED, ["Oak"]) == "merged into Oak"
    assert exempt_words(ExemptionKind.MERGED, ["Ash", "Oak"]) == "merged into Ash and Oak"
    assert exempt_words(ExemptionKind.MERGED, []) == "merged with another organisation"
    assert exempt_words(ExemptionKind.CLOSED, ["Oak"]) == "closed, or closing before it is due"
    assert exempt_words(ExemptionKind.ELSEWHERE, []) == "answers through another partnership"


def test_every_page_counts_the_same_two_of_three(merged: Scene, manager: TestClient) -> None:
    said = {path: words_of(manager.get(path).text) for path in ("/", merged.here)}
    for path in ("/chase", "/ratings"):
        said[path] = words_of(manager.get(merged.here + path).text)
    assert "50% answered: 1 of 2" in said["/"]
    assert "1 more owes no answer" in said["/"]
    assert "50% answered 1 of 2" in said[merged.here]
    assert "1 of 2 organisations" in said["/chase"]
    assert "1 of 2 returns is signed and rated" in said["/ratings"]
    for path in (merged.here, "/chase"):
        assert "1 more organisation owes no answer and is not counted" in said[path]
        assert re.search(r"Cedar : merged into Oak\. One school since September", said[path])
    assert "Owe no answer, not counted (1) Cedar Exempt: merged into Oak" in said["/ratings"]


def test_the_steps_the_groups_and_the_line_count_none_of_them(merged: Scene, work: Work) -> None:
    line = round_line(work.session, merged.round_id)
    returns = return_lines(work.session, merged.round_id)[merged.round_id]
    seen = overview_of(line, returns, None, [], today=date(2026, 11, 16))
    assert [step.count for step in seen.steps] == [2, 1, 1, 1, 1, 1]
    for groups in (seen.by_kind, seen.by_phase, seen.by_district):
        assert [(group.asked, group.answered) for group in groups] == [(2, 1)]
    assert seen.lines.this[-1] is None
    assert max(share for share in seen.lines.this if share is not None) == 50


def test_the_heat_map_shows_them_apart_only_where_they_fit(merged: Scene, manager: TestClient) -> None:
    def shown(query: str) -> bool:
        return "Exempt: merged into Oak" in manager.get(f"{merged.here}/ratings{query}").text

    assert shown("?district=Riverside")
    assert shown("?text=ced")
    assert not shown("?text=birch")
    assert not shown("?signed=yes")
    assert not shown("?outcome=unanswered")


def test_who_signs_all_the_same_has_answered_and_counts(merged: Scene, work: Work) -> None:
    sign(work, merged.returns["Cedar"], date(2026, 11, 12))
    assert exempt_returns(work.session, merged.round_id) == ()
    assert len(return_lines(work.session, merged.round_id)[merged.round_id]) == 3


def test_who_is_asked_again_counts_again(merged: Scene, manager: TestClient, work: Work) -> None:
    page = manager.get(f"{merged.here}/spared").text
    lift = re.search(r'action="([^"]+/lift)"', page)
    assert lift is not None
    manager.post(lift[1])
    assert "33% answered 1 of 3" in words_of(manager.get(merged.here).text)
    assert exempt_returns(work.session, merged.round_id) == ()


def test_who_owes_no_answer_has_not_failed_to_return_when_visits_are_chosen(
    merged: Scene, session: Session
) -> None:
    facts = selection_facts(session, LATE)
    assert facts[merged.places["Oak"]].not_returned
    assert not facts[merged.places["Cedar"]].not_returned


def test_last_years_exemption_is_no_silence(merged: Scene, work: Work, manager: TestClient) -> None:
    again = scene(work, "Dogwood", previous=merged.round_id)
    work.session.add(
        Succession(predecessor_id=merged.places["Cedar"], successor_id=again.places["Dogwood"], merged=True)
    )
    work.session.commit()
    assert "did not answer last year" not in words_of(manager.get(f"{again.here}/chase").text)
    assert NOW.date() < LATE
