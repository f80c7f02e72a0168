"""Reads of actions: each confined to the organisations whose returns the person may read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel import Session, col

from app.actions.models import Action, ActionNote, ActionSource, NoteKind
from app.actions.rules import DONE, LIVE, TO_REVIEW, ActionStatus, is_overdue
from app.core.access import Actor, visible_to
from app.core.errors import NotFoundError
from app.organisations.models import Organisation, Succession

SOURCE_WORDS: Final[Mapping[ActionSource, str]] = {
    ActionSource.RETURN: "Signed return",
    ActionSource.MODERATION: "Moderation",
    ActionSource.VISIT: "Assurance visit",
}
# What the partnership's list can show, in the order in which it is offered.
SHOWN: Final[Mapping[str, str]] = {
    "open": "Still to do",
    "overdue": "Overdue",
    "review": "For SAIG to review",
    "done": "Done",
    "ended": "Closed or dropped",
    "all": "All",
}


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action with the organisation that has it."""

    id: int
    organisation_id: int
    organisation_name: str
    return_id: int | None
    source: ActionSource
    source_id: int | None
    domain_key: str
    domain_title: str
    standard_key: str
    standard_title: str
    what: str
    owner: str
    due_on: date | None
    status: ActionStatus
    progress: str
    created_at: datetime
    said_at: datetime | None
    reviewed_at: datetime | None

    @property
    def about(self) -> str:
        """What it is about, as people know it: its standard, else its domain."""
        return self.standard_title or self.domain

    @property
    def domain(self) -> str:
        """The title of its domain."""
        return self.domain_title or self.domain_key.replace("-", " ").capitalize() or "No domain"

    @property
    def live(self) -> bool:
        """Say whether it is still to be done."""
        return self.status in LIVE

    def overdue(self, today: date) -> bool:
        """Say whether it should have been done by now."""
        return is_overdue(self.status, self.due_on, today)


_COLUMNS: Final[tuple[Any, ...]] = (
    col(Action.id),
    col(Action.organisation_id),
    col(Organisation.name),
    col(Action.return_id),
    col(Action.source),
    col(Action.source_id),
    col(Action.domain_key),
    col(Action.domain_title),
    col(Action.standard_key),
    col(Action.standard_title),
    col(Action.what),
    col(Action.owner),
    col(Action.due_on),
    col(Action.status),
    col(Action.progress),
    col(Action.created_at),
    col(Action.said_at),
    col(Action.reviewed_at),
)


def lines() -> Select[Any]:
    """Return the read of actions as lines; the caller confines it."""
    return select(*_COLUMNS).join(Organisation, col(Organisation.id) == col(Action.organisation_id))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which actions to list; `organisation` is a number, `search` a part of an organisation's name."""

    show: str = "open"
    source: str = ""
    domain: str = ""
    search: str = ""
    organisation: int | None = None

    def parameters(self) -> dict[str, str]:
        """Return the address's parameters for this choice."""
        return {
            "show": self.show,
            "source": self.source,
            "domain": self.domain,
            "search": self.search,
            "organisation": str(self.organisation or ""),
        }


def _shown(show: str, today: date) -> ColumnElement[bool] | None:
    status = col(Action.status)
    conditions: dict[str, ColumnElement[bool]] = {
        "open": status.in_(LIVE),
        "overdue": status.in_(LIVE) & (col(Action.due_on) < today),
        "review": status.in_(TO_REVIEW),
        "done": status.in_(DONE),
        "ended": status.in_((ActionStatus.DROPPED, ActionStatus.CLOSED)),
    }
    return conditions.get(show)


