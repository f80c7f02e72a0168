"""What does not go together in a year is said, and nothing else is."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.working_days import Term
from app.planner.conflicts import DUE, VISIT, conflicts
from app.planner.year import RETURNS, VISITS, EntryKind, Mark
from app.visits.programme import Capacity

pytestmark = pytest.mark.visits

TODAY = date(2026, 11, 16)
TERMS = (Term(date(2026, 11, 2), date(2026, 12, 18)), Term(date(2027, 1, 4), date(2027, 7, 21)))
TUESDAY = date(2027, 1, 12)


def visit(day: date, name: str = "Emberwick") -> Mark:
    return Mark(f"visit-{name}", VISITS, day, day, name, VISIT)


def texts(*marks: Mark, today: date = TODAY, capacity: Capacity | None = None) -> list[str]:
    return [each.text for each in conflicts(marks, capacity or Capacity(), TERMS, today)]


def test_two_visits_on_a_day_are_more_than_one_a_day() -> None:
    two = (visit(TUESDAY), visit(TUESDAY, "Holmdale"))
    assert texts(*two) == ["2 visits on Tuesday 12 January 2027: Emberwick, Holmdale. You can do 1 a day."]
    assert texts(*two, capacity=Capacity(visits_a_day=2)) == []
    assert texts(visit(TUESDAY), visit(TUESDAY + timedelta(days=1), "Holmdale")) == []


def test_a_month_with_more_visits_than_capacity_counts_those_already_held() -> None:
    three = [visit(date(2026, 11, day), f"A{day}") for day in (10, 18, 24)]
    assert texts(*three) == ["3 visits in November 2026. You can do 2 a month."]
    assert texts(*three, today=date(2026, 11, 25)) == [], "the month's visits are all held"


def test_a_visit_in_the_school_holidays_on_a_weekend_or_a_bank_holiday() -> None:
    away = "in the school holidays. Families and young scrutineers may be away."
    assert texts(visit(date(2026, 12, 22))) == [f"Visit: Emberwick: Tuesday 22 December 2026 is {away}"]
    assert texts(visit(date(2026, 12, 26))) == ["Visit: Emberwick: Saturday 26 December 2026 is a weekend."]
    assert texts(visit(date(2026, 12, 25))) == [
        "Visit: Emberwick: Friday 25 December 2026 is a bank holiday in England."
    ]


def test_due_dates_and_own_entries_fall_on_days_on_which_people_are_at_work() -> None:
    saturday = date(2027, 1, 16)
    due = Mark("r", RETURNS, saturday, saturday, "Section 11", DUE)
    opens = Mark("o", RETURNS, saturday, saturday, "Section 11", "Opens")
    dive = Mark("d", EntryKind.DEEP_DIVE.value, TUESDAY, saturday, "Deep dive")
    assert texts(due, opens, dive) == [
        "Deep dive: Saturday 16 January 2027 is a weekend.",
        "Due: Section 11: Saturday 16 January 2027 is a weekend.",
    ]
    late = Mark("f", VISITS, saturday, saturday, "Emberwick", "Framework out")
    assert texts(late) == [], "deadlines of a visit have rules of their own"


@given(st.lists(st.dates(date(2026, 11, 17), date(2027, 7, 31)), max_size=12), st.integers(0, 3))
def test_every_crowded_day_is_said_once_and_what_is_said_is_about_marks(days: list[date], most: int) -> None:
    marks = [visit(day, f"A{number}") for number, day in enumerate(days)]
    found = conflicts(marks, Capacity(visits_a_day=most, visits_a_month=31), TERMS, TODAY)
    crowded = {day for day in days if days.count(day) > most}
    said = [each for each in found if "a day." in each.text]
    assert len(said) == len(crowded)
    known = {mark.key for mark in marks}
    assert all(each.keys and each.keys <= known for each in found)
    assert conflicts(marks, Capacity(), TERMS, date(2030, 1, 1)) == (), "nothing is said about the past"
