"""Changes to a return: saving answers, working together, signing, sending back."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from app.core import audit
from app.core.access import Work, among_own
from app.core.clock import london_date, long_date
from app.core.errors import NotFoundError, RefusedError
from app.people.models import User
from app.questionnaires.definition import Questionnaire, Standard
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
    .where(col(Return.id) == bindparam("return_id"), among_own(col(Return.organisation_id)))
    .with_for_update()
)
_ROUND_STATE = (
    select(col(Round.state), col(Round.opens_on))
    .where(col(Round.id) == bindparam("round_id"))
    .with_for_update(read=True)
)


def lock(work: Work, return_id: int) -> Held:
    """Lock a return of the person's own organisation, in whatever state it is.

    Raises NotFoundError for everybody else's: the partnership writes no answers.
    """
    values = {"return_id": return_id, "own": sorted(work.actor.organisations)}
    row = work.session.connection().execute(_HOLD, values).first()
    if row is None:
        raise NotFoundError
    return Held(*row)


def hold(work: Work, return_id: int) -> Held:
    """Lock a return of the person's own organisation for a change to it.

    Raises NotFoundError for everybody else's, RefusedError when it is signed, its round is closed or has
    not opened yet.
    """
    held = lock(work, return_id)
    # Read after the lock: a round that was closed while we waited for it must be seen as closed.
    opening = work.session.connection().execute(_ROUND_STATE, {"round_id": held.round_id}).one()
    _require_open(work, held, *opening)
    return held


def _require_open(work: Work, held: Held, round_state: RoundState, opens_on: date) -> None:
    if round_state is not RoundState.OPEN:
        raise RefusedError(ROUND_CLOSED)
    if london_date(work.now) < opens_on:
        raise RefusedError(f"This return opens on {long_date(opens_on)}. It can be answered from that day.")
    if held.state is ReturnState.SIGNED:
        raise RefusedError(SIGNED_ALREADY)


def visible_to_own(work: Work) -> Any:
    """Confine a change to the organisations at which the person works; the partnership writes none."""
    return col(Return.organisation_id).in_(sorted(work.actor.organisations))


# In one statement, but a later one than the lock: what was saved or closed while we waited must be seen.
_STANDING = (
    select(
        col(Round.state),
        col(Round.opens_on),
        col(Answer.version),
        col(Answer.updated_at),
        col(Answer.updated_by),
        col(User.name),
        *(getattr(Answer, name) for name in FIELDS),
    )
    .select_from(Round)
    .outerjoin(
        Answer,
        and_(
            col(Answer.return_id) == bindparam("return_id"),
            col(Answer.standard_key) == bindparam("standard_key"),
        ),
    )
    .outerjoin(User, col(User.id) == col(Answer.updated_by))
    .where(col(Round.id) == bindparam("round_id"))
    .with_for_update(read=True, of=Round)
)


def _standing(work: Work, held: Held, standard_key: str) -> AnswerLine | None:
    """Return an answer as it stands; raises RefusedError when nothing may be changed any more."""
    values = {"return_id": held.id, "round_id": held.round_id, "standard_key": standard_key}
    row = work.session.connection().execute(_STANDING, values).one()
    _require_open(work, held, row[0], row[1])
    return None if row[2] is None else AnswerLine(AnswerValues(*row[6:]), row[2], row[3], row[4], row[5])


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
    held = lock(work, return_id)
    questionnaire = questionnaire_of(work, held)
    if not questionnaire.asks(sent.standard_key):
        raise NotFoundError
    return save_held(work, held, asked=questionnaire.standard(sent.standard_key), sent=sent)


def questionnaire_of(work: Work, held: Held) -> Questionnaire:
    """Return what a held return asks, in its organisation's words."""
    return questionnaire_for(work.session, held.version_id, held.facts)


def save_held(work: Work, held: Held, *, asked: Standard, sent: Submitted) -> Saved | Conflict:
    """Save one answer, as `save_answer` does, to a return that is locked and asks this standard.

    Raises RefusedError when the return is signed, its round is closed or has not opened yet, and for a date
    that cannot be.
    """
    line = _standing(work, held, sent.standard_key)
    current, version = (line.values, line.version) if line else (NOTHING, 0)
    _refuse_impossible_dates(asked, current, sent.values, work)
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


def _columns(*names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names}


_STAMP = ("version", "updated_at", "updated_by")
_OURS: dict[str, Any] = {"organisation_id": bindparam("event_organisation_id")}
_UPSERT = upsert(Answer).values(**_columns("return_id", "standard_key", *_STAMP, *FIELDS), **_OURS)
_UPSERT = _UPSERT.on_conflict_do_update(
    index_elements=["return_id", "standard_key"],
    set_={name: _UPSERT.excluded[name] for name in (*_STAMP, *FIELDS)},
)
_KEEP = insert(AnswerVersion).values(
    **_columns("return_id", "standard_key", "version", "accepted", "content", "sent", "save_key"),
    **_OURS,
    saved_at=bindparam("updated_at"),
    saved_by=bindparam("updated_by"),
)
_PROGRESS = (
    update(Return)
    .where(col(Return.id) == bindparam("return_id"))
    .values(
        answered=col(Return.answered) + bindparam("more"),
        state=bindparam("new_state"),
        started_at=func.coalesce(col(Return.started_at), bindparam("updated_at")),
        opened_at=func.coalesce(col(Return.opened_at), bindparam("updated_at")),
        last_saved_at=bindparam("updated_at"),
    )
)
# One statement for the four rows of a save: sending them one by one would be a third of its cost.
_SAVE = audit.EVENT.add_cte(_UPSERT.cte("saved"), _KEEP.cte("kept"), _PROGRESS.cte("moved_on"))
_KEEP_REFUSED = audit.EVENT.add_cte(_KEEP.cte("kept"))


def _accept(
    work: Work, held: Held, sent: Submitted, current: AnswerValues, version: int, values: AnswerValues
) -> Saved:
    if values == current:
        return Saved(version, current)
    work.session.connection().execute(
        _SAVE,
        {
            **_history_row(work, held, sent, values, version=version + 1, accepted=True),
            **{name: getattr(values, name) for name in FIELDS},
            "sent": sent.values.stored() if values != sent.values else None,
            "more": int(values.answered) - int(current.answered),
            "new_state": ReturnState.READY if held.state is ReturnState.READY else ReturnState.IN_PROGRESS,
        },
    )
    return Saved(version + 1, values)


def _history_row(
    work: Work, held: Held, sent: Submitted, values: AnswerValues, *, version: int, accepted: bool
) -> dict[str, Any]:
    """Return what the history keeps of a save, and the audit event beside it."""
    return {
        **audit.row(
            work,
            audit.Event(
                "answer.saved" if accepted else "answer.conflict",
                ("return", held.id),
                held.organisation_id,
                {"standard": sent.standard_key, "version": version},
            ),
        ),
        "return_id": held.id,
        "standard_key": sent.standard_key,
        "version": version,
        "accepted": accepted,
        "content": values.stored(),
        "save_key": sent.save_key,
        "updated_at": work.now,
        "updated_by": work.actor.user_id,
    }


def _keep_refused(work: Work, held: Held, sent: Submitted, version: int) -> None:
    row = _history_row(work, held, sent, sent.values, version=version, accepted=False)
    work.session.connection().execute(_KEEP_REFUSED, {**row, "sent": None})
