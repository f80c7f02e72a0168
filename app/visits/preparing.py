"""Preparing and holding a visit: lines of enquiry, programme, notes, young scrutineers, highlights."""

import re
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.clock import london_date, long_date
from app.core.errors import NotFoundError, RefusedError
from app.visits import mails, queries
from app.visits.enquiry import Ask, Source, drafts
from app.visits.lifecycle import Step, VisitState
from app.visits.models import VisitQuestion, VisitSlot
from app.visits.queries import VisitHead
from app.visits.report import Shows
from app.visits.rules import may_endorse
from app.visits.service import check, held, move, must_be_writer
from app.visits.sources import material

# Notes are written until the report is with the partners.
NOTED = frozenset({VisitState.PREPARING, VisitState.PROGRAMMED, VisitState.VISITED, VisitState.REPORTING})
_AHEAD = frozenset({VisitState.PREPARING, VisitState.PROGRAMMED})
_GAP = 10
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
MOST_STARS = 5


def prepare(work: Work, visit_id: int) -> int:
    """Begin the preparation once the framework is back, signed. Returns how many lines were drafted."""
    this = held(work, visit_id)
    check(work, this, Step.PREPARE)
    if not this.returned:
        raise RefusedError("The framework is not back yet: it has to be signed before you prepare from it.")
    move(work, this, Step.PREPARE)
    return draft_lines(work, this)


def draft_lines(work: Work, this: VisitHead) -> int:
    """Draft lines of enquiry; what is drafted already, edited or left out stays as it is."""
    found = drafts(material(work.session, work.actor, this.visit, london_date(work.now)))
    rows = [
        {
            "visit_id": this.id,
            "organisation_id": this.organisation_id,
            "draft_key": draft.key,
            "source": draft.source,
            "domain_key": draft.domain_key,
            "domain": draft.domain,
            "ask": draft.ask,
            "text": draft.text,
            "why": draft.why,
            "position": number * _GAP,
            "left_out": False,
            "asked": False,
            "heard": "",
            "seen": "",
            "shows": Shows.NOTHING,
        }
        for number, draft in enumerate(found, 1)
    ]
    if not rows:
        return 0
    statement = insert(VisitQuestion).on_conflict_do_nothing(index_elements=["visit_id", "draft_key"])
    done = work.session.connection().execute(statement, rows, execution_options={"preserve_rowcount": True})
    audit.record(
        work, "visit.drafted", ("visit", this.id), organisation_id=this.organisation_id, lines=done.rowcount
    )
    return done.rowcount


def draft_again(work: Work, visit_id: int) -> int:
    """Draft lines of enquiry from what has come in since."""
    return draft_lines(work, _prepared(work, visit_id, _AHEAD))


def _prepared(work: Work, visit_id: int, states: frozenset[VisitState] = NOTED) -> VisitHead:
    this = held(work, visit_id)
    must_be_writer(work, this)
    if this.state not in states:
        raise RefusedError("This cannot be changed now: the visit is not at that point, or past it.")
    return this


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A line of enquiry that somebody writes; a young scrutineer's own is marked as theirs."""

    text: str
    ask: Ask
    domain: str = ""
    young: bool = False


def add_question(work: Work, visit_id: int, new: NewQuestion) -> int:
    """Add a line of enquiry at the end of its domain and return its id."""
    this = _prepared(work, visit_id, _AHEAD)
    if not new.text.strip():
        raise RefusedError("", {"text": "Write the question"})
    titles = {line.domain: line.domain_key for line in queries.questions(work.session, this.id)}
    last = work.session.execute(
        select(func.coalesce(func.max(col(VisitQuestion.position)), 0)).where(
            col(VisitQuestion.visit_id) == this.id
        )
    ).scalar_one()
    made = VisitQuestion(
        visit_id=this.id,
        organisation_id=this.organisation_id,
        source=Source.YOUNG if new.young else Source.OWN,
        domain_key=titles.get(new.domain, ""),
        domain=new.domain if new.domain in titles else "",
        ask=new.ask,
        text=new.text.strip(),
        position=last + _GAP,
    )
    work.session.add(made)
    work.session.flush()
    audit.record(
        work,
        "visit.question_added",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        question=made.id,
        text=made.text,
    )
    return made.id or 0


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of enquiry as an officer leaves it: its words, and what was heard and seen."""

    text: str
    ask: Ask
    left_out: bool = False
    asked: bool = False
    heard: str = ""
    seen: str = ""
    shows: Shows = Shows.NOTHING


def _question(work: Work, this: VisitHead, question_id: int) -> VisitQuestion:
    found = work.session.get(VisitQuestion, question_id)
    if found is None or found.visit_id != this.id:
        raise NotFoundError
    return found


def note(work: Work, visit_id: int, question_id: int, noted: Noted) -> None:
    """Change a line of enquiry, or note what was heard and seen about it."""
    this = _prepared(work, visit_id)
    found = _question(work, this, question_id)
    if not noted.text.strip():
        raise RefusedError("", {f"text-{question_id}": "Write the question, or leave it out"})
    if noted.shows is not Shows.NOTHING and not (noted.heard.strip() or noted.seen.strip()):
        problem = "Note what you heard or saw before you say what it shows"
        raise RefusedError("", {f"heard-{question_id}": problem})
    before = {"text": found.text, "heard": found.heard, "seen": found.seen, "shows": found.shows.value}
    found.text, found.ask, found.left_out = noted.text.strip(), noted.ask, noted.left_out
    found.heard, found.seen, found.shows = noted.heard.strip(), noted.seen.strip(), noted.shows
    found.asked = noted.asked or bool(found.heard)
    work.session.flush()
    audit.record(
        work,
        "visit.noted",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        question=question_id,
        before=before,
        heard=found.heard,
        seen=found.seen,
        shows=found.shows.value,
    )


def shift(work: Work, visit_id: int, question_id: int, *, up: bool) -> None:
    """Move a line of enquiry one place up or down among those of its domain and of whom it asks."""
    this = _prepared(work, visit_id)
    found = _question(work, this, question_id)
    alike = [
        line
        for line in queries.questions(work.session, this.id)
        if (line.domain, line.ask) == (found.domain, found.ask)
    ]
    place = [line.id for line in alike].index(question_id)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(alike):
        return
    alike[place], alike[other] = alike[other], alike[place]
    positions = sorted(line.position for line in alike)
    for line, position in zip(alike, positions, strict=True):
        work.session.execute(
            update(VisitQuestion).where(col(VisitQuestion.id) == line.id).values(position=position)
        )
    audit.record(
        work, "visit.ordered", ("visit", this.id), organisation_id=this.organisation_id, question=question_id
    )


# --- the programme ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A part of the programme as somebody types it."""

    begins: str
    ends: str
    what: str
    who: str


