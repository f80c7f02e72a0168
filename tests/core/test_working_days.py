"""Working days against an oracle of our own: Easter, weekends and days in lieu worked out from scratch."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import LONDON, end_of_day, london_date
from app.core.working_days import (
    Term,
    bank_holidays,
    earlier_working_day,
    in_term,
    is_working_day,
    london_moment,
    next_working_day,
    school_year,
    working_days_between,
)

pytestmark = pytest.mark.chasing

# The calendar of England, weekdays only: a holiday on a weekend is held on a day in lieu.
CALENDAR = {
    2025: ("01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"),
    2026: ("01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"),
    2027: ("01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"),
    2028: ("01-03", "04-14", "04-17", "05-01", "05-29", "08-28", "12-25", "12-26"),
    2029: ("01-01", "03-30", "04-02", "05-07", "05-28", "08-27", "12-25", "12-26"),
    2030: ("01-01", "04-19", "04-22", "05-06", "05-27", "08-26", "12-25", "12-26"),
    2031: ("01-01", "04-11", "04-14", "05-05", "05-26", "08-25", "12-25", "12-26"),
}
YEAR_DAYS = st.dates(date(2025, 1, 1), date(2031, 12, 31))


def easter(year: int) -> date:
    """Easter Sunday by Gauss's method, as Meeus gives it."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def monday_in(year: int, month: int, *, last: bool) -> date:
    days = [date(year, month, day) for day in range(1, 32) if not (month in {4, 6, 9, 11} and day == 31)]
    mondays = [day for day in days if day.weekday() == 0]
    return mondays[-1 if last else 0]


def oracle_holidays(year: int) -> set[date]:
    """Bank holidays on weekdays, worked out from the Act and the custom of days in lieu."""
    found = {
        easter(year) - timedelta(days=2),
        easter(year) + timedelta(days=1),
        monday_in(year, 5, last=False),
        monday_in(year, 5, last=True),
        monday_in(year, 8, last=True),
    }
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        day = fixed
        while day.weekday() >= 5 or day in found:
            day += timedelta(days=1)
        found.add(day)
    return found


def every_day() -> Iterator[date]:
    day = date(2025, 1, 1)
    while day.year <= 2031:
        yield day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", CALENDAR)
def test_bank_holidays_are_those_on_the_calendar(year: int) -> None:
    weekdays = {day for day in bank_holidays(year) if day.weekday() < 5}
    assert weekdays == {date.fromisoformat(f"{year}-{day}") for day in CALENDAR[year]}
    assert weekdays == oracle_holidays(year)


def test_every_day_of_seven_years_is_a_working_day_exactly_when_the_oracle_says_so() -> None:
    for day in every_day():
        assert is_working_day(day) == (day.weekday() < 5 and day not in oracle_holidays(day.year)), day


def test_the_oracle_catches_a_calendar_without_days_in_lieu() -> None:
    naive = {date(2027, 12, 25), date(2027, 12, 26)}
    assert not oracle_holidays(2027) & naive
    assert date(2027, 12, 27) in oracle_holidays(2027)


TERMS = (
    Term(date(2026, 9, 2), date(2026, 10, 23)),
    Term(date(2026, 11, 2), date(2026, 12, 18)),
    Term(date(2027, 1, 4), date(2027, 2, 12)),
    Term(date(2027, 2, 22), date(2027, 3, 25)),
    Term(date(2027, 4, 12), date(2027, 5, 28)),
    Term(date(2027, 6, 7), date(2027, 7, 21)),
)


@pytest.mark.parametrize(
    ("day", "earlier", "later"),
    [
        ("2026-12-25", "2026-12-18", "2027-01-04"),
        ("2026-10-28", "2026-10-23", "2026-11-02"),
        ("2027-03-26", "2027-03-25", "2027-04-12"),
        ("2027-05-03", "2027-04-30", "2027-05-04"),
        ("2027-07-21", "2027-07-21", "2027-07-21"),
        # The next school year has no terms yet: it counts as term from its first day.
        ("2027-08-10", "2027-07-21", "2027-09-01"),
    ],
)
def test_schools_are_moved_into_term(day: str, earlier: str, later: str) -> None:
    start = date.fromisoformat(day)
    assert earlier_working_day(start, TERMS) == date.fromisoformat(earlier)
    assert next_working_day(start, TERMS) == date.fromisoformat(later)


def test_six_weeks_before_a_visit_falls_on_the_working_day_before_christmas() -> None:
    assert earlier_working_day(date(2027, 2, 8) - timedelta(days=42)) == date(2026, 12, 24)
    assert earlier_working_day(date(2027, 2, 8) - timedelta(days=42), TERMS) == date(2026, 12, 18)


