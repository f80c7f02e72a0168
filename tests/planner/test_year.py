"""Which cells of the year something fills, and how small it must be to print on one side."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.planner.print_size import SIZES, height, size_for
from app.planner.year import (
    OWN,
    VISITS,
    EntryKind,
    Mark,
    PlanYear,
    YearKind,
    activities,
    activity_of,
    cells,
    months_between,
    year_of,
)

pytestmark = pytest.mark.visits

SCHOOL = PlanYear(YearKind.SCHOOL, 2026)
FINANCIAL = PlanYear(YearKind.FINANCIAL, 2026)
COLUMNS = activities(["Training", "audits"])
KEYS = [column.key for column in COLUMNS]

days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
years = st.builds(PlanYear, st.sampled_from(YearKind), st.integers(2024, 2029))


@st.composite
def marks(draw: st.DrawFn) -> Mark:
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 400)))
    return Mark(str(draw(st.integers())), draw(st.sampled_from(KEYS)), first, last, "T")


def test_a_year_has_the_months_that_people_mean() -> None:
    assert (SCHOOL.first, SCHOOL.last) == (date(2026, 9, 1), date(2027, 8, 31))
    assert (FINANCIAL.first, FINANCIAL.last) == (date(2026, 4, 1), date(2027, 3, 31))
    assert SCHOOL.title == "School year 2026 to 2027"
    assert year_of(date(2026, 8, 31), YearKind.SCHOOL).begins == 2025
    assert year_of(date(2026, 9, 1), YearKind.SCHOOL) == SCHOOL
    assert year_of(date(2027, 3, 31), YearKind.FINANCIAL) == FINANCIAL
    assert len(SCHOOL.months) == 12


@given(days, st.sampled_from(YearKind))
def test_every_day_is_in_exactly_one_year_of_a_kind(day: date, kind: YearKind) -> None:
    year = year_of(day, kind)
    assert year.first <= day <= year.last
    assert PlanYear(kind, year.begins + 1).first == year.last + timedelta(days=1)
    assert day.replace(day=1) in year.months


def test_the_columns_are_those_of_the_framework_with_own_kinds_before_the_reports() -> None:
    assert [column.words for column in COLUMNS] == [
        "Returns",
        "Assurance visits",
        "Deep dives",
        "Line of sight events",
        "Staff events",
        "audits",
        "Training",
        "Reports to the board",
    ]
    assert activity_of(EntryKind.OWN, "Training") == OWN + "Training"
    assert activity_of(EntryKind.DEEP_DIVE, "") in KEYS


def test_a_day_is_said_as_short_as_it_can_be() -> None:
    def mark(first: date, last: date) -> Mark:
        return Mark("k", VISITS, first, last, "T")

    one = mark(date(2026, 11, 9), date(2026, 11, 9))
    assert (one.when(), one.days()) == ("9", "9 Nov 2026")
    some = mark(date(2026, 11, 9), date(2026, 11, 13))
    assert (some.when(), some.days()) == ("9–13", "9 Nov 2026 to 13 Nov 2026")
    assert mark(date(2026, 11, 28), date(2026, 12, 2)).when() == "28 Nov – 2 Dec"
    assert mark(date(2026, 11, 28), date(2027, 11, 28)).when() == "28 Nov – 28 Nov"


@given(years, st.lists(marks(), max_size=8))
def test_a_mark_fills_its_activitys_cell_of_every_month_that_it_touches_and_no_other(
    year: PlanYear, given_marks: list[Mark]
) -> None:
    filled = cells(year, given_marks)
    for mark in given_marks:
        for month in year.months:
            next_month = (month + timedelta(days=31)).replace(day=1)
            touches = mark.first < next_month and mark.last >= month
            for key in KEYS:
                here = filled.get((month, key), ())
                assert (mark in here) is (touches and key == mark.activity) or given_marks.count(mark) > 1
    assert {month for month, _ in filled} <= set(year.months)
    wanted = sum(
        len(months_between(max(mark.first, year.first), min(mark.last, year.last))) for mark in given_marks
    )
    assert sum(map(len, filled.values())) == wanted
    for those in filled.values():
        assert [mark.first for mark in those] == sorted(mark.first for mark in those)


@given(days, days)
def test_months_between_are_consecutive_and_hold_both_days(one: date, other: date) -> None:
    first, last = min(one, other), max(one, other)
    found = months_between(first, last)
    assert found[0] == first.replace(day=1)
    assert found[-1] == last.replace(day=1)
    assert all((a + timedelta(days=31)).replace(day=1) == b for a, b in pairwise(found))
    assert first.replace(day=1) == last.replace(day=1) or months_between(last, first) == ()


def many(count: int) -> list[Mark]:
    days = [SCHOOL.first + timedelta(days=number % 365) for number in range(count)]
    return [Mark(str(n), KEYS[n % len(KEYS)], day, day, "T" * 40) for n, day in enumerate(days)]


def test_an_empty_year_prints_in_the_largest_type_and_a_full_one_in_the_smallest() -> None:
    assert size_for(SCHOOL, COLUMNS, {}) == 0
    assert size_for(SCHOOL, COLUMNS, cells(SCHOOL, many(2_000))) == len(SIZES) - 1


@given(st.integers(0, 400), st.integers(0, 100))
def test_more_marks_never_make_the_type_larger(count: int, more: int) -> None:
    few, lots = cells(SCHOOL, many(count)), cells(SCHOOL, many(count + more))
    assert size_for(SCHOOL, COLUMNS, few) <= size_for(SCHOOL, COLUMNS, lots)
    assert height(SCHOOL, COLUMNS, few, 6.0) <= height(SCHOOL, COLUMNS, lots, 6.0)
