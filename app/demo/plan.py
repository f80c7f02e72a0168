"""How far each return of a round got, and when: issued, opened, begun, ready, signed, sent back."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from app.core.clock import london_date
from app.demo.chance import chance
from app.demo.people import Team
from app.demo.phrases import SENT_BACK
from app.demo.quality import Quality
from app.demo.schools import Listed
from app.demo.timetable import Curve, Dates, at_work, curve
from app.returns.models import ReturnState

_LEAST_MINUTES: Final = timedelta(minutes=25)
_STALLED_SHARE: Final = 0.34


@dataclass(frozen=True, slots=True)
class Shares:
    """How many returns of a round are in each state; all others were issued and never opened.

    `sent_back` are among those in progress, `resigned` among those signed: each was signed once before.
    """

    signed: int
    ready: int
    in_progress: int
    opened: int
    sent_back: int = 0
    resigned: int = 0
    extended: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happened to one return. `last_at` is the latest moment at which an answer was saved."""

    listed: Listed
    state: ReturnState
    due_on: date
    issued_at: datetime
    opened_at: datetime | None = None
    started_at: datetime | None = None
    last_at: datetime | None = None
    ready_at: datetime | None = None
    signed_at: datetime | None = None
    first_signed_at: datetime | None = None
    sent_back_at: datetime | None = None
    sent_back_reason: str | None = None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """An organisation in the audience of a round, with what decides how it answers."""

    listed: Listed
    team: Team
    quality: Quality
    forced: ReturnState | None = None


def plans(asked: Sequence[Asked], shares: Shares, dates: Dates, *, seed: str, now: datetime) -> list[Plan]:
    """Return the course of each return of a round, in the order in which the organisations were given."""
    rng = chance(seed)
    until = min(now, dates.closed_at or now)
    states = _states(rng, asked, shares)
    days = curve(dates, london_date(until))
    making = _Making(dates, until, days)
    made = [making.plan(chance(seed, each.listed.id), each, states[each.listed.id]) for each in asked]
    reasons = SENT_BACK[asked[0].listed.organisation.governance == "agency"]
    for number, index in enumerate(_some(rng, made, ReturnState.IN_PROGRESS, shares.sent_back, asked)):
        made[index] = making.sent_back(rng, made[index], reasons[number % len(reasons)])
    for number, index in enumerate(_some(rng, made, ReturnState.SIGNED, shares.resigned, asked)):
        made[index] = making.signed_again(made[index], reasons[-1 - number % len(reasons)])
    unsigned = [index for index, plan in enumerate(made) if plan.state is not ReturnState.SIGNED]
    for index in sorted(rng.sample(unsigned, shares.extended)):
        made[index] = replace(made[index], due_on=dates.due_on + timedelta(days=rng.choice((21, 28))))
    return made


def _states(rng: random.Random, asked: Sequence[Asked], shares: Shares) -> dict[int, ReturnState]:
    """Give the keenest the states that are furthest; where nobody can answer nothing is opened."""
    ranked = sorted(
        (each for each in asked if each.forced is None and each.team.somebody),
        key=lambda each: 0.75 * each.quality.keenness + 0.65 * rng.gauss(0, 1),
        reverse=True,
    )
    states = {each.listed.id: each.forced for each in asked if each.forced is not None}
    forced = list(states.values())
    ladder: Mapping[ReturnState, int] = {
        ReturnState.SIGNED: shares.signed,
        ReturnState.READY: shares.ready,
        ReturnState.IN_PROGRESS: shares.in_progress,
        ReturnState.OPENED: shares.opened,
    }
    rest = iter(ranked)
    for state, count in ladder.items():
        for _, each in zip(range(count - forced.count(state)), rest, strict=False):
            states[each.listed.id] = state
    return {each.listed.id: states.get(each.listed.id, ReturnState.ISSUED) for each in asked}


def _some(
    rng: random.Random, made: Sequence[Plan], state: ReturnState, count: int, asked: Sequence[Asked]
) -> list[int]:
    able = [
        index
        for index, (plan, each) in enumerate(zip(made, asked, strict=True))
        if plan.state is state and each.forced is None
    ]
    return sorted(rng.sample(able, min(count, len(able))))


