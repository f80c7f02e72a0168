"""Reads of actions."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.actions.models import Action, ActionStatus
from app.organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action with the organisation that promised it."""

    id: int
    organisation_id: int
    organisation_name: str
    return_id: int
    domain_key: str
    standard_key: str
    what: str
    owner: str
    due_on: date | None
    status: ActionStatus


def actions(
    session: Session, *, status: ActionStatus | None, due_before: date | None, most: int, skip: int
) -> tuple[ActionLine, ...]:
    """Return actions, the earliest due first, those without a date last."""
    query = (
        select(
            col(Action.id),
            col(Action.organisation_id),
            col(Organisation.name),
            col(Action.return_id),
            col(Action.domain_key),
            col(Action.standard_key),
            col(Action.what),
            col(Action.owner),
            col(Action.due_on),
            col(Action.status),
        )
        .join(Organisation, col(Organisation.id) == col(Action.organisation_id))
        .order_by(col(Action.due_on).asc().nulls_last(), col(Action.id))
        .limit(most)
        .offset(skip)
    )
    if status is not None:
        query = query.where(col(Action.status) == status)
    if due_before is not None:
        query = query.where(col(Action.due_on) < due_before)
    return tuple(ActionLine(*row) for row in session.execute(query))
