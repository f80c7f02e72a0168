"""The audit trail: every change says who, what, when, before and after."""

from typing import Any

from sqlalchemy import bindparam, insert

from app.core.access import Work
from app.core.models import AuditEvent

_COLUMNS = ("at", "actor_id", "actor_name", "event", "subject", "subject_id", "organisation_id", "detail")
# Its values bear names of their own, so that it can stand in one statement with the change it is about.
# Inline: asking for the new row's number back would need the right to read it.
EVENT = insert(AuditEvent).inline().values(**{name: bindparam(f"event_{name}") for name in _COLUMNS})


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
    work.session.connection().execute(
        EVENT, event_row(work, event, subject, organisation_id=organisation_id, detail=detail)
    )


def event_row(
    work: Work,
    event: str,
    subject: tuple[str, int],
    *,
    organisation_id: int | None,
    detail: dict[str, Any],
) -> dict[str, Any]:
    """Return the values of one event, for a statement that writes it together with its change."""
    values = (
        work.now,
        work.actor.user_id or None,
        work.actor.name,
        event,
        *subject,
        organisation_id,
        detail,
    )
    return {f"event_{name}": value for name, value in zip(_COLUMNS, values, strict=True)}
