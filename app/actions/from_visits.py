"""Actions that an assurance visit leaves: they stand among the others of the agency."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.actions.models import Action, ActionSource
from app.actions.rules import ActionStatus
from app.actions.service import NewAction, add
from app.core.access import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPromise:
    """An action agreed on a visit, and the return that it stands beside, if the agency has one."""

    organisation_id: int
    return_id: int | None
    round_id: int | None
    visit_id: int
    domain_key: str
    domain_title: str
    what: str
    owner: str
    due_on: date | None


def add_from_visit(work: Work, promise: VisitPromise) -> int:
    """Add an open action and return its id. The caller has checked that the person may."""
    return add(
        work,
        NewAction(
            source=ActionSource.VISIT,
            source_id=promise.visit_id,
            organisation_id=promise.organisation_id,
            return_id=promise.return_id,
            round_id=promise.round_id,
            domain_key=promise.domain_key,
            domain_title=promise.domain_title,
            what=promise.what,
            owner=promise.owner,
            due_on=promise.due_on,
        ),
    )


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
            col(Action.source) == ActionSource.VISIT,
            col(Action.source_id) == visit_id,
        )
        .order_by(col(Action.due_on), col(Action.id))
    )
    return tuple(VisitAction(*row) for row in rows)
