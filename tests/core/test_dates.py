"""Dates as people type them."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import long_date, short_date, time_of_day
from app.core.dates import full_year, read_date


@pytest.mark.parametrize(
    "typed",
    ["3/5/26", "03/05/2026", "3.5.26", "3-5-2026", "3 May 26", "3rd may 2026", "2026-05-03", " 3 5 26 "],
)
def test_a_day_can_be_typed_as_people_write_it(typed: str) -> None:
    assert read_date(typed) == date(2026, 5, 3)


@pytest.mark.parametrize("typed", ["31/2/26", "3/5/026", "3/5", "soon", "3/13/26", "٣/5/26", "1/1/1899"])
def test_what_is_no_day_is_not_read(typed: str) -> None:
    assert read_date(typed) is None


def test_a_short_year_is_near_now() -> None:
    assert [full_year(each) for each in ("00", "26", "69", "70", "98")] == [2000, 2026, 2069, 1970, 1998]


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_that_we_wrote_is_read_as_the_same_day(day: date) -> None:
    assert read_date(short_date(day)) == day
    assert read_date(long_date(day).split(" ", 1)[1]) == day


def test_a_time_of_day_is_written_as_people_say_it() -> None:
    times = (time(0, 5), time(8, 30), time(12, 0), time(16, 30))
    assert [time_of_day(each) for each in times] == ["12:05am", "8:30am", "12:00pm", "4:30pm"]
