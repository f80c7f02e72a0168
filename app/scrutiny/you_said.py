"""You said, we did: what became of the actions of the year before, and how ratings moved, by domain.

For the board, as the framework asks (section 6: "you said, we did, we did not do"). The actions are those
that organisations of a round had agreed between the opening of the round before and the day on which this
round's return went out to them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.actions.models import Action
from app.actions.rules import DONE, LIVE, ActionStatus
from app.core.working_days import london_moment
from app.organisations.models import Organisation
from app.ratings.models import RatingSource, StoredRating
from app.ratings.rules import COLOURS, WORST_FIRST
from app.returns.models import Return
from app.rounds.queries import RoundLine

_NEWS: Final = 6


@dataclass(frozen=True, slots=True)
class DomainSaid:
    """A domain: what was said, done, is under way, is late, was not done, and how its ratings moved."""

    title: str
    said: int = 0
    did: int = 0
    accepted: int = 0
    under_way: int = 0
    overdue: int = 0
    did_not: int = 0
    up: int = 0
    same: int = 0
    down: int = 0

    @property
    def actions(self) -> list[dict[str, object]]:
        """The actions as the parts of a bar."""
        return [
            {"level": "done", "word": "done", "count": self.did, "letter": "✓"},
            {"level": "started", "word": "still under way", "count": self.under_way, "letter": "…"},
            {"level": "late", "word": "overdue", "count": self.overdue, "letter": "!"},
            {"level": "waiting", "word": "not done: dropped or closed", "count": self.did_not, "letter": "×"},
        ]

    @property
    def moves(self) -> list[dict[str, object]]:
        """The ratings as the parts of a bar."""
        return [
            {"level": "done", "word": "up", "count": self.up, "letter": "↑"},
            {"level": "started", "word": "the same", "count": self.same, "letter": "="},
            {"level": "late", "word": "down", "count": self.down, "letter": "↓"},
        ]


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done: where, what was promised, and what they say about it."""

    action_id: int
    organisation: str
    domain_key: str
    what: str
    said: str


@dataclass(frozen=True, slots=True)
class YouSaid:
    """The page: by domain, the sum of all, and in one sentence."""

    domains: tuple[DomainSaid, ...]
    whole: DomainSaid
    compared: int

    @property
    def sentence(self) -> str:
        """What changed since last year, in one sentence for the top of the page."""
        whole = self.whole
        if not whole.said:
            return "No actions were agreed in the year before."
        return (
            f"Of {whole.said:,} {'action' if whole.said == 1 else 'actions'} {whole.did:,} "
            f"{'is' if whole.did == 1 else 'are'} done, {whole.under_way:,} under way, "
            f"{whole.overdue:,} overdue, and {whole.did_not:,} will not be done."
        )


def direction(before: str, after: str) -> str:
    """Return whether a rating went up, down or stayed; empty when one of the two has no colour."""
    if before not in COLOURS or after not in COLOURS:
        return ""
    step = WORST_FIRST.index(after) - WORST_FIRST.index(before)
    return "up" if step > 0 else "down" if step < 0 else "same"


def counted(
    titles: Mapping[str, str],
    actions: Iterable[tuple[str, str, ActionStatus, bool, int]],
    ratings: Iterable[tuple[str, str, str, int]],
) -> YouSaid:
    """Return the page from counts: actions and ratings of each domain.

    Actions come by (domain key, title, status, overdue), ratings by (domain key, before, after).

    `titles` are this year's domains in order; what belongs to none of them stands at the end under its own
    title.
    """
    named = dict(titles)
    sums: dict[str, Counter[str]] = {key: Counter() for key in titles}
    for key, title, status, late, count in actions:
        named.setdefault(key, title or key.replace("-", " ").capitalize() or "No domain")
        found = sums.setdefault(key, Counter())
        found["said"] += count
        found[_part(status, late=late)] += count
        found["accepted"] += count * (status is ActionStatus.ACCEPTED)
    compared = 0
    for key, before, after, count in ratings:
        moved = direction(before, after)
        if moved and key in titles:
            sums[key][moved] += count
            compared += count
    whole = sum(sums.values(), Counter[str]())
    return YouSaid(
        tuple(DomainSaid(named[key], **found) for key, found in sums.items()),
        DomainSaid("All domains", **whole),
        compared,
    )


def _part(status: ActionStatus, *, late: bool) -> str:
    if status in DONE:
        return "did"
    if status in LIVE:
        return "overdue" if late else "under_way"
    return "did_not"


# --- reads ------------------------------------------------------------------------------------------


def _agreed(this: RoundLine, before: RoundLine | None) -> list[ColumnElement[bool]]:
    begun = london_moment(before.opens_on, datetime.min.time()) if before else None
    return [
        col(Return.round_id) == this.id,
        col(Action.created_at) < col(Return.issued_at),
        *([col(Action.created_at) >= begun] if begun else []),
    ]


def you_said(
    session: Session, this: RoundLine, before: RoundLine | None, domains: Mapping[str, str], today: date
) -> YouSaid:
    """Return what became of the actions of the year before a round, in two statements."""
    late = func.coalesce(col(Action.due_on) < today, False)
    actions: Any = session.execute(
        select(
            col(Action.domain_key), func.max(col(Action.domain_title)), col(Action.status), late, func.count()
        )
        .join(Return, col(Return.organisation_id) == col(Action.organisation_id))
        .where(*_agreed(this, before))
        .group_by(col(Action.domain_key), col(Action.status), late)
        .order_by(col(Action.domain_key))
    )
    return counted(domains, actions.all(), _moves(session, this, before))


def _moves(session: Session, this: RoundLine, before: RoundLine | None) -> Sequence[Any]:
    if before is None:
        return ()
    now, then = aliased(StoredRating), aliased(StoredRating)
    return session.execute(
        select(now.domain_key, then.outcome, now.outcome, func.count())  # type: ignore[call-overload]
        .join(
            then,
            (then.organisation_id == now.organisation_id)
            & (then.domain_key == now.domain_key)
            & (then.round_id == before.id)
            & (then.source == RatingSource.SELF),
        )
        .where(now.round_id == this.id, now.source == RatingSource.SELF)
        .group_by(now.domain_key, then.outcome, now.outcome)
    ).all()


def news(session: Session, this: RoundLine, before: RoundLine | None) -> tuple[Done, ...]:
    """Return a few actions that SAIG accepted last, each with what the organisation says about it.

    For people who read whole returns.
    """
    rows = session.execute(
        select(
            col(Action.id),
            col(Organisation.name),
            col(Action.domain_key),
            col(Action.what),
            col(Action.progress),
        )
        .join(Organisation, col(Organisation.id) == col(Action.organisation_id))
        .join(Return, col(Return.organisation_id) == col(Action.organisation_id))
        .where(
            *_agreed(this, before),
            col(Action.status) == ActionStatus.ACCEPTED,
            col(Action.progress) != "",
        )
        .order_by(col(Action.reviewed_at).desc(), col(Action.id))
        .limit(_NEWS)
    )
    return tuple(Done(*row) for row in rows)
