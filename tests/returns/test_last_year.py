"""Last year's return: its successors read it, nobody else does, and nobody changes it."""

import pytest

from app.core.access import Actor, OrganisationRole, Work
from app.organisations.models import Organisation, OrganisationStatus, Succession
from tests import builders
from tests.conftest import ClientAs

PLACE = "leadership-and-governance"


def rounds_of(work: Work, before: list[int], now: int) -> tuple[list[int], int]:
    """Return the signed returns of last year and this year's open one."""
    version = builders.published(work)
    last = builders.open_round(work, before, version_id=version, title="Section 175, 2025 to 2026")
    signed = [builders.signed_return(work, last, each).id for each in before]
    this = builders.open_round(work, [now], version_id=version, previous=last)
    return signed, builders.return_of(work, this, now).id


def taken_over(work: Work, before: int, after: int, status: OrganisationStatus) -> None:
    work.session.add(Succession(predecessor_id=before, successor_id=after))
    closed = work.session.get(Organisation, before)
    assert closed
    closed.status = status
    work.session.commit()


def test_a_converted_school_reads_what_it_signed_before(work: Work, client_as: ClientAs) -> None:
    before, after = builders.organisation(work, "Hill School"), builders.organisation(work, "Hill Academy")
    (signed,), this = rounds_of(work, [before], after)
    taken_over(work, before, after, OrganisationStatus.GONE)
    lead = client_as(OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=after)
    page = lead.get(f"/returns/{this}").text
    assert f'href="/returns/{signed}"' in page
    assert "of Hill School" in page
    for path in ("", f"/{PLACE}", "/feedback", "/receipt", "/answers.xlsx"):
        assert lead.get(f"/returns/{signed}{path}").status_code == 200, path
    assert lead.get(f"/returns/{signed}/team").status_code == 404
    for path in (f"/{PLACE}", "/sign-off", "/ready", "/team"):
        assert lead.post(f"/returns/{signed}{path}", data={"declared": "yes"}).status_code == 404, path


def test_a_merged_school_reads_each_of_its_predecessors(work: Work, client_as: ClientAs) -> None:
    first, second = builders.organisation(work, "Infant School"), builders.organisation(work, "Junior School")
    after = builders.organisation(work, "Both Schools Primary")
    signed, this = rounds_of(work, [first, second], after)
    for before in (first, second):
        taken_over(work, before, after, OrganisationStatus.GONE)
    lead = client_as(OrganisationRole.LEAD, organisation=after)
    page = lead.get(f"/returns/{this}").text
    for each in signed:
        assert f'href="/returns/{each}"' in page
        assert lead.get(f"/returns/{each}").status_code == 200


@pytest.mark.access
def test_a_school_that_still_exists_keeps_its_return_to_itself(work: Work, client_as: ClientAs) -> None:
    before, after = builders.organisation(work, "Old School"), builders.organisation(work, "New Academy")
    (signed,), this = rounds_of(work, [before], after)
    taken_over(work, before, after, OrganisationStatus.OPEN)
    lead = client_as(OrganisationRole.LEAD, organisation=after)
    assert lead.get(f"/returns/{signed}").status_code == 404
    assert f'href="/returns/{signed}"' not in lead.get(f"/returns/{this}").text


@pytest.mark.access
def test_the_predecessors_people_do_not_read_the_successor(work: Work, client_as: ClientAs) -> None:
    before, after = builders.organisation(work, "Dale School"), builders.organisation(work, "Dale Academy")
    _, this = rounds_of(work, [before], after)
    taken_over(work, before, after, OrganisationStatus.GONE)
    stranger = client_as(OrganisationRole.LEAD, organisation=before)
    assert stranger.get(f"/returns/{this}").status_code == 404


@pytest.mark.access
def test_the_check_catches_a_rule_that_looks_at_the_successors(
    work: Work, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = builders.organisation(work, "Vale School"), builders.organisation(work, "Vale Academy")
    _, this = rounds_of(work, [before], after)
    taken_over(work, before, after, OrganisationStatus.GONE)
    monkeypatch.setattr(Actor, "readable", property(lambda actor: [*actor.organisations, after]))
    stranger = client_as(OrganisationRole.LEAD, organisation=before)
    assert stranger.get(f"/returns/{this}").status_code == 200
