"""The rules of actions: every move, every reminder, every question of the year after."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from app.actions.rules import (
    ANSWERS,
    ENDED,
    LIVE,
    SOON,
    STATUS_WORDS,
    TO_REVIEW,
    ActionStatus,
    IllegalMoveError,
    Outcome,
    Standing,
    after_answer,
    after_review,
    is_answered,
    is_asked,
    is_overdue,
    may_send,
    missing_words,
    outcomes,
    reminder_due,
)
from app.core.clock import LONDON
from app.core.working_days import Term, bank_holidays, is_working_day

pytestmark = pytest.mark.visits
# The library of bank holidays takes a moment when it is first asked about a year.
for year in range(2025, 2030):
    bank_holidays(year)

_S, _O = ActionStatus, Outcome
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
TERMS = (
    Term(date(2026, 9, 2), date(2026, 10, 23)),
    Term(date(2026, 11, 2), date(2026, 12, 18)),
    Term(date(2027, 1, 4), date(2027, 2, 12)),
    Term(date(2027, 2, 22), date(2027, 3, 25)),
    Term(date(2027, 4, 12), date(2027, 7, 20)),
)
LEGAL = {
    (_S.OPEN, _O.CLOSED): _S.CLOSED,
    (_S.UNDER_WAY, _O.CLOSED): _S.CLOSED,
    (_S.DONE, _O.ACCEPTED): _S.ACCEPTED,
    (_S.DONE, _O.MORE_TO_DO): _S.UNDER_WAY,
    (_S.DONE, _O.CLOSED): _S.CLOSED,
    (_S.DROPPED, _O.MORE_TO_DO): _S.UNDER_WAY,
    (_S.DROPPED, _O.CLOSED): _S.CLOSED,
}


# --- moves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", _S)
@pytest.mark.parametrize("outcome", _O)
def test_saig_moves_an_action_just_as_the_table_says(now: ActionStatus, outcome: Outcome) -> None:
    if (now, outcome) in LEGAL:
        assert after_review(now, outcome) is LEGAL[now, outcome]
    else:
        with pytest.raises(IllegalMoveError):
            after_review(now, outcome)


@pytest.mark.parametrize("now", _S)
@pytest.mark.parametrize("said", _S)
def test_an_organisation_says_how_far_it_is_until_saig_has_ended_it(
    now: ActionStatus, said: ActionStatus
) -> None:
    if now in ENDED or said not in {_S.UNDER_WAY, _S.DONE, _S.DROPPED}:
        with pytest.raises(IllegalMoveError):
            after_answer(now, said)
    else:
        assert after_answer(now, said) is said


class Life(RuleBasedStateMachine):
    """An action in the hands of both sides: whatever they do, it stays within its rules."""

    def __init__(self) -> None:
        super().__init__()
        self.now = _S.OPEN
        self.accepted_from: ActionStatus | None = None

    @precondition(lambda self: self.now not in ENDED)
    @rule(said=st.sampled_from(list(ANSWERS)))
    def say(self, said: ActionStatus) -> None:
        """The organisation says how far it is."""
        self.now = after_answer(self.now, said)
        assert self.now is not _S.OPEN, "nothing goes back to not started"

    @precondition(lambda self: bool(outcomes(self.now)))
    @rule(data=st.data())
    def review(self, data: st.DataObject) -> None:
        """SAIG says something that it can say."""
        before, outcome = self.now, data.draw(st.sampled_from(outcomes(self.now)))
        self.now = after_review(before, outcome)
        assert (self.now is _S.ACCEPTED) <= (before is _S.DONE), "only what is done is accepted"
        assert (self.now in ENDED) == (outcome is not _O.MORE_TO_DO)

    @precondition(lambda self: self.now in ENDED)
    @rule(said=st.sampled_from(list(_S)), outcome=st.sampled_from(list(_O)))
    def stay_ended(self, said: ActionStatus, outcome: Outcome) -> None:
        """Nothing moves what SAIG has ended."""
        with pytest.raises(IllegalMoveError):
            after_answer(self.now, said)
        with pytest.raises(IllegalMoveError):
            after_review(self.now, outcome)


test_the_life_of_an_action = Life.TestCase


def test_every_status_is_in_one_group_and_has_words() -> None:
    assert sorted((*LIVE, *TO_REVIEW, *ENDED)) == sorted(_S)
    assert set(STATUS_WORDS) == set(_S)


def test_words_are_needed_where_nobody_could_judge_without() -> None:
    assert all(missing_words(each) for each in (_S.DONE, _S.DROPPED, _O.MORE_TO_DO, _O.CLOSED))
    assert not any(missing_words(each) for each in (_S.UNDER_WAY, _O.ACCEPTED))


# --- overdue ---------------------------------------------------------------------------------------


@given(DAYS, DAYS, st.sampled_from(_S))
def test_overdue_is_what_is_still_to_do_after_its_day(due: date, today: date, status: ActionStatus) -> None:
    assert is_overdue(status, due, today) == (status in LIVE and today > due)
    assert not is_overdue(status, None, today)


# --- the year after ----------------------------------------------------------------------------------

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ISSUED = datetime(2026, 9, 14, 9, 30, tzinfo=UTC)
MOMENTS = st.integers(-600, 100).map(lambda days: ISSUED + timedelta(days=days))


@given(st.sampled_from(_S), MOMENTS, st.none() | MOMENTS, st.sampled_from((None, 1, 2)))
def test_a_return_asks_about_older_actions_that_were_open_when_it_went_out(
    status: ActionStatus, created: datetime, said: datetime | None, return_id: int | None
) -> None:
    action = Standing(status, created, said, return_id)
    asked = is_asked(action, 2, ISSUED)
    if return_id == 2 or created >= ISSUED:
        assert not asked
    elif status in LIVE:
        assert asked, "what is still to do is asked about"
    else:
        assert asked == (said is not None and said >= ISSUED), "what ended before is not"
    assert is_answered(action, ISSUED) == (said is not None and said >= ISSUED)


# --- reminders ---------------------------------------------------------------------------------------


@given(DAYS, st.integers(-60, 60), st.sampled_from(_S), st.booleans())
def test_a_reminder_falls_on_a_day_on_which_somebody_is_at_work_there(
    due: date, after: int, status: ActionStatus, school: bool
) -> None:
    today, terms = due + timedelta(days=after), TERMS if school else None
    key = reminder_due(status, due, today, terms)
    if not is_working_day(today, terms) or status not in LIVE:
        assert key == ""
    elif after > 0:
        assert key == f"overdue:{due}"
    elif timedelta(days=-after) <= SOON:
        assert key == f"soon:{due}"
    elif key:
        assert key == f"soon:{due}"
        gap = [due - SOON - timedelta(days=n) for n in range((due - SOON - today).days)]
        assert not any(is_working_day(day, terms) for day in gap), "earlier only where nobody is at work"


@given(DAYS, st.booleans())
def test_over_the_days_each_reminder_is_due_once_in_one_stretch(due: date, school: bool) -> None:
    terms = TERMS if school else None
    days = [due + timedelta(days=n) for n in range(-70, 71)]
    keys = [key for day in days if (key := reminder_due(_S.OPEN, due, day, terms))]
    assert sorted(set(keys), reverse=True) == list(dict.fromkeys(keys)) or len(set(keys)) == 1
    assert keys[0] == f"soon:{due}"
    assert keys[-1] == f"overdue:{due}"


@pytest.mark.parametrize(
    ("today", "terms", "key"),
    [
        (date(2027, 3, 23), None, ""),
        (date(2027, 3, 24), None, "soon:2027-03-31"),
        (date(2027, 3, 31), None, "soon:2027-03-31"),
        (date(2027, 4, 1), None, "overdue:2027-03-31"),
        # Schools are away from 26 March to 11 April: told the day before they leave, and when they are back.
        (date(2027, 3, 24), TERMS, "soon:2027-03-31"),
        (date(2027, 4, 1), TERMS, ""),
        (date(2027, 4, 12), TERMS, "overdue:2027-03-31"),
        # Good Friday is nobody's working day.
        (date(2027, 3, 26), None, ""),
    ],
)
def test_reminders_by_example(today: date, terms: tuple[Term, ...] | None, key: str) -> None:
    assert reminder_due(_S.OPEN, date(2027, 3, 31), today, terms) == key


@given(st.integers(0, 730 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)))
def test_reminders_leave_on_working_days_between_half_past_eight_and_half_past_four(now: datetime) -> None:
    local = now.astimezone(LONDON)
    within = time(8, 30) <= local.time() < time(16, 30) and is_working_day(local.date())
    assert may_send(now) == within
