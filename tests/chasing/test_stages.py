"""The schedule's dates and hours against an oracle of our own, for every day and hour of seven years."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chasing.stages import (
    ALL_STANDINGS,
    DEFAULT_STAGES,
    GRACE_DAYS,
    Addressee,
    Course,
    Plan,
    Stage,
    StageKind,
    Standing4,
    addressee,
    call_since,
    live_stage,
    may_send,
    next_opening,
    stage_day,
    standing_of,
)
from app.core.working_days import Term
from tests.core.test_working_days import TERMS, YEAR_DAYS, every_day, oracle_offset, oracle_works

pytestmark = pytest.mark.chasing
K, S = StageKind, Standing4
LONG_AGO = date(2020, 1, 1)
FROM, UNTIL = time(8, 30), time(16, 30)


def oracle_day(days: int, due: date, terms: list[Term] | None) -> date:
    """The day of a stage, walked one day at a time."""
    day, step = due + timedelta(days=days), -1 if days < 0 else 1
    for _ in range(120):
        if oracle_works(day, terms):
            return day
        day += timedelta(days=step)
    return oracle_day(days, due, None)


def oracle_live(stages: Iterable[Stage], course: Course, today: date, terms: list[Term]) -> str | None:
    """What is due, by listing what each stage would do and taking away whatever must not be."""
    own = terms if course.is_school else None
    if not oracle_works(today, own):
        return None
    found: list[tuple[date, int, str]] = []
    for stage in stages:
        if stage.kind == K.CALL or course.standing not in stage.standings:
            continue
        planned = oracle_day(stage.days, course.due_on, own)
        if planned <= course.since or planned > today:
            continue
        found.append((planned, stage.days, stage.key))
    if not found:
        return None
    planned, days, key = sorted(found)[-1]
    if today > planned + timedelta(days=4) or (days < 0 and today > course.due_on):
        return None
    return key


@pytest.mark.parametrize("terms", [None, TERMS])
def test_every_stage_of_every_due_date_of_seven_years_is_the_oracles(terms: tuple[Term, ...] | None) -> None:
    for due in every_day():
        for stage in DEFAULT_STAGES:
            expected = oracle_day(stage.days, due, list(terms) if terms is not None else None)
            assert stage_day(stage, due, terms) == expected, (due, stage.key)


def test_the_oracle_catches_a_schedule_that_forgets_bank_holidays() -> None:
    def forgetful(stage: Stage, due: date) -> date:
        day = due + timedelta(days=stage.days)
        while day.weekday() >= 5:
            day += timedelta(days=-1 if stage.days < 0 else 1)
        return day

    wrong = [
        (due, stage.key)
        for due in every_day()
        for stage in DEFAULT_STAGES
        if forgetful(stage, due) != oracle_day(stage.days, due, None)
    ]
    assert len(wrong) > 100


@pytest.mark.parametrize("school", [True, False])
def test_what_is_due_on_every_day_of_a_year_is_the_oracles(school: bool) -> None:
    for due in (date(2027, 1, 29), date(2026, 12, 24), date(2027, 4, 5), date(2026, 10, 25)):
        course = Course(S.NOT_OPENED, due, LONG_AGO, school)
        for number in range(-60, 61):
            today = due + timedelta(days=number)
            stage = live_stage(DEFAULT_STAGES, course, today, TERMS)
            assert (stage.key if stage else None) == oracle_live(DEFAULT_STAGES, course, today, list(TERMS))


@st.composite
def some_stages(draw: st.DrawFn) -> list[Stage]:
    days = draw(st.lists(st.integers(-40, 40), max_size=8, unique=True))
    return [
        Stage(
            f"stage-{each}",
            each,
            draw(st.sampled_from(StageKind)),
            draw(st.frozensets(st.sampled_from(sorted(ALL_STANDINGS)), min_size=1)),
        )
        for each in days
    ]


@settings(deadline=None)
@given(
    some_stages(),
    YEAR_DAYS,
    st.integers(-60, 60),
    st.integers(0, 90),
    st.sampled_from(Standing4),
    st.booleans(),
)
def test_any_schedule_does_what_the_oracle_says(
    stages: list[Stage], due: date, off: int, ago: int, standing: Standing4, school: bool
) -> None:
    today = due + timedelta(days=off)
    course = Course(standing, due, due - timedelta(days=ago), school)
    found = live_stage(stages, course, today, TERMS)
    assert (found.key if found else None) == oracle_live(stages, course, today, list(TERMS))
    if found is not None:
        assert found.kind is not K.CALL
        assert standing in found.standings
        own = TERMS if school else None
        assert today >= stage_day(found, due, own) > course.since
        assert (today - stage_day(found, due, own)).days <= GRACE_DAYS


@settings(deadline=None)
@given(some_stages(), YEAR_DAYS, st.integers(0, 60))
def test_each_stage_speaks_on_no_more_days_than_its_grace(stages: list[Stage], due: date, ago: int) -> None:
    course = Course(S.IN_PROGRESS, due, due - timedelta(days=ago), is_school=False)
    spoke: dict[str, list[date]] = {}
    for number in range(-60, 61):
        today = due + timedelta(days=number)
        stage = live_stage(stages, course, today, ())
        if stage:
            spoke.setdefault(stage.key, []).append(today)
    for days in spoke.values():
        assert (days[-1] - days[0]).days <= GRACE_DAYS


def test_two_stages_that_christmas_pushes_together_make_one_mail() -> None:
    due = date(2027, 1, 4)
    course = Course(S.NOT_OPENED, due, LONG_AGO)
    assert {stage_day(stage, due, TERMS) for stage in DEFAULT_STAGES if stage.days in {-7, -1}} == {
        date(2026, 12, 18)
    }
    found = live_stage(DEFAULT_STAGES, course, date(2026, 12, 18), TERMS)
    assert found is not None
    assert found.key == "before-1"


def test_what_was_planned_before_the_return_was_issued_is_not_made_up_for() -> None:
    due = date(2027, 1, 29)
    today = date(2027, 1, 22)
    assert live_stage(DEFAULT_STAGES, Course(S.NOT_OPENED, due, date(2027, 1, 21)), today, ()) is not None
    assert live_stage(DEFAULT_STAGES, Course(S.NOT_OPENED, due, today), today, ()) is None


def test_a_call_is_owed_from_its_day_on_and_for_ever() -> None:
    course = Course(S.NOT_OPENED, date(2027, 1, 29), LONG_AGO)
    assert call_since(DEFAULT_STAGES, course, date(2027, 2, 25), TERMS) is None
    assert call_since(DEFAULT_STAGES, course, date(2027, 2, 26), TERMS) == date(2027, 2, 26)
    assert call_since(DEFAULT_STAGES, course, date(2027, 8, 26), TERMS) == date(2027, 2, 26)


def test_a_signed_return_stands_nowhere() -> None:
    assert standing_of("signed") is None
    assert standing_of("ready") is S.WAITING


# --- hours -------------------------------------------------------------------------------------------


def oracle_local(moment: datetime) -> datetime:
    return (moment + oracle_offset(moment)).replace(tzinfo=None)


def oracle_open(moment: datetime) -> bool:
    local = oracle_local(moment)
    return oracle_works(local.date(), None) and FROM <= local.time() < UNTIL


def test_every_hour_of_seven_years_is_quiet_or_not_as_the_oracle_says() -> None:
    moment = datetime(2025, 1, 1, 0, 15, tzinfo=UTC)
    nights = 0
    while moment.year <= 2031:
        assert may_send(moment, FROM, UNTIL) == oracle_open(moment), moment
        nights += not oracle_open(moment)
        moment += timedelta(hours=1)
    assert nights > 40_000


@settings(deadline=None)
@given(st.floats(0, 365 * 6.9))
def test_the_next_opening_is_the_first_minute_that_is_open(days: float) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=days)
    found = next_opening(now, FROM, UNTIL)
    assert found >= now
    assert oracle_open(found)
    if found > now:
        assert oracle_local(found).time() == FROM
        # Nothing between was open: days off and hours off all the way.
        step = now
        while step < found:
            assert not oracle_open(step)
            step += timedelta(minutes=30)
        assert not oracle_open(found - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        # Winter, summer, and the Monday after each change of clocks: always half past eight in London.
        ("2027-01-06T07:00", "2027-01-06T08:30"),
        ("2027-07-06T07:00", "2027-07-06T07:30"),
        ("2027-03-27T12:00", "2027-03-30T07:30"),
        ("2027-10-30T12:00", "2027-11-01T08:30"),
        ("2026-12-24T16:30", "2026-12-29T08:30"),
    ],
)
def test_openings_keep_londons_clock(now: str, opens: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_opening(moment, FROM, UNTIL) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


# --- to whom -----------------------------------------------------------------------------------------


def person(number: int, role: str, *, signs_in: bool = True) -> Addressee:
    return Addressee(number, f"Person {number}", f"p{number}@example.org", role, signs_in)


DSL, DEPUTY = person(1, "designated_safeguarding_lead"), person(2, "deputy_safeguarding_lead")
HEAD, CHAIR = person(3, "head_teacher"), person(4, "chair_of_governors", signs_in=False)
CHIEF, LEAD = person(5, "chief_officer"), person(6, "agency_lead")
NAMED = Plan(named_person="Sam Hart", named_address="sam@partnership.example.org")


@pytest.mark.parametrize(
    ("people", "kind", "standing", "expected"),
    [
        ([CHAIR, HEAD, DEPUTY, DSL], K.REMINDER, S.NOT_OPENED, DSL),
        ([CHAIR, HEAD, DEPUTY], K.REMINDER, S.NOT_STARTED, DEPUTY),
        ([CHAIR, HEAD], K.REMINDER, S.IN_PROGRESS, HEAD),
        ([CHAIR], K.REMINDER, S.IN_PROGRESS, None),
        ([CHAIR, HEAD, DSL], K.REMINDER, S.WAITING, HEAD),
        ([DSL], K.REMINDER, S.WAITING, DSL),
        ([CHIEF, LEAD], K.REMINDER, S.NOT_OPENED, LEAD),
        ([CHIEF, LEAD], K.HEAD, S.NOT_OPENED, CHIEF),
        ([DSL, HEAD, CHAIR], K.HEAD, S.NOT_OPENED, HEAD),
        ([DSL, CHAIR], K.HEAD, S.NOT_OPENED, CHAIR),
        ([DSL, HEAD, CHAIR], K.CHAIR, S.NOT_OPENED, CHAIR),
    ],
)
def test_the_first_role_with_somebody_to_reach_is_written_to(
    people: list[Addressee], kind: StageKind, standing: Standing4, expected: Addressee | None
) -> None:
    assert addressee(people, kind, standing, Plan()) == expected


def test_without_a_chair_the_person_whom_the_partnership_named_is_written_to() -> None:
    found = addressee([CHIEF, LEAD], K.CHAIR, S.NOT_OPENED, NAMED)
    assert found is not None
    assert (found.name, found.address, found.may_sign_in) == (NAMED.named_person, NAMED.named_address, False)
    assert addressee([CHIEF, LEAD], K.CHAIR, S.NOT_OPENED, Plan()) is None
