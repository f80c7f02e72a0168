"""Changes to a return: saving answers, working together, signing, sending back."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.clock import london_date, long_date
from app.core.errors import NotFoundError, RefusedError
from app.people.models import User
from app.questionnaires.definition import Standard
from app.questionnaires.queries import questionnaire_for
from app.returns.models import Answer, AnswerVersion, Return, ReturnState
from app.returns.queries import AnswerLine
from app.returns.reading import Submitted, field
from app.returns.rules import FIELDS, NOTHING, AnswerValues, from_stored, impossible_dates, merge
from app.rounds.models import Round, RoundState

SIGNED_ALREADY = "This return is signed. Ask the partnership to send it back if something must change."
ROUND_CLOSED = "This round is closed. You can still read and download your return."


@dataclass(frozen=True, slots=True)
class Held:
    """A return that this transaction holds: nobody else changes it until the end."""

    id: int
    organisation_id: int
    round_id: int
    version_id: int
    state: ReturnState
    facts: dict[str, Any]
    answered: int
    edition: int


@dataclass(frozen=True, slots=True)
class Saved:
    """A save that was taken: the answer's new version, and whose change was merged in, if any."""

    version: int
    values: AnswerValues
    merged_with: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A save that was not taken, because a colleague changed the same field; both texts are kept.

    `mine` is what the page shows next: the person's own text where they disagree, and everything
    else as it stands, so that a save from there takes nothing of the colleague's away unseen.
    """

    mine: AnswerValues
    theirs: AnswerLine
    fields: tuple[str, ...]


_HOLD = (
    select(
        col(Return.id),
        col(Return.organisation_id),
        col(Return.round_id),
        col(Return.version_id),
        col(Return.state),
        col(Return.facts),
        col(Return.answered),
        col(Return.edition),
    )
    .where(col(Return.id) == bindparam("return_id"))
    .with_for_update()
)
_ROUND_STATE = (
    select(col(Round.state), col(Round.opens_on))
    .where(col(Round.id) == bindparam("round_id"))
    .with_for_update(read=True)
)


def hold(work: Work, return_id: int) -> Held:
    """Lock a return of the person's own organisation for a change to it.

    Raises NotFoundError for everybody else's, RefusedError when it is signed, its round is closed or has
    not opened yet.
    """
    own = visible_to_own(work)
    connection = work.session.connection()
    row = connection.execute(_HOLD.where(own), {"return_id": return_id}).first()
    if row is None:
        raise NotFoundError
    # Read after the lock: a round that was closed while we waited for it must be seen as closed.
    state, opens_on = connection.execute(_ROUND_STATE, {"round_id": row[2]}).one()
    if state is not RoundState.OPEN:
        raise RefusedError(ROUND_CLOSED)
    if london_date(work.now) < opens_on:
        raise RefusedError(f"This return opens on {long_date(opens_on)}. It can be answered from that day.")
    if row[4] is ReturnState.SIGNED:
        raise RefusedError(SIGNED_ALREADY)
    return Held(*row)


def visible_to_own(work: Work) -> Any:
    """Confine a change to the organisations at which the person works; the partnership writes none."""
    return col(Return.organisation_id).in_(sorted(work.actor.organisations))


_STANDING = (
    select(
        col(Answer.version),
        col(Answer.updated_at),
        col(Answer.updated_by),
        col(User.name),
        *(getattr(Answer, name) for name in FIELDS),
    )
    .join(User, col(User.id) == col(Answer.updated_by))
    .where(
        col(Answer.return_id) == bindparam("return_id"),
        col(Answer.standard_key) == bindparam("standard_key"),
    )
)


def _standing(work: Work, return_id: int, standard_key: str) -> AnswerLine | None:
    row = (
        work.session.connection()
        .execute(_STANDING, {"return_id": return_id, "standard_key": standard_key})
        .first()
    )
    return AnswerLine(AnswerValues(*row[4:]), row[0], row[1], row[2], row[3]) if row else None


def _kept(
    work: Work, return_id: int, standard_key: str, **which: Any
) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """Return what a save stored and what was sent for it, found by version or by the key of the save."""
    conditions = [getattr(AnswerVersion, name) == value for name, value in which.items()]
    row = work.session.execute(
        select(col(AnswerVersion.values), col(AnswerVersion.sent))
        .where(
            and_(
                col(AnswerVersion.return_id) == return_id,
                col(AnswerVersion.standard_key) == standard_key,
                col(AnswerVersion.accepted),
                *conditions,
            )
        )
        .order_by(col(AnswerVersion.version).desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def save_answer(work: Work, return_id: int, sent: Submitted) -> Saved | Conflict:
    """Save one answer.

    A save from the newest version is taken as it is. One from an older version is merged field by
    field with what colleagues saved since; where both changed the same field, nothing is overwritten:
    the refused text is kept in the history and both are shown. The same save sent again is one save.
    """
    held = hold(work, return_id)
    questionnaire = questionnaire_for(work.session, held.version_id, held.facts)
    if not questionnaire.asks(sent.standard_key):
        raise NotFoundError
    line = _standing(work, return_id, sent.standard_key)
    current, version = (line.values, line.version) if line else (NOTHING, 0)
    _refuse_impossible_dates(questionnaire.standard(sent.standard_key), current, sent.values, work)
    if sent.version == version:
        return _accept(work, held, sent, current, version, sent.values)
    base = _base(work, held, sent)
    if line is None:
        return _accept(work, held, sent, current, version, sent.values)
    merged = merge(base, sent.values, current)
    if not merged.conflicts:
        saved = _accept(work, held, sent, current, version, merged.values)
        return Saved(saved.version, saved.values, line.updated_by_name if saved.values != sent.values else "")
    _keep_refused(work, held, sent, version)
    mine = replace(merged.values, **{name: getattr(sent.values, name) for name in merged.conflicts})
    return Conflict(mine, line, merged.conflicts)


def _refuse_impossible_dates(
    standard: Standard, current: AnswerValues, values: AnswerValues, work: Work
) -> None:
    wrong = impossible_dates(standard, current, values, london_date(work.now))
    if wrong:
        problems = {field(standard.key, name): text for name, text in wrong.items()}
        raise RefusedError("This answer was not saved yet.", problems)


def _base(work: Work, held: Held, sent: Submitted) -> AnswerValues:
    """Return what the page of a late save showed before its person changed it.

    If the same save key was taken before, its reply got lost or was overtaken by more typing: the page
    stands on what it sent then, not on what a merge made of it, for it never saw the colleague's part.
    """
    if sent.save_key:
        earlier = _kept(work, held.id, sent.standard_key, save_key=sent.save_key)
        if earlier:
            return from_stored(earlier[1] or earlier[0])
    started_from = _kept(work, held.id, sent.standard_key, version=sent.version)
    return from_stored(started_from[0]) if started_from else NOTHING


_UPSERT = upsert(Answer)
_UPSERT = _UPSERT.on_conflict_do_update(
    index_elements=["return_id", "standard_key"],
    set_={name: _UPSERT.excluded[name] for name in ("version", "updated_at", "updated_by", *FIELDS)},
)
_KEEP = insert(AnswerVersion)
_PROGRESS = (
    update(Return)
    .where(col(Return.id) == bindparam("held_id"))
    .values(
        answered=col(Return.answered) + bindparam("more"),
        state=bindparam("new_state"),
        started_at=func.coalesce(col(Return.started_at), bindparam("at")),
        opened_at=func.coalesce(col(Return.opened_at), bindparam("at")),
        last_saved_at=bindparam("at"),
    )
)


def _accept(
    work: Work, held: Held, sent: Submitted, current: AnswerValues, version: int, values: AnswerValues
) -> Saved:
    if values == current:
        return Saved(version, current)
    connection = work.session.connection()
    place = {
        "return_id": held.id,
        "standard_key": sent.standard_key,
        "organisation_id": held.organisation_id,
        "version": version + 1,
    }
    connection.execute(
        _UPSERT,
        {
            **place,
            **{name: getattr(values, name) for name in FIELDS},
            "updated_at": work.now,
            "updated_by": work.actor.user_id,
        },
    )
    merged_from = sent.values.stored() if values != sent.values else None
    connection.execute(
        _KEEP, {**_history_row(work, place, sent.save_key, values, accepted=True), "sent": merged_from}
    )
    connection.execute(
        _PROGRESS,
        {
            "held_id": held.id,
            "more": int(values.answered) - int(current.answered),
            "new_state": ReturnState.READY if held.state is ReturnState.READY else ReturnState.IN_PROGRESS,
            "at": work.now,
        },
    )
    audit.record(
        work,
        "answer.saved",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=sent.standard_key,
        version=version + 1,
    )
    return Saved(version + 1, values)


def _history_row(
    work: Work, place: dict[str, Any], save_key: str, values: AnswerValues, *, accepted: bool
) -> dict[str, Any]:
    return {
        **place,
        "accepted": accepted,
        "content": values.stored(),
        "save_key": save_key,
        "saved_at": work.now,
        "saved_by": work.actor.user_id,
    }


def _keep_refused(work: Work, held: Held, sent: Submitted, version: int) -> None:
    place = {
        "return_id": held.id,
        "standard_key": sent.standard_key,
        "organisation_id": held.organisation_id,
        "version": version,
    }
    work.session.connection().execute(
        _KEEP, {**_history_row(work, place, sent.save_key, sent.values, accepted=False), "sent": None}
    )
    audit.record(
        work,
        "answer.conflict",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=sent.standard_key,
        version=version,
    )