@dataclass(frozen=True, slots=True)
class _Making:
    dates: Dates
    until: datetime
    days: Curve

    def plan(self, rng: random.Random, asked: Asked, state: ReturnState) -> Plan:
        issued = Plan(
            listed=asked.listed, state=state, due_on=self.dates.due_on, issued_at=self.dates.issued_at
        )
        if state is ReturnState.ISSUED:
            return issued
        if state is ReturnState.OPENED:
            return replace(issued, opened_at=self._between(rng, issued.issued_at, self.until))
        if state is ReturnState.IN_PROGRESS:
            return self._in_progress(rng, issued, chosen=asked.forced is not None)
        return self._finished(rng, issued, asked)

    def _between(self, rng: random.Random, first: datetime, last: datetime) -> datetime:
        days = (london_date(last) - london_date(first)).days
        moment = at_work(rng, london_date(first) + timedelta(days=rng.randint(0, days)))
        return min(max(moment, first), last)

    def _in_progress(self, rng: random.Random, issued: Plan, *, chosen: bool) -> Plan:
        """Somebody began: some are at it this week, others have not come back for weeks."""
        stalled = rng.random() < _STALLED_SHARE and not chosen
        day = london_date(self.until) - timedelta(days=rng.randint(12, 30) if stalled else rng.randint(0, 8))
        latest = self.until - timedelta(minutes=rng.uniform(10, 90))
        last = max(min(at_work(rng, day), latest), issued.issued_at + timedelta(days=1))
        started = self._started(rng, issued, last, "chosen" if chosen else "careful")
        share = 0.6 if chosen else min(0.97, max(0.02, rng.betavariate(1.1, 1.3)))
        return replace(
            issued,
            opened_at=self._between(rng, issued.issued_at, started),
            started_at=started,
            last_at=last,
            share=share,
        )

    def _started(self, rng: random.Random, issued: Plan, last: datetime, style: str) -> datetime:
        if style == "rushed":
            return last - timedelta(minutes=rng.uniform(12, 19))
        before = 9 if style == "chosen" else rng.choice((0, 1, 2, 3, 5, 8, 13, 21, 30))
        day = london_date(last) - timedelta(days=before)
        started = at_work(rng, max(day, self.dates.opens_on))
        earliest = issued.issued_at + timedelta(minutes=10)
        return max(earliest, min(started, last - _LEAST_MINUTES - timedelta(minutes=rng.uniform(0, 90))))

    def _finished(self, rng: random.Random, issued: Plan, asked: Asked) -> Plan:
        done = at_work(rng, self.days.draw(rng))
        done = min(max(done, issued.issued_at + timedelta(days=1)), self.until - timedelta(minutes=30))
        alone = asked.team.lead == asked.team.signatory
        waited = (
            timedelta(minutes=rng.uniform(3, 25)) if alone else timedelta(days=rng.triangular(0.05, 6, 0.4))
        )
        earliest = issued.issued_at + timedelta(hours=3)
        ready = max(earliest, done - waited)
        last = ready - timedelta(minutes=rng.uniform(1, 20))
        started = self._started(rng, issued, last, asked.quality.style)
        signed = done if issued.state is ReturnState.SIGNED else None
        return replace(
            issued,
            opened_at=self._between(rng, issued.issued_at, started),
            started_at=started,
            last_at=last,
            ready_at=ready,
            signed_at=signed,
            first_signed_at=signed,
            share=1.0,
        )

    def sent_back(self, rng: random.Random, plan: Plan, reason: str) -> Plan:
        """Turn a return in progress into one that was signed in the first weeks and sent back since."""
        first = plan.issued_at + (self.until - plan.issued_at) * rng.uniform(0.45, 0.7)
        ready = first - timedelta(minutes=rng.uniform(20, 600))
        last = ready - timedelta(minutes=5)
        started = last - timedelta(hours=rng.uniform(2, 60))
        return replace(
            plan,
            opened_at=plan.issued_at + (started - plan.issued_at) / 2,
            started_at=started,
            last_at=last,
            first_signed_at=first,
            sent_back_at=first + (self.until - first) * rng.uniform(0.2, 0.6),
            sent_back_reason=reason,
            share=1.0,
        )

    def signed_again(self, plan: Plan, reason: str) -> Plan:
        """Let a signed return have been signed before, a while after the answers were complete."""
        if plan.signed_at is None or plan.ready_at is None:
            return plan
        first = plan.ready_at
        gap = self.until - first
        return replace(
            plan,
            ready_at=first + gap * 0.6,
            signed_at=first + gap * 0.7,
            first_signed_at=first + gap * 0.1,
            sent_back_at=first + gap * 0.3,
            sent_back_reason=reason,
        )
