"""Closing a round: asked once more, with how many have not signed."""

import pytest

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.rounds import queries
from app.rounds.models import RoundState
from tests import builders
from tests.conftest import ClientAs

pytestmark = pytest.mark.chasing


def test_closing_says_first_how_many_have_not_signed(work: Work, client_as: ClientAs) -> None:
    places = [builders.organisation(work, f"School {number}") for number in range(3)]
    round_id = builders.open_round(work, places)
    builders.signed_return(work, round_id, places[0])
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    page = f"/rounds/{round_id}"
    assert f'href="{page}/close"' in manager.get(page).text
    assert f'action="{page}/close"' not in manager.get(page).text
    asked = manager.get(f"{page}/close").text
    assert "2 of 3 organisations have not signed" in asked
    assert "No working address</a>: 2" in asked
    assert queries.round_line(work.session, round_id).state is RoundState.OPEN
    assert manager.post(f"{page}/close").headers["location"] == page
    work.session.expire_all()
    assert queries.round_line(work.session, round_id).state is RoundState.CLOSED
    assert manager.get(f"{page}/close").headers["location"] == page


@pytest.mark.access
def test_only_a_board_manager_is_asked(work: Work, client_as: ClientAs) -> None:
    place = builders.organisation(work)
    round_id = builders.open_round(work, [place])
    work.session.commit()
    for client in (
        client_as(PartnershipRole.ADMINISTRATOR),
        client_as(PartnershipRole.PSO),
        client_as(OrganisationRole.LEAD, organisation=place),
    ):
        assert client.get(f"/rounds/{round_id}/close").status_code == 404
