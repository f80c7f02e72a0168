"""What texts measure: sameness, sameness with last year, and the age of evidence."""

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.signals.texts import alike, days_in, newest_day, unchanged, words_of

pytestmark = pytest.mark.visits
LONG = "All staff read part one of the guidance in September and sign that they understand it fully"
SIGNED = date(2026, 10, 30)


def test_the_same_text_in_other_clothes_is_the_same() -> None:
    texts = {
        "a": "All staff are trained every year.",
        "b": "ALL staff — are trained, every year!",
        "c": "Governors ask for figures each term",
    }
    assert alike(texts) == (("a", "b"),)


def test_one_word_changed_in_a_long_text_is_nearly_the_same_and_in_a_short_one_is_not() -> None:
    assert alike({"a": LONG, "b": LONG.replace("fully", "well")}) == (("a", "b"),)
    assert alike({"a": "Our staff are trained well", "b": "Our governors are trained well"}) == ()


def test_short_texts_repeat_with_reason() -> None:
    assert alike({"a": "In place", "b": "In place", "c": "See our policy"}) == ()


def test_the_largest_group_comes_first() -> None:
    other = "Supervision takes place each half term and is recorded in the file"
    texts = {"a": other, "b": LONG, "c": LONG, "d": other, "e": LONG}
    assert alike(texts) == (("b", "c", "e"), ("a", "d"))


def test_unchanged_counts_only_texts_of_both_years() -> None:
    now = {"a": LONG, "b": "Now we do it in another way than before", "c": LONG, "d": "Yes"}
    before = {"a": LONG.upper(), "b": LONG, "d": "Yes"}
    assert unchanged(now, before) == (("a",), 2)


TEXTS = st.text(st.sampled_from("abc xyz.,É \n"), max_size=80)


@given(st.dictionaries(st.text(max_size=4), TEXTS, max_size=8))
def test_groups_are_disjoint_have_two_or_more_and_hold_every_equal_pair(texts: dict[str, str]) -> None:
    groups = alike(texts)
    members = [key for group in groups for key in group]
    assert len(members) == len(set(members))
    assert all(len(group) >= 2 for group in groups)
    said = {key: words_of(text) for key, text in texts.items()}
    for one, other in combinations(said, 2):
        if len(said[one]) >= 5 and said[one] == said[other]:
            assert any(one in group and other in group for group in groups)


@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_the_order_of_the_texts_decides_nothing(texts: list[str]) -> None:
    named = {str(number): text for number, text in enumerate(texts)}
    turned = dict(reversed(list(named.items())))
    assert {frozenset(group) for group in alike(named)} == {frozenset(group) for group in alike(turned)}


@given(st.dictionaries(st.text(max_size=3), TEXTS, max_size=6))
def test_a_year_that_repeats_itself_is_wholly_unchanged(texts: dict[str, str]) -> None:
    same, compared = unchanged(texts, texts)
    assert len(same) == compared <= len(texts)
    assert unchanged(texts, {}) == ((), 0)


@given(TEXTS, TEXTS)
def test_unchanged_is_the_same_both_ways(one: str, other: str) -> None:
    assert unchanged({"a": one}, {"a": other}) == unchanged({"a": other}, {"a": one})


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Minutes of 4 October 2024", [date(2024, 10, 4)]),
        ("Reviewed on 1st Sept. 2023, next 03/09/2025", [date(2023, 9, 1), date(2025, 9, 3)]),
        ("Audit 2022-05-17; report May 2023", [date(2022, 5, 17), date(2023, 5, 31)]),
        ("Policy 2021/22 and plan 2023 to 2024", [date(2022, 8, 31), date(2024, 8, 31)]),
        ("KCSIE 2025, February 2024", [date(2025, 12, 31), date(2024, 2, 29)]),
        ("Room 2040b, call 01632 960123, 31/02/2024, form 120256", []),
        ("", []),
    ],
)
def test_days_are_read_as_people_write_them(text: str, days: list[date]) -> None:
    assert list(days_in(text)) == days


def test_the_newest_day_counts_and_no_day_after_the_signature() -> None:
    assert newest_day("Reviewed May 2021 and 3 June 2022", (), SIGNED) == date(2022, 6, 3)
    assert newest_day("Reviewed May 2021", (date(2026, 1, 5),), SIGNED) == date(2026, 1, 5)
    assert newest_day("Next review in 2031", (), SIGNED) == SIGNED
    assert newest_day("Staff handbook", (), SIGNED) is None


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_that_is_written_out_is_read_back(day: date) -> None:
    written = (
        f"{day.isoformat()}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.day} {day:%B %Y}",
        f"{day:%d.%m.%Y}",
    )
    for text in written:
        assert list(days_in(f"Minutes of {text} and others")) == [day]


@given(st.text(max_size=300))
def test_any_text_is_read_without_complaint(text: str) -> None:
    assert all(2000 <= day.year <= 2099 for day in days_in(text))
