"""The calendar feed: due dates for the board and for organisations, at an address that is a secret."""

import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from icalendar import Calendar, Event
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.chasing.exempting import exempt_among
from app.chasing.models import CalendarFeed
from app.chasing.schedule import terms
from app.core import audit
from app.core.access import Actor, OrganisationRole, Work
from app.core.clock import london_date, long_date
from app.core.database import SessionDep
from app.core.errors import NotFoundError
from app.core.forms import FormDep
from app.core.rendering import page
from app.core.scope import enter
from app.core.sealing import is_marked, mark
from app.core.settings import settings
from app.organisations.models import Organisation
from app.people.guard import ActorDep, NowDep, WorkDep
from app.people.models import Membership, PartnershipMember, User
from app.planner.conflicts import DUE
from app.planner.year import RETURNS, Mark
from app.planner.year_queries import agency_dates, year_marks
from app.returns.models import Return, ReturnState
from app.rounds.models import Round, RoundState

router = APIRouter()

_DAYS_BACK: Final = 100
_DAYS_AHEAD: Final = 550
# Never one that a person had before, also when the row had gone meanwhile: an old address stays worthless.
_NUMBERS: Final = 2**31
_TOKEN: Final = re.compile(r"([0-9]{1,9})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in the calendar, from a first to a last day."""

    key: str
    day: date
    title: str
    text: str
    last: date


def _secret(user_id: int, number: int) -> str:
    return f"{user_id}:{number}"


def feed_address(session: Session, user_id: int) -> str | None:
    """Return the address of a person's calendar, None when they have made none."""
    feed = session.get(CalendarFeed, user_id)
    if feed is None:
        return None
    token = f"{user_id}.{mark('calendar', _secret(user_id, feed.number))}"
    return f"{settings().public_address}/calendar/{token}.ics"


def make_feed(work: Work) -> None:
    """Give a person a calendar address; one that they had before stops working."""
    fresh = {"number": secrets.randbelow(_NUMBERS), "made_at": work.now}
    statement = insert(CalendarFeed).values(user_id=work.actor.user_id, **fresh)
    work.session.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=fresh))
    audit.record(work, "calendar.made", ("user", work.actor.user_id))


def stop_feed(work: Work) -> None:
    """Let a person's calendar address lead nowhere any more; without one nothing happens."""
    gone = delete(CalendarFeed).where(col(CalendarFeed.user_id) == work.actor.user_id)
    if work.session.execute(gone.returning(col(CalendarFeed.user_id))).first() is not None:
        audit.record(work, "calendar.stopped", ("user", work.actor.user_id))


def owner(session: Session, token: str) -> int:
    """Return whose calendar a token opens. Raises NotFoundError for any but a token in force."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise NotFoundError
    user_id = int(found[1])
    row = session.execute(
        select(col(CalendarFeed.number))
        .join(User, col(User.id) == col(CalendarFeed.user_id))
        .where(col(CalendarFeed.user_id) == user_id, col(User.disabled_at).is_(None))
    ).first()
    if row is None or not is_marked("calendar", _secret(user_id, row[0]), found[2]):
        raise NotFoundError
    return user_id


def _reader(session: Session, user_id: int) -> Actor:
    """Return the person of a calendar, with the rights that they have today."""
    roles = select(col(PartnershipMember.role)).where(col(PartnershipMember.user_id) == user_id)
    places = select(col(Membership.organisation_id)).where(col(Membership.user_id) == user_id)
    return Actor(
        user_id,
        "",
        "",
        roles=frozenset(session.execute(roles).scalars()),
        organisations={place: frozenset[OrganisationRole]() for place in session.execute(places).scalars()},
    )


def entries(session: Session, reader: Actor, today: date) -> list[Entry]:
    """Return a person's days: the partnership's year for its own people, own returns for others.

    What the partnership has marked for agencies is in everybody's. Visits are in the calendars of those who
    work on them.
    """
    first, last = today - timedelta(days=_DAYS_BACK), today + timedelta(days=_DAYS_AHEAD)
    found = _own_returns(session, reader)
    if reader.is_partnership:
        marks = year_marks(session, reader, first, last, terms(session))
    else:
        marks = agency_dates(session, reader, first, last)
    found += [_of_mark(each, reader) for each in marks]
    return sorted(found, key=lambda each: (each.day, each.key))


def _of_mark(planned: Mark, reader: Actor) -> Entry:
    link = f"{settings().public_address}{planned.href}" if reader.is_partnership else ""
    # An address is passed on and kept by others: what was noted for the partnership stays in the planner.
    note = planned.note if planned.for_agencies else ""
    text = "\n".join(part for part in (note, link) if part)
    title = f"{planned.title}: returns are due" if planned.what == DUE else planned.words
    # A due date keeps the key that it had before there was a planner, so that nobody has it twice.
    key = planned.key.removesuffix("-due") if planned.activity == RETURNS else planned.key
    return Entry(key, planned.first, title, text, planned.last)


def _own_returns(session: Session, reader: Actor) -> list[Entry]:
    config = settings()
    own = session.execute(
        select(col(Return.id), col(Round.title), col(Organisation.name), col(Return.due_on))
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(
            col(Return.organisation_id).in_(sorted(reader.organisations)),
            col(Return.state) != ReturnState.SIGNED,
            col(Round.state) == RoundState.OPEN,
        )
    )
    rows = own.all()
    spared = exempt_among(session, [row[0] for row in rows])
    return [
        Entry(
            f"return-{number}",
            due_on,
            f"{title}: {place} is due",
            f"Due at the end of {long_date(due_on)}. {config.public_address}/returns/{number}",
            due_on,
        )
        for number, title, place, due_on in rows
        if number not in spared
    ]


def as_calendar(days: list[Entry], now: datetime) -> bytes:
    """Return days as a calendar file; each keeps its number, so that a day that moves is not doubled."""
    config = settings()
    calendar = Calendar()
    calendar.add("prodid", "-//Eleven//Safeguarding self-assessment//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", config.partnership_name)
    calendar.add("refresh-interval;value=duration", "PT12H")
    for each in days:
        event = Event()
        event.add("uid", f"{each.key}@eleven")
        event.add("dtstamp", now)
        event.add("dtstart", each.day)
        event.add("dtend", each.last + timedelta(days=1))
        event.add("summary", each.title)
        event.add("description", each.text)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


@router.get("/calendar")
def calendar(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Show a person's calendar address, and what is in it."""
    return page(
        request,
        "planner/calendar.html",
        address=feed_address(session, actor.user_id),
        days=[each for each in entries(session, actor, london_date(at)) if each.last >= london_date(at)],
    )


@router.post("/calendar")
def make(work: WorkDep, form: FormDep) -> Response:
    """Make a calendar address, a new one in place of one that others have seen, or stop it."""
    if form.get("stop") == "yes":
        stop_feed(work)
    else:
        make_feed(work)
    return RedirectResponse("/calendar", status_code=303)


@router.get("/calendar/{token}.ics")
def feed(session: SessionDep, at: NowDep, token: str) -> Response:
    """Hand over a calendar to whoever knows its address: titles and days, no person and no answer."""
    user_id = owner(session, token)
    # The address stands for its person: it shows what they may see, and no more.
    reader = _reader(session, user_id)
    enter(session, reader)
    days = entries(session, reader, london_date(at))
    return Response(as_calendar(days, at), media_type="text/calendar; charset=utf-8")
