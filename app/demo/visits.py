"""Assurance visits of the demo: one in each state, taken there by the room's own services, and older ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.clock import LONDON, london_date
from app.core.working_days import earlier_working_day, next_working_day
from app.organisations.models import Organisation
from app.people.models import Membership, PartnershipMember, User
from app.returns.models import Return, ReturnState
from app.visits import framework, preparing, queries, reporting, service, setting_up
from app.visits.enquiry import Ask
from app.visits.lifecycle import COURSE, VisitState
from app.visits.models import Visit
from app.visits.preparing import Day, NewQuestion, NewSlot, Noted
from app.visits.report import Shows
from app.visits.rules import Partner
from app.visits.service import Word

_S = VisitState
# How many days from today each visit is; those behind us have been held.
_DAYS: Mapping[VisitState, int] = {
    _S.SELECTED: 120,
    _S.ENDORSED: 110,
    _S.DATED: 90,
    _S.ANNOUNCED: 75,
    _S.ISSUED: 13,
    _S.PREPARING: 27,
    _S.PROGRAMMED: 6,
    _S.VISITED: -2,
    _S.REPORTING: -9,
    _S.CIRCULATED: -20,
    _S.AGREED: -30,
    _S.RELEASED: -45,
    _S.CLOSED: -140,
}
_OLDER = (-190, -260, -330, -390, -450, -520, -600, -760)
_NOTES = (
    (Shows.STRENGTH, "Every member of staff we met could say whom to ring, at night too", "The rota is up"),
    (Shows.DEVELOPMENT, "Supervision is planned monthly; two teams have had none since summer", ""),
    (
        Shows.CONSIDERATION,
        "The contractor’s drivers are not checked again after a year",
        "Files seen",
    ),
    (Shows.STRENGTH, "Two children named the same worker, and said that she writes down what they say", ""),
)
_SLOTS = (
    NewSlot("9:30", "10:15", "Welcome, and what you want to show us", "Chief officer, partners, officers"),
    NewSlot("10:15", "11:15", "Walk the floor", "Team managers, officers, young scrutineers"),
    NewSlot("11:30", "12:30", "Practitioners", "Six practitioners, no managers"),
    NewSlot("13:15", "14:15", "Children and families", "Young scrutineers lead"),
    NewSlot("15:00", "15:30", "Highlights", "Everybody"),
)
_HIGHLIGHTS = (
    "People know what to do and say so without looking it up.\n"
    "Look at supervision first: two teams have gone without.\n"
    "The young scrutineers felt listened to."
)


class _Cast:
    """The people who take the visits on, and the clock that they do it by."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self._staff = _staff(session)

    def work(self, role: PartnershipRole, day: date, number: int = 0) -> Work:
        """Return somebody's piece of work on a day, never later than now."""
        moment = datetime.combine(earlier_working_day(day), time(10, 0), LONDON)
        user_id, name, email = self._staff[role][number]
        actor = Actor(user_id, name, email, roles=frozenset({role}))
        return Work(self.session, actor, min(moment, self.now))

    def manager(self, day: date) -> Work:
        """Return the board manager's work on a day."""
        return self.work(PartnershipRole.BOARD_MANAGER, day)

    def partners(self, day: date) -> Iterator[tuple[Partner, Work]]:
        """Yield each safeguarding partner with its representative's work on a day."""
        for number, partner in enumerate(Partner):
            yield partner, self.work(PartnershipRole.SAFEGUARDING_PARTNER, day, number)


def _staff(session: Session) -> dict[PartnershipRole, list[tuple[int, str, str]]]:
    rows = session.execute(
        select(col(PartnershipMember.role), col(User.id), col(User.name), col(User.email))
        .join(User, col(User.id) == col(PartnershipMember.user_id))
        .order_by(col(User.id))
    )
    found: dict[PartnershipRole, list[tuple[int, str, str]]] = {}
    for role, *person in rows:
        found.setdefault(role, []).append((person[0], person[1], person[2]))
    return found


