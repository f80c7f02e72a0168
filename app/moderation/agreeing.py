"""Actions that moderation leaves: agreed with the organisation, they stand among its others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.actions.models import Action, ActionSource
from app.actions.rules import ActionStatus
from app.actions.service import NewAction, add
from app.core.access import Work
from app.core.clock import london_date
from app.core.errors import RefusedError
from app.moderation.service import hold, must_moderate


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an officer and the organisation agreed to change, who sees to it, and by when."""

    what: str
    owner: str
    due_on: date | None


def agree(work: Work, return_id: int, domain_key: str, standard_key: str, agreed: Agreed) -> int:
    """Leave an action at a standard. Raises RefusedError with the fields at fault."""
    held = hold(work, return_id)
    domain, standard = held.standard(domain_key, standard_key)
    must_moderate(work, held, domain_key)
    problems = {}
    if not agreed.what.strip():
        problems[f"action-{standard_key}"] = "Say what is to change"
    if not agreed.owner.strip():
        problems[f"owner-{standard_key}"] = "Say who sees to it"
    if agreed.due_on is None or agreed.due_on <= london_date(work.now):
        problems[f"due-{standard_key}"] = "Enter a day that is still to come, like 31/3/2027"
    if problems:
        raise RefusedError("", problems)
    mark = held.mark(standard.key)
    return add(
        work,
        NewAction(
            source=ActionSource.MODERATION,
            source_id=held.id,
            organisation_id=held.organisation_id,
            return_id=held.id,
            round_id=held.this.round_id,
            domain_key=domain.key,
            domain_title=domain.title,
            standard_key=standard.key,
            standard_title=standard.title,
            level=mark if mark in {level.key for level in held.asked.scale} else "",
            what=agreed.what.strip(),
            owner=agreed.owner.strip(),
            due_on=agreed.due_on,
        ),
    )


@dataclass(frozen=True, slots=True)
class AgreedLine:
    """An action that moderation left, as it stands."""

    id: int
    what: str
    owner: str
    due_on: date | None
    status: ActionStatus


def agreed_at(session: Session, return_id: int) -> Mapping[str, tuple[AgreedLine, ...]]:
    """Return the actions that the moderation of a return left, by standard, in their order."""
    rows = session.execute(
        select(
            col(Action.standard_key),
            col(Action.id),
            col(Action.what),
            col(Action.owner),
            col(Action.due_on),
            col(Action.status),
        )
        .where(
            col(Action.return_id) == return_id,
            col(Action.source) == ActionSource.MODERATION,
        )
        .order_by(col(Action.id))
    )
    found: dict[str, tuple[AgreedLine, ...]] = {}
    for key, *line in rows:
        found[key] = (*found.get(key, ()), AgreedLine(*line))
    return found
