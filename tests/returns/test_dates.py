"""Dates in answers: an action lies ahead, a last time lies behind, and both are shown in words."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.access import OrganisationRole, Work
from app.questionnaires.definition import Standard
from app.returns import queries
from app.returns.rules import NOTHING, AnswerValues, impossible_dates
from tests import builders
from tests.conftest import ClientAs

TODAY = date(2026, 11, 16)
LAST_AUDIT = Standard(key="last-audit", title="Last audit", text="When was it?", type="date", past=True)
Rule = Callable[[Standard, AnswerValues, AnswerValues, date], Mapping[str, str]]


def due(day: date | None) -> AnswerValues:
    return AnswerValues(level="red", action_due=day)


def audited(day: date) -> AnswerValues:
    return AnswerValues(fact=day.isoformat())


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (NOTHING, due(date(2025, 5, 3)), {"action_due"}),
        (NOTHING, due(TODAY), set()),
        (due(date(2026, 11, 15)), replace(due(date(2026, 11, 15)), comment="more"), set()),
        (due(date(2026, 11, 15)), due(date(2026, 11, 14)), {"action_due"}),
        (NOTHING, audited(date(2027, 1, 1)), {"fact"}),
        (NOTHING, audited(TODAY), set()),
        (audited(date(2027, 1, 1)), audited(date(2027, 1, 1)), set()),
    ],
)
def test_dates_that_cannot_be_are_refused_when_they_are_entered(
    before: AnswerValues, after: AnswerValues, wrong: set[str]
) -> None:
    assert set(impossible_dates(LAST_AUDIT, before, after, TODAY)) == wrong


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def leaves_alone_what_stands(rule: Rule, day: date, today: date) -> bool:
    same = AnswerValues(level="red", action_due=day, fact=day.isoformat())
    return not rule(LAST_AUDIT, same, replace(same, comment="more"), today)


@given(DAYS, DAYS)
def test_a_date_that_stands_never_keeps_people_from_saving(day: date, today: date) -> None:
    assert leaves_alone_what_stands(impossible_dates, day, today)


def test_the_property_catches_a_rule_that_looks_at_the_new_answer_only() -> None:
    def forgetful(
        standard: Standard, _before: AnswerValues, after: AnswerValues, today: date
    ) -> Mapping[str, str]:
        return impossible_dates(standard, NOTHING, after, today)

    assert not leaves_alone_what_stands(forgetful, TODAY - timedelta(days=1), TODAY)


@pytest.fixture
def this(work: Work) -> queries.ReturnHead:
    place = builders.organisation(work)
    made = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    return made


def test_the_page_says_what_is_wrong_keeps_the_text_and_shows_days_in_words(
    this: queries.ReturnHead, work: Work, client_as: ClientAs
) -> None:
    questionnaire = queries.questionnaire_of(work.session, this)
    standard = next(each for each in questionnaire.standards if each.past)
    domain = questionnaire.domain_of(standard.key)
    assert domain is not None
    lead = client_as(OrganisationRole.LEAD, organisation=this.organisation_id)
    page = f"/returns/{this.id}/{domain.key}"
    name = f"{standard.key}.fact"
    refused = lead.post(f"{page}/{standard.key}", data={name: "3/5/27", f"{standard.key}.version": "0"})
    assert refused.status_code == 422
    assert "3 May 2027 is still to come" in refused.text
    whole = lead.post(page, data={name: "3/5/27"})
    assert whole.status_code == 422
    assert 'value="3/5/27"' in whole.text
    assert f'href="#{name}"' in whole.text
    assert lead.post(page, data={name: "3/5/26"}).status_code == 303
    assert 'value="3 May 2026"' in lead.get(page).text


def test_an_action_of_last_year_is_refused_at_its_field(
    this: queries.ReturnHead, work: Work, client_as: ClientAs
) -> None:
    questionnaire = queries.questionnaire_of(work.session, this)
    domain = questionnaire.domains[0]
    key = domain.rated[0].key
    lead = client_as(OrganisationRole.LEAD, organisation=this.organisation_id)
    sent = {f"{key}.level": "red", f"{key}.action_due": "3/5/26"}
    refused = lead.post(f"/returns/{this.id}/{domain.key}", data=sent)
    assert refused.status_code == 422
    assert "3 May 2026, which is past" in refused.text
    assert f'href="#{key}.action_due"' in refused.text


def test_a_receipt_and_the_earlier_versions_write_days_in_words(work: Work, client_as: ClientAs) -> None:
    place = builders.organisation(work, "Harrow Field School")
    round_id = builders.open_round(work, [place])
    signed = builders.signed_return(work, round_id, place, child_protection_policy=builders.RED)
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    receipt = lead.get(f"/returns/{signed.id}/receipt").text
    earlier = lead.get(f"/returns/{signed.id}/leadership-and-governance/child-protection-policy").text
    for page in (receipt, earlier):
        assert "31 Mar 2027" in page
        assert "2027-03-31" not in page
    assert "14 September 2026" in receipt
