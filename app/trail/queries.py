"""Reads of the audit trail and of who read what: page by page, newest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, or_, select, tuple_
from sqlmodel import Session, col

from app.core.access import REGISTER, Actor, visible_to
from app.core.errors import NotFoundError
from app.core.models import AuditEvent, Reading
from app.organisations.models import Organisation
from app.people.models import User
from app.people.queries import people_like
from app.rounds.models import Round
from app.trail.rules import Wanted
from app.trail.words import FOR_OFFICERS, FOR_THE_REGISTER, events_of, people_in

PAGE: Final = 50
_EXPORT_PAGE: Final = 1_000
_MOST_PLACES: Final = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page: the newest, or the one before or after a line that was shown."""

    older_than: int | None = None
    newer_than: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: an event, or somebody who read something (`what`)."""

    id: int
    at: datetime
    person_id: int | None
    person: str
    event: str
    subject: str
    subject_id: int
    organisation_id: int | None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """What the things that lines point to are called."""

    organisations: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[int, str] = field(default_factory=dict)
    rounds: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of lines, and whether there are older and newer ones."""

    lines: tuple[Line, ...]
    names: Names
    older: int | None
    newer: int | None


# --- what is asked for ----------------------------------------------------------------------------

Conditions = Sequence[ColumnElement[bool]]


def wanted_events(session: Session, wanted: Wanted) -> Conditions:
    """Return the conditions of a filter on events."""
    conditions = _between(AuditEvent, wanted)
    if wanted.person:
        conditions.append(col(AuditEvent.actor_id).in_(_people(session, wanted.person)))
    if wanted.organisation:
        conditions.append(col(AuditEvent.organisation_id).in_(_places(session, wanted.organisation)))
    if wanted.kind:
        conditions.append(col(AuditEvent.event).in_(events_of(wanted.kind)))
    return conditions


def wanted_readings(session: Session, wanted: Wanted) -> Conditions:
    """Return the conditions of a filter on readings."""
    conditions = _between(Reading, wanted)
    if wanted.person:
        conditions.append(col(Reading.user_id).in_(_people(session, wanted.person)))
    if wanted.organisation:
        conditions.append(col(Reading.organisation_id).in_(_places(session, wanted.organisation)))
    return conditions


