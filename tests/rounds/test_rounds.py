"""Preparing a round: dates, audience, pages."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.access import PartnershipRole, Work
from app.core.errors import RefusedError
from app.organisations.rules import KINDS, PHASES
from app.questionnaires import service as questionnaires
from app.rounds import queries, service
from app.rounds.models import Round, RoundState
from app.rounds.rules import Audience, Candidate, date_problems
from app.rounds.service import NewRound
from tests import builders
from tests.conftest import ClientAs

TODAY = date(2026, 11, 16)

CANDIDATES = st.builds(
    Candidate,
    organisation_id=st.integers(1, 50),
    name=st.just("A school"),
    kind=st.sampled_from(sorted(KINDS)),
    phase=st.sampled_from(sorted(PHASES)),
    duty=st.just("section_175"),
)
AUDIENCES = st.builds(
    Audience,
    kinds=st.frozensets(st.sampled_from(sorted(KINDS))),
    phases=st.frozensets(st.sampled_from(sorted(PHASES))),
    included=st.frozensets(st.integers(1, 25)),
    excluded=st.frozensets(st.integers(26, 50)),
)


@given(AUDIENCES, CANDIDATES)
def test_a_single_decision_goes_before_kind_and_phase(audience: Audience, candidate: Candidate) -> None:
    if candidate.organisation_id in audience.included:
        assert audience.asks(candidate)
    elif candidate.organisation_id in audience.excluded:
        assert not audience.asks(candidate)
    else:
        by_kind = candidate.kind in audience.kinds
        by_phase = not audience.phases or candidate.phase in audience.phases | {"not_applicable"}
        assert audience.asks(candidate) is (by_kind and by_phase)


@pytest.mark.parametrize(
    ("opens_on", "due_on", "field"),
    [
        (None, TODAY + timedelta(60), "opens_on"),
        (TODAY, None, "due_on"),
        (TODAY, TODAY, "due_on"),
        (TODAY + timedelta(50), TODAY + timedelta(60), "due_on"),
    ],
)
def test_dates_that_make_no_sense_are_named(opens_on: date | None, due_on: date | None, field: str) -> None:
    assert field in date_problems(opens_on, due_on, TODAY)


def test_good_dates_pass() -> None:
    assert date_problems(TODAY, TODAY + timedelta(60), TODAY) == {}


def test_a_new_round_knows_the_round_before(work: Work) -> None:
    place = builders.organisation(work)
    version = builders.published(work)
    before = builders.open_round(work, [place], version_id=version, due_on=date(2026, 12, 1))
    made = service.create(
        work, NewRound("Section 175, next year", version, TODAY + timedelta(300), TODAY + timedelta(400))
    )
    assert queries.round_line(work.session, made).previous_round_id == before


def test_a_draft_cannot_be_closed(work: Work) -> None:
    made = service.create(
        work, NewRound("Not issued", builders.published(work), TODAY, TODAY + timedelta(60))
    )
    with pytest.raises(RefusedError, match="not been issued"):
        service.set_state(work, made, RoundState.CLOSED)


def test_a_board_manager_prepares_a_round_through_the_pages(client_as: ClientAs, work: Work) -> None:
    place = builders.organisation(work, "Birchfield <script>School")
    version = builders.published(work)
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    bad = manager.post("/rounds", data={"title": "", "version_id": "x", "opens_on": "soon", "due_on": ""})
    assert bad.status_code == 422
    assert "Enter a name for the round" in bad.text
    assert 'value="soon"' in bad.text
    made = manager.post(
        "/rounds",
        data={
            "title": "Section 175, 2026 to 2027",
            "version_id": str(version),
            "opens_on": "16/11/2026",
            "due_on": "29 January 2027",
        },
    )
    address = made.headers["location"].removesuffix("/audience")
    nobody = manager.post(f"{address}/audience", data={})
    assert nobody.status_code == 422
    found = manager.post(f"{address}/audience", data={"find": "birchfield", "look": "yes"})
    assert "Birchfield &lt;script&gt;School" in found.text
    chosen = manager.post(
        f"{address}/audience", data={"kinds": "academy", f"single-{place}": "in", "find": ""}
    )
    assert chosen.headers["location"] == f"{address}/issue"
    preview = manager.get(f"{address}/issue")
    assert "1 organisation" in preview.text
    assert "No contact (1)" in preview.text
    issued = manager.post(f"{address}/issue")
    assert "1 organisation asked, 0 invitations queued" in issued.text
    again = manager.post(f"{address}/issue")
    assert "Nothing new to issue" in again.text


def test_a_pso_prepares_no_round(client_as: ClientAs) -> None:
    pso = client_as(PartnershipRole.PSO)
    assert pso.get("/rounds").status_code == 200
    assert pso.get("/rounds/new").status_code == 404
    assert pso.post("/rounds", data={"title": "Mine"}).status_code == 404


def test_a_round_is_compared_with_another_school_year(work: Work) -> None:
    def prepared(year: str, due_on: date) -> int:
        made = {**builders.content(), "school_year": year}
        version = questionnaires.publish_content(work, made).id or 0
        opens_on = due_on - timedelta(days=60)
        round_id = service.create(work, NewRound(f"Round of {year}", version, opens_on, due_on))
        found = work.session.get(Round, round_id)
        assert found is not None
        found.state = RoundState.OPEN
        work.session.flush()
        return round_id

    last = prepared("2030 to 2031", date(2031, 1, 31))
    first = prepared("2031 to 2032", date(2032, 1, 30))
    again = prepared("2031 to 2032", date(2032, 6, 30))
    assert queries.round_line(work.session, first).previous_round_id == last
    assert queries.round_line(work.session, again).previous_round_id == last
