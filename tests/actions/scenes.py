"""States of actions to begin a test from."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlmodel import col

from app.actions.models import Action, ActionSource
from app.actions.rules import ActionStatus
from app.actions.service import NewAction, Said, add
from app.core.access import Actor, PartnershipRole, Work
from app.people import service as people
from app.returns.queries import ReturnHead
from tests import builders

DUE = date(2027, 3, 31)
LAST_YEAR = timedelta(days=20)


def officer(work: Work) -> Work:
    """Return a scrutiny officer's piece of work."""
    address = "officer@partnership.example.org"
    user_id = people.ensure_users(work, [(address, "Olu Officer")])[address]
    people.grant_partnership_role(work, user_id=user_id, role=PartnershipRole.PSO)
    actor = Actor(user_id, "Olu Officer", address, roles=frozenset({PartnershipRole.PSO}))
    return Work(work.session, actor, work.now)


def later(work: Work, days: float) -> Work:
    """Return the same person's piece of work, days later."""
    return replace(work, now=work.now + timedelta(days=days))


def action(work: Work, place: int, *, due_on: date | None = DUE, what: str = "Write the plan") -> Action:
    """Add an action of a visit to an organisation without a return."""
    number = add(
        work,
        NewAction(
            source=ActionSource.VISIT,
            source_id=1,
            organisation_id=place,
            domain_key="leadership-and-governance",
            domain_title="Leadership and governance",
            what=what,
            owner="Deputy head",
            due_on=due_on,
        ),
    )
    return by_id(work, number)


def by_id(work: Work, number: int) -> Action:
    """Return an action as it is stored now."""
    work.session.expire_all()
    found: Action = work.session.execute(select(Action).where(col(Action.id) == number)).scalar_one()
    return found


def said(status: ActionStatus | None, words: str = "Minutes of 4 October") -> Said:
    """Return what an organisation says."""
    return Said(status, words)


def two_years(work: Work) -> tuple[int, ReturnHead, ReturnHead]:
    """Let a school have signed last year's return with a red standard, and have this year's before it."""
    place = builders.organisation(work)
    before = replace(work, now=work.now - LAST_YEAR)
    version = builders.published(before)
    last = builders.open_round(
        before, [place], version_id=version, title="Last year", due_on=date(2026, 11, 6)
    )
    key = {"board_lead": builders.RED}
    old = builders.signed_return(before, last, place, **key)
    now = builders.open_round(work, [place], version_id=version, title="This year", previous=last)
    return place, old, builders.return_of(work, now, place)
