"""The queue: signed returns of a round with how far each is, and the rounds that have some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from app.core.ordering import name_key
from app.moderation.models import Moderation, ModerationMessage, ModerationShare
from app.organisations.models import Organisation
from app.people.models import User
from app.questionnaires.models import FRAMEWORK_SUFFIX, QuestionnaireVersion
from app.ratings.models import COUNTING, Opinion, RatingSource, StoredRating, ValidatedStandard
from app.returns.models import Return, ReturnState
from app.rounds.models import Round


class Stage(StrEnum):
    """How far the moderation of a return is."""

    NOT_BEGUN = "not-begun"
    UNDER_WAY = "under-way"
    TO_RELEASE = "to-release"
    RELEASED = "released"


STAGE_WORDS = {
    Stage.NOT_BEGUN: "Not begun",
    Stage.UNDER_WAY: "Under way",
    Stage.TO_RELEASE: "Ready to release",
    Stage.RELEASED: "Released",
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A signed return in the queue. `domains` counts those with a colour, `reviewed` the validated ones."""

    return_id: int
    round_id: int
    round_title: str
    organisation_id: int
    organisation: str
    kind: str
    signed_at: datetime
    edition: int
    moderated_edition: int | None
    released_at: datetime | None
    domains: int
    reviewed: int
    judged: int
    second_opinions: int
    asked: int
    answered: int
    officers: tuple[tuple[int, str], ...]

    @property
    def signed_again(self) -> bool:
        """Say whether a newer edition was signed since officers looked at it."""
        return self.moderated_edition is not None and self.moderated_edition != self.edition

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if self.released_at is not None and not self.signed_again:
            return Stage.RELEASED
        if self.reviewed >= self.domains > 0 and not self.second_opinions:
            return Stage.TO_RELEASE
        return Stage.UNDER_WAY if self.judged or self.asked or self.second_opinions else Stage.NOT_BEGUN


def _heads() -> Select[Any]:
    return (
        select(
            col(Return.id),
            col(Return.round_id),
            col(Round.title),
            col(Return.organisation_id),
            col(Organisation.name),
            func.coalesce(col(Return.facts)["kind"].astext, ""),
            col(Return.signed_at),
            col(Return.edition),
            col(Moderation.edition),
            col(Moderation.released_at),
        )
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .outerjoin(Moderation, col(Moderation.return_id) == col(Return.id))
        .where(col(Return.state) == ReturnState.SIGNED)
    )


_HEAD_NAMES = tuple(QueueRow.__dataclass_fields__)[:10]


def rows(session: Session, which: Any) -> tuple[QueueRow, ...]:
    """Return the signed returns that a condition on `Return` names, those with the most waiting first."""
    heads = session.execute(_heads().where(which)).all()
    ids = [row[0] for row in heads]
    rated, judged, waiting = _rated(session, ids), _judged(session, ids), _waiting(session, ids)
    asked, officers = _asked(session, ids), _officers(session, ids)
    found = [
        QueueRow(
            **dict(zip(_HEAD_NAMES, row, strict=True)),
            domains=rated.get(row[0], (0, 0))[0],
            reviewed=rated.get(row[0], (0, 0))[1],
            judged=judged.get(row[0], 0),
            second_opinions=waiting.get(row[0], 0),
            asked=asked.get((row[0], True), 0),
            answered=asked.get((row[0], False), 0),
            officers=tuple(officers.get(row[0], ())),
        )
        for row in heads
    ]
    return tuple(sorted(found, key=_order))


def _order(row: QueueRow) -> tuple[bool, int, int, str, int]:
    stages = (Stage.UNDER_WAY, Stage.TO_RELEASE, Stage.NOT_BEGUN, Stage.RELEASED)
    waiting = row.answered + row.second_opinions
    return (
        not row.signed_again,
        -waiting,
        stages.index(row.stage),
        name_key(row.organisation),
        row.return_id,
    )


def of_round(session: Session, round_id: int) -> tuple[QueueRow, ...]:
    """Return the queue of one round."""
    return rows(session, col(Return.round_id) == round_id)


