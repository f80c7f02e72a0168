"""The programme and the coverage of the two-year commitment, put together for their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.visits import queries, set_up
from app.visits.lifecycle import UNDER_WAY, VisitState
from app.visits.programme import Owed, Simulation, due_by, simulate
from app.visits.queries import VisitHead
from app.visits.selection import Facts, Score, ranked
from app.visits.sources import Candidate, candidates, last_visits, selection_facts

SOON_DAYS = 183


@dataclass(frozen=True, slots=True)
class Covered:
    """An agency in the two-year commitment: when it was visited, by when it is due, how urgent that is."""

    place: Candidate
    last: date | None
    due: date
    under_way: bool
    overdue: bool
    soon: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """The commitment as a picture: who is visited, under way, due soon, overdue."""

    agencies: tuple[Covered, ...]

    @property
    def parts(self) -> list[dict[str, object]]:
        """Counts for the bar, from done to overdue."""
        done = sum(each.last is not None and not each.overdue for each in self.agencies)
        way = sum(each.under_way and each.last is None and not each.overdue for each in self.agencies)
        rest = len(self.agencies) - done - way
        return [
            {"level": "done", "word": "visited within two years", "count": done},
            {"level": "started", "word": "visit under way", "count": way},
            {"level": "waiting", "word": "still to visit", "count": rest},
        ]


def coverage(session: Session, heads: Sequence[VisitHead], today: date) -> Coverage:
    """Return every section 11 agency with its place in the commitment, the first due first."""
    visited = last_visits(session)
    busy = {head.organisation_id for head in heads if head.state in UNDER_WAY}
    agencies = []
    for place in candidates(session):
        if not place.section_11:
            continue
        last = visited.get(place.id)
        due = due_by(last, today)
        left = (due - today).days
        agencies.append(Covered(place, last, due, place.id in busy, left < 0, 0 <= left <= SOON_DAYS))
    return Coverage(tuple(sorted(agencies, key=lambda each: (each.due, each.place.name))))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A line of the selection page."""

    place: Candidate
    score: Score
    last: date | None
    due: date | None
    under_way: bool


def ranking(session: Session, today: date) -> tuple[Ranked, ...]:
    """Return the organisations in the order in which reasons speak for a visit."""
    places = {place.id: place for place in candidates(session)}
    busy = queries.under_way(session)
    known = selection_facts(session, today)
    facts = {number: known.get(number, Facts(organisation_id=number)) for number in places}
    return tuple(
        Ranked(
            places[each.organisation_id],
            each,
            facts[each.organisation_id].last_visit,
            due_by(facts[each.organisation_id].last_visit, today)
            if places[each.organisation_id].section_11
            else None,
            each.organisation_id in busy,
        )
        for each in ranked(facts.values(), set_up.weights(session), today)
    )


def next_two_years(session: Session, today: date, lines: Sequence[Ranked]) -> Simulation:
    """Return what today's capacity makes of the commitment, and of the schools that stand out most."""
    heads = queries.visits(session)
    planned = [
        head.visit.visit_on
        for head in heads
        if head.visit.visit_on is not None and head.state in UNDER_WAY and head.visit.visit_on >= today
    ]
    covered = coverage(session, heads, today).agencies
    points = {line.place.id: line.score.points for line in lines}
    owed = [
        Owed(each.place.id, each.place.name, each.due, points.get(each.place.id, 0))
        for each in covered
        if not each.under_way
    ]
    return simulate(owed, set_up.capacity(session), today, planned)


def month_is_full(session: Session, this: VisitHead) -> str:
    """Return a sentence when more visits are in the month of this one than the partnership can hold."""
    day = this.visit.visit_on
    if day is None:
        return ""
    planned = [
        head
        for head in queries.visits(session)
        if head.state is not VisitState.DROPPED
        and head.visit.visit_on is not None
        and (head.visit.visit_on.year, head.visit.visit_on.month) == (day.year, day.month)
    ]
    most = set_up.capacity(session).visits_a_month
    if len(planned) <= most:
        return ""
    return f"{len(planned)} visits are in {day:%B %Y}, and you can hold {most} in a month."
