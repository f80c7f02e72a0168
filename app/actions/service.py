"""Changes to actions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, null
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.actions.models import Action, ActionStatus
from app.core.access import Work


@dataclass(frozen=True, slots=True)
class Promise:
    """An action as it stands in a signed return."""

    domain_key: str
    standard_key: str
    level: str
    what: str
    owner: str
    due_on: date | None


def take_over(
    work: Work, *, organisation_id: int, return_id: int, round_id: int, promises: list[Promise]
) -> None:
    """Make the actions of a signed return the organisation's own; signing again updates their words.

    An action that was taken out of the return before signing again is dropped, not deleted.
    """
    kept = [promise.standard_key for promise in promises]
    work.session.execute(
        Action.__table__.update()  # type: ignore[attr-defined]
        .where(
            col(Action.return_id) == return_id,
            col(Action.standard_key).not_in(kept),
            col(Action.status) == ActionStatus.OPEN,
            # What was agreed on a visit does not end with the words of a return.
            col(Action.standard_key).not_like("visit-%"),
        )
        .values(status=ActionStatus.DROPPED, closed_at=work.now)
    )
    if not promises:
        return
    rows: list[dict[str, Any]] = [
        {
            "organisation_id": organisation_id,
            "return_id": return_id,
            "round_id": round_id,
            "domain_key": promise.domain_key,
            "standard_key": promise.standard_key,
            "level": promise.level,
            "what": promise.what,
            "owner": promise.owner,
            "due_on": promise.due_on,
            "status": ActionStatus.OPEN,
            "created_at": work.now,
        }
        for promise in promises
    ]
    statement = insert(Action)
    statement = statement.on_conflict_do_update(
        index_elements=["return_id", "standard_key"],
        set_={
            **{name: statement.excluded[name] for name in ("domain_key", "level", "what", "owner", "due_on")},
            # What was dropped and is promised again is open again; what was done stays done.
            "status": case(
                (col(Action.status) == ActionStatus.DROPPED, statement.excluded["status"]),
                else_=col(Action.status),
            ),
            "closed_at": case(
                (col(Action.status) == ActionStatus.DROPPED, null()), else_=col(Action.closed_at)
            ),
        },
    )
    work.session.connection().execute(statement, rows)
