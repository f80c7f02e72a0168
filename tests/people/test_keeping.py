"""How long things are kept: the pure rules, by examples and properties."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.keeping import (
    Period,
    RoundFact,
    Unit,
    before,
    kept_until,
    rounds_due,
    school_year_end,
)

pytestmark = pytest.mark.access
DAYS = st.dates(date(2012, 1, 1), date(2090, 1, 1))
MOMENTS = DAYS.map(lambda day: datetime.combine(day, time(10, 30), UTC))
PERIODS = st.builds(Period, st.integers(1, 120), st.sampled_from([Unit.DAYS, Unit.MONTHS]))


@pytest.mark.parametrize(
    ("period", "now", "then"),
    [
        (Period(7, Unit.DAYS), "2026-11-16T10:30", "2026-11-09T10:30"),
        (Period(24, Unit.MONTHS), "2026-11-16T10:30", "2024-11-16T10:30"),
        (Period(1, Unit.MONTHS), "2026-03-31T10:30", "2026-02-28T10:30"),
        (Period(1, Unit.MONTHS), "2028-03-31T10:30", "2028-02-29T10:30"),
        (Period(1, Unit.YEARS), "2028-02-29T10:30", "2027-02-28T10:30"),
        (Period(11, Unit.MONTHS), "2026-11-16T10:30", "2025-12-16T10:30"),
    ],
)
def test_a_period_before_a_moment(period: Period, now: str, then: str) -> None:
    assert before(period, datetime.fromisoformat(now + "+00:00")) == datetime.fromisoformat(then + "+00:00")


@given(PERIODS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_what_is_due_stays_due(period: Period, now: datetime, later: timedelta) -> None:
    assert before(period, now) <= before(period, now + later)


@given(st.integers(1, 100), MOMENTS)
def test_a_longer_period_keeps_longer(count: int, now: datetime) -> None:
    for unit in Unit:
        assert before(Period(count + 1, unit), now) < before(Period(count, unit), now) < now


@pytest.mark.parametrize(
    ("closed", "last"),
    [
        ("2026-08-31", "2032-08-31"),
        ("2026-09-01", "2033-08-31"),
        ("2026-12-24", "2033-08-31"),
        ("2027-07-01", "2033-08-31"),
    ],
)
def test_returns_are_kept_for_their_school_year_and_six_more(closed: str, last: str) -> None:
    assert kept_until(date.fromisoformat(closed), 6) == date.fromisoformat(last)


@given(DAYS, st.integers(1, 20))
def test_returns_are_kept_for_whole_years_at_least(closed: date, years: int) -> None:
    end = kept_until(closed, years)
    assert (end.month, end.day) == (8, 31)
    assert end.year - closed.year in {years, years + 1}
    assert school_year_end(closed) >= closed


FACTS = st.lists(
    st.builds(RoundFact, st.integers(1, 50), st.booleans(), st.none() | DAYS), unique_by=lambda fact: fact.id
)


def holds(facts: list[RoundFact], due: frozenset[int], years: int, today: date) -> bool:
    """Say whether only closed rounds are due, and each of them only when its years are over."""
    by_id = {fact.id: fact for fact in facts}
    return all(
        by_id[each].closed and (by_id[each].closed_on or today) + timedelta(days=365 * years) < today
        for each in due
    )


@given(FACTS, st.integers(1, 20), DAYS)
def test_no_open_round_and_no_young_one_is_ever_due(facts: list[RoundFact], years: int, today: date) -> None:
    assert holds(facts, rounds_due(facts, years, today), years, today)


def test_a_rule_that_forgets_whether_a_round_is_closed_is_caught() -> None:
    """The control: the same check on a rule that looks at days only."""
    facts = [RoundFact(1, closed=False, closed_on=date(2012, 1, 1))]
    today = date(2026, 11, 16)
    forgetful = frozenset(
        fact.id for fact in facts if fact.closed_on and kept_until(fact.closed_on, 6) < today
    )
    assert forgetful
    assert not holds(facts, forgetful, 6, today)
    assert holds(facts, rounds_due(facts, 6, today), 6, today)
