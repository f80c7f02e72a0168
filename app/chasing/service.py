"""Changes of the chase desk: logging a call."""

from datetime import date

from sqlalchemy import select
from sqlmodel import col

from app.chasing.models import Call, CallOutcome
from app.core import audit
from app.core.access import REGISTER, Work
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.returns.models import Return

LONGEST_NOTE = 300


def call_problems(outcome: str, note: str, next_on: date | None, today: date) -> dict[str, str]:
    """Return what is wrong with what somebody says about a call, by form field."""
    problems = {}
    if outcome not in set(CallOutcome):
        problems["outcome"] = "Choose what came of the call"
    if len(note) > LONGEST_NOTE:
        problems["note"] = f"Shorten the note to {LONGEST_NOTE} characters or fewer; it has {len(note):,}"
    if next_on is not None and next_on < today:
        problems["next_on"] = "The next call must be today or later"
    return problems


def log_call(
    work: Work, return_id: int, outcome: str, note: str = "", next_on: date | None = None, *, round_id: int
) -> int:
    """Log a telephone call about a return and give back the call's id.

    The log says what happened, so it takes calls about signed returns and closed rounds too. Raises
    NotFoundError for a return that is not of the round or a person who may not chase, RefusedError with each
    field at fault.
    """
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    organisation_id = work.session.execute(
        select(col(Return.organisation_id)).where(
            col(Return.id) == return_id, col(Return.round_id) == round_id
        )
    ).scalar()
    if organisation_id is None:
        raise NotFoundError
    problems = call_problems(outcome, note, next_on, london_date(work.now))
    if problems:
        raise RefusedError("The call was not logged.", problems)
    call = Call(
        return_id=return_id,
        organisation_id=organisation_id,
        called_at=work.now,
        called_by=work.actor.user_id,
        caller_name=work.actor.name,
        outcome=CallOutcome(outcome),
        note=note,
        next_on=next_on,
    )
    work.session.add(call)
    work.session.flush()
    audit.record(
        work,
        "call.logged",
        ("return", return_id),
        organisation_id=organisation_id,
        outcome=outcome,
        note=note,
        next_on=next_on,
    )
    return call.id or 0
