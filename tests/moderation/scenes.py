"""Returns in the states to begin a moderation from, and officers to do it."""

from dataclasses import dataclass
from datetime import date, timedelta

from app.core.access import PartnershipRole, Work
from app.core.clock import london_date
from app.moderation import service, sharing
from app.moderation.service import Verdict
from app.ratings.models import RatingSource
from app.ratings.queries import ratings_of
from app.ratings.validated import Judged, judged_of
from app.returns import queries as returns
from tests import builders
from tests.visits.scenes import staff


@dataclass(frozen=True)
class Scene:
    """A signed return: its first domain with its standards' keys."""

    return_id: int
    round_id: int
    place: int
    domain: str
    keys: tuple[str, ...]


def officer(work: Work, name: str = "Sam Whitlock") -> Work:
    """Return a professional scrutiny officer's piece of work."""
    address = f"{name.split(maxsplit=1)[0].lower()}@partnership.example.org"
    return staff(work, PartnershipRole.PSO, address, name)


def signed(work: Work, name: str = "Ashgrove Primary School", *, previous: int | None = None) -> Scene:
    """Let a school sign a return: green, but for a red second and an amber third standard."""
    place = builders.organisation(work, name)
    return signed_at(work, place, previous=previous)


def signed_at(work: Work, place: int, *, previous: int | None = None) -> Scene:
    """Let a school that is there sign such a return."""
    round_id = builders.open_round(work, [place], previous=previous, title=f"Section 175 of {place}")
    this = builders.return_of(work, round_id, place)
    domain = returns.questionnaire_of(work.session, this).domains[0]
    keys = tuple(each.key for each in domain.rated)
    special = {keys[1].replace("-", "_"): builders.RED, keys[2].replace("-", "_"): builders.AMBER}
    builders.signed_return(work, round_id, place, **special)
    return Scene(this.id, round_id, place, domain.key, keys)


def taken(work: Work, scene: Scene, name: str = "Sam Whitlock") -> Work:
    """Let an officer take the whole return, and return their piece of work."""
    who = officer(work, name)
    sharing.take(who, scene.return_id)
    return who


def judge(who: Work, scene: Scene, place: int, to: str, why: str = "") -> None:
    """Judge a standard of the first domain as somebody who has just opened the page."""
    key = scene.keys[place]
    before = judged(who, scene).get(key)
    verdict = Verdict(to, why, before.version if before else 0)
    service.judge(who, scene.return_id, scene.domain, key, verdict)


def day_ahead(work: Work) -> date:
    """Return a day that is still to come."""
    return london_date(work.now) + timedelta(days=90)


def judged(work: Work, scene: Scene) -> dict[str, Judged]:
    """Return the judgements of the return."""
    return judged_of(work.session, scene.return_id)


def validated(work: Work, scene: Scene) -> dict[str, str]:
    """Return the stored validated colours by domain."""
    found = ratings_of(work.session, scene.return_id, RatingSource.VALIDATED)
    return {key: each.outcome for key, each in found.items()}


def finished(work: Work, scene: Scene, name: str = "Sam Whitlock") -> Work:
    """Let an officer agree with everything, domain by domain."""
    who = taken(work, scene, name)
    this = returns.head(work.session, work.actor, scene.return_id)
    for domain in returns.questionnaire_of(work.session, this).domains:
        service.validate_rest(who, scene.return_id, domain.key)
    return who
