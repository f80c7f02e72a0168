"""The overview of a round: who sees it, what it says, and what it costs."""

from datetime import date

import pytest
from sqlalchemy import Engine

from app.chasing.overview import overview_of
from app.chasing.queries import return_lines
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.returns.models import ReturnState
from app.rounds import queries
from app.rounds.models import Round
from tests import builders
from tests.chasing.scenes import close, counted, put, scene, sign
from tests.conftest import ClientAs

pytestmark = pytest.mark.chasing

R = PartnershipRole
LINKS = {
    "chase": "/chase",
    "ratings": "/ratings",
    "what-if": "/what-if",
    "workbook": "/workbook.xlsx",
    "audience": "/audience",
    "close": "/close",
}


@pytest.mark.access
@pytest.mark.parametrize(
    ("role", "links"),
    [
        (R.BOARD_MANAGER, {"chase", "ratings", "what-if", "workbook", "audience", "close"}),
        (R.ADMINISTRATOR, {"chase", "audience"}),
        (R.PSO, {"ratings", "what-if", "workbook"}),
        (R.SAFEGUARDING_PARTNER, {"ratings", "what-if"}),
        (R.INDEPENDENT_SCRUTINEER, {"ratings", "what-if", "workbook"}),
    ],
)
def test_every_partnership_role_sees_the_round_and_only_the_links_it_may_follow(
    work: Work, client_as: ClientAs, role: PartnershipRole, links: set[str]
) -> None:
    here = scene(work, "Ashgrove").here
    reply = client_as(role).get(here)
    assert reply.status_code == 200
    found = {name for name, path in LINKS.items() if f'"{here}{path}"' in reply.text}
    assert found == links


@pytest.mark.access
def test_people_of_organisations_and_strangers_do_not_see_a_round(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Ashgrove")
    lead = client_as(OrganisationRole.LEAD, organisation=this.places["Ashgrove"])
    assert lead.get(this.here).status_code == 404
    assert client_as().get(this.here).status_code == 303


def test_a_round_that_is_not_there_is_not_found(client_as: ClientAs) -> None:
    assert client_as(R.PSO).get("/rounds/999999").status_code == 404


def test_the_headline_counts_signatures_and_compares_with_last_year(work: Work, client_as: ClientAs) -> None:
    before = scene(work, "Oak", "Elm", "Ash", "Yew")
    old = work.session.get(Round, before.round_id)
    assert old is not None
    old.opens_on, old.due_on = date(2025, 10, 2), date(2026, 1, 30)
    sign(work, before.returns["Oak"], date(2025, 11, 3))
    sign(work, before.returns["Elm"], date(2026, 1, 20))
    close(work, before.round_id)
    this = scene(work, "Beech", "Lime", previous=before.round_id)
    sign(work, this.returns["Beech"], date(2026, 11, 12))
    page = client_as(R.PSO).get(this.here).text
    assert "50% answered" in page
    assert "1 of 2, 25 points above last year with 74 days to go" in " ".join(page.split())


def test_states_are_counted_and_lead_to_the_list(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Oak", "Elm", "Ash")
    put(work, this.returns["Oak"], state=ReturnState.OPENED)
    put(work, this.returns["Elm"], due_on=date(2026, 11, 15))
    page = client_as(R.BOARD_MANAGER).get(this.here).text
    for state in ("overdue", "not_started", "not_opened"):
        assert f'{this.here}/chase?state={state}"' in page
    assert "Stalled" not in page


def test_never_opened_is_the_same_number_wherever_it_stands(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Oak", "Elm", "Ash", "Yew")
    for name in ("Oak", "Elm"):
        builders.contact(work, this.places[name], f"{name.lower()}-{this.round_id}@example.org")
    put(work, this.returns["Elm"], state=ReturnState.OPENED)
    line = queries.round_line(work.session, this.round_id)
    seen = overview_of(line, return_lines(work.session, line.id)[line.id], None, [], today=date(2026, 11, 16))
    tile = next(each.count for each in seen.pressing if each.state == "not_opened")
    manager = client_as(R.BOARD_MANAGER)
    listed = manager.get(f"{this.here}/chase.csv?state=not_opened").text.strip().count("\r\n")
    assert tile == listed
    assert tile == sum(group.not_opened for group in seen.by_kind)
    assert tile == sum(group.not_opened for group in seen.by_phase)


def test_a_round_that_nobody_was_asked_in_says_what_to_do_first(work: Work, client_as: ClientAs) -> None:
    empty = Round(
        title="Not issued",
        version_id=builders.published(work),
        school_year="2026 to 2027",
        opens_on=date(2026, 12, 1),
        due_on=date(2027, 1, 29),
        created_at=work.now,
    )
    work.session.add(empty)
    work.session.commit()
    page = client_as(R.BOARD_MANAGER).get(f"/rounds/{empty.id}").text
    assert "Nobody has been asked yet" in page
    assert f"/rounds/{empty.id}/audience" in page
    assert "Close this round" not in page
    assert "Nobody has been asked yet" in client_as(R.PSO).get(f"/rounds/{empty.id}").text


def test_a_closed_round_can_be_read_and_offers_reopening(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Oak")
    close(work, this.round_id)
    page = client_as(R.BOARD_MANAGER).get(this.here).text
    assert "Closed Monday 16 November 2026" in page
    assert f'action="{this.here}/reopen"' in page
    assert f'action="{this.here}/close"' not in page


def test_names_are_shown_as_text(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Oak")
    made = work.session.get(Round, this.round_id)
    assert made is not None
    made.title = "<script>alert(1)</script>" + "L" * 90
    work.session.commit()
    page = client_as(R.PSO).get(this.here).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_overview_costs_the_same_however_many_returns_there_are(
    work: Work, client_as: ClientAs, page_engine: Engine
) -> None:
    before = scene(work, "Before")
    small = scene(work, "Only", previous=before.round_id)
    large = scene(work, *(f"School {number}" for number in range(40)), previous=before.round_id)
    client = client_as(R.BOARD_MANAGER)
    counts = []
    for each in (small, large):
        with counted(page_engine) as statements:
            assert client.get(each.here).status_code == 200
        counts.append(len(statements))
    # Who is asking, this round, the round before, the returns of both, who is exempt, how far moderation is.
    assert counts == [6, 6]
