"""The four rounds: who was asked, how far each came, and the rows of the round table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.demo.answers import Answers
from app.demo.chance import chance
from app.demo.people import People
from app.demo.plan import Asked, Shares, plans
from app.demo.quality import Quality, quality
from app.demo.register import Register
from app.demo.returns import Issue, Made, make
from app.demo.schools import Listed
from app.demo.timetable import Dates, Timetable
from app.demo.versions import SECTION_11, SECTION_175, Version
from app.questionnaires.queries import questionnaire_for
from app.returns.issuing import facts_of
from app.returns.models import ReturnState
from app.rounds.models import RoundState

# Of 535 schools 255 never answered last year: that was what the county complained of most.
_SHARES = {
    (SECTION_175, True): Shares(signed=280, ready=3, in_progress=24, opened=50),
    (SECTION_175, False): Shares(
        signed=264, ready=31, in_progress=112, opened=47, sent_back=6, resigned=3, extended=7
    ),
    (SECTION_11, True): Shares(signed=42, ready=1, in_progress=3, opened=3),
    (SECTION_11, False): Shares(signed=32, ready=5, in_progress=8, opened=4, sent_back=1, extended=2),
}
_BETTER_THIS_YEAR = 0.13
_TITLES = {SECTION_175: "Section 175 and 157 return", SECTION_11: "Section 11 self-assessment"}


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """One round: its id, its place in time, and the round before it."""

    id: int
    key: str
    dates: Dates
    version: Version
    before: int | None
    is_last: bool

    @property
    def title(self) -> str:
        """The round's name."""
        return f"{_TITLES[self.key]}, {self.version.school_year}"


def round_plans(table: Timetable, versions: Mapping[tuple[str, bool], Version]) -> tuple[RoundPlan, ...]:
    """Return the four rounds, last year's first."""
    return (
        RoundPlan(1, SECTION_11, table.agencies_last, versions[(SECTION_11, True)], None, is_last=True),
        RoundPlan(2, SECTION_175, table.schools_last, versions[(SECTION_175, True)], None, is_last=True),
        RoundPlan(3, SECTION_11, table.agencies_now, versions[(SECTION_11, False)], 1, is_last=False),
        RoundPlan(4, SECTION_175, table.schools_now, versions[(SECTION_175, False)], 2, is_last=False),
    )


def round_rows(every: tuple[RoundPlan, ...], register: Register) -> Iterator[dict[str, Any]]:
    """Yield the rows of the round table."""
    for each in every:
        yield {
            "id": each.id,
            "title": each.title,
            "version_id": each.version.id,
            "school_year": each.version.school_year,
            "opens_on": each.dates.opens_on,
            "due_on": each.dates.due_on,
            "state": RoundState.CLOSED if each.dates.closed_on else RoundState.OPEN,
            "kinds": sorted({listed.organisation.kind for listed in audience(register, each)}),
            "phases": [],
            "previous_round_id": each.before,
            "created_at": each.dates.issued_at - timedelta(days=12),
            "closed_at": each.dates.closed_at,
        }


def audience(register: Register, this: RoundPlan) -> list[Listed]:
    """Return the organisations that a round asks."""
    everybody = register.agencies if this.key == SECTION_11 else register.schools
    return [each for each in everybody if (each.asked_last_year if this.is_last else each.asked_this_year)]


def qualities(
    register: Register, versions: Mapping[tuple[str, bool], Version], seed: int
) -> dict[int, Quality]:
    """Return how good each organisation is."""
    keys = {key: version.keys for (key, is_last), version in versions.items() if not is_last}
    agencies = {each.id for each in register.agencies}
    made = {
        each.id: quality(
            chance(seed, "quality", each.id), keys[SECTION_11 if each.id in agencies else SECTION_175]
        )
        for each in register
    }
    for chosen in (register.ashgrove, register.leisure):
        # Visitors see these two from within: neither perfect nor in trouble, and willing to write.
        made[chosen.id] = replace(made[chosen.id], base=-0.3, style="careful", evidenced=0.82)
    return made


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the demo, and the seed."""

    register: Register
    people: People
    qualities: Mapping[int, Quality]
    seed: int
    now: datetime

    def forced(self, this: RoundPlan) -> dict[int, ReturnState]:
        """Return the states of those organisations whose people visitors of the demo can be."""
        ashgrove, leisure = self.register.ashgrove.id, self.register.leisure.id
        if this.is_last:
            return {ashgrove: ReturnState.SIGNED, leisure: ReturnState.SIGNED}
        return {ashgrove: ReturnState.IN_PROGRESS, leisure: ReturnState.READY}


def make_returns(
    session: Any, cast: Cast, this: RoundPlan, *, first_id: int, previous: Mapping[int, Answers]
) -> list[Made]:
    """Make up all returns of a round."""
    forced = cast.forced(this)
    asked = [
        Asked(each, cast.people.teams[each.id], cast.qualities[each.id], forced.get(each.id))
        for each in audience(cast.register, this)
    ]
    seed = f"{cast.seed}:round:{this.id}"
    issue = Issue(
        round_id=this.id,
        title=this.title,
        dates=this.dates,
        version_id=this.version.id,
        version_hash=this.version.content_hash,
        shift=0.0 if this.is_last else _BETTER_THIS_YEAR,
        last_year=this.is_last,
        questionnaire_for=lambda facts: questionnaire_for(session, this.version.id, facts),
        previous=previous,
    )
    courses = plans(asked, _SHARES[(this.key, this.is_last)], this.dates, seed=seed, now=cast.now)
    return [
        make(issue, each, course, return_id=number, facts=_facts(each.listed, this), seed=seed)
        for number, (each, course) in enumerate(zip(asked, courses, strict=True), first_id)
    ]


def _facts(listed: Listed, this: RoundPlan) -> dict[str, Any]:
    facts = facts_of(listed.organisation)
    return facts | listed.last_year if this.is_last else facts
