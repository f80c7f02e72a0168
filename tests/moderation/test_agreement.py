"""Weighted kappa: worked numbers of the literature, properties, and the sentence that says it plainly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.moderation.agreement import FEWEST, Pair, agreement, band, weighted_kappa

pytestmark = pytest.mark.visits

LEVELS = ("red", "amber", "green")
TITLES = {"policy": "Policy", "training": "Training", "records": "Records", "visits": "Visits"}


# Two radiologists, 85 xeromammograms (Boyd and others 1982, in Altman, Practical Statistics for Medical
# Research, 1991, and in Stata's manual, `kap ..., wgt(w)`): 0.5684.
MAMMOGRAMS = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
# 91 married couples (Agresti, Categorical Data Analysis, 1990; R package vcd, `Kappa(SexualFun)` with
# equal-spacing weights): 0.2374.
COUPLES = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]
# scikit-learn's own test of cohen_kappa_score with weights="linear": 0.9412.
SCIKIT = [[46, 0, 0], [4, 40, 0], [0, 0, 10]]


@pytest.mark.parametrize(("table", "kappa"), [(MAMMOGRAMS, 0.5684), (COUPLES, 0.2374), (SCIKIT, 0.9412)])
def test_kappa_is_what_the_literature_works_out(table: list[list[int]], kappa: float) -> None:
    found = weighted_kappa(table)
    assert found is not None
    assert round(found, 4) == kappa


def unweighted(table: list[list[int]]) -> float | None:
    """Cohen's kappa of 1960, which tells no near miss from a far one: the broken variant."""
    total = sum(map(sum, table))
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    agreed = Fraction(sum(table[index][index] for index in range(len(table))), total)
    chance = sum(Fraction(rows[index] * columns[index], total * total) for index in range(len(table)))
    return None if chance == 1 else float((agreed - chance) / (1 - chance))


def test_a_kappa_without_weights_would_be_caught() -> None:
    assert [round(unweighted(table) or 0, 4) for table in (MAMMOGRAMS, COUPLES)] == [0.4728, 0.1293]


TABLES = st.integers(2, 5).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 40), min_size=size, max_size=size), min_size=size, max_size=size
    )
)


@given(TABLES)
def test_kappa_is_the_same_whoever_is_named_first_whichever_end_and_however_many_copies(
    table: list[list[int]],
) -> None:
    kappa = weighted_kappa(table)
    assert weighted_kappa([list(column) for column in zip(*table, strict=True)]) == kappa
    assert weighted_kappa([row[::-1] for row in table[::-1]]) == kappa
    thrice = weighted_kappa([[3 * count for count in row] for row in table])
    assert (thrice is None) is (kappa is None)
    if kappa is not None and thrice is not None:
        assert abs(thrice - kappa) < 1e-12
        assert kappa <= 1


@given(TABLES)
def test_kappa_is_one_only_when_all_agree(table: list[list[int]]) -> None:
    apart = any(table[i][j] for i in range(len(table)) for j in range(len(table)) if i != j)
    kappa = weighted_kappa(table)
    if kappa is not None:
        assert (kappa == 1) is not apart
    else:
        assert not apart, "whoever differs can be compared"


@given(st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=2, max_size=2))
def test_with_two_levels_weights_change_nothing(table: list[list[int]]) -> None:
    if weighted_kappa(table) is not None:
        assert abs((weighted_kappa(table) or 0) - (unweighted(table) or 0)) < 1e-9


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_two_judges_who_know_nothing_of_each_other_have_none(a: int, b: int, c: int) -> None:
    rows, columns = (a, b, c), (c, a, b)
    table = [[row * column for column in columns] for row in rows]
    assert abs(weighted_kappa(table) or 0) < 1e-9


@pytest.mark.parametrize("table", [[], [[1]], [[1, 2]], [[1, 2], [3]], [[1, -1], [0, 1]]])
def test_what_is_no_table_is_refused(table: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="Kappa needs"):
        weighted_kappa(table)


def test_bands_are_those_of_landis_and_koch() -> None:
    assert [band(each) for each in (-0.1, 0.0, 0.2, 0.21, 0.5, 0.8, 0.81, 1.0)] == [
        "no better than chance",
        "no better than chance",
        "slight",
        "fair",
        "moderate",
        "substantial",
        "almost perfect",
        "almost perfect",
    ]


def pair(standard: str, own: str, judged: str, count: int) -> Pair:
    return Pair("leadership", standard, own, judged, count)


def test_the_sentence_says_who_agrees_and_where_schools_rate_themselves_higher() -> None:
    pairs = [
        pair("policy", "green", "green", 12),
        pair("training", "green", "amber", 2),
        pair("records", "amber", "green", 1),
        pair("visits", "green", "not_applicable", 5),
    ]
    found = agreement(pairs, LEVELS, TITLES, "schools")
    assert found.sentence == (
        "In 12 of 15 standards the officer agreed; schools rate themselves higher in “Training”; "
        "schools rate themselves lower in “Records”."
    )
    assert (found.total, found.own_higher, found.own_lower) == (15, 2, 1)
    assert found.strength == f"Too few to say: fewer than {FEWEST}"
    assert found.kappa is None


def test_with_enough_standards_the_strength_is_said_and_the_worst_are_named() -> None:
    pairs = [pair(key, "green", "amber", number) for number, key in enumerate(TITLES, 1)]
    found = agreement([*pairs, pair("policy", "red", "red", 30)], LEVELS, TITLES, "schools")
    assert "higher most often in “Visits”, “Records” and “Training”." in found.sentence
    assert found.strength.endswith(f"({found.kappa:.2f})")
    alike = agreement([pair("policy", "green", "green", FEWEST)], LEVELS, TITLES)
    assert alike.strength == "Cannot be said: all have the same level"
    assert agreement([], LEVELS, TITLES).sentence == "No standard has been moderated yet."


@given(
    st.lists(
        st.builds(
            pair,
            st.sampled_from(list(TITLES)),
            st.sampled_from([*LEVELS, "not_applicable", ""]),
            st.sampled_from([*LEVELS, "not_applicable"]),
            st.integers(1, 20),
        )
    )
)
def test_every_standard_is_counted_once(pairs: list[Pair]) -> None:
    found = agreement(pairs, LEVELS, TITLES)
    assert found.agreed + found.own_higher + found.own_lower == found.total == sum(map(sum, found.table))
    assert found.total == sum(each.count for each in pairs if each.own in LEVELS and each.judged in LEVELS)
