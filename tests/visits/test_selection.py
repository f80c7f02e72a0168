"""The explained score, the random tenth, the commitment and the simulation."""

import random
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.visits.programme import (
    Capacity,
    Owed,
    commitment_from,
    due_by,
    first_of_month,
    room_by_month,
    simulate,
)
from app.visits.selection import (
    WEIGHT_WORDS,
    Facts,
    Weights,
    calibration_draw,
    months_between,
    ranked,
    score,
    weights_from,
)

pytestmark = pytest.mark.visits
TODAY = date(2026, 11, 16)
RECENT = date(2026, 3, 1)
TITLES = st.lists(st.sampled_from(["Leadership", "Culture", "Workforce"]), unique=True).map(tuple)
FACTS = st.builds(
    Facts,
    organisation_id=st.integers(1, 50),
    critical_reds=st.integers(0, 8),
    red_domains=TITLES,
    domains_down=TITLES,
    validated_below=TITLES,
    greens=st.integers(0, 60),
    unevidenced=st.integers(0, 60),
    voices_below=TITLES,
    overdue_actions=st.integers(0, 9),
    late=st.booleans(),
    not_returned=st.booleans(),
    last_visit=st.none() | st.dates(date(2020, 1, 1), TODAY),
)
WEIGHTS = st.builds(Weights, **{each.name: st.integers(0, 20) for each in fields(Weights)})


def points(**facts: object) -> int:
    known = {"organisation_id": 1, "last_visit": RECENT, **facts}
    return score(Facts(**known), Weights(), TODAY).points  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, 0),
        ({"critical_reds": 2}, 10),
        ({"critical_reds": 4}, 15),
        ({"red_domains": ("A", "B")}, 8),
        ({"domains_down": ("A",)}, 3),
        ({"validated_below": ("A", "B")}, 3),
        ({"greens": 20, "unevidenced": 5}, 0),
        ({"greens": 20, "unevidenced": 6}, 3),
        ({"voices_below": ("A",)}, 3),
        ({"overdue_actions": 7}, 2),
        ({"late": True}, 1),
        ({"not_returned": True}, 6),
        ({"not_returned": True, "late": True}, 6),
        ({"last_visit": None}, 3),
        ({"last_visit": date(2024, 11, 16)}, 3),
        ({"last_visit": date(2024, 11, 17)}, 0),
    ],
)
def test_the_points_are_those_of_the_design(facts: dict[str, object], expected: int) -> None:
    assert points(**facts) == expected


@given(FACTS, WEIGHTS)
def test_the_reasons_add_up_and_say_so(facts: Facts, weights: Weights) -> None:
    found = score(facts, weights, TODAY)
    assert found.points == sum(reason.points for reason in found.reasons)
    assert all(f"({reason.points})" in found.sentence for reason in found.reasons)


@given(FACTS, WEIGHTS)
def test_more_to_worry_about_never_ranks_lower(facts: Facts, weights: Weights) -> None:
    worse = replace(
        facts,
        critical_reds=facts.critical_reds + 1,
        overdue_actions=facts.overdue_actions + 1,
        last_visit=None,
    )
    assert score(worse, weights, TODAY).points >= score(facts, weights, TODAY).points


@given(st.lists(FACTS, unique_by=lambda each: each.organisation_id), st.randoms(use_true_random=False))
def test_the_ranking_does_not_depend_on_the_order(facts: list[Facts], rng: random.Random) -> None:
    shuffled = facts[:]
    rng.shuffle(shuffled)
    found = ranked(facts, Weights(), TODAY)
    assert found == ranked(shuffled, Weights(), TODAY)
    assert [each.points for each in found] == sorted((each.points for each in found), reverse=True)


def test_what_the_partnership_has_not_set_is_the_default() -> None:
    assert weights_from({"late": 9, "unknown": 3}) == replace(Weights(), late=9)
    assert set(WEIGHT_WORDS) == {each.name for each in fields(Weights)}


