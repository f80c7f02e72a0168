"""States of a return and whom to ring first, held against an independent restatement."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chasing.rules import (
    ANSWERED,
    ChaseState,
    LastCall,
    LastYear,
    Standing,
    Turn,
    chase_state,
    days_overdue,
    ringing,
)
from app.core.clock import LONDON, end_of_day

pytestmark = pytest.mark.chasing

DUE = date(2027, 1, 29)
TODAY = date(2026, 11, 16)
STALLED_AFTER = 10
NEW = Standing("issued", DUE, 58, 0, has_contact=True)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=LONDON).astimezone(UTC)


BEGUN = replace(NEW, state="in_progress", answered=20, started_at=at(date(2026, 10, 5)))


@pytest.mark.parametrize(
    ("standing", "state"),
    [
        (NEW, ChaseState.NOT_OPENED),
        (replace(NEW, has_contact=False), ChaseState.NO_CONTACT),
        (replace(NEW, state="opened"), ChaseState.NOT_STARTED),
        (replace(NEW, state="opened", has_contact=False), ChaseState.NOT_STARTED),
        (replace(BEGUN, last_saved_at=at(TODAY - timedelta(days=9))), ChaseState.IN_PROGRESS),
        (replace(BEGUN, last_saved_at=at(TODAY - timedelta(days=10))), ChaseState.STALLED),
        (BEGUN, ChaseState.STALLED),
        (replace(BEGUN, state="ready", ready_at=at(TODAY)), ChaseState.WAITING),
        (replace(BEGUN, sent_back_at=at(TODAY), last_saved_at=at(TODAY)), ChaseState.SENT_BACK),
        (replace(BEGUN, state="ready", sent_back_at=at(TODAY)), ChaseState.WAITING),
        (replace(BEGUN, state="signed", signed_at=at(DUE, 23)), ChaseState.SIGNED),
        (replace(BEGUN, state="signed", signed_at=at(DUE + timedelta(days=1), 0)), ChaseState.SIGNED_LATE),
    ],
)
def test_each_return_is_in_the_state_that_a_caller_would_say(standing: Standing, state: ChaseState) -> None:
    assert chase_state(standing, TODAY, STALLED_AFTER) is state


def test_a_return_signed_in_the_last_summer_minute_of_its_due_day_is_in_time() -> None:
    due = date(2026, 6, 30)
    # One minute before midnight in London is 22:59 in UTC; one minute after is still the due day in UTC.
    in_time = replace(NEW, state="signed", due_on=due, signed_at=datetime(2026, 6, 30, 22, 59, tzinfo=UTC))
    late = replace(in_time, signed_at=datetime(2026, 6, 30, 23, 1, tzinfo=UTC))
    assert chase_state(in_time, TODAY, STALLED_AFTER) is ChaseState.SIGNED
    assert chase_state(late, TODAY, STALLED_AFTER) is ChaseState.SIGNED_LATE


MOMENTS = st.datetimes(datetime(2026, 9, 1), datetime(2027, 3, 31), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.dates(date(2026, 9, 1), date(2027, 3, 31))


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    state = draw(st.sampled_from(["issued", "opened", "in_progress", "ready", "signed"]))
    total = draw(st.integers(0, 80))
    maybe = st.none() | MOMENTS
    return Standing(
        state=state,
        due_on=draw(DAYS),
        total=total,
        answered=draw(st.integers(0, total)),
        has_contact=draw(st.booleans()),
        started_at=draw(maybe),
        last_saved_at=draw(maybe),
        ready_at=draw(maybe),
        signed_at=draw(MOMENTS) if state == "signed" else None,
        sent_back_at=draw(maybe) if state != "signed" else None,
    )


def oracle(this: Standing, today: date, limit: int) -> set[ChaseState]:
    """Say each state's own condition by moments, not days; exactly one must hold."""
    open_moment = None if this.state == "signed" else this.sent_back_at
    working = this.state in {"issued", "opened", "in_progress"}
    moment = this.last_saved_at or this.started_at
    # Stalled: the save lies before the day after which `limit` days have begun.
    quiet = moment is not None and moment < end_of_day(today - timedelta(days=limit))
    conditions: Mapping[ChaseState, Callable[[], bool]] = {
        ChaseState.SIGNED: lambda: this.signed_at is not None and this.signed_at < end_of_day(this.due_on),
        ChaseState.SIGNED_LATE: lambda: (
            this.signed_at is not None and this.signed_at >= end_of_day(this.due_on)
        ),
        ChaseState.WAITING: lambda: this.state == "ready",
        ChaseState.SENT_BACK: lambda: working and open_moment is not None,
        ChaseState.STALLED: lambda: this.state == "in_progress" and open_moment is None and quiet,
        ChaseState.IN_PROGRESS: lambda: this.state == "in_progress" and open_moment is None and not quiet,
        ChaseState.NOT_STARTED: lambda: this.state == "opened" and open_moment is None,
        ChaseState.NOT_OPENED: lambda: this.state == "issued" and open_moment is None and this.has_contact,
        ChaseState.NO_CONTACT: lambda: (
            this.state == "issued" and open_moment is None and not this.has_contact
        ),
    }
    return {state for state, holds in conditions.items() if holds()}


