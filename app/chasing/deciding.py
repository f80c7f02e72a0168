"""Who is due for which reminder on a day, and why: reads and decides, changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from app.chasing.models import ChaseMessage, MessageOutcome
from app.chasing.schedule import plan_of, terms
from app.chasing.sparing import Sparing, sparing
from app.chasing.stages import (
    Addressee,
    Course,
    Plan,
    Stage,
    StageKind,
    Standing4,
    addressee,
    live_stage,
    standing_of,
)
from app.core.addresses import is_undeliverable
from app.core.clock import london_date
from app.core.working_days import Term, london_moment
from app.organisations.models import Contact, Organisation, OrganisationStatus
from app.organisations.rules import KINDS
from app.people.models import User
from app.returns.models import Return, ReturnState
from app.rounds.models import Round
from app.rounds.queries import may_sign_in

NOW_STAGE: Final = "now"
# These keep a stage from being sent again; after a bounce the next contact takes over.
_TOLD: Final = (MessageOutcome.WAITING, MessageOutcome.SENT)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Open:
    """A return that waits for an answer."""

    return_id: int
    organisation_id: int
    organisation: str
    standing: Standing4
    due_on: date
    answered: int
    total: int
    asked_on: date
    is_school: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A return that is due for a stage on a day, and who is written to; nobody when nobody can be reached."""

    day: date
    stage: Stage
    of: Open
    to: Addressee | None

    @property
    def group(self) -> tuple[str, StageKind]:
        """What leaves as one mail: everything of one kind to one address."""
        return (self.to.address if self.to else "", self.stage.kind)


def is_school(kind: str) -> bool:
    """Say whether an organisation keeps school terms."""
    return kind in KINDS and KINDS[kind].group != "agency"


def open_returns(session: Session, round_id: int, exempt: frozenset[int]) -> list[Open]:
    """Return what a round still waits for, without those that are exempt or gone."""
    rows = session.execute(
        select(
            col(Return.id),
            col(Return.organisation_id),
            col(Organisation.name),
            col(Return.state),
            col(Return.due_on),
            col(Return.answered),
            col(Return.total),
            col(Return.issued_at),
            col(Round.opens_on),
            func.coalesce(col(Return.facts)["kind"].astext, ""),
        )
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(
            col(Return.round_id) == round_id,
            col(Return.state) != ReturnState.SIGNED,
            col(Organisation.status) != OrganisationStatus.GONE,
        )
    )
    days: dict[datetime, date] = {}
    found = []
    for number, place, name, state, due_on, answered, total, issued_at, opens_on, kind in rows:
        standing = standing_of(state)
        if standing is None or number in exempt:
            continue
        issued_on = days.get(issued_at) or days.setdefault(issued_at, london_date(issued_at))
        # Before a round opens nobody can answer, so its schedule begins no earlier.
        asked_on = max(issued_on, opens_on)
        found.append(Open(number, place, name, standing, due_on, answered, total, asked_on, is_school(kind)))
    return found


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that deciding about a round needs, read once."""

    plan: Plan
    terms: tuple[Term, ...]
    sparing: Sparing
    returns: list[Open]

    def due_on(self, day: date) -> Iterator[tuple[Open, Stage]]:
        """Yield what is due on a day, before it is asked who was told already."""
        known: dict[Course, Stage | None] = {}
        for each in self.returns:
            if self.sparing.is_paused(each.organisation_id, day):
                continue
            since = self.sparing.since(each.organisation_id, each.return_id, each.asked_on, day)
            course = Course(each.standing, each.due_on, since, each.is_school)
            if course not in known:
                known[course] = live_stage(self.plan.stages, course, day, self.terms)
            stage = known[course]
            if stage is not None:
                yield each, stage


def desk_of(session: Session, round_id: int) -> Desk:
    """Read a round for deciding: a handful of statements, however many returns and past rounds there are."""
    spared = sparing(session, round_id)
    return Desk(
        plan_of(session, round_id), terms(session), spared, open_returns(session, round_id, spared.exempt)
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What was queued for one return before: at which stage, to whom, and what became of it."""

    stage_key: str
    due_on: date
    address: str
    outcome: MessageOutcome
    queued_on: date