def read_time(typed: str) -> str | None:
    """Return a time of day as the programme keeps it (9.30 is 09:30), or None."""
    found = _TIME.fullmatch(typed.strip())
    return f"{int(found[1]):02}:{found[2]}" if found else None


def add_slot(work: Work, visit_id: int, new: NewSlot) -> None:
    """Add a part to the programme. Raises RefusedError with each field at fault."""
    this = _prepared(work, visit_id, _AHEAD)
    begins, ends = read_time(new.begins), read_time(new.ends)
    problems = {}
    if begins is None:
        problems["begins"] = "Enter when it begins, like 9:30"
    if ends is None:
        problems["ends"] = "Enter when it ends, like 10:15"
    if begins and ends and ends <= begins:
        problems["ends"] = "It has to end after it begins"
    if not new.what.strip():
        problems["what"] = "Say what happens then"
    if problems or begins is None or ends is None:
        raise RefusedError("", problems)
    work.session.add(
        VisitSlot(
            visit_id=this.id,
            organisation_id=this.organisation_id,
            begins=begins,
            ends=ends,
            what=new.what.strip(),
            who=new.who.strip(),
        )
    )
    work.session.flush()
    audit.record(
        work,
        "visit.slot_added",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        begins=begins,
        what=new.what.strip(),
    )


def remove_slot(work: Work, visit_id: int, slot_id: int) -> None:
    """Take a part out of the programme."""
    this = _prepared(work, visit_id, _AHEAD)
    gone = work.session.execute(
        delete(VisitSlot)
        .where(col(VisitSlot.id) == slot_id, col(VisitSlot.visit_id) == this.id)
        .returning(col(VisitSlot.what))
    ).scalar()
    if gone is None:
        raise NotFoundError
    audit.record(
        work, "visit.slot_removed", ("visit", this.id), organisation_id=this.organisation_id, what=gone
    )


def agree_programme(work: Work, visit_id: int) -> None:
    """Record that agency and partners agreed the programme, and send it to the agency."""
    this = held(work, visit_id)
    check(work, this, Step.AGREE_PROGRAMME)
    parts = queries.slots(work.session, this.id)
    if not parts:
        raise RefusedError("The programme is empty. Add its first part, then agree it.")
    this.visit.programme_at = work.now
    move(work, this, Step.AGREE_PROGRAMME)
    lines = [
        f"{each.begins} to {each.ends}  {each.what}{f' ({each.who})' if each.who else ''}" for each in parts
    ]
    day = long_date(this.visit.visit_on) if this.visit.visit_on else ""
    what = f"The programme of the visit to {this.organisation} on {day} is agreed:\n\n" + "\n".join(lines)
    mails.to_partners(work, this, may_endorse(this.kind), "Programme of a visit", what)
    mails.to_agency(
        work, this, "visit-programme", "Programme of the assurance visit", programme="\n".join(lines)
    )


# --- the day ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """What is recorded at the end of the day: highlights, and the young scrutineers' stars."""

    highlights: str
    stars: int | None = None
    young_comment: str = ""


def hold(work: Work, visit_id: int, day: Day) -> None:
    """Record that the visit took place, and feed its highlights back to the agency the same day."""
    this = held(work, visit_id)
    check(work, this, Step.HOLD)
    visit_on = this.visit.visit_on
    if visit_on is not None and london_date(work.now) < visit_on:
        raise RefusedError(f"The visit is on {long_date(visit_on)}. You can record it from that day on.")
    if not day.highlights.strip():
        problem = "Write the highlights that you told the agency at the end of the day"
        raise RefusedError("", {"highlights": problem})
    if day.stars is not None and not 1 <= day.stars <= MOST_STARS:
        raise RefusedError("", {"stars": "Choose 1 to 5 stars, or none"})
    this.visit.held_at, this.visit.highlights = work.now, day.highlights.strip()
    this.visit.young_stars, this.visit.young_comment = day.stars, day.young_comment.strip()
    move(work, this, Step.HOLD, stars=day.stars)
    mails.to_agency(
        work,
        this,
        "visit-highlights",
        "Highlights of the assurance visit",
        highlights=day.highlights.strip(),
    )
