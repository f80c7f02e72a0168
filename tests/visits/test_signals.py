"""What signals give to visits: lines of enquiry, points in the selection, and nothing to the agency."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.core.access import OrganisationRole, Work
from app.signals import facts as gathered
from app.signals import queries as signal_queries
from app.signals.measuring import measure
from app.signals.rules import SignalKind, VoicesGap
from app.signals.settings import RULES
from app.visits import queries, sources
from app.visits.enquiry import Source
from app.visits.selection import Facts, Noticed, Weights, score
from app.visits.signals import signals_of, voices_of
from tests.conftest import ClientAs
from tests.visits import scenes

pytestmark = pytest.mark.visits
TODAY = date(2026, 11, 16)


@pytest.fixture
def place(work: Work) -> int:
    """An agency whose return was written by one person in a moment, without a visit so far."""
    made = scenes.agency(work)
    scenes.answered_before(work, made)
    measure(work.session, work.now)
    return made


def test_lines_of_enquiry_ask_about_signals_that_nothing_else_asks_about(work: Work, place: int) -> None:
    said = signals_of(work.session, place, TODAY)
    assert [each.key for each in said] == ["hasty"], "that it was never visited is not theirs to explain"
    visit_id = scenes.preparing_visit(work, place)
    lines = [line for line in queries.questions(work.session, visit_id) if line.source is Source.SIGNAL]
    assert [line.text for line in lines] == [
        "Who took part in your return, and how did you come to your judgements?"
    ]
    assert "One person in a hurry: One person gave all answers in 0 minutes" in lines[0].why


def test_voices_are_silent_until_staff_are_asked_and_then_get_lines_of_their_own(
    work: Work, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert voices_of(work.session, place, TODAY) == ()
    assert sources.selection_facts(work.session, TODAY)[place].voices_below == ()
    whole = gathered.newest_facts

    def asked(*given: Any) -> Any:
        return tuple(replace(each, voices=(VoicesGap("training", 25),)) for each in whole(*given))

    monkeypatch.setattr(signal_queries, "newest_facts", asked)
    (said,) = voices_of(work.session, place, TODAY)
    assert "Staff are up to 25 points below their leaders" in said.text
    assert sources.selection_facts(work.session, TODAY)[place].voices_below


def test_the_selection_adds_the_weight_of_signals_that_it_has_no_points_for(work: Work, place: int) -> None:
    known = sources.selection_facts(work.session, TODAY)[place]
    assert [(each.key, each.points) for each in known.noticed] == [("hasty", 2)]
    found = {reason.key: reason for reason in score(known, Weights(), TODAY).reasons}
    assert found["signal:hasty"].points == 2
    assert found["signal:hasty"].text.startswith("one person gave all answers in")
    assert "long_since_visit" in found, "counted by the selection's own points, once"


def test_a_signal_that_is_switched_off_adds_nothing(work: Work, place: int) -> None:
    work.session.execute(text("INSERT INTO signal_setting VALUES ('hasty', false, 2, 20, now())"))
    assert sources.selection_facts(work.session, TODAY)[place].noticed == ()
    assert signals_of(work.session, place, TODAY) == ()
    work.session.rollback()


def test_points_are_the_sum_whatever_is_noticed() -> None:
    noticed = (Noticed("hasty", 2, "One person"), Noticed("bounced", 0, "Mails"))
    known = Facts(organisation_id=1, last_visit=TODAY, noticed=noticed)
    found = score(known, Weights(), TODAY)
    assert (found.points, [each.key for each in found.reasons]) == (2, ["signal:hasty"])


def test_each_signal_counts_once_in_the_selection() -> None:
    own = {
        SignalKind.NOT_RETURNED, SignalKind.LATE, SignalKind.VALIDATED_BELOW, SignalKind.UNEVIDENCED,
        SignalKind.VOICES_BELOW, SignalKind.DOWN, SignalKind.LONG_SINCE_VISIT, SignalKind.OVERDUE_ACTIONS,
    }  # fmt: skip
    assert {kind for kind, rule in RULES.items() if not rule.adds_points} == own


@pytest.mark.access
def test_the_agency_reads_no_signal_on_its_visit(work: Work, client_as: ClientAs, place: int) -> None:
    visit_id = scenes.announced(work, place)
    work.session.commit()
    client = client_as(OrganisationRole.LEAD, organisation=place)
    page = client.get(f"/our-visits/{visit_id}")
    assert page.status_code == 200
    assert "One person" not in page.text
    assert "ignal" not in page.text.split("<main", 1)[1]
