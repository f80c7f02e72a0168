"""Counts and lines by day, held against counting naively."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chasing.progress import Line, RoundDays, day_lines, funnel, groups, headline, reached
from app.chasing.rules import ChaseState

pytestmark = pytest.mark.chasing

OPENS, DUE = date(2026, 10, 1), date(2027, 1, 29)


def days(
    *signed: date, known_to: date = DUE, asked: int = 10, opens: date = OPENS, due: date = DUE
) -> RoundDays:
    return RoundDays(opens, due, known_to, asked, tuple(signed))


def test_each_step_includes_those_that_went_further() -> None:
    states = ["issued"] * 4 + ["opened"] * 3 + ["ready", "signed"]
    steps = [reached(state) for state in states] + [reached("in_progress", 29, 58)]
    assert [(step.title, step.count, step.share) for step in funnel(steps)] == [
        ("Asked", 10, 100),
        ("Opened", 6, 60),
        ("Started", 3, 30),
        ("Half answered", 3, 30),
        ("Complete", 2, 20),
        ("Signed", 1, 10),
    ]


def test_half_is_half_of_what_is_asked() -> None:
    assert [reached("in_progress", answered, 58) for answered in (0, 28, 29, 58)] == [3, 3, 4, 4]
    assert reached("in_progress", 0, 0) == 3


def test_a_funnel_of_nothing_is_all_noughts() -> None:
    assert {(step.count, step.share) for step in funnel([])} == {(0, 0)}


@given(st.lists(st.sampled_from(["issued", "opened", "in_progress", "ready", "signed"])))
def test_a_funnel_never_widens(states: list[str]) -> None:
    counts = [step.count for step in funnel(reached(state) for state in states)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(states)


def test_groups_count_their_own_and_stand_beside_last_year() -> None:
    lines = [
        Line("academy", ChaseState.SIGNED),
        Line("academy", ChaseState.STALLED, days_overdue=2),
        Line("academy", ChaseState.NO_CONTACT),
        Line("college", ChaseState.SIGNED_LATE),
    ]
    academy, college = groups(lines, [("academy", True), ("academy", False), ("nursery_school", True)])
    assert (academy.asked, academy.answered, academy.share) == (3, 1, 33)
    assert (academy.overdue, academy.not_opened, academy.last_share) == (1, 0, 50)
    assert (college.answered, college.last_share) == (1, None)


def test_a_day_without_a_signature_keeps_the_share_of_the_day_before() -> None:
    found = day_lines(days(date(2026, 10, 2), date(2026, 10, 5), known_to=date(2026, 10, 6)))
    assert found.days[:7] == tuple(OPENS + timedelta(days=number) for number in range(7))
    assert found.this[:7] == (0, 10, 10, 10, 20, 20, None)
    assert found.this[-1] is None


def test_the_round_before_is_moved_to_the_same_due_date() -> None:
    last = days(
        date(2026, 1, 20), opens=date(2025, 10, 9), due=date(2026, 1, 30), known_to=date(2026, 2, 6), asked=4
    )
    found = day_lines(days(known_to=DUE + timedelta(days=10)), last)
    by_day = dict(zip(found.days, found.last, strict=True))
    # It opened 113 days before it was due, this round 120: a week at the beginning has no such day.
    assert by_day[OPENS + timedelta(days=6)] is None
    assert by_day[OPENS + timedelta(days=7)] == 0
    assert (by_day[date(2027, 1, 18)], by_day[date(2027, 1, 19)]) == (0, 25)
    # It was closed a week after it was due.
    assert (by_day[DUE + timedelta(days=7)], by_day[DUE + timedelta(days=8)]) == (25, None)


def test_the_target_is_everybody_on_the_due_date() -> None:
    found = day_lines(days(known_to=DUE + timedelta(days=3)))
    by_day = dict(zip(found.days, found.target, strict=True))
    assert (by_day[OPENS], by_day[OPENS + timedelta(days=60)], by_day[DUE]) == (0, 50, 100)
    assert by_day[DUE + timedelta(days=3)] == 100


def test_a_round_left_open_for_years_keeps_a_readable_line() -> None:
    assert len(day_lines(days(known_to=DUE + timedelta(days=900))).days) == (DUE - OPENS).days + 61


SIGNATURES = st.lists(st.dates(date(2026, 9, 20), date(2027, 3, 1)), max_size=30)


@given(SIGNATURES, st.dates(date(2026, 10, 1), date(2027, 4, 1)))
def test_lines_equal_counting_naively(signed: list[date], known_to: date) -> None:
    signed = [day for day in signed if day <= known_to]
    found = day_lines(days(*sorted(signed), known_to=known_to, asked=30))
    for day, share in zip(found.days, found.this, strict=True):
        expected = 100 * sum(each <= day for each in signed) // 30 if day <= known_to else None
        assert share == expected
    assert list(found.target) == sorted(found.target)


def test_the_headline_compares_with_the_same_day_last_year() -> None:
    last = days(
        *(date(2025, 12, 1),) * 3, *(date(2026, 1, 30),) * 5, opens=date(2025, 10, 1), due=date(2026, 1, 30)
    )
    today = date(2026, 12, 1)
    this = days(*(date(2026, 11, 20),) * 4, known_to=today)
    assert headline(this, last, closed=False).comparison == "10 points above last year with 59 days to go"
    assert headline(this, last, closed=True).comparison == "40 points below last year"
    assert headline(this, None, closed=False).comparison == ""


def test_one_point_is_one_point_and_no_difference_is_said() -> None:
    last = days(date(2026, 1, 1), opens=date(2025, 10, 1), due=date(2026, 1, 30), asked=100)
    when = "on the day it was due"
    assert headline(days(asked=100), last, closed=False).comparison == f"1 point below last year {when}"
    level = headline(days(date(2026, 12, 1), asked=100), last, closed=False)
    assert level.comparison == f"the same as last year {when}"


@pytest.mark.parametrize(
    ("day", "then"),
    [
        (date(2027, 1, 28), "with 1 day to go"),
        (date(2027, 1, 29), "on the day it was due"),
        (date(2027, 1, 30), "1 day after it was due"),
        (date(2027, 2, 28), "30 days after it was due"),
    ],
)
def test_the_comparison_says_how_far_from_the_due_date_it_is(day: date, then: str) -> None:
    last = days(opens=date(2025, 10, 1), due=date(2026, 1, 30), asked=100)
    found = headline(days(due=date(2027, 1, 29), known_to=day, asked=100), last, closed=False)
    assert found.comparison == f"the same as last year {then}"