def told_before(session: Session, round_id: int, day: date) -> dict[int, list[Told]]:
    """Return what open returns of a round were told for the due dates that they have, or on a day."""
    start = london_moment(day, time())
    rows = session.execute(
        select(
            col(ChaseMessage.return_id),
            col(ChaseMessage.stage_key),
            col(ChaseMessage.due_on),
            col(ChaseMessage.address),
            col(ChaseMessage.outcome),
            col(ChaseMessage.queued_at),
        )
        .join(Return, col(Return.id) == col(ChaseMessage.return_id))
        .where(
            col(ChaseMessage.round_id) == round_id,
            col(Return.state) != ReturnState.SIGNED,
            or_(col(ChaseMessage.due_on) == col(Return.due_on), col(ChaseMessage.queued_at) >= start),
        )
    )
    found: dict[int, list[Told]] = defaultdict(list)
    for return_id, stage_key, due_on, address, outcome, queued_at in rows:
        found[return_id].append(Told(stage_key, due_on, address, outcome, london_date(queued_at)))
    return found


def was_told(told: Iterable[Told], stage_key: str, due_on: date, day: date) -> bool:
    """Say whether a stage is done for a return, or whether the return has heard something on that day."""
    return any(
        (each.stage_key == stage_key and each.due_on == due_on and each.outcome != MessageOutcome.BOUNCED)
        or (each.queued_on == day and each.outcome in _TOLD)
        for each in told
    )


def reachable(session: Session, organisation_ids: Sequence[int]) -> dict[int, list[Addressee]]:
    """Return who can be written to at some organisations: contacts of today with a working address."""
    rows = session.execute(
        select(
            col(Contact.organisation_id),
            col(User.id),
            col(User.name),
            col(User.email),
            col(Contact.role),
            may_sign_in(Contact),
        )
        .join(User, col(User.id) == col(Contact.user_id))
        .where(
            col(Contact.organisation_id) == func.any(list(organisation_ids)),
            col(Contact.ended_at).is_(None),
            col(User.disabled_at).is_(None),
            ~is_undeliverable(col(User.email)),
        )
    )
    found: dict[int, list[Addressee]] = defaultdict(list)
    for organisation_id, *person in rows:
        found[organisation_id].append(Addressee(*person))
    return found


def decide(session: Session, desk: Desk, round_id: int, day: date) -> list[Due]:
    """Return what is due in a round on a day and was not told yet, with whom it goes to."""
    told = told_before(session, round_id, day)
    wanted = [
        (each, stage)
        for each, stage in desk.due_on(day)
        if not was_told(told.get(each.return_id, ()), stage.key, each.due_on, day)
    ]
    return addressed(session, desk.plan, [(day, *each) for each in wanted], told)


def addressed(
    session: Session,
    plan: Plan,
    wanted: Sequence[tuple[date, Open, Stage]],
    told: Mapping[int, Sequence[Told]] | None = None,
) -> list[Due]:
    """Say who is written to about each return; who was tried for the same stage is not tried again."""
    if not wanted:
        return []
    people = reachable(session, sorted({each.organisation_id for _, each, _ in wanted}))
    tried = {
        (return_id, each.stage_key, each.due_on, each.address)
        for return_id, every in (told or {}).items()
        for each in every
    }
    found = []
    for day, each, stage in wanted:
        able = [
            person
            for person in people.get(each.organisation_id, ())
            if (each.return_id, stage.key, each.due_on, person.address) not in tried
        ]
        to = addressee(able, stage.kind, each.standing, plan)
        if to and (each.return_id, stage.key, each.due_on, to.address) in tried:
            to = None
        found.append(Due(day, stage, each, to))
    return found


def coming(session: Session, round_id: int, today: date, days: int = 14) -> list[Due]:
    """Return everything that leaves from today on if nobody does anything, day by day."""
    desk = desk_of(session, round_id)
    told = told_before(session, round_id, today)
    listed: set[tuple[int, str]] = set()
    wanted: list[tuple[date, Open, Stage]] = []
    for number in range(days):
        day = today + number * _DAY
        for each, stage in desk.due_on(day):
            key = (each.return_id, stage.key)
            if key in listed or was_told(told.get(each.return_id, ()), stage.key, each.due_on, day):
                continue
            listed.add(key)
            wanted.append((day, each, stage))
    return addressed(session, desk.plan, wanted, told)


def mails_of(due: Iterable[Due]) -> dict[tuple[date, str, StageKind], list[Due]]:
    """Put together what leaves as one mail; returns that nobody can be told of are left out."""
    found: dict[tuple[date, str, StageKind], list[Due]] = defaultdict(list)
    for each in due:
        if each.to is not None:
            found[(each.day, *each.group)].append(each)
    return dict(found)
