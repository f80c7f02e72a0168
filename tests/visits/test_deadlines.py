"""Deadlines of visits against an oracle that shares nothing with the program."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.working_days import Term
from app.visits import deadlines as module
from app.visits.deadlines import deadlines, visit_day_problem

pytestmark = pytest.mark.visits
FIRST, LAST = date(2025, 1, 1), date(2031, 12, 31)
TERMS = (
    Term(date(2026, 9, 2), date(2026, 10, 23)),
    Term(date(2026, 11, 2), date(2026, 12, 18)),
    Term(date(2027, 1, 4), date(2027, 2, 12)),
    Term(date(2027, 2, 22), date(2027, 3, 25)),
    Term(date(2027, 4, 12), date(2027, 5, 28)),
    Term(date(2027, 6, 7), date(2027, 7, 21)),
)


def easter(year: int) -> date:
    """Gauss's way in the form of Butcher, as almanacs print it."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def monday(year: int, month: int, *, last: bool = False) -> date:
    days = [date(year, month, 1) + timedelta(days=number) for number in range(31)]
    mondays = [day for day in days if day.month == month and day.weekday() == 0]
    return mondays[-1 if last else 0]


def holidays_of(year: int) -> set[date]:
    """The Banking and Financial Dealings Act 1971 and the proclaimed days, by hand."""
    sunday = easter(year)
    found = {
        sunday - timedelta(days=2),
        sunday + timedelta(days=1),
        monday(year, 5),
        monday(year, 5, last=True),
        monday(year, 8, last=True),
    }
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        day = fixed
        while day.weekday() > 4 or day in found:
            day += timedelta(days=1)
        found.add(day)
    return found


CLOSED = {day for year in range(2024, 2033) for day in holidays_of(year)}


def oracle(visit_on: date, weeks: int, terms: tuple[Term, ...] | None = None) -> date:
    day = visit_on
    for _ in range(7 * weeks):
        day -= timedelta(days=1)
    while True:
        known = terms is not None and date(2026, 9, 1) <= day <= date(2027, 8, 31)
        away = known and not any(term.first <= day <= term.last for term in terms or ())
        if day.isoweekday() < 6 and day not in CLOSED and not away:
            return day
        day -= timedelta(days=1)


def both(visit_on: date, terms: tuple[Term, ...] | None) -> tuple[date, date]:
    out, back = oracle(visit_on, 6, terms), oracle(visit_on, 3, terms)
    # Out before back: where both fall on one day, the last working day before it.
    return (out, back) if out < back else (oracle(back - timedelta(days=1), 0, terms), back)


def differences(terms: tuple[Term, ...] | None) -> list[date]:
    days = (FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1))
    return [
        day
        for day in days
        if (deadlines(day, terms).framework.day, deadlines(day, terms).back.day) != both(day, terms)
    ]


def test_every_day_from_2025_to_2031_agrees_with_the_oracle() -> None:
    assert differences(None) == []


def test_schools_agree_with_the_oracle_too() -> None:
    assert differences(TERMS) == []


@pytest.mark.parametrize(("name", "wrong"), [("FRAMEWORK_DAYS", 41), ("RETURN_DAYS", 22)])
def test_control_a_day_more_or_less_is_found(monkeypatch: pytest.MonkeyPatch, name: str, wrong: int) -> None:
    monkeypatch.setattr(module, name, wrong)
    assert differences(None)


def test_control_moving_later_instead_of_earlier_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def later(day: date, _terms: object) -> date:
        while day.weekday() > 4 or day in CLOSED:
            day += timedelta(days=1)
        return day

    monkeypatch.setattr(module, "earlier_working_day", later)
    assert differences(None)


@example(date(2027, 9, 1), True)
@given(st.dates(FIRST, LAST), st.booleans())
def test_the_weeks_are_always_full(visit_on: date, school: bool) -> None:
    found = deadlines(visit_on, TERMS if school else None)
    assert (visit_on - found.framework.day).days >= 42
    assert (visit_on - found.back.day).days >= 21
    assert found.framework.day < found.back.day < visit_on


def test_a_visit_just_after_the_summer_leaves_a_school_one_day_and_says_so() -> None:
    found = deadlines(date(2027, 9, 1), TERMS)
    assert (found.framework.day, found.back.day) == (date(2027, 7, 20), date(2027, 7, 21))
    assert "so the framework goes out the working day before" in found.framework.why
    assert "it has 1 working day, not 15" in found.warning


def test_control_a_framework_that_goes_out_when_it_is_due_back_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_before", lambda framework, _back, _terms: framework)
    assert differences(TERMS)


@given(st.dates(FIRST, LAST))
def test_the_boundaries_are_in_time(visit_on: date) -> None:
    found = deadlines(visit_on)
    assert found.missed(found.framework.day, issued=False, returned=False) == ()
    day_after = found.framework.day + timedelta(days=1)
    assert len(found.missed(day_after, issued=False, returned=False)) == 1
    assert found.missed(day_after, issued=True, returned=False) == ()
    assert found.missed(found.back.day, issued=True, returned=False) == ()
    assert len(found.missed(found.back.day + timedelta(days=1), issued=True, returned=False)) == 1


def test_the_sentence_says_why() -> None:
    # 22 March 2027 is a Monday; three weeks before 16 April 2027 is Good Friday, 26 March.
    found = deadlines(date(2027, 4, 16))
    assert found.back.day == date(2027, 3, 25)
    assert found.back.why == (
        "Three weeks before Friday 16 April 2027 is Friday 26 March 2027. That is a bank holiday in England, "
        "so the last working day before it counts."
    )
    assert deadlines(date(2027, 3, 16)).back.why.endswith("is Tuesday 23 February 2027.")


def test_holidays_in_the_return_window_are_warned_of() -> None:
    assert "working days" in deadlines(date(2027, 1, 19)).warning
    assert deadlines(date(2027, 3, 16)).warning == ""
    assert deadlines(date(2027, 3, 16), TERMS).warning != ""  # the half-term lies in it


def test_a_visit_is_on_a_working_day_that_is_still_to_come() -> None:
    today = date(2026, 11, 16)
    assert visit_day_problem(date(2027, 3, 16), today) == ""
    assert "still to come" in visit_day_problem(today, today)
    assert "weekend" in visit_day_problem(date(2027, 3, 20), today)
    assert "bank holiday" in visit_day_problem(date(2027, 5, 3), today)
    assert "school holidays" in visit_day_problem(date(2027, 2, 17), today, TERMS)
