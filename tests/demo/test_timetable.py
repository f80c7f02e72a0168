"""The demo's rounds fit together on whatever day it is loaded."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import london_date
from app.demo.chance import chance
from app.demo.timetable import at_work, curve, school_year_start, timetable

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 11 * 366 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))


@given(MOMENTS)
def test_last_years_rounds_are_closed_and_this_years_are_open(now: datetime) -> None:
    table = timetable(now)
    today = london_date(now)
    for last in (table.schools_last, table.agencies_last):
        assert last.closed_at is not None
        assert last.opens_on < last.due_on < london_date(last.closed_at) < today
    for this in (table.schools_now, table.agencies_now):
        assert this.closed_at is None
        assert this.opens_on < this.due_on
        assert this.issued_at < now
    assert timedelta(28) < table.schools_now.due_on - today < timedelta(65)
    due = table.schools_now.due_on
    assert (1, 9) <= (due.month, due.day) < (12, 19)
    assert timedelta(10) <= today - table.agencies_now.due_on < timedelta(19)
    assert table.schools_last.due_on < table.schools_now.opens_on
    assert table.agencies_last.due_on < table.agencies_now.opens_on
    assert table.schools_last.due_on.month == 1
    assert table.schools_last.due_on < school_year_start(today)


@given(MOMENTS)
def test_rounds_open_on_a_monday_and_are_due_on_a_friday(now: datetime) -> None:
    table = timetable(now)
    for dates in (table.schools_last, table.schools_now, table.agencies_last, table.agencies_now):
        assert (dates.opens_on.weekday(), dates.due_on.weekday()) == (0, 4)


@given(MOMENTS, st.integers(0, 1_000))
def test_returns_are_signed_while_the_round_is_open(now: datetime, seed: int) -> None:
    table = timetable(now)
    rng = chance(seed)
    for dates in (table.schools_last, table.schools_now, table.agencies_last, table.agencies_now):
        until = dates.closed_on or london_date(now)
        day = curve(dates, until).draw(rng)
        assert dates.opens_on < day < until
        assert london_date(at_work(rng, day)) == day


def test_more_returns_are_signed_in_the_last_days_than_in_the_first() -> None:
    table = timetable(datetime(2026, 11, 16, 10, 30, tzinfo=UTC))
    rng = chance(3)
    last = table.schools_last
    days = curve(last, london_date(last.closed_at or last.issued_at))
    drawn = [days.draw(rng) for _ in range(2_000)]
    first_week = sum(day <= last.opens_on + timedelta(7) for day in drawn)
    last_week = sum(last.due_on - timedelta(7) < day <= last.due_on for day in drawn)
    late = sum(day > last.due_on for day in drawn)
    assert last_week > 5 * first_week
    assert 40 < late < 400
