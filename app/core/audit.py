"""The audit trail: every change says who, what, when, before and after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert

from app.core.access import Work
from app.core.models import AuditEvent

# Inline: asking for the new row's number back would need the right to read it.
_INSERT = (
    insert(AuditEvent)
    .inline()
    .values(
        at=bindparam("at"),
        actor_id=bindparam("actor_id"),
        actor_name=bindparam("actor_name"),
        event=bindparam("event"),
        subject=bindparam("subject"),
        subject_id=bindparam("subject_id"),
        organisation_id=bindparam("organisation_id"),
        detail=bindparam("detail"),
    )
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: its name ("return.signed") and what it happened to ("return", 12)."""

    name: str
    subject: tuple[str, int]
    organisation_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def _row(work: Work, event: Event) -> dict[str, Any]:
    return {
        "at": work.now,
        "actor_id": work.actor.user_id or None,
        "actor_name": work.actor.name,
        "event": event.name,
        "subject": event.subject[0],
        "subject_id": event.subject[1],
        "organisation_id": event.organisation_id,
        "detail": event.detail,
    }


def record(
    work: Work,
    event: str,
    subject: tuple[str, int],
    *,
    organisation_id: int | None = None,
    **detail: Any,
) -> None:
    """Write one audit event in the transaction of the change.

    `event` is what happened ("return.signed"), `subject` the thing it happened to ("return", 12).
    """
    work.session.connection().execute(_INSERT, _row(work, Event(event, subject, organisation_id, detail)))


def record_many(work: Work, events: Iterable[Event]) -> None:
    """Write audit events in one statement, in the transaction of the change; none is fine."""
    rows = [_row(work, event) for event in events]
    if rows:
        work.session.connection().execute(_INSERT, rows)
