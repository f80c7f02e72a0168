"""The audit trail: every change says who, what, when, before and after."""

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
        _INSERT,
        {
            "at": work.now,
            "actor_id": work.actor.user_id or None,
            "actor_name": work.actor.name,
            "event": event,
            "subject": subject[0],
            "subject_id": subject[1],
            "organisation_id": organisation_id,
            "detail": detail,
        },
    )