def _agencies(session: Session) -> list[tuple[int, str, str]]:
    """Return the agencies under section 11 that have signed a return, and that somebody can be written to."""
    rows = session.execute(
        select(col(Organisation.id), col(Organisation.name), col(Organisation.kind))
        .where(
            col(Organisation.duty) == "section_11",
            col(Organisation.id).in_(
                select(col(Return.organisation_id)).where(col(Return.state) == ReturnState.SIGNED)
            ),
            col(Organisation.id).in_(select(col(Membership.organisation_id))),
        )
        .order_by(col(Organisation.id))
    )
    return [(row[0], row[1], row[2]) for row in rows]


def add_visits(engine: Engine, now: datetime) -> None:
    """Add the demo's visits in one transaction, once its partnership is loaded; again it does nothing."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        if session.execute(select(col(Visit.id)).limit(1)).first() is not None:
            return
        cast = _Cast(session, now)
        today = london_date(now)
        for partner, who in cast.partners(today):
            setting_up.set_seat(cast.manager(today), who.actor.user_id, partner)
        places = _placed(_agencies(session))
        for days, place in zip(_OLDER, places[len(COURSE) + 1 :], strict=False):
            _older(session, place, next_working_day(today + timedelta(days=days)), now)
        for state, place in zip(COURSE, places, strict=False):
            _until(cast, place, state, next_working_day(today + timedelta(days=_DAYS[state])))
        begun = service.choose(cast.manager(today), places[len(COURSE)], "Asked for by a partner")
        service.drop(cast.manager(today), begun, "An inspection began there last week")
        session.commit()


def _placed(agencies: Sequence[tuple[int, str, str]]) -> list[int]:
    """Return the agencies in the order of the states; leisure's report is released."""
    leisure = next(number for number, _, kind in agencies if kind == "leisure_and_culture")
    partner = next((number for number, _, kind in agencies if kind == "integrated_care_board"), None)
    rest = [number for number, _, _ in agencies if number not in {leisure, partner}]
    rest.insert(COURSE.index(_S.CIRCULATED), partner or rest.pop())
    rest.insert(COURSE.index(_S.RELEASED), leisure)
    return rest


def _older(session: Session, place: int, day: date, now: datetime) -> None:
    moment = min(datetime.combine(day, time(16, 0), LONDON), now)
    out, back = day - timedelta(days=42), day - timedelta(days=21)
    session.add(
        Visit(
            organisation_id=place,
            state=VisitState.CLOSED,
            why="The two-year commitment",
            reasons="Visited before Eleven was in use",
            selected_at=moment - timedelta(days=90),
            visit_on=day,
            framework_due=out,
            return_due=back,
            held_at=moment,
            closed_at=min(moment + timedelta(days=40), now),
        )
    )
    session.flush()


def _until(cast: _Cast, place: int, state: VisitState, day: date) -> None:
    """Take a visit from its selection to a state."""
    today = london_date(cast.now)
    start = min(day - timedelta(days=90), today)
    visit_id = service.choose(cast.manager(start), place, "The two-year commitment, and the points below")
    steps = _steps(cast, visit_id, state, day)
    for reached in COURSE[1 : COURSE.index(state) + 1]:
        for take in steps.get(reached, ()):
            take()
    if state is _S.SELECTED:
        *_, (partner, who) = cast.partners(today)
        service.endorse(who, visit_id, Word(partner, yes=True, comment=""))


_Steps = Mapping[VisitState, Sequence[Callable[[], object]]]


