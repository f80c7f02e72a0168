"""The state machine: only the table's moves, only by those who may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.access import PartnershipRole
from app.visits.lifecycle import (
    COURSE,
    RULES,
    IllegalMoveError,
    Step,
    VisitState,
    after,
    may_take,
    next_steps,
)

pytestmark = pytest.mark.visits
ROLES = st.frozensets(st.sampled_from(PartnershipRole))

# Written down once more, from the framework's proposed format.
FORWARD = {
    (VisitState.SELECTED, Step.ENDORSE, VisitState.ENDORSED),
    (VisitState.ENDORSED, Step.PROPOSE_DATE, VisitState.DATED),
    (VisitState.DATED, Step.SEND_LETTER, VisitState.ANNOUNCED),
    (VisitState.ANNOUNCED, Step.ISSUE_FRAMEWORK, VisitState.ISSUED),
    (VisitState.ANNOUNCED, Step.USE_LAST_RETURN, VisitState.PREPARING),
    (VisitState.ISSUED, Step.PREPARE, VisitState.PREPARING),
    (VisitState.PREPARING, Step.AGREE_PROGRAMME, VisitState.PROGRAMMED),
    (VisitState.PROGRAMMED, Step.HOLD, VisitState.VISITED),
    (VisitState.VISITED, Step.DRAFT_REPORT, VisitState.REPORTING),
    (VisitState.REPORTING, Step.CIRCULATE, VisitState.CIRCULATED),
    (VisitState.CIRCULATED, Step.RETURN_REPORT, VisitState.REPORTING),
    (VisitState.CIRCULATED, Step.AGREE_REPORT, VisitState.AGREED),
    (VisitState.AGREED, Step.RELEASE, VisitState.RELEASED),
    (VisitState.RELEASED, Step.CLOSE, VisitState.CLOSED),
}
EVERYBODY = frozenset(PartnershipRole)


def test_the_moves_are_those_of_the_framework() -> None:
    moves = {
        (state, step, after(step, state, EVERYBODY))
        for state in VisitState
        for step in Step
        if may_take(step, state, EVERYBODY)
    }
    changing = {move for move in moves if move[0] is not move[2] and move[1] is not Step.DROP}
    assert changing == FORWARD


@given(st.sampled_from(Step), st.sampled_from(VisitState), ROLES)
def test_a_step_is_taken_exactly_when_it_may_be(
    step: Step, state: VisitState, roles: frozenset[PartnershipRole]
) -> None:
    allowed = state in RULES[step].begins and bool(RULES[step].roles & roles)
    assert may_take(step, state, roles) is allowed
    assert (step in next_steps(state, roles)) is allowed
    if allowed:
        assert after(step, state, roles) in VisitState
    else:
        with pytest.raises(IllegalMoveError) as caught:
            after(step, state, roles)
        assert str(caught.value).endswith(".")


@given(st.lists(st.sampled_from(Step), max_size=60))
def test_no_walk_skips_the_endorsement_or_the_agreement(steps: list[Step]) -> None:
    state, passed = VisitState.SELECTED, [VisitState.SELECTED]
    for step in steps:
        if may_take(step, state, EVERYBODY):
            state = after(step, state, EVERYBODY)
            passed.append(state)
    if VisitState.DATED in passed:
        assert VisitState.ENDORSED in passed
    if VisitState.RELEASED in passed:
        assert passed.index(VisitState.AGREED) < passed.index(VisitState.RELEASED)


@given(ROLES)
def test_nothing_leads_out_of_an_end(roles: frozenset[PartnershipRole]) -> None:
    assert next_steps(VisitState.CLOSED, roles) == next_steps(VisitState.DROPPED, roles) == ()


def test_every_state_but_the_ends_leads_on() -> None:
    for state in COURSE[:-1]:
        assert next_steps(state, EVERYBODY), state


@given(st.sampled_from(VisitState))
def test_scrutineer_and_administrator_take_no_step(state: VisitState) -> None:
    for role in (PartnershipRole.INDEPENDENT_SCRUTINEER, PartnershipRole.ADMINISTRATOR):
        assert next_steps(state, {role}) == ()


def test_a_visit_that_took_place_is_not_dropped() -> None:
    for state in COURSE[COURSE.index(VisitState.VISITED) :]:
        assert not may_take(Step.DROP, state, EVERYBODY)
