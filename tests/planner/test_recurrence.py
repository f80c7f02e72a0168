"""When entries of the planner come back: month ends, leap years, weekdays, terms."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.working_days import Term, is_working_day
from app.planner.recurrence import (
    MOST_OCCURRENCES,
    Repeat,
    Series,
    occurrence,
    occurrences,
    said,
    same_rhythm,
    week_of_month,
)

pytestmark = pytest.mark.visits

FAR = date(2060, 1, 1)
MONTHS = {Repeat.MONTHLY: 1, Repeat.QUARTERLY: 3, Repeat.TERMLY: 4, Repeat.YEARLY: 12}
TERMS = (
    Term(date(2026, 9, 2), date(2026, 10, 23)),
    Term(date(2026, 11, 2), date(2026, 12, 18)),
    Term(date(2027, 1, 4), date(2027, 2, 12)),
    Term(date(2027, 2, 22), date(2027, 3, 25)),
    Term(date(2027, 4, 12), date(2027, 5, 28)),
    Term(date(2027, 6, 7), date(2027, 7, 21)),
)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
repeats = st.sampled_from(sorted(MONTHS))


@st.composite
def series(draw: st.DrawFn, weekday: bool | None = None) -> Series:
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 40)))
    until = first + timedelta(days=draw(st.integers(0, 3_652)))
    return Series(first, last, draw(repeats), draw(st.booleans()) if weekday is None else weekday, until)


def firsts(this: Series, terms: tuple[Term, ...] = ()) -> list[str]:
    return [str(each.first) for each in occurrences(this, FAR, terms)]


def test_a_month_end_stays_a_month_end_through_short_months_and_leap_years() -> None:
    monthly = Series(date(2027, 12, 31), date(2027, 12, 31), Repeat.MONTHLY, until=date(2028, 4, 30))
    assert firsts(monthly) == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]
    leap = Series(date(2028, 2, 29), date(2028, 2, 29), Repeat.YEARLY, until=date(2032, 12, 31))
    assert firsts(leap) == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


def test_the_second_tuesday_and_the_last_friday() -> None:
    second = Series(
        date(2027, 1, 12), date(2027, 1, 12), Repeat.MONTHLY, same_weekday=True, until=date(2027, 4, 30)
    )
    assert firsts(second) == ["2027-01-12", "2027-02-09", "2027-03-09", "2027-04-13"]
    assert said(second) == "Every month on the second Tuesday of the month, until Friday 30 April 2027"
    last = Series(
        date(2027, 1, 29), date(2027, 1, 29), Repeat.QUARTERLY, same_weekday=True, until=date(2027, 12, 31)
    )
    assert firsts(last) == ["2027-01-29", "2027-04-30", "2027-07-30", "2027-10-29"]


def test_what_comes_every_term_moves_out_of_the_holidays_to_the_last_school_day_before() -> None:
    termly = Series(date(2026, 12, 10), date(2026, 12, 10), Repeat.TERMLY, until=date(2027, 8, 31))
    assert firsts(termly) == ["2026-12-10", "2027-04-10", "2027-08-10"], "no terms are known: none is moved"
    assert firsts(termly, TERMS) == ["2026-12-10", "2027-03-25", "2027-07-21"]
    # A month is no term: it comes in the holidays, too.
    monthly = Series(date(2027, 7, 10), date(2027, 7, 10), Repeat.MONTHLY, until=date(2027, 8, 31))
    assert firsts(monthly, TERMS) == ["2027-07-10", "2027-08-10"]


def test_once_is_once_and_a_series_can_begin_later_than_it_counts() -> None:
    once = Series(date(2027, 1, 31), date(2027, 2, 2))
    assert [(each.number, each.last) for each in occurrences(once, FAR)] == [(0, date(2027, 2, 2))]
    assert said(once) == "Once"
    assert occurrence(once, 1) is None
    later = Series(
        date(2027, 1, 31), date(2027, 1, 31), Repeat.MONTHLY, until=date(2027, 4, 30), from_number=2
    )
    assert firsts(later) == ["2027-03-31", "2027-04-30"], "not the 28th, on which February ends"
    assert occurrence(later, 1) is None
    assert occurrence(later, -1) is None


@given(series())
def test_every_occurrence_is_in_its_month_and_none_is_missing(this: Series) -> None:
    found = list(occurrences(this, FAR))
    begin = this.first.year * 12 + this.first.month - 1
    for number, each in enumerate(found):
        assert each.number == number
        assert each.first.year * 12 + each.first.month - 1 == begin + number * MONTHS[this.repeat]
        assert each.last - each.first == this.last - this.first
        assert this.until is not None
        assert this.first <= each.first <= this.until
    assert found[0].first == this.first
    assert len(found) <= MOST_OCCURRENCES
    assert occurrence(this, len(found)) is None


@given(series(weekday=False))
def test_the_same_date_is_the_same_day_or_the_last_of_a_shorter_month(this: Series) -> None:
    for each in occurrences(this, FAR):
        tomorrow = each.first + timedelta(days=1)
        assert each.first.day == this.first.day or (each.first.day < this.first.day and tomorrow.day == 1)


@given(series(weekday=True))
def test_the_same_weekday_is_the_same_weekday_in_the_same_week(this: Series) -> None:
    week = week_of_month(this.first)
    for each in occurrences(this, FAR):
        assert each.first.weekday() == this.first.weekday()
        if week < 4:
            assert week_of_month(each.first) == week
        else:
            assert (each.first + timedelta(days=7)).month != each.first.month


@given(series())
def test_terms_never_change_how_often_or_in_what_order_it_comes(this: Series) -> None:
    found = list(occurrences(this, FAR, TERMS))
    assert all(one.first < other.first for one, other in pairwise(found))
    for each in found[1:]:
        plain = occurrence(this, each.number)
        if plain is not None and plain.first != each.first:
            assert this.repeat is Repeat.TERMLY
            assert each.first < plain.first
            assert is_working_day(each.first, TERMS)


@given(series(), st.integers(0, 130))
def test_a_series_cut_in_two_comes_on_the_same_days(this: Series, cut: int) -> None:
    """What `edit all following` does when only the words change."""
    whole = list(occurrences(this, FAR))
    head = [each for each in whole if each.number < cut]
    rest = Series(this.first, this.last, this.repeat, this.same_weekday, this.until, from_number=cut)
    assert head + list(occurrences(rest, FAR)) == whole


def test_the_rhythm_is_how_often_and_on_which_day() -> None:
    one = Series(date(2027, 1, 1), date(2027, 1, 1), Repeat.MONTHLY, until=date(2027, 2, 1))
    assert same_rhythm(one, Series(FAR, FAR, Repeat.MONTHLY, until=FAR))
    assert not same_rhythm(one, Series(FAR, FAR, Repeat.YEARLY, until=FAR))
    assert not same_rhythm(one, Series(FAR, FAR, Repeat.MONTHLY, same_weekday=True, until=FAR))
