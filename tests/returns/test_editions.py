"""Each signed edition stays readable, with its numbers and a fingerprint that is worked out anew."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.models import OutboxMessage
from app.returns import queries, signoff
from app.returns.editions import changed_keys, is_unchanged, numbers_of, signed_edition
from app.returns.rules import AnswerValues
from tests import builders
from tests.conftest import ClientAs

pytestmark = pytest.mark.faults


@pytest.fixture
def twice(work: Work) -> queries.ReturnHead:
    """A return that was signed, sent back, amended and signed again."""
    place = builders.organisation(work)
    round_id = builders.open_round(work, [place])
    builders.contact(work, place, f"lead-{place}@example.org")
    this = builders.signed_return(work, round_id, place)
    signoff.send_back(work, this.id, "Please say how you know")
    person = builders.as_person(work, place, address=f"signs-{place}@example.org", name="Head Teacher")
    key = queries.questionnaire_of(work.session, this).rated[0].key
    builders.save(person, this.id, key, AnswerValues(level="amber", evidence="AMENDED"), version=1)
    signoff.sign(person, builders.return_of(work, round_id, place), declared=True)
    work.session.commit()
    return builders.return_of(work, round_id, place)


def test_both_editions_stay_as_they_were_signed(
    twice: queries.ReturnHead, work: Work, client_as: ClientAs
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=twice.organisation_id)
    first, second = (lead.get(f"/returns/{twice.id}/editions/{number}").text for number in (1, 2))
    assert "AMENDED" not in first
    assert "A newer one was signed since" in first
    assert "AMENDED" in second
    assert "Changed since edition 1" in second
    assert lead.get(f"/returns/{twice.id}/receipt").text == second
    for number, text in ((1, first), (2, second)):
        signed = signed_edition(work.session, work.actor, twice.id, number)
        assert signed is not None
        assert signed.content_hash in text
        assert numbers_of(signed.content).sentence in text
        assert "not one letter has changed" in text
    assert lead.get(f"/returns/{twice.id}/editions/3").status_code == 404


def test_editions_are_listed_where_people_look(twice: queries.ReturnHead, client_as: ClientAs) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=twice.organisation_id)
    reader = client_as(PartnershipRole.INDEPENDENT_SCRUTINEER)
    for page in ("", "/receipt", "/feedback"):
        for client in (lead, reader):
            text = client.get(f"/returns/{twice.id}{page}").text
            assert "Signed editions" in text, page
            assert f"/returns/{twice.id}/editions/1" in text, page
    assert (
        f"/returns/{twice.id}/receipt" in reader.get(f"/organisations/{twice.organisation_id}/profile").text
    )


@pytest.mark.access
def test_editions_are_for_those_who_may_read_the_return(
    twice: queries.ReturnHead, client_as: ClientAs, work: Work
) -> None:
    other = builders.organisation(work, "Another School")
    work.session.commit()
    stranger = client_as(OrganisationRole.LEAD, organisation=other)
    assert stranger.get(f"/returns/{twice.id}/editions/1").status_code == 404
    partner = client_as(PartnershipRole.SAFEGUARDING_PARTNER)
    assert partner.get(f"/returns/{twice.id}/editions/1").status_code == 404


def test_an_edition_is_still_there_while_the_return_is_being_changed(
    twice: queries.ReturnHead, work: Work, client_as: ClientAs
) -> None:
    signoff.send_back(work, twice.id, "Once more, please")
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=twice.organisation_id)
    text = lead.get(f"/returns/{twice.id}/receipt").text
    assert "It was sent back" in text
    assert f"/returns/{twice.id}/editions/2" in lead.get(f"/returns/{twice.id}").text


def test_each_edition_has_its_receipt_by_mail(twice: queries.ReturnHead, work: Work) -> None:
    rows = work.session.execute(
        select(col(OutboxMessage.dedupe_key), col(OutboxMessage.body)).where(
            col(OutboxMessage.dedupe_key).startswith(f"receipt:{twice.id}:")
        )
    ).all()
    for number in (1, 2):
        signed = signed_edition(work.session, work.actor, twice.id, number)
        assert signed is not None
        mails = [body for key, body in rows if key.startswith(f"receipt:{twice.id}:{number}:")]
        assert mails
        for body in mails:
            assert signed.content_hash in body
            assert f"Edition: {number}" in body
            assert numbers_of(signed.content).sentence in body


def test_an_altered_edition_is_told_from_a_true_one(twice: queries.ReturnHead, work: Work) -> None:
    """The control of the fingerprint: one letter more, and the page says so."""
    signed = signed_edition(work.session, work.actor, twice.id, 2)
    assert signed is not None
    assert is_unchanged(signed)
    altered = replace(
        signed, content={**signed.content, "organisation": signed.content["organisation"] + "."}
    )
    assert not is_unchanged(altered)


def test_what_changed_between_editions_is_named(twice: queries.ReturnHead, work: Work) -> None:
    first, second = (signed_edition(work.session, work.actor, twice.id, number) for number in (1, 2))
    assert second is not None
    key = queries.questionnaire_of(work.session, twice).rated[0].key
    assert changed_keys(first, second) == (key,)
    assert changed_keys(None, second) == ()
