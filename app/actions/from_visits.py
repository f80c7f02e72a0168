"""Actions that an assurance visit leaves: they stand beside those of the agency's return."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.actions.models import Action, ActionStatus
from app.core import audit
from app.core.access import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPromise:
    """An action agreed on a visit, and the return that it stands beside."""

    organisation_id: int
    return_id: int
    round_id: int
    visit_id: int
    domain_key: str
    what: str
    owner: str
    due_on: date | None


def visit_key(visit_id: int) -> str:
    """Return how the keys of a visit's actions begin: they belong to no standard."""
    return f"visit-{visit_id}-"


def add_from_visit(work: Work, promise: VisitPromise) -> int:
    """Add an open action and return its id. The caller has checked that the person may."""
    prefix = visit_key(promise.visit_id)
    number = work.session.execute(
        select(func.count()).where(
            col(Action.organisation_id) == promise.organisation_id,
            col(Action.standard_key).startswith(prefix, autoescape=True),
        )
    ).scalar_one()
    made = Action(
        organisation_id=promise.organisation_id,
        return_id=promise.return_id,
        round_id=promise.round_id,
        domain_key=promise.domain_key,
        standard_key=f"{prefix}{number + 1}",
        level="",
        what=promise.what,
        owner=promise.owner,
        due_on=promise.due_on,
        status=ActionStatus.OPEN,
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    audit.record(
        work,
        "action.from_visit",
        ("action", made.id or 0),
        organisation_id=promise.organisation_id,
        visit=promise.visit_id,
        what=promise.what,
    )
    return made.id or 0


@dataclass(frozen=True, slots=True)
class VisitAction:
    """An action that a visit left, as it stands."""

    domain_key: str
    what: str
    owner: str
    due_on: date | None
    status: ActionStatus


def actions_from_visit(session: Session, organisation_id: int, visit_id: int) -> tuple[VisitAction, ...]:
    """Return the actions that a visit left, the first due first."""
    rows = session.execute(
        select(
            col(Action.domain_key),
            col(Action.what),
            col(Action.owner),
            col(Action.due_on),
            col(Action.status),
        )
        .where(
            col(Action.organisation_id) == organisation_id,
            col(Action.standard_key).startswith(visit_key(visit_id), autoescape=True),
        )
        .order_by(col(Action.due_on), col(Action.id))
    )
    return tuple(VisitAction(*row) for row in rows)
