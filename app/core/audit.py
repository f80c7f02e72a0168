"""The audit trail: every change says who, what, when, before and after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert

from app.core.access import Work
from app.core.models import AuditEvent

_COLUMNS = ("at", "actor_id", "actor_name", "event", "subject", "subject_id", "organisation_id", "detail")
# Its values bear names of their own, so that it can stand in one statement with the change it is about.
# Inline: asking for the new row's number back would need the right to read it.
EVENT = insert(AuditEvent).inline().values(**{name: bindparam(f"event_{name}") for name in _COLUMNS})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: its name ("return.signed") and what it happened to ("return", 12)."""

    name: str
    subject: tuple[str, int]
    organisation_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def row(work: Work, event: Event) -> dict[str, Any]:
    """Return the values of one event, for a statement that writes it together with its change."""
    values = (
        work.now,
        work.actor.user_id or None,
        work.actor.name,
        event.name,
        *event.subject,
        event.organisation_id,
        event.detail,
    )
    return {f"event_{name}": value for name, value in zip(_COLUMNS, values, strict=True)}


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
    record_many(work, [Event(event, subject, organisation_id, detail)])


def record_many(work: Work, events: Iterable[Event]) -> None:
    """Write audit events in one statement, in the transaction of the change; none is fine."""
    rows = [row(work, event) for event in events]
    if rows:
        work.session.connection().execute(EVENT, rows)
