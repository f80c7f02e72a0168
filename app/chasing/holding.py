"""Leaving organisations alone and giving them time: pauses, exemptions and extensions, each with a reason."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlmodel import col

from app.chasing import more_time
from app.chasing.models import Exemption, ExemptionKind, Extension, Pause
from app.core import audit
from app.core.access import REGISTER, Work
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.returns.models import Return, ReturnState
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine, round_line

LONGEST_REASON: Final = 300
FURTHEST_DAYS: Final = 366


def _may(work: Work, round_id: int) -> RoundLine:
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    return round_line(work.session, round_id)


def reason_problems(reason: str) -> dict[str, str]:
    """Return what is wrong with a reason, by form field."""
    if not reason:
        return {"reason": "Say why, in a few words"}
    if len(reason) > LONGEST_REASON:
        return {"reason": f"Shorten the reason to {LONGEST_REASON} characters or fewer"}
    return {}


def _events(work: Work, event: str, rows: Sequence[tuple[int, int]], **detail: Any) -> None:
    """Write one audit event for each return (id, organisation) that a change touched."""
    events = [
        audit.Event(event, ("return", return_id), organisation_id, detail)
        for return_id, organisation_id in rows
    ]
    audit.record_many(work, events)


def _waiting(work: Work, round_id: int, return_ids: Sequence[int]) -> list[tuple[int, int, date]]:
    """Return those of some returns of a round that are not signed, held until the transaction ends."""
    rows = work.session.execute(
        select(col(Return.id), col(Return.organisation_id), col(Return.due_on))
        .where(
            col(Return.round_id) == round_id,
            col(Return.id).in_(list(return_ids)),
            col(Return.state) != ReturnState.SIGNED,
        )
        .order_by(col(Return.id))
        .with_for_update()
    )
    return [(int(number or 0), place, due_on) for number, place, due_on in rows]


# --- pauses ---------------------------------------------------------------------------------------


def pause(
    work: Work,
    round_id: int,
    *,
    reason: str,
    ends_on: date | None = None,
    return_ids: Sequence[int] | None = None,
) -> int:
    """Send nothing for a while, to all of a round or to the organisations of some returns; say how many.

    Without `ends_on` it lasts until somebody ends it. Raises RefusedError with the fields at fault.
    """
    _may(work, round_id)
    problems = reason_problems(reason)
    if ends_on is not None and ends_on < london_date(work.now):
        problems["ends_on"] = "The last day of the pause must be today or later"
    if problems:
        raise RefusedError("Nothing was paused.", problems)
    places: list[int | None] = [None]
    if return_ids is not None:
        places = [place for _, place, _ in _waiting(work, round_id, return_ids)]
    if not places:
        raise RefusedError("Nothing was paused: all of these have answered.")
    for place in places:
        work.session.add(
            Pause(
                round_id=round_id,
                organisation_id=place,
                reason=reason,
                begun_at=work.now,
                begun_by=work.actor.user_id,
                ends_on=ends_on,
            )
        )
        audit.record(
            work,
            "chase.paused",
            ("round", round_id),
            organisation_id=place,
            reason=reason,
            ends_on=ends_on,
        )
    work.session.flush()
    return len(places)


def end_pause(work: Work, round_id: int, pause_id: int) -> None:
    """End a pause now; doing it again changes nothing. What was due during it is not made up for."""
    _may(work, round_id)
    found = work.session.get(Pause, pause_id)
    if found is None or found.round_id != round_id:
        raise NotFoundError
    if found.ended_at is not None:
        return
    found.ended_at = work.now
    work.session.flush()
    audit.record(
        work, "chase.resumed", ("round", round_id), organisation_id=found.organisation_id, reason=found.reason
    )


# --- exemptions and extensions --------------------------------------------------------------------


def exempt(work: Work, round_id: int, return_ids: Sequence[int], kind: str, reason: str) -> int:
    """Say that organisations owe no answer in a round, and why; return how many are newly exempt.

    Their returns stay as they are and can be read. Raises RefusedError with the fields at fault.
    """
    _may(work, round_id)
    problems = reason_problems(reason)
    if kind not in set(ExemptionKind):
        problems["kind"] = "Choose why they owe no answer"
    if problems:
        raise RefusedError("Nobody was exempted.", problems)
    already = set(
        work.session.execute(
            select(col(Exemption.return_id)).where(
                col(Exemption.return_id).in_(list(return_ids)), col(Exemption.lifted_at).is_(None)
            )
        ).scalars()
    )
    new = [
        (number, place) for number, place, _ in _waiting(work, round_id, return_ids) if number not in already
    ]
    for number, place in new:
        work.session.add(
            Exemption(
                return_id=number,
                organisation_id=place,
                kind=ExemptionKind(kind),
                reason=reason,
                made_at=work.now,
                made_by=work.actor.user_id,
            )
        )
    work.session.flush()
    if not new:
        raise RefusedError("Nobody was exempted: these have answered or are exempt already.")
    _events(work, "return.exempted", new, kind=kind, reason=reason)
    return len(new)


def lift_exemption(work: Work, round_id: int, exemption_id: int) -> None:
    """Ask an organisation again that was exempt; doing it again changes nothing."""
    _may(work, round_id)
    row = work.session.execute(
        select(Exemption, col(Return.round_id))
        .join(Return, col(Return.id) == col(Exemption.return_id))
        .where(col(Exemption.id) == exemption_id)
    ).first()
    if row is None or row[1] != round_id:
        raise NotFoundError
    if row[0].lifted_at is not None:
        return
    row[0].lifted_at = work.now
    work.session.flush()
    _events(
        work, "return.exemption_lifted", [(row[0].return_id, row[0].organisation_id)], reason=row[0].reason
    )


def extend(work: Work, round_id: int, return_ids: Sequence[int], due_on: date | None, reason: str) -> int:
    """Give some returns until a later day and return how many; those due later already keep their day.

    Who answers for them is told by mail, unless the round is closed. Raises RefusedError with the fields at
    fault.
    """
    line = _may(work, round_id)
    problems = reason_problems(reason)
    today = london_date(work.now)
    if due_on is None:
        problems["due_on"] = "Enter the new due date, like 26/2/2027"
    elif due_on <= today:
        problems["due_on"] = "The new due date must be in the future"
    elif due_on > today + timedelta(days=FURTHEST_DAYS):
        problems["due_on"] = "The new due date is more than a year away. Check the year"
    if problems or due_on is None:
        raise RefusedError("Nobody was given more time.", problems)
    later = [each for each in _waiting(work, round_id, return_ids) if each[2] < due_on]
    if not later:
        raise RefusedError("Nobody was given more time: these have answered, or are due later already.")
    for number, place, before in later:
        work.session.add(
            Extension(
                return_id=number,
                organisation_id=place,
                due_before=before,
                due_on=due_on,
                reason=reason,
                made_at=work.now,
                made_by=work.actor.user_id,
            )
        )
    work.session.flush()
    work.session.execute(
        update(Return)
        .where(col(Return.id).in_([number for number, _, _ in later]))
        .values(due_on=due_on)
        .execution_options(synchronize_session=False)
    )
    touched = [(number, place) for number, place, _ in later]
    _events(work, "return.extended", touched, due_on=due_on, reason=reason)
    if line.state is RoundState.OPEN:
        more_time.tell(work, line, [place for _, place in touched])
    return len(later)