@given(standings(), DAYS, st.integers(1, 60))
def test_states_equal_the_oracle(this: Standing, today: date, limit: int) -> None:
    assert oracle(this, today, limit) == {chase_state(this, today, limit)}


@given(standings(), DAYS)
def test_overdue_begins_when_the_due_day_has_ended_in_london(this: Standing, today: date) -> None:
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=LONDON)
    expected = this.state != "signed" and noon >= end_of_day(this.due_on)
    assert (days_overdue(this, today) > 0) is expected


# --- whom to ring first ---------------------------------------------------------------------------


def test_reasons_are_said_in_words_weightiest_first() -> None:
    stalled = replace(BEGUN, answered=52, last_saved_at=at(date(2026, 11, 2)))
    found = ringing(
        stalled,
        ChaseState.STALLED,
        date(2027, 2, 2),
        pupils=1210,
        last_year=LastYear(asked=True, signed=True, red_domains=2),
    )
    assert found.reasons == (
        "overdue by 4 days",
        "2 red domains last year",
        "nothing saved for 92 days",
        "only 6 left to answer",
        "1,210 pupils",
    )


def test_silence_last_year_is_a_reason_and_not_having_been_asked_is_none() -> None:
    silent = ringing(NEW, ChaseState.NOT_OPENED, TODAY, last_year=LastYear(asked=True))
    new_here = ringing(NEW, ChaseState.NOT_OPENED, TODAY, last_year=LastYear())
    assert silent.reasons == ("did not answer last year",)
    assert new_here.reasons == ()
    assert silent.order < new_here.order


@pytest.mark.parametrize(
    ("call", "turn", "reason"),
    [
        (LastCall(date(2026, 11, 10), "spoke", TODAY), Turn.PROMISED, "call promised for today"),
        (
            LastCall(date(2026, 11, 10), "spoke", date(2026, 11, 14)),
            Turn.PROMISED,
            "call promised 2 days ago",
        ),
        (LastCall(date(2026, 11, 10), "spoke", date(2026, 11, 24)), Turn.LATER, "next call on 24 November"),
        (LastCall(date(2026, 11, 15), "spoke"), Turn.LATER, "rung yesterday"),
        (LastCall(TODAY, "no_answer"), Turn.LATER, "rung today"),
        (LastCall(date(2026, 11, 15), "no_answer"), Turn.NOW, None),
        (LastCall(date(2026, 11, 13), "message"), Turn.NOW, None),
    ],
)
def test_a_call_decides_whose_turn_it_is(call: LastCall, turn: Turn, reason: str | None) -> None:
    found = ringing(NEW, ChaseState.NOT_OPENED, TODAY, last_call=call)
    assert found.turn is turn
    assert found.reasons == ((reason,) if reason else ())


@given(standings(), DAYS, st.integers(0, 5000), st.booleans(), st.booleans(), st.integers(0, 6))
def test_nobody_rings_those_who_signed_and_everybody_else_has_a_turn(
    this: Standing, today: date, pupils: int, asked: bool, signed: bool, reds: int
) -> None:
    state = chase_state(this, today, STALLED_AFTER)
    found = ringing(this, state, today, pupils=pupils, last_year=LastYear(asked, signed, reds))
    assert (found.turn is Turn.NEVER) is (state in ANSWERED)
    assert found.weight >= 0
    assert all(reason == reason.strip() and reason for reason in found.reasons)
