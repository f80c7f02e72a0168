"""Who works on a return: each change is confirmed, and naming oneself signatory is on record."""

from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import col

from app.core.access import OrganisationRole, Work
from app.core.models import AuditEvent, OutboxMessage
from app.people import queries as people
from tests import builders
from tests.conftest import ClientAs

pytestmark = pytest.mark.access


@dataclass
class Team:
    """A school's return with its lead."""

    page: str
    place: int
    lead: TestClient
    address: str


@pytest.fixture
def team(work: Work, client_as: ClientAs) -> Team:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    address = f"lead-{place}@ashgrove.example.org"
    lead = client_as(OrganisationRole.LEAD, organisation=place, email=address)
    return Team(f"/returns/{this.id}/team", place, lead, address)


def after(team: Team, path: str, **data: str) -> str:
    """Return the page that a person sees after a form was sent."""
    reply = team.lead.post(path, data=data)
    assert reply.status_code == 303, reply.text
    return team.lead.get(reply.headers["location"]).text


def test_inviting_sharing_out_and_removing_are_confirmed(team: Team, work: Work) -> None:
    page = after(team, team.page, name="Dev Patel", email="dev@example.org", roles="contributor")
    assert "Dev Patel is invited. A mail with the link is on its way." in page
    (dev,) = [each for each in people.colleagues(work.session, team.place) if each.name == "Dev Patel"]
    part = f"{team.page.removesuffix('/team')}/domains/leadership-and-governance/colleague"
    assert "Dev Patel now sees to “Leadership and governance”" in after(team, part, user_id=str(dev.user_id))
    assert "Nobody in particular now sees to" in after(team, part, user_id="")
    removed = after(team, f"{team.page}/{dev.user_id}/remove")
    assert "Your colleague can no longer sign in for Ashgrove Primary School" in removed
    signs = after(team, team.page, name="Jo Head", email="jo@example.org", roles="signatory")
    assert "Jo Head is invited and can sign this return" in signs


def test_removing_asks_first_and_says_what_happens(team: Team, work: Work) -> None:
    after(team, team.page, name="Dev Patel", email="asked@example.org", roles="contributor")
    (dev,) = [each for each in people.colleagues(work.session, team.place) if each.name == "Dev Patel"]
    part = f"{team.page.removesuffix('/team')}/domains/leadership-and-governance/colleague"
    after(team, part, user_id=str(dev.user_id))
    link = f"{team.page}/{dev.user_id}/remove"
    page = team.lead.get(team.page).text
    assert f'href="{link}"' in page
    assert f'action="{link}"' not in page
    asked = team.lead.get(link).text
    assert "Remove Dev Patel" in asked
    assert "nobody in particular sees to “Leadership and governance” any more" in asked
    work.session.rollback()
    assert dev in people.colleagues(work.session, team.place)
    assert f'action="{link}"' in asked


def test_only_leads_are_asked_and_only_about_their_colleagues(
    team: Team, work: Work, client_as: ClientAs
) -> None:
    other = builders.organisation(work, "Another School")
    stranger = builders.contact(work, other, "stranger-there@example.org", name="Stranger Danger")
    work.session.commit()
    reply = team.lead.get(f"{team.page}/{stranger}/remove")
    assert reply.status_code == 404
    assert "Stranger" not in reply.text
    contributor = client_as(OrganisationRole.CONTRIBUTOR, organisation=team.place)
    (lead,) = [each for each in people.colleagues(work.session, team.place) if each.email == team.address]
    refused = contributor.get(f"{team.page}/{lead.user_id}/remove").text
    assert "Only the lead or the person who signs can do this" in refused
    signatory = client_as(OrganisationRole.SIGNATORY, organisation=team.place)
    assert "You cannot remove the only lead" in signatory.get(f"{team.page}/{lead.user_id}/remove").text
    work.session.rollback()
    assert lead in people.colleagues(work.session, team.place)


def test_a_confirmation_speaks_of_nobody_elsewhere(team: Team, work: Work) -> None:
    other = builders.organisation(work, "Another School")
    stranger = builders.contact(work, other, "stranger@example.org", name="Stranger Danger")
    work.session.commit()
    page = team.lead.get(f"{team.page}?invited={stranger}").text
    assert "Stranger" not in page
    assert "govuk-notification-banner" not in page


def test_a_lead_who_names_themselves_signatory_is_told_that_it_is_on_record(team: Team, work: Work) -> None:
    page = after(team, team.page, name="Me", email=team.address.upper(), roles="signatory")
    assert "You can sign this return for Ashgrove Primary School. It is on record" in page
    after(team, team.page, name="Me", email=team.address, roles="signatory")
    events = work.session.execute(
        select(AuditEvent).where(
            col(AuditEvent.event) == "signatory.named_self", col(AuditEvent.organisation_id) == team.place
        )
    ).all()
    assert len(events) == 1
    mails = work.session.execute(
        select(OutboxMessage).where(col(OutboxMessage.recipient) == team.address)
    ).all()
    assert mails == []


def test_naming_a_colleague_signatory_is_not_recorded_as_naming_oneself(team: Team, work: Work) -> None:
    after(team, team.page, name="Jo Head", email="jo-head@example.org", roles="signatory")
    events = work.session.execute(
        select(AuditEvent).where(
            col(AuditEvent.event) == "signatory.named_self", col(AuditEvent.organisation_id) == team.place
        )
    ).all()
    assert events == []


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("name", "x" * 201, "Shorten this text to 200 characters"),
        ("email", "a\x00b@example.org", "Remove the invisible character"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(team: Team, field: str, text: str, says: str) -> None:
    sent = {"name": "Dev", "email": "dev@example.org", "roles": "contributor", field: text}
    reply = team.lead.post(team.page, data=sent)
    assert reply.status_code == 422
    assert says in reply.text
    assert f'href="#{field}"' in reply.text
    assert "That did not work" not in reply.text
    assert text.replace("\x00", "") in reply.text.replace("\x00", "")