def _narrowed(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [visible_to(actor, col(Action.organisation_id))]
    if wanted.source:
        found.append(col(Action.source) == wanted.source)
    if wanted.domain:
        found.append(col(Action.domain_key) == wanted.domain)
    if wanted.organisation is not None:
        found.append(col(Action.organisation_id) == wanted.organisation)
    if wanted.search:
        found.append(col(Organisation.name).icontains(wanted.search, autoescape=True))
    return found


def actions(
    session: Session, actor: Actor, wanted: Wanted, today: date, *, most: int, skip: int = 0
) -> tuple[ActionLine, ...]:
    """Return the actions that are wanted, the earliest due first, those without a date last."""
    shown = _shown(wanted.show, today)
    conditions = [*_narrowed(actor, wanted), *([] if shown is None else [shown])]
    rows = session.execute(
        lines()
        .where(*conditions)
        .order_by(col(Action.due_on).asc().nulls_last(), col(Action.id))
        .limit(most)
        .offset(skip)
    )
    return tuple(ActionLine(*row) for row in rows)


def counts(session: Session, actor: Actor, wanted: Wanted, today: date) -> dict[str, int]:
    """Return how many actions each choice of the list shows, whatever is shown now."""
    counted = [
        func.count().filter(condition) if (condition := _shown(show, today)) is not None else func.count()
        for show in SHOWN
    ]
    row = session.execute(
        select(*counted)
        .select_from(Action)
        .join(Organisation, col(Organisation.id) == col(Action.organisation_id))
        .where(*_narrowed(actor, wanted))
    ).one()
    return dict(zip(SHOWN, row, strict=True))


def domains(session: Session, actor: Actor) -> dict[str, str]:
    """Return the domains that actions belong to, title by key."""
    rows = session.execute(
        select(col(Action.domain_key), func.max(col(Action.domain_title)))
        .where(visible_to(actor, col(Action.organisation_id)), col(Action.domain_key) != "")
        .group_by(col(Action.domain_key))
        .order_by(col(Action.domain_key))
    )
    return {key: title or key.replace("-", " ").capitalize() for key, title in rows}


def action(session: Session, actor: Actor, action_id: int) -> ActionLine:
    """Return an action that the person may read, or raise NotFoundError."""
    row = session.execute(
        lines().where(col(Action.id) == action_id, visible_to(actor, col(Action.organisation_id)))
    ).first()
    if row is None:
        raise NotFoundError
    return ActionLine(*row)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What somebody said about an action."""

    kind: NoteKind
    status: ActionStatus | None
    words: str
    user_name: str
    said_at: datetime


def notes(session: Session, actor: Actor, action_id: int) -> tuple[NoteLine, ...]:
    """Return what was said about an action, the newest first."""
    rows = session.execute(
        select(
            col(ActionNote.kind),
            col(ActionNote.status),
            col(ActionNote.words),
            col(ActionNote.user_name),
            col(ActionNote.said_at),
        )
        .where(col(ActionNote.action_id) == action_id, visible_to(actor, col(ActionNote.organisation_id)))
        .order_by(col(ActionNote.id).desc())
    )
    return tuple(NoteLine(*row) for row in rows)


# --- the organisation's own -------------------------------------------------------------------------


def own_actions(session: Session, actor: Actor) -> tuple[ActionLine, ...]:
    """Return all actions of a person's organisations and of what these took over, the first due first."""
    rows = session.execute(
        lines()
        .where(col(Action.organisation_id).in_(actor.readable))
        .order_by(col(Action.due_on).asc().nulls_last(), col(Action.id))
    )
    return tuple(ActionLine(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class OwnCount:
    """How many actions somebody's organisations have still to do, and how many of them are overdue."""

    to_do: int
    overdue: int


def own_count(session: Session, actor: Actor, today: date) -> OwnCount:
    """Count what a person's organisations have still to do."""
    if not actor.readable:
        return OwnCount(0, 0)
    row = session.execute(
        select(func.count(), func.count().filter(col(Action.due_on) < today)).where(
            col(Action.organisation_id).in_(actor.readable), col(Action.status).in_(LIVE)
        )
    ).one()
    return OwnCount(*row)


def waiting_for_review(session: Session) -> int:
    """Count the actions that SAIG has to look at."""
    counted = select(func.count()).where(col(Action.status).in_(TO_REVIEW))
    return int(session.execute(counted).scalar_one())


# --- next year's return -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskedAction:
    """An older action that a return asks about, and whether its organisation has answered."""

    line: ActionLine
    answered: bool

    def snapshot(self) -> dict[str, Any]:
        """Return what a signed return remembers of the answer."""
        line = self.line
        return {
            "id": line.id,
            "about": line.about,
            "what": line.what,
            "owner": line.owner,
            "due_on": line.due_on.isoformat() if line.due_on else None,
            "status": line.status.value,
            "said": line.progress,
        }


def asked_about(
    session: Session, actor: Actor, return_id: int, organisation_id: int, issued_at: datetime
) -> tuple[AskedAction, ...]:
    """Return the actions that a return asks about, those of what its organisation took over included.

    The rule is `is_asked` of this room, as a condition.
    """
    took_over = select(col(Succession.predecessor_id)).where(col(Succession.successor_id) == organisation_id)
    rows = session.execute(
        lines()
        .where(
            visible_to(actor, col(Action.organisation_id)),
            or_(col(Action.organisation_id) == organisation_id, col(Action.organisation_id).in_(took_over)),
            col(Action.created_at) < issued_at,
            or_(col(Action.return_id).is_(None), col(Action.return_id) != return_id),
            or_(col(Action.status).in_(LIVE), col(Action.said_at) >= issued_at),
        )
        .order_by(col(Action.due_on).asc().nulls_last(), col(Action.id))
    )
    found = (ActionLine(*row) for row in rows)
    return tuple(AskedAction(line, line.said_at is not None and line.said_at >= issued_at) for line in found)
