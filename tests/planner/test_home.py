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


def test_the_way_back_from_the_only_open_return_does_not_lead_to_it_again(
    work: Work, client_as: ClientAs
) -> None:
    place = builders.organisation(work, "Oak School")
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    assert 'href="/?show=all"' in lead.get(f"/returns/{this.id}").text
    assert "Your self-assessments" in lead.get("/?show=all").text
    officer = client_as(PartnershipRole.PSO)
    assert f'href="/organisations/{place}"' in officer.get(f"/returns/{this.id}").text


def test_who_signs_is_told_so_on_the_home_page_and_others_whom_they_wait_for(
    work: Work, client_as: ClientAs
) -> None:
    place = builders.organisation(work, "Yew School")
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    builders.contact(
        work, place, "head@yew.example.org", name="Ada Head", rights=(OrganisationRole.SIGNATORY,)
    )
    builders.answer_all(builders.as_person(work, place), this)
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    assert "Waiting for the signature" not in lead.get("/?show=all").text, "nobody has asked for it"
    lead.post(f"/returns/{this.id}/ready")
    assert "Waiting for the signature" in lead.get("/?show=all").text
    waiting = lead.get(f"/returns/{this.id}/sign-off").text
    assert waiting.index("Ada Head") < waiting.index("What you say about yourselves")
    head = client_as(OrganisationRole.SIGNATORY, organisation=place)
    ready = head.get("/?show=all").text
    assert "Ready for you to sign" in ready
    assert f'href="/returns/{this.id}/sign-off"' in ready
