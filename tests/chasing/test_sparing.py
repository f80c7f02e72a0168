"""Pauses, exemptions and extensions: on which days nothing is sent, and what is not made up for."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chasing.sparing import Rest, Sparing

pytestmark = pytest.mark.chasing
DAY = date(2027, 1, 8)
DAYS = st.dates(date(2026, 12, 1), date(2027, 3, 1))


@settings(deadline=None)
@given(DAYS, st.none() | st.integers(0, 30), DAYS)
def test_a_pause_covers_its_first_and_its_last_day(first: date, length: int | None, day: date) -> None:
    last = None if length is None else first + timedelta(days=length)
    paused = {first + timedelta(days=n) for n in range(200 if length is None else length + 1)}
    assert Rest(first, last).covers(day) == (day in paused)


def test_a_pause_of_the_round_is_everybodys_and_one_of_an_organisation_is_its_own() -> None:
    spared = Sparing({None: (Rest(DAY, DAY),), 7: (Rest(DAY + timedelta(days=1), None),)})
    assert [spared.is_paused(place, DAY) for place in (7, 8)] == [True, True]
    assert [spared.is_paused(place, DAY + timedelta(days=1)) for place in (7, 8)] == [True, False]


@settings(deadline=None)
@given(st.lists(st.tuples(DAYS, st.integers(0, 20)), max_size=4), st.none() | DAYS, DAYS, DAYS)
def test_the_schedule_counts_from_the_last_thing_that_set_it_back(
    pauses: list[tuple[date, int]], extended: date | None, issued: date, day: date
) -> None:
    rests = tuple(Rest(first, first + timedelta(days=length)) for first, length in pauses)
    spared = Sparing({7: rests}, extended_on={1: extended} if extended else {})
    found = spared.since(7, 1, issued, day)
    candidates = [issued, *([extended] if extended else [])]
    candidates += [rest.last for rest in rests if rest.last is not None and rest.last < day]
    assert found == max(candidates)


def test_a_pause_that_is_ended_by_hand_ends_the_day_before() -> None:
    from app.chasing.sparing import _rest  # noqa: PLC0415

    begun = datetime.fromisoformat("2027-01-04T10:00+00:00")
    rest = _rest(begun, date(2027, 2, 1), datetime.fromisoformat("2027-01-08T08:00+00:00"))
    assert rest == Rest(date(2027, 1, 4), date(2027, 1, 7))
    assert _rest(begun, None, None) == Rest(date(2027, 1, 4), None)
    assert _rest(begun, date(2027, 1, 6), None).last == date(2027, 1, 6)
