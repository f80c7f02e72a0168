"""Random people press random buttons of visits: only the table's moves happen, and nothing breaks."""

import random
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.core.access import PartnershipRole, Work
from app.visits import queries, service
from app.visits.lifecycle import RULES, Step, VisitState, after, may_take
from app.visits.rules import Partner
from tests.conftest import ClientAs, MovableClock
from tests.visits import scenes

pytestmark = pytest.mark.visits

STEPS = 120
LEADING = [step for step in Step if step is not Step.DROP]
ROLES = {
    "manager@partnership.example.org": PartnershipRole.BOARD_MANAGER,
    "pso@partnership.example.org": PartnershipRole.PSO,
    "scrutineer@partnership.example.org": PartnershipRole.INDEPENDENT_SCRUTINEER,
    **{f"{partner.value}@partners.example.org": PartnershipRole.SAFEGUARDING_PARTNER for partner in Partner},
}


def form(rng: random.Random, step: Step, day: str) -> dict[str, str]:
    """Return a form that is filled in, or now and then is not."""
    filled = {
        "visit_on": day,
        "why": "It has to",
        "reason": "All agree",
        "kind": rng.choice(["whole", "chosen", "bespoke"]),
        "domains": rng.choice(["leadership-and-governance", "culture-and-challenge"]),
        "bespoke_title": "Ours",
        "standards": "One thing is so",
        "partner": rng.choice(list(Partner)).value,
        "answer": "no" if step is Step.RETURN_REPORT else "yes",
        "comment": "So it is",
        "highlights": "Good",
        "stars": "3",
    }
    return filled if rng.random() < 0.9 else {}


def moved_rightly(step: Step, role: PartnershipRole, before: VisitState, now: VisitState) -> bool:
    """Say whether a move is in the table for this role; a report that is not agreed is returned."""
    allowed = {after(each, before, {role}) for each in (step,) if may_take(each, before, {role})}
    if step in {Step.AGREE_REPORT, Step.RETURN_REPORT} and may_take(step, before, {role}):
        allowed |= {VisitState.AGREED, VisitState.REPORTING}
    if step in {Step.PROPOSE_DATE, Step.MOVE_DATE}:  # one form, whichever fits
        fits = (Step.PROPOSE_DATE, Step.MOVE_DATE)
        allowed |= {after(each, before, {role}) for each in fits if may_take(each, before, {role})}
    return now is before or now in allowed


def walk(work: Work, clients: dict[str, TestClient], visit_id: int, rng: random.Random) -> set[VisitState]:
    """Press buttons, mostly the one that leads on; return the states that were reached."""
    reached = set()
    for _ in range(STEPS):
        work.session.expire_all()
        before = queries.visit_head(work.session, visit_id).state
        reached.add(before)
        leading = [
            step for step in Step if may_take(step, before, set(PartnershipRole)) and step is not Step.DROP
        ]
        step = rng.choice(leading) if leading and rng.random() < 0.7 else rng.choice(list(Step))
        if step is Step.DROP and rng.random() < 0.9:
            continue
        address = rng.choice(list(clients))
        day = (work.now + timedelta(days=120)).strftime("%d/%m/%Y")
        reply = clients[address].post(f"/visits/{visit_id}/steps/{step}", data=form(rng, step, day))
        assert reply.status_code in {303, 422}, (step, before, reply.status_code)
        work.session.expire_all()
        now = queries.visit_head(work.session, visit_id).state
        work.session.rollback()
        assert moved_rightly(step, ROLES[address], before, now), (step, address, before, now)
        if reply.status_code == 422:
            assert now is before
    return reached


def test_random_walks_keep_to_the_table(work: Work, client_as: ClientAs, clock: MovableClock) -> None:
    scenes.partners(work)
    scenes.officer(work)
    work.session.commit()
    clients = {address: client_as(role, email=address) for address, role in ROLES.items()}
    reached: set[VisitState] = set()
    for seed in range(2):
        place = scenes.agency(work, f"Agency of walk {seed}")
        scenes.answered_before(work, place)
        visit_id = scenes.selected(work, place)
        work.session.commit()
        reached |= walk(work, clients, visit_id, random.Random(seed))  # noqa: S311 - to be repeated
    assert {VisitState.ENDORSED, VisitState.DATED, VisitState.ANNOUNCED} <= reached
    assert clock() == work.now


def test_control_a_program_without_the_table_is_caught(
    work: Work, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def anything_goes(step: Step, state: VisitState, _roles: object) -> VisitState:
        return RULES[step].to or state

    scenes.partners(work)
    scenes.officer(work)
    place = scenes.agency(work, "Agency of the control")
    scenes.answered_before(work, place)
    visit_id = scenes.selected(work, place)
    work.session.commit()
    clients = {address: client_as(role, email=address) for address, role in ROLES.items()}
    monkeypatch.setattr(service, "after", anything_goes)
    with pytest.raises(AssertionError):
        walk(work, clients, visit_id, random.Random(1))  # noqa: S311 - to be repeated