@given(st.lists(st.integers(1, 500), unique=True), st.integers(0, 10**6))
def test_a_tenth_is_drawn_and_the_seed_repeats_it(pool: list[int], seed: int) -> None:
    drawn = calibration_draw(pool, seed)
    assert len(drawn.chosen) == -(-len(pool) // 10)
    assert set(drawn.chosen) <= set(pool)
    assert calibration_draw(sorted(pool, reverse=True), seed) == drawn


def test_every_return_has_the_same_chance() -> None:
    counts = dict.fromkeys(range(1, 31), 0)
    for seed in range(2_000):
        for number in calibration_draw(list(counts), seed).chosen:
            counts[number] += 1
    assert all(140 < count < 260 for count in counts.values()), counts


def test_months_are_whole() -> None:
    assert months_between(date(2024, 11, 17), TODAY) == 23
    assert months_between(date(2024, 11, 16), TODAY) == 24


# --- the commitment and the simulation -------------------------------------------------------------


def test_an_agency_is_due_two_years_after_its_visit_or_with_the_commitment() -> None:
    assert commitment_from(TODAY) == date(2025, 9, 1)
    assert due_by(None, TODAY) == date(2027, 8, 31)
    assert due_by(date(2024, 2, 29), TODAY) == date(2026, 3, 1)
    assert due_by(date(2026, 3, 5), TODAY) == date(2028, 3, 5)


OWED = st.lists(
    st.builds(
        Owed,
        organisation_id=st.integers(1, 500),
        name=st.just("An agency"),
        due=st.none() | st.dates(TODAY, TODAY + timedelta(days=800)),
        points=st.integers(0, 30),
    ),
    unique_by=lambda each: each.organisation_id,
    max_size=60,
)
CAPACITY = st.builds(
    Capacity,
    visits_a_month=st.integers(0, 5),
    pso_days_a_year=st.integers(0, 90),
    pso_days_a_visit=st.integers(0, 6),
)


@given(OWED, CAPACITY)
def test_a_simulation_loses_nobody_and_keeps_to_capacity(owed: list[Owed], capacity: Capacity) -> None:
    found = simulate(owed, capacity, TODAY)
    placed = [each for month in found.months for each in month.visits]
    assert sorted(each.organisation_id for each in (*placed, *found.left_out)) == sorted(
        each.organisation_id for each in owed
    )
    assert len(found.months) == 24
    assert all(len(month.visits) <= min(month.room, capacity.visits_a_month) for month in found.months)
    for year in (2026, 2027, 2028):
        held = sum(len(month.visits) for month in found.months if month.first.year == year)
        assert held * capacity.pso_days_a_visit <= capacity.pso_days_a_year


@given(OWED, CAPACITY, st.randoms(use_true_random=False))
def test_no_other_order_has_fewer_late_visits(
    owed: list[Owed], capacity: Capacity, rng: random.Random
) -> None:
    found = simulate(owed, capacity, TODAY)
    ours = len(found.late) + sum(each.due is not None for each in found.left_out)
    if ours == 0:
        return
    # Whoever keeps all deadlines in any order keeps them in ours.
    other = owed[:]
    rng.shuffle(other)
    rooms = room_by_month(capacity, TODAY)
    late = 0
    for first, room in rooms:
        visits, other = other[:room], other[room:]
        late += sum(each.due is not None and each.due < first for each in visits)
    late += sum(each.due is not None for each in other)
    assert late > 0


def test_nothing_new_is_held_in_the_next_weeks_or_in_august() -> None:
    rooms = dict(room_by_month(Capacity(2, 100, 3), TODAY))
    assert rooms[date(2026, 11, 1)] == rooms[date(2026, 12, 1)] == rooms[date(2027, 8, 1)] == 0
    assert rooms[date(2027, 1, 1)] == 2


def test_what_is_planned_takes_room() -> None:
    planned = [date(2027, 1, 12), date(2027, 1, 26)]
    assert dict(room_by_month(Capacity(2, 100, 3), TODAY, planned))[date(2027, 1, 1)] == 0
    assert first_of_month(date(2026, 12, 31), 2) == date(2027, 2, 1)