def _steps(cast: _Cast, visit_id: int, state: VisitState, day: date) -> _Steps:
    def before(days: int) -> date:
        return min(day - timedelta(days=days), london_date(cast.now))

    manager = cast.manager
    by_return = state is not _S.ISSUED
    return {
        _S.ENDORSED: (lambda: _endorse(cast, visit_id, before(85)),),
        _S.DATED: (lambda: service.set_date(manager(before(80)), visit_id, day),),
        _S.ANNOUNCED: (lambda: framework.send_letter(manager(before(75)), visit_id),),
        _S.ISSUED: ()
        if by_return
        else (lambda: framework.issue_framework(manager(before(50)), visit_id, framework.Framework()),),
        _S.PREPARING: (lambda: framework.use_last_return(manager(before(40)), visit_id),),
        _S.PROGRAMMED: (lambda: _programme(cast, visit_id, before(14)),),
        _S.VISITED: (lambda: _hold(cast, visit_id, day),),
        _S.REPORTING: (lambda: reporting.draft(manager(before(-2)), visit_id),),
        _S.CIRCULATED: (lambda: reporting.circulate(manager(before(-8)), visit_id),),
        _S.AGREED: (lambda: _agree(cast, visit_id, before(-15)),),
        _S.RELEASED: (
            lambda: reporting.release(manager(before(-20)), visit_id),
            lambda: _after_release(cast, visit_id, before(-25)),
        ),
        _S.CLOSED: (lambda: service.close(manager(before(-40)), visit_id),),
    }


def _endorse(cast: _Cast, visit_id: int, day: date) -> None:
    this = queries.visit_head(cast.session, visit_id)
    for partner, who in cast.partners(day):
        if partner in service.seats_to_speak(who, this):
            service.endorse(who, visit_id, Word(partner, yes=True, comment=""))


def _agree(cast: _Cast, visit_id: int, day: date) -> None:
    this = queries.visit_head(cast.session, visit_id)
    for partner, who in cast.partners(day):
        if partner in service.seats_to_speak(who, this):
            reporting.say(who, visit_id, Word(partner, yes=True, comment="A fair account"))


def _programme(cast: _Cast, visit_id: int, day: date) -> None:
    officer = cast.work(PartnershipRole.PSO, day)
    question = NewQuestion("Who here would you talk to if you were worried?", Ask.CHILDREN, young=True)
    preparing.add_question(officer, visit_id, question)
    for slot in _SLOTS:
        preparing.add_slot(officer, visit_id, slot)
    preparing.agree_programme(officer, visit_id)


def _hold(cast: _Cast, visit_id: int, day: date) -> None:
    officer = cast.work(PartnershipRole.PSO, day)
    lines = queries.questions(cast.session, visit_id)
    for number, line in enumerate([*lines[:3], lines[-1]]):
        shows, heard, seen = _NOTES[number % len(_NOTES)]
        noted = Noted(line.text, line.ask, asked=True, heard=heard, seen=seen, shows=shows)
        preparing.note(officer, visit_id, line.id, noted)
    preparing.hold(officer, visit_id, Day(_HIGHLIGHTS, 4, "They asked us what we thought, and wrote it down"))


def _after_release(cast: _Cast, visit_id: int, day: date) -> None:
    officer = cast.work(PartnershipRole.PSO, day)
    due = london_date(cast.now) + timedelta(days=75)
    action = reporting.NewAction(
        "", "Plan supervision in every team and count it monthly", "Head of service", due
    )
    reporting.add_action(officer, visit_id, action)
    this = queries.visit_head(cast.session, visit_id)
    row = cast.session.execute(
        select(col(User.id), col(User.name), col(User.email))
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(
            col(Membership.organisation_id) == this.organisation_id,
            col(Membership.role) == OrganisationRole.LEAD,
        )
        .order_by(col(User.id))
        .limit(1)
    ).first()
    if row is None:
        return
    places = {this.organisation_id: frozenset({OrganisationRole.LEAD})}
    lead = Actor(row[0], row[1], row[2], organisations=places)
    reporting.reply(
        Work(cast.session, lead, officer.now), visit_id, "One correction: we have three sites, not two."
    )
