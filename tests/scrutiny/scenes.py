"""Rounds with stored ratings, for the pages of scrutiny."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.core.access import Work
from app.questionnaires.queries import questionnaire
from app.ratings import service as ratings
from app.ratings.models import RatingSource
from app.ratings.rules import DomainRating
from app.ratings.service import RatedReturn
from app.rounds.models import Round
from tests import builders
from tests.chasing.scenes import Scene, sign
from tests.ratings.builders import rated


def issued(
    work: Work,
    places: Mapping[str, int],
    *,
    previous: int | None = None,
    title: str = "Section 175",
    due: date | None = None,
) -> Scene:
    """Issue a round to organisations that are there, and commit."""
    made = builders.open_round(work, places.values(), previous=previous, title=title, due_on=due)
    returns = {name: builders.return_of(work, made, place).id for name, place in places.items()}
    work.session.commit()
    return Scene(made, dict(places), returns)


def schools(work: Work, *names: str, **register: Any) -> dict[str, int]:
    """Put schools into the register and give back their ids by name."""
    return {name: builders.organisation(work, name, **register) for name in names}


def domains(work: Work, round_id: int) -> list[str]:
    """Return the keys of the domains that a round asks about, in order."""
    this = work.session.get(Round, round_id)
    assert this is not None
    return [domain.key for domain in questionnaire(work.session, this.version_id).domains]


def rate(
    work: Work,
    this: Scene,
    name: str,
    *letters: str,
    source: RatingSource = RatingSource.SELF,
    on: date = date(2026, 11, 10),
) -> list[DomainRating]:
    """Let a return be signed with these answers in its domains (the last letters go on), and commit."""
    keys = domains(work, this.round_id)
    filled = [*letters, *[letters[-1]] * (len(keys) - len(letters))]
    made = [rated(each, domain_key=key) for key, each in zip(keys, filled, strict=False)]
    of = RatedReturn(this.returns[name], this.round_id, this.places[name])
    ratings.store(work, of, made, source)
    sign(work, this.returns[name], on)
    return made
