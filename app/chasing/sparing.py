"""Who in a round is left alone on which days, and who begins anew because of more time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from app.chasing.exempting import is_exempt
from app.chasing.models import Extension, Pause
from app.core.clock import london_date
from app.returns.models import Return

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rest:
    """Days on which an organisation, or all of a round, is sent nothing; without an end it goes on."""

    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        """Say whether nothing is sent on a day."""
        return self.first <= day and (self.last is None or day <= self.last)


def _rest(begun_at: datetime, ends_on: date | None, ended_at: datetime | None) -> Rest:
    ended = london_date(ended_at) - _DAY if ended_at else None
    lasts = [day for day in (ends_on, ended) if day is not None]
    return Rest(london_date(begun_at), min(lasts) if lasts else None)


@dataclass(frozen=True, slots=True)
class Sparing:
    """Who in a round is left alone, by organisation (None: all of it), and who has been given more time."""

    rests: Mapping[int | None, tuple[Rest, ...]] = field(default_factory=dict)
    exempt: frozenset[int] = frozenset()
    extended_on: Mapping[int, date] = field(default_factory=dict)

    def rests_of(self, organisation_id: int) -> tuple[Rest, ...]:
        """Return the pauses that touch an organisation."""
        return (*self.rests.get(None, ()), *self.rests.get(organisation_id, ()))

    def is_paused(self, organisation_id: int, day: date) -> bool:
        """Say whether an organisation is sent nothing on a day."""
        return any(rest.covers(day) for rest in self.rests_of(organisation_id))

    def since(self, organisation_id: int, return_id: int, asked_on: date, day: date) -> date:
        """Return the last day before `day` that set a return's schedule back to the beginning."""
        ended = [rest.last for rest in self.rests_of(organisation_id) if rest.last and rest.last < day]
        return max([asked_on, self.extended_on.get(return_id, asked_on), *ended])


def sparing(session: Session, round_id: int) -> Sparing:
    """Return who in a round is exempt, paused or has been given more time."""
    rests: dict[int | None, list[Rest]] = defaultdict(list)
    for organisation_id, *days in session.execute(
        select(
            col(Pause.organisation_id), col(Pause.begun_at), col(Pause.ends_on), col(Pause.ended_at)
        ).where(col(Pause.round_id) == round_id)
    ):
        rests[organisation_id].append(_rest(*days))
    of_round = and_(col(Return.round_id) == round_id)
    exempt = session.execute(select(col(Return.id)).where(of_round, is_exempt())).scalars()
    extended = session.execute(
        select(col(Extension.return_id), func.max(col(Extension.made_at)))
        .join(Return, col(Return.id) == col(Extension.return_id))
        .where(of_round)
        .group_by(col(Extension.return_id))
    )
    return Sparing(
        {key: tuple(each) for key, each in rests.items()},
        frozenset(exempt),
        {return_id: london_date(at) for return_id, at in extended},
    )
