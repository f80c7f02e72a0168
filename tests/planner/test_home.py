"""The home page: what needs whom now."""

from app.core.access import OrganisationRole, PartnershipRole, Work
from tests import builders
from tests.conftest import ClientAs


def test_somebody_with_both_kinds_of_role_finds_both_kinds_of_work(work: Work, client_as: ClientAs) -> None:
    place = builders.organisation(work)
    round_id = builders.open_round(work, [place])
    this = builders.return_of(work, round_id, place)
    work.session.commit()
    both = client_as(PartnershipRole.PSO, OrganisationRole.SIGNATORY, organisation=place)
    page = both.get("/").text
    assert f'href="/rounds/{round_id}"' in page
    assert f'href="/returns/{this.id}"' in page
    assert "For your own organisation" in page
    officer = client_as(PartnershipRole.PSO)
    assert "For your own organisation" not in officer.get("/").text


def test_one_open_return_is_where_its_people_go(work: Work, client_as: ClientAs) -> None:
    place = builders.organisation(work, "Elm School")
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    assert lead.get("/").headers["location"] == f"/returns/{this.id}"
