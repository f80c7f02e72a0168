"""What holds of signals whatever the facts are."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.signals.rules import Facts, Measured, Moved, Peers, SignalKind, VoicesGap, months_before
from app.signals.settings import DEFAULTS, RULES, Setting, Settings, settings_from, signals_from

pytestmark = pytest.mark.visits
K = SignalKind
KEYS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g"])
SOME = st.integers(0, 60)
DAYS = st.dates(date(2022, 1, 1), date(2027, 12, 31))
MOVES = st.lists(
    st.builds(Moved, KEYS, st.sampled_from(["green", "amber"]), st.sampled_from(["amber", "red"])), max_size=3
).map(tuple)


@st.composite
def some_measures(draw: Any) -> Measured:
    keys = draw(st.lists(KEYS, unique=True))
    rated = draw(SOME)
    return Measured(
        rated=rated,
        greens=draw(st.integers(0, rated)),
        actions=draw(st.integers(0, 2)),
        alike=(tuple(keys),) if len(keys) > 1 else (),
        unchanged=tuple(keys),
        compared=len(keys) + draw(SOME),
        people=draw(st.integers(0, 3)),
        saves=draw(SOME),
        minutes=draw(SOME),
        evidence=draw(st.dictionaries(KEYS, DAYS)),
    )


FACTS = st.builds(
    Facts,
    return_id=st.just(1),
    organisation_id=st.just(1),
    due_on=DAYS,
    owed=st.booleans(),
    signed_on=st.none() | DAYS,
    measured=st.none() | some_measures(),
    greens=st.integers(20, 60),
    unevidenced=st.integers(0, 20),
    share=st.none() | st.integers(0, 100),
    peers=st.none() | st.builds(Peers, st.integers(1, 20), st.integers(0, 100)),
    down=MOVES,
    below=MOVES,
    voices=st.lists(st.builds(VoicesGap, KEYS, st.integers(0, 100)), max_size=3).map(tuple),
    standing=st.booleans(),
    overdue=st.integers(0, 3),
    overdue_since=st.none() | DAYS,
    new_leaders=st.dictionaries(st.sampled_from(["head_teacher", "agency_lead", "chair_of_governors"]), DAYS),
    academy=st.booleans(),
    was_academy=st.booleans(),
    converted_on=st.none() | DAYS,
    bounced=st.integers(0, 2),
    contacts=st.integers(2, 4),
    section_11=st.booleans(),
    last_visit=st.none() | DAYS,
)


@st.composite
def some_settings(draw: Any) -> Settings:
    return {
        kind: Setting(
            draw(st.booleans()),
            draw(st.integers(0, 10)),
            draw(st.integers(rule.limit.least, rule.limit.most)) if rule.limit else 0,
        )
        for kind, rule in RULES.items()
    }


@given(FACTS, some_settings(), DAYS)
def test_signals_are_of_switched_on_kinds_each_once_and_the_weightiest_first(
    facts: Facts, settings: Settings, today: date
) -> None:
    found = signals_from(facts, settings, today)
    kinds = [each.kind for each in found]
    assert len(set(kinds)) == len(kinds)
    assert all(settings[kind].on for kind in kinds)
    assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)


@given(FACTS, some_settings(), DAYS)
def test_each_sentence_is_one_line_of_words_that_ends_open(
    facts: Facts, settings: Settings, today: date
) -> None:
    for each in signals_from(facts, settings, today):
        assert each.sentence == " ".join(each.sentence.split())
        assert each.sentence[0].isupper() or each.sentence[0].isdigit()
        assert each.sentence[-1] not in ". ,:;"
        assert each.fired


@given(FACTS, some_settings(), DAYS, st.sampled_from(SignalKind))
def test_switching_one_off_takes_away_that_one_and_nothing_else(
    facts: Facts, settings: Settings, today: date, kind: SignalKind
) -> None:
    without = {**settings, kind: replace(settings[kind], on=False)}
    before = signals_from(facts, settings, today)
    assert signals_from(facts, without, today) == tuple(each for each in before if each.kind is not kind)


# A larger limit says less, but for signals that ask whether something is recent or quick.
MORE_WITH_LARGER = {K.HASTY, K.NEW_LEADERS, K.CONVERTED}
LIMITED = [kind for kind, rule in RULES.items() if rule.limit]


@given(FACTS, DAYS, st.sampled_from(LIMITED), st.data())
def test_a_limit_works_one_way(facts: Facts, today: date, kind: SignalKind, data: st.DataObject) -> None:
    rule = RULES[kind]
    assert rule.limit
    bounds = st.integers(rule.limit.least, rule.limit.most)
    small, large = sorted((data.draw(bounds), data.draw(bounds)))
    fires = [rule.fires(facts, limit, today) is not None for limit in (small, large)]
    assert fires == (sorted(fires) if kind in MORE_WITH_LARGER else sorted(fires, reverse=True))


@given(FACTS, DAYS)
def test_no_return_and_a_late_return_exclude_each_other(facts: Facts, today: date) -> None:
    kinds = {each.kind for each in signals_from(facts, DEFAULTS, today)}
    assert not {K.NOT_RETURNED, K.LATE} <= kinds
    if facts.signed_on is None:
        assert not kinds & {K.LATE, K.OLD_EVIDENCE}


@given(FACTS, DAYS)
def test_without_measures_nothing_is_said_about_texts(facts: Facts, today: date) -> None:
    found = signals_from(replace(facts, measured=None), DEFAULTS, today)
    of_texts = {K.IDENTICAL, K.UNCHANGED, K.HASTY, K.ALL_GREEN, K.OLD_EVIDENCE}
    assert not {each.kind for each in found} & of_texts


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)), st.integers(1, 120))
def test_so_many_months_before_is_earlier_by_about_so_much(day: date, months: int) -> None:
    before = months_before(day, months)
    assert before.day <= day.day
    assert abs((day - before) - timedelta(days=months * 30.44)) < timedelta(days=4)


@given(st.sets(st.sampled_from([kind.value for kind in SignalKind])), some_settings())
def test_settings_that_are_typed_are_read_again(on: set[str], settings: Settings) -> None:
    typed = settings_from(
        frozenset(on),
        {kind.value: each.weight for kind, each in settings.items()},
        {kind.value: each.limit for kind, each in settings.items()},
    )
    assert typed.problems == {}
    assert typed.settings == {kind: replace(each, on=kind.value in on) for kind, each in settings.items()}


def test_a_limit_outside_its_bounds_is_refused_by_name() -> None:
    weights: dict[str, int | None] = {kind.value: 1 for kind in SignalKind}
    limits: dict[str, int | None] = {kind.value: each.limit for kind, each in DEFAULTS.items()}
    typed = settings_from(frozenset(), {**weights, "late": 11}, {**limits, "hasty": 0, "unchanged": None})
    assert typed.settings is None
    assert list(typed.problems) == ["weight-late", "limit-hasty", "limit-unchanged"]
    assert "from 1 to 240" in typed.problems["limit-hasty"]