def _rated(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    own = and_(col(StoredRating.source) == RatingSource.SELF, col(StoredRating.answered) > 0)
    checked = and_(col(StoredRating.source) == RatingSource.VALIDATED, col(StoredRating.answered) > 0)
    found = session.execute(
        select(
            col(StoredRating.return_id),
            func.count().filter(own),
            func.count().filter(checked),
        )
        .where(col(StoredRating.return_id).in_(ids))
        .group_by(col(StoredRating.return_id))
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _judged(session: Session, ids: Sequence[int]) -> dict[int, int]:
    return _counted(
        session,
        ids,
        col(ValidatedStandard.opinion).in_(COUNTING) & ~col(ValidatedStandard.outdated),
    )


def _waiting(session: Session, ids: Sequence[int]) -> dict[int, int]:
    waiting = (col(ValidatedStandard.opinion) == Opinion.WAITING) & ~col(ValidatedStandard.outdated)
    return _counted(session, ids, waiting)


def _counted(session: Session, ids: Sequence[int], which: Any) -> dict[int, int]:
    found = session.execute(
        select(col(ValidatedStandard.return_id), func.count())
        .where(col(ValidatedStandard.return_id).in_(ids), which)
        .group_by(col(ValidatedStandard.return_id))
    )
    return {row[0]: row[1] for row in found}


def _asked(session: Session, ids: Sequence[int]) -> dict[tuple[int, bool], int]:
    """Return how many threads wait for the organisation (True), and how many came back (False), by return.

    An answer has come back until the standard is judged after it.
    """
    last = (
        select(
            col(ModerationMessage.return_id),
            col(ModerationMessage.standard_key),
            col(ModerationMessage.asks),
            col(ModerationMessage.said_at),
        )
        .where(col(ModerationMessage.return_id).in_(ids))
        .ext(distinct_on(col(ModerationMessage.return_id), col(ModerationMessage.standard_key)))
        .order_by(
            col(ModerationMessage.return_id),
            col(ModerationMessage.standard_key),
            col(ModerationMessage.id).desc(),
        )
        .subquery()
    )
    judged = ValidatedStandard
    found = session.execute(
        select(last.c.return_id, last.c.asks, func.count())
        .outerjoin(
            judged,
            and_(
                col(judged.return_id) == last.c.return_id,
                col(judged.standard_key) == last.c.standard_key,
                col(judged.judged_at) >= last.c.said_at,
            ),
        )
        .where(last.c.asks | col(judged.return_id).is_(None))
        .group_by(last.c.return_id, last.c.asks)
    )
    return {(row[0], row[1]): row[2] for row in found}


def _officers(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    rows_of = session.execute(
        select(col(ModerationShare.return_id), col(User.id), col(User.name))
        .join(User, col(User.id) == col(ModerationShare.user_id))
        .where(col(ModerationShare.return_id).in_(ids))
        .distinct()
        .order_by(col(User.name))
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for return_id, user_id, name in rows_of:
        found.setdefault(return_id, []).append((user_id, name))
    return found


# --- the filter of the queue -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see of the queue: whose, how far, and part of a name."""

    who: str = ""
    stage: str = ""
    name: str = ""

    def shows(self, row: QueueRow, user_id: int) -> bool:
        """Say whether a return is among what is wanted."""
        mine = user_id in {each[0] for each in row.officers}
        of_whom = {"mine": mine, "nobody": not row.officers}.get(self.who, True)
        return (
            of_whom
            and self.stage in {"", row.stage.value}
            and self.name.casefold() in row.organisation.casefold()
        )


# --- the rounds on the desk -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """A round on the desk: how many returns are signed, and how many of them are released."""

    id: int
    title: str
    signed: int
    released: int


def rounds(session: Session) -> tuple[RoundProgress, ...]:
    """Return the rounds that have signed returns, the latest first; frameworks of visits are left out."""
    found = session.execute(
        select(col(Round.id), col(Round.title), func.count(), func.count(col(Moderation.released_at)))
        .join(Return, and_(col(Return.round_id) == col(Round.id), col(Return.state) == ReturnState.SIGNED))
        .join(QuestionnaireVersion, col(QuestionnaireVersion.id) == col(Round.version_id))
        .outerjoin(
            Moderation,
            and_(col(Moderation.return_id) == col(Return.id), col(Moderation.edition) == col(Return.edition)),
        )
        .where(~col(QuestionnaireVersion.key).endswith(FRAMEWORK_SUFFIX))
        .group_by(col(Round.id), col(Round.title), col(Round.due_on))
        .order_by(col(Round.due_on).desc(), col(Round.id).desc())
    )
    return tuple(RoundProgress(*row) for row in found)


def counts(every: Iterable[QueueRow]) -> dict[Stage, int]:
    """Count returns by how far their moderation is."""
    found = dict.fromkeys(Stage, 0)
    for row in every:
        found[row.stage] += 1
    return found
