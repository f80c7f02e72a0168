"""One agency, two years: a return, validated ratings, signals, selection, visit, action, the next return."""

from dataclasses import replace
from datetime import date

import pytest
from fastapi.testclient import TestClient

from app.actions.queries import asked_about
from app.actions.rules import ActionStatus
from app.actions.service import Said, say
from app.core.access import PartnershipRole, Work
from app.questionnaires.definition import Domain
from app.questionnaires.queries import questionnaire_for
from app.ratings import queries as stored
from app.ratings import service as ratings
from app.ratings.models import RatingSource
from app.ratings.service import RatedReturn
from app.returns import queries as returns
from app.signals.measuring import measure
from app.signals.queries import signals_now
from app.signals.rules import SignalKind
from app.visits import queries, reporting, service
from app.visits.enquiry import Source
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.visits import scenes

pytestmark = pytest.mark.visits
K = SignalKind


def kinds(work: Work, place: int, today: date) -> set[SignalKind]:
    measure(work.session, work.now)
    return {each.kind for each in signals_now(work.session, today, (place,))[place].signals}


def moderated(work: Work, this: returns.ReturnHead) -> Domain:
    """Let a domain that they rated green be validated as amber, and return it."""
    own = stored.ratings_of(work.session, this.id)
    key = next(each.domain_key for each in own.values() if each.outcome == "green")
    checked = [replace(each, outcome="amber") if each.domain_key == key else each for each in own.values()]
    of = RatedReturn(this.id, this.round_id, this.organisation_id)
    ratings.store(work, of, checked, RatingSource.VALIDATED)
    return questionnaire_for(work.session, this.version_id, this.facts).domain(key)


def visited(work: Work, officer: TestClient, place: int) -> None:
    """Visit the agency, ask about its signals, and agree an action that will be overdue next year."""
    visit_id = scenes.released(work, place)
    work.session.commit()
    lines = queries.questions(work.session, visit_id)
    asked = {line.text for line in lines if line.source is Source.SIGNAL}
    assert "Who took part in your return, and how did you come to your judgements?" in asked
    assert officer.get(f"/visits/{visit_id}/pack.docx").status_code == 200
    then = scenes.later(work, scenes.FAR_DAY)
    due = date(2027, 6, 30)
    reporting.add_action(then, visit_id, reporting.NewAction("", "Count supervision monthly", "Chief", due))
    service.close(then, visit_id)
    work.session.commit()
    assert "Count supervision monthly" in officer.get("/actions").text


def test_from_a_signed_return_to_next_years(work: Work, client_as: ClientAs, clock: MovableClock) -> None:
    place = scenes.agency(work)
    first = scenes.answered_before(work, place)
    domain = moderated(work, first)
    title = domain.title
    assert kinds(work, place, date(2026, 11, 16)) == {K.HASTY, K.VALIDATED_BELOW, K.LONG_SINCE_VISIT}
    work.session.commit()
    officer = client_as(PartnershipRole.PSO)
    page = officer.get(f"/organisations/{place}/profile").text
    assert f"Rated lower by the partnership than by themselves: {title} from green to amber." in page
    page = officer.get("/visits/selection").text
    assert f"Validated below their own rating: {title} (3)" in page
    assert "One person gave all answers in 0 minutes" in page
    visited(work, officer, place)
    clock.moment = clock.moment.replace(year=2027)
    try:
        after = Work(work.session, work.actor, clock())
        _next_year(after, client_as(PartnershipRole.PSO), first, domain)
    finally:
        clock.moment = clock.moment.replace(year=2026)


def _next_year(work: Work, officer: TestClient, first: returns.ReturnHead, domain: Domain) -> None:
    place = first.organisation_id
    second = builders.open_round(
        work, [place], version_id=first.version_id, title="Next year", due_on=date(2028, 1, 28),
        previous=first.round_id,
    )  # fmt: skip
    today = date(2027, 11, 16)
    assert K.OVERDUE_ACTIONS in kinds(work, place, today), "those of the return and of the visit"
    assert K.LONG_SINCE_VISIT not in kinds(work, place, today)
    red = replace(builders.RED, action_due=date(2028, 3, 31))
    person = builders.as_person(work, place)
    this = builders.return_of(work, second, place)
    asked = asked_about(work.session, person.actor, this.id, place, this.issued_at)
    assert len(asked) == 3, "two of the return and one of the visit"
    for each in asked:
        say(person, each.line.id, Said(ActionStatus.UNDER_WAY, "Begun in May"))
    worse = {standard.key.replace("-", "_"): red for standard in domain.rated}
    builders.signed_return(work, second, place, **worse)
    found = kinds(work, place, today)
    assert {K.OVERDUE_ACTIONS, K.DOWN, K.HASTY} <= found
    assert K.VALIDATED_BELOW not in found, "nobody has moderated it yet"
    work.session.commit()
    page = officer.get(f"/organisations/{place}/profile").text
    assert "actions are overdue, the first since 31 Mar 2027" in page
    assert f"<strong>Down since last year</strong>{domain.title} from amber to red." in page
