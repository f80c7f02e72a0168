"""Issuing a round: one return each, one invitation for each contact, nobody twice."""

import time

from sqlalchemy import func, select
from sqlmodel import col

from app.core.access import OrganisationRole, Work
from app.core.models import OutboxMessage
from app.returns import issuing
from app.returns.models import Return
from app.rounds import service as rounds
from app.rounds.rules import Audience
from tests import builders


def count(work: Work, table: type, *conditions: object) -> int:
    return int(work.session.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())  # type: ignore[arg-type]


def test_each_contact_gets_one_invitation(work: Work) -> None:
    place = builders.organisation(work)
    builders.contact(work, place, "dsl@birch.example.org")
    builders.contact(
        work, place, "head@birch.example.org", role="head_teacher", rights=(OrganisationRole.SIGNATORY,)
    )
    round_id = builders.open_round(work, [place])
    mails = work.session.execute(
        select(col(OutboxMessage.recipient), col(OutboxMessage.body)).where(
            col(OutboxMessage.organisation_id) == place
        )
    ).all()
    assert sorted(mail[0] for mail in mails) == ["dsl@birch.example.org", "head@birch.example.org"]
    return_id = builders.return_of(work, round_id, place).id
    for _, body in mails:
        assert f"/returns/{return_id}" in body
        assert "Friday 29 January 2027" in body


def test_issuing_again_reaches_only_those_who_joined(work: Work) -> None:
    first, second = builders.organisation(work, "First"), builders.organisation(work, "Second")
    for place in (first, second):
        builders.contact(work, place, f"dsl-{place}@example.org")
    round_id = builders.open_round(work, [first])
    assert issuing.issue(work, round_id) == issuing.Issued(0, 0, 0)
    rounds.set_audience(work, round_id, Audience(included=frozenset({first, second})))
    assert issuing.issue(work, round_id) == issuing.Issued(1, 1, 0)
    assert count(work, Return, col(Return.round_id) == round_id) == 2


def test_one_person_at_two_schools_is_invited_to_both(work: Work) -> None:
    places = [builders.organisation(work, name) for name in ("North", "South")]
    for place in places:
        builders.contact(work, place, "trust@example.org", role="trust_safeguarding_lead")
    before = count(work, OutboxMessage)
    builders.open_round(work, places)
    assert count(work, OutboxMessage) - before == 2


def test_the_return_remembers_what_the_organisation_was(work: Work) -> None:
    place = builders.organisation(work, features=["early_years"], pupils=210)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    assert (this.facts["kind"], this.facts["features"]) == ("maintained_school", ["early_years"])


def test_six_hundred_organisations_are_issued_in_under_five_seconds(work: Work) -> None:
    places = [builders.organisation(work, f"School {number}") for number in range(600)]
    for place in places:
        builders.contact(work, place, f"dsl-{place}@many.example.org")
    began = time.process_time()
    round_id = builders.open_round(work, places)
    spent = time.process_time() - began
    assert count(work, Return, col(Return.round_id) == round_id) == 600
    assert spent < 5