def test_a_year_without_terms_and_terms_without_a_weekday_stop_nothing() -> None:
    assert in_term(date(2030, 8, 5), TERMS)
    assert next_working_day(date(2026, 9, 1), [Term(date(2026, 9, 5), date(2026, 9, 6))]) == date(2026, 9, 1)
    assert is_working_day(date(2026, 11, 16), [])


def test_a_term_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Term(date(2026, 9, 2), date(2026, 9, 1))


def test_the_school_year_turns_on_the_first_of_september() -> None:
    assert [school_year(date(2027, 8, 31)), school_year(date(2027, 9, 1))] == [2026, 2027]


@st.composite
def some_terms(draw: st.DrawFn) -> list[Term]:
    starts = draw(st.lists(YEAR_DAYS, max_size=6))
    return [Term(start, start + timedelta(days=draw(st.integers(0, 90)))) for start in starts]


def oracle_works(day: date, terms: list[Term] | None) -> bool:
    if day.weekday() in {5, 6} or day in oracle_holidays(day.year):
        return False
    if terms is None:
        return True
    known = set()
    for term in terms:
        year = term.first.year - (term.first.month < 9)
        while year <= term.last.year - (term.last.month < 9):
            known.add(year)
            year += 1
    covered = {
        term.first + timedelta(days=n)
        for term in terms
        for n in range(121)
        if n <= (term.last - term.first).days
    }
    return day in covered or day.year - (day.month < 9) not in known


@settings(deadline=None)
@given(YEAR_DAYS, st.none() | some_terms())
def test_shifts_reach_the_nearest_working_day_of_the_oracle(day: date, terms: list[Term] | None) -> None:
    assert is_working_day(day, terms) == oracle_works(day, terms)
    for found, sign in ((earlier_working_day(day, terms), -1), (next_working_day(day, terms), 1)):
        assert (found - day).days * sign >= 0
        offered = [day + timedelta(days=sign * n) for n in range(120)]
        works = [each for each in offered if oracle_works(each, terms)]
        works = works or [each for each in offered if oracle_works(each, None)]
        assert found == works[0]


@settings(deadline=None)
@given(YEAR_DAYS, st.integers(-5, 40), st.none() | some_terms())
def test_working_days_are_counted_one_by_one(day: date, more: int, terms: list[Term] | None) -> None:
    last = day + timedelta(days=more)
    expected = sum(oracle_works(day + timedelta(days=n), terms) for n in range(more + 1))
    assert working_days_between(day, last, terms) == expected


def last_sunday(year: int, month: int) -> date:
    day = date(year, month, 31)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def oracle_offset(moment: datetime) -> timedelta:
    """British Summer Time by the Summer Time Order 2002: from 1am UTC, last Sundays of March and October."""
    begin = datetime.combine(last_sunday(moment.year, 3), time(1), UTC)
    end = datetime.combine(last_sunday(moment.year, 10), time(1), UTC)
    return timedelta(hours=1) if begin <= moment < end else timedelta()


def test_every_hour_of_seven_years_lies_on_the_oracles_day_and_before_its_end() -> None:
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    while moment.year <= 2031:
        day = (moment + oracle_offset(moment)).date()
        assert london_date(moment) == day
        assert end_of_day(day) - timedelta(days=1, hours=1) <= moment < end_of_day(day)
        assert london_date(end_of_day(day)) == day + timedelta(days=1)
        moment += timedelta(hours=1)


def test_days_of_clock_changes_are_23_and_25_hours_long() -> None:
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)
    assert end_of_day(spring) - end_of_day(spring - timedelta(days=1)) == timedelta(hours=23)
    assert end_of_day(autumn) - end_of_day(autumn - timedelta(days=1)) == timedelta(hours=25)
    # 1.30am does not exist in spring, and comes twice in autumn.
    assert london_moment(spring, time(1, 30)) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert london_moment(autumn, time(1, 30)) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@settings(deadline=None)
@given(YEAR_DAYS, st.times())
def test_a_time_in_london_reads_back_as_itself_unless_clocks_skip_it(day: date, at: time) -> None:
    moment = london_moment(day, at)
    shown = moment.astimezone(LONDON)
    skipped = day == last_sunday(day.year, 3) and at.hour == 1
    expected = datetime.combine(day, at) + (timedelta(hours=1) if skipped else timedelta())
    assert shown.replace(tzinfo=None) == expected
    assert moment + oracle_offset(moment) == expected.replace(tzinfo=UTC)
