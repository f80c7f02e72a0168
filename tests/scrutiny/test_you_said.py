"""You said, we did: what became of last year's actions, and how ratings moved."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.actions import service
from app.actions.rules import DONE, LIVE, ActionStatus, Outcome
from app.core.access import PartnershipRole, Work
from app.scrutiny.you_said import counted, direction
from tests import builders
from tests.actions import scenes
from tests.conftest import ClientAs
from tests.scrutiny.scenes import issued, rate, schools

pytestmark = pytest.mark.visits
_S = ActionStatus
OUTCOMES = ("red", "amber", "green", "insufficient", "not_rated")
TITLES = {"a": "Leadership", "b": "Culture"}


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split())


# --- counting ----------------------------------------------------------------------------------------

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "gone", "")),
        st.sampled_from(("", "Old domain")),
        st.sampled_from(_S),
        st.booleans(),
        st.integers(1, 50),
    ),
    max_size=12,
)
RATINGS = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "gone")),
        st.sampled_from(OUTCOMES),
        st.sampled_from(OUTCOMES),
        st.integers(1, 50),
    ),
    max_size=12,
)


@given(ACTIONS, RATINGS)
def test_every_action_is_counted_once_and_every_comparable_rating(
    actions: list[tuple[str, str, ActionStatus, bool, int]], ratings: list[tuple[str, str, str, int]]
) -> None:
    seen = counted(TITLES, actions, ratings)
    assert seen.whole.said == sum(count for *_, count in actions)
    for line in (*seen.domains, seen.whole):
        assert line.said == line.did + line.under_way + line.overdue + line.did_not
        assert line.accepted <= line.did
    assert seen.whole.did == sum(count for _, _, status, _, count in actions if status in DONE)
    late = sum(count for _, _, status, late, count in actions if status in LIVE and late)
    assert seen.whole.overdue == late
    colours = {"red", "amber", "green"}
    comparable = sum(n for key, *both, n in ratings if key in TITLES and colours.issuperset(both))
    assert seen.compared == seen.whole.up + seen.whole.same + seen.whole.down == comparable
    assert [line.title for line in seen.domains][:2] == ["Leadership", "Culture"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("red", "amber", "up"),
        ("green", "amber", "down"),
        ("amber", "amber", "same"),
        ("insufficient", "green", ""),
        ("green", "not_rated", ""),
    ],
)
def test_a_rating_moves_up_or_down_only_between_colours(before: str, after: str, found: str) -> None:
    assert direction(before, after) == found


def test_the_sentence_is_right_for_none_for_one_and_for_many() -> None:
    assert counted(TITLES, [], []).sentence == "No actions were agreed in the year before."
    one = counted(TITLES, [("a", "", _S.ACCEPTED, False, 1)], []).sentence
    assert one == "Of 1 action 1 is done, 0 under way, 0 overdue, and 0 will not be done."
    many = [("a", "", _S.DONE, True, 1200), ("b", "", _S.OPEN, True, 2), ("b", "", _S.CLOSED, False, 1)]
    assert counted(TITLES, many, []).sentence.startswith("Of 1,203 actions 1,200 are done, 0 under way, 2")


# --- the page ----------------------------------------------------------------------------------------


def test_the_page_tells_what_changed_since_last_year(client_as: ClientAs, work: Work) -> None:
    places = schools(work, "Oak", "Elm")
    early = replace(work, now=work.now - timedelta(days=30))
    last = issued(early, places, title="Last year", due=date(2026, 10, 30))
    rate(early, last, "Oak", "A A G G", on=date(2026, 10, 20))
    rate(early, last, "Elm", "G G G G", on=date(2026, 10, 20))
    done = scenes.action(early, places["Oak"], what="Draw the chart").id or 0
    scenes.action(early, places["Oak"], due_on=date(2026, 11, 1))
    lead = builders.as_person(early, places["Oak"])
    service.say(lead, done, scenes.said(_S.DONE, "It hangs in each office"))
    service.review(scenes.officer(early), done, Outcome.ACCEPTED, "")
    now = issued(work, places, previous=last.round_id, title="This year")
    rate(work, now, "Oak", "G G G G", on=date(2026, 11, 12))
    rate(work, now, "Elm", "R R R R", on=date(2026, 11, 12))
    # Agreed after this year's return went out: it belongs to the next page.
    scenes.action(scenes.later(work, 1), places["Elm"], what="Later")
    work.session.commit()
    page = client_as(PartnershipRole.BOARD_MANAGER).get(f"{now.here}/you-said").text
    assert "Of 2 actions 1 is done, 0 under way, 1 overdue, and 0 will not be done." in words(page)
    assert "6 went up, 6 went down, 0 stayed the same" in words(page)
    assert "It hangs in each office" in page
    partner = client_as(PartnershipRole.SAFEGUARDING_PARTNER).get(f"{now.here}/you-said")
    assert partner.status_code == 200
    assert "It hangs in each office" not in partner.text, "they read ratings, not returns"
    assert "Of 2 actions" in words(partner.text)
    first = client_as(PartnershipRole.PSO).get(f"{last.here}/you-said").text
    assert "There is no round before this one" in words(first)
    assert client_as(PartnershipRole.ADMINISTRATOR).get(f"{now.here}/you-said").status_code == 404
