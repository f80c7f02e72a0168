"""Reads of validated standards: what officers made of single answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.ratings.models import COUNTING, Opinion, RatingSource, StoredRating, ValidatedStandard


@dataclass(frozen=True, slots=True)
class Judged:
    """An officer's judgement of one standard, beside what the organisation had said."""

    standard_key: str
    domain_key: str
    edition: int
    version: int
    own: str
    judged: str
    comment: str
    judged_by: int
    judged_by_name: str
    judged_at: datetime
    opinion: Opinion
    opinion_by_name: str
    opinion_comment: str
    opinion_at: datetime | None
    outdated: bool

    @property
    def counts(self) -> bool:
        """Say whether it is in force: no second opinion is missing, and the answer is still the same."""
        return self.opinion in COUNTING and not self.outdated

    def waits_after(self, user_id: int) -> bool:
        """Say whether it waits for a second opinion on what this officer made of it."""
        return self.judged_by == user_id and self.opinion is Opinion.WAITING and not self.outdated

    @property
    def changed(self) -> bool:
        """Say whether the officer sees it otherwise than the organisation."""
        return self.own != self.judged


_COLUMNS = tuple(getattr(ValidatedStandard, name) for name in Judged.__dataclass_fields__)


def judged_of(session: Session, return_id: int, *, released: bool = False) -> dict[str, Judged]:
    """Return the judgements of a return by standard; `released` only those that its organisation may see.

    The caller has made sure that the person may read the return.
    """
    wanted = select(*_COLUMNS).where(col(ValidatedStandard.return_id) == return_id)
    if released:
        wanted = wanted.where(col(ValidatedStandard.released_at).is_not(None))
    return {row[0]: Judged(*row) for row in session.execute(wanted)}


def in_force(found: Mapping[str, Judged]) -> dict[str, str]:
    """Return what counts of judgements: the judged level by standard."""
    return {key: each.judged for key, each in found.items() if each.counts}


def judged_of_many(session: Session, return_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return what counts of the judgements of several returns, by return and standard."""
    rows = session.execute(
        select(
            col(ValidatedStandard.return_id),
            col(ValidatedStandard.standard_key),
            col(ValidatedStandard.judged),
        ).where(
            col(ValidatedStandard.return_id).in_(sorted(set(return_ids))),
            col(ValidatedStandard.opinion).in_(COUNTING),
            ~col(ValidatedStandard.outdated),
        )
    )
    found: dict[int, dict[str, str]] = {}
    for return_id, key, judged in rows:
        found.setdefault(return_id, {})[key] = judged
    return found


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How far the moderation of a round is: returns that are signed, with a domain reviewed, released."""

    signed: int
    begun: int
    released: int


def reviewed_of_round(session: Session, round_id: int) -> Reviewed:
    """Count a round's returns by how far their moderation is, from stored ratings alone."""
    answered = col(StoredRating.answered) > 0
    own = func.count().filter(col(StoredRating.source) == RatingSource.SELF, answered)
    checked = func.count().filter(col(StoredRating.source) == RatingSource.VALIDATED, answered)
    each = (
        select(
            own.label("own"),
            checked.label("checked"),
            func.count(col(StoredRating.released_at)).label("released"),
        )
        .where(col(StoredRating.round_id) == round_id)
        .group_by(col(StoredRating.return_id))
        .subquery()
    )
    row = session.execute(
        select(
            func.count().filter(each.c.own > 0),
            func.count().filter(each.c.checked > 0),
            func.count().filter(each.c.released > 0),
        )
    ).one()
    return Reviewed(*row)
