"""Pages of accountability: the audit trail, who read what, and the histories of one thing."""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app.core.audit_chain import Head, head_text
from app.core.audit_sealing import end_of_chain
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import whole_number
from app.core.rendering import error_list, page
from app.people import queries as people
from app.people.guard import ActorDep, NowDep
from app.returns.queries import head
from app.trail import queries
from app.trail.files import events_file, readings_file
from app.trail.queries import Line, Listed, Turn
from app.trail.rules import Wanted, wanted_from
from app.trail.words import (
    EVENTS,
    GROUPS,
    choices,
    detail_lines,
    event_name,
    reading_name,
)

router = APIRouter()

_KINDS: Final = frozenset(GROUPS) | frozenset(EVENTS)


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the two lists of a page."""

    text: str
    href: str
    here: bool


def _turn(request: Request) -> Turn:
    """Return the page that an address asks for; what is no number is passed over."""
    asked = request.query_params
    return Turn(whole_number(asked.get("older", "")), whole_number(asked.get("newer", "")))


def _wants_readings(request: Request) -> bool:
    return request.query_params.get("show") == "readings"


def _shown(listed: Listed, *, readings: bool, place: int = 0) -> list[dict[str, Any]]:
    """Return the lines of a list in words; the organisation that a page is about is not named again."""
    return [
        {
            "line": line,
            "words": reading_name(line.subject, line.event) if readings else event_name(line.event),
            "details": [] if readings else detail_lines(line.event, line.detail, listed.names.people),
            "organisation": ""
            if line.organisation_id == place
            else listed.names.organisations.get(line.organisation_id or 0, ""),
            "about": _about(listed, line),
        }
        for line in listed.lines
    ]


def _about(listed: Listed, line: Line) -> tuple[str, str]:
    """Return what a line is about, in words, and where it is; empty where who and where say it all."""
    subject, number = line.subject, line.subject_id
    if subject == "return":
        return "The return", f"/returns/{number}"
    if subject == "round":
        return listed.names.rounds.get(number, "The round"), f"/rounds/{number}"
    if subject == "user" and number != line.person_id:
        return listed.names.people.get(number, "The person"), f"/people/{number}"
    if subject == "register_import":
        return "The import", f"/organisations/import/{number}"
    if subject == "hand_over":
        return "Changes of contact", "/hand-overs"
    return "", ""


# --- the whole trail ------------------------------------------------------------------------------


@router.get("/audit")
def audit(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Show who did what, newest first, with a filter."""
    wanted = wanted_from(request.query_params, _KINDS)
    listed = queries.events(session, queries.wanted_events(session, wanted), _turn(request))
    end = end_of_chain(session.connection())
    return _audit_page(request, wanted, listed, readings=False, head_of_chain=end)


@router.get("/audit/readings")
def audit_readings(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Show who read what, newest first, with a filter."""
    wanted = wanted_from(request.query_params, frozenset())
    listed = queries.readings(session, queries.wanted_readings(session, wanted), _turn(request))
    return _audit_page(request, wanted, listed, readings=True)


def _audit_page(
    request: Request, wanted: Wanted, listed: Listed, *, readings: bool, head_of_chain: Head | None = None
) -> Response:
    problem = RefusedError("", dict(wanted.problems)) if wanted.problems else None
    return page(
        request,
        "trail/trail.html",
        status=422 if problem else 200,
        here="/audit/readings" if readings else "/audit",
        file="/audit/readings.csv" if readings else "/audit/events.csv",
        tabs=[
            Tab("What was done", "/audit", not readings),
            Tab("Who read what", "/audit/readings", readings),
        ],
        readings=readings,
        wanted=wanted,
        parameters=wanted.parameters(),
        kinds=[("", "Everything"), *choices()],
        listed=listed,
        rows=_shown(listed, readings=readings),
        errors=error_list(problem),
        problems=wanted.problems,
        head=head_of_chain if head_of_chain and head_of_chain.position else None,
        head_line=head_text(head_of_chain) if head_of_chain else "",
        tells_about=True,
    )


@router.get("/audit/events.csv")
def audit_file(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Hand the filtered trail over as a file for a spreadsheet."""
    wanted = wanted_from(request.query_params, _KINDS)
    conditions = queries.wanted_events(session, wanted)
    name = f"audit-trail-{london_date(at).isoformat()}.csv"
    return events_file(queries.every_event(session, conditions), name)


@router.get("/audit/readings.csv")
def audit_readings_file(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Hand the filtered list of who read what over as a file for a spreadsheet."""
    wanted = wanted_from(request.query_params, frozenset())
    conditions = queries.wanted_readings(session, wanted)
    name = f"who-read-what-{london_date(at).isoformat()}.csv"
    return readings_file(queries.every_reading(session, conditions), name)


# --- histories ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class History:
    """A history's place: what it is of, its address, and the page that it belongs to."""

    title: str
    caption: str
    here: str
    back: tuple[str, str]
    note: str = ""
    organisation_id: int = 0


def _history_page(
    request: Request,
    session: Session,
    this: History,
    events: queries.Conditions,
    readings: queries.Conditions,
    *,
    tells_about: bool = True,
) -> Response:
    looks = _wants_readings(request)
    turn = _turn(request)
    listed = queries.readings(session, readings, turn) if looks else queries.events(session, events, turn)
    return page(
        request,
        "trail/history.html",
        this=this,
        here=this.here,
        tabs=[
            Tab("What was done", this.here, not looks),
            Tab("Who read what", f"{this.here}?show=readings", looks),
        ],
        readings=looks,
        parameters={"show": "readings"} if looks else {},
        listed=listed,
        rows=_shown(listed, readings=looks, place=this.organisation_id),
        tells_about=tells_about,
    )


@router.get("/returns/{return_id}/history")
def history_of_return(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show who did what on a return, and who read it: to its own organisation too."""
    this = head(session, actor, return_id)
    return _history_page(
        request,
        session,
        History(
            "History of this return",
            f"{this.organisation_name}: {this.round_title}",
            f"/returns/{return_id}/history",
            ("All parts of this return", f"/returns/{return_id}"),
            note="A look at the return is listed once an hour for each person."
            if _wants_readings(request)
            else "",
        ),
        queries.of_return(actor, return_id),
        queries.readings_of_return(actor, return_id, this.round_id),
        tells_about=False,
    )


@router.get("/organisations/{organisation_id}/history")
def history_of_organisation(
    request: Request, _actor: ActorDep, session: SessionDep, organisation_id: int
) -> Response:
    """Show everything that was done about an organisation, and who read what it said."""
    name = queries.organisation_name(session, organisation_id)
    return _history_page(
        request,
        session,
        History(
            "History of this organisation",
            name,
            f"/organisations/{organisation_id}/history",
            (name, f"/organisations/{organisation_id}"),
            organisation_id=organisation_id,
        ),
        queries.of_organisation(organisation_id),
        queries.readings_of_organisation(organisation_id),
    )


@router.get("/people/{user_id}/history")
def history_of_person(request: Request, _actor: ActorDep, session: SessionDep, user_id: int) -> Response:
    """Show what a person did and read, and what was done to their account."""
    name = people.person(session, user_id).name
    return _history_page(
        request,
        session,
        History("History of this person", name, f"/people/{user_id}/history", (name, f"/people/{user_id}")),
        queries.of_person(user_id),
        queries.readings_of_person(user_id),
    )