def _between(table: type[AuditEvent] | type[Reading], wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.problems:
        conditions.append(false())
    if wanted.since:
        conditions.append(col(table.at) >= wanted.since)
    if wanted.until:
        conditions.append(col(table.at) < wanted.until)
    return conditions


def _people(session: Session, text: str) -> list[int]:
    return [person.user_id for person in people_like(session, text)]


def _places(session: Session, text: str) -> list[int]:
    found = select(col(Organisation.id)).where(col(Organisation.name).icontains(text, autoescape=True))
    return [int(each or 0) for each in session.execute(found.limit(_MOST_PLACES)).scalars()]


def of_return(actor: Actor, return_id: int) -> Conditions:
    """Return the conditions of a return's history.

    What was said on the telephone is for those who may see the list of whom to ring. What officers judge is
    for those who read all returns: its own people, also those with both kinds of role, read it once released.
    """
    conditions = [
        col(AuditEvent.subject) == "return",
        col(AuditEvent.subject_id) == return_id,
        visible_to(actor, col(AuditEvent.organisation_id)),
        or_(
            col(AuditEvent.event).not_in(FOR_OFFICERS),
            col(AuditEvent.organisation_id).not_in(actor.readable),
        ),
    ]
    if actor.has(*REGISTER):
        return conditions
    return [*conditions, col(AuditEvent.event).not_in(FOR_THE_REGISTER)]


def readings_of_return(actor: Actor, return_id: int, round_id: int) -> Conditions:
    """Return the conditions of who read a return; workbooks of its round hold it too."""
    itself = and_(
        col(Reading.subject) == "return",
        col(Reading.subject_id) == return_id,
        visible_to(actor, col(Reading.organisation_id)),
    )
    if not actor.is_partnership:
        return [itself]
    within = and_(
        col(Reading.subject) == "round",
        col(Reading.subject_id) == round_id,
        col(Reading.what) == "workbook",
    )
    return [or_(itself, within)]


def of_organisation(organisation_id: int) -> Conditions:
    """Return the conditions of an organisation's history."""
    return [col(AuditEvent.organisation_id) == organisation_id]


def readings_of_organisation(organisation_id: int) -> Conditions:
    """Return the conditions of who read what an organisation said."""
    return [col(Reading.organisation_id) == organisation_id]


def of_person(user_id: int) -> Conditions:
    """Return the conditions of a person's history: what they did, and what was done to their account."""
    done_to = and_(col(AuditEvent.subject) == "user", col(AuditEvent.subject_id) == user_id)
    return [or_(col(AuditEvent.actor_id) == user_id, done_to)]


def readings_of_person(user_id: int) -> Conditions:
    """Return the conditions of what a person read."""
    return [col(Reading.user_id) == user_id]


# --- pages ----------------------------------------------------------------------------------------

_EVENT_COLUMNS: Final = (
    col(AuditEvent.id),
    col(AuditEvent.at),
    col(AuditEvent.actor_id),
    col(AuditEvent.actor_name),
    col(AuditEvent.event),
    col(AuditEvent.subject),
    col(AuditEvent.subject_id),
    col(AuditEvent.organisation_id),
    col(AuditEvent.detail),
)
_READING_COLUMNS: Final = (
    col(Reading.id),
    col(Reading.at),
    col(Reading.user_id),
    col(User.name),
    col(Reading.what),
    col(Reading.subject),
    col(Reading.subject_id),
    col(Reading.organisation_id),
)


def events(session: Session, conditions: Conditions, turn: Turn, most: int = PAGE) -> Listed:
    """Return one page of events, newest first."""
    return _listed(session, select(*_EVENT_COLUMNS).where(*conditions), AuditEvent, turn, most)


def readings(session: Session, conditions: Conditions, turn: Turn, most: int = PAGE) -> Listed:
    """Return one page of who read what, newest first."""
    statement = select(*_READING_COLUMNS).join(User, col(User.id) == col(Reading.user_id)).where(*conditions)
    return _listed(session, statement, Reading, turn, most)


def _listed(
    session: Session, statement: Any, table: type[AuditEvent] | type[Reading], turn: Turn, most: int
) -> Listed:
    """Return a page by its key, time and number: one row more than shown says whether there is another."""
    key = tuple_(col(table.at), col(table.id))
    newer = turn.newer_than is not None and turn.older_than is None
    place = turn.newer_than if newer else turn.older_than
    at = session.execute(select(col(table.at)).where(col(table.id) == place)).scalar() if place else None
    if at is not None:
        beyond = tuple_(at, place)
        statement = statement.where(key > beyond if newer else key < beyond)
    order = (col(table.at), col(table.id)) if newer else (col(table.at).desc(), col(table.id).desc())
    rows = session.execute(statement.order_by(*order).limit(most + 1)).all()
    lines = [Line(*row) for row in rows[:most]]
    more = len(rows) > most
    if newer:
        lines.reverse()
    first, last = (lines[0].id, lines[-1].id) if lines else (None, None)
    return Listed(
        tuple(lines),
        names_of(session, lines),
        older=last if more or newer else None,
        newer=first if (more if newer else at is not None) else None,
    )


def names_of(session: Session, lines: Iterable[Line]) -> Names:
    """Return the names of the organisations, people and rounds that lines point to."""
    places, people, these = set[int](), set[int](), set[int]()
    for line in lines:
        if line.organisation_id:
            places.add(line.organisation_id)
        if line.subject == "user":
            people.add(line.subject_id)
        if line.subject == "round":
            these.add(line.subject_id)
        people |= people_in(line.detail)
    return Names(
        _named(session, Organisation, col(Organisation.name), places),
        _named(session, User, col(User.name), people),
        _named(session, Round, col(Round.title), these),
    )


def _named(session: Session, table: Any, name: Any, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session.execute(select(table.id, name).where(table.id.in_(sorted(ids))))
    return {row[0]: row[1] for row in rows}


def organisation_name(session: Session, organisation_id: int) -> str:
    """Return the name of an organisation, or raise NotFoundError."""
    named = select(col(Organisation.name)).where(col(Organisation.id) == organisation_id)
    row = session.execute(named).first()
    if row is None:
        raise NotFoundError
    return str(row[0])


def every_event(session: Session, conditions: Conditions) -> Iterator[tuple[Line, Names]]:
    """Yield all events that are asked for, newest first, a thousand at a time."""
    return _every(events, session, conditions)


def every_reading(session: Session, conditions: Conditions) -> Iterator[tuple[Line, Names]]:
    """Yield all readings that are asked for, newest first, a thousand at a time."""
    return _every(readings, session, conditions)


def _every(
    read: Callable[[Session, Conditions, Turn, int], Listed], session: Session, conditions: Conditions
) -> Iterator[tuple[Line, Names]]:
    turn = Turn()
    while True:
        page = read(session, conditions, turn, _EXPORT_PAGE)
        yield from ((line, page.names) for line in page.lines)
        if page.older is None:
            return
        turn = replace(turn, older_than=page.older)
