"""Taking in a new edition, releasing the result to the organisation, and taking a release back."""

from sqlalchemy import update
from sqlmodel import col

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.errors import RefusedError
from app.moderation import mails, queries
from app.moderation.models import Moderation
from app.moderation.rules import Thread, obstacles, progress_of
from app.moderation.service import NEW_EDITION, Held, hold, must_not_be_concerned, recompute
from app.ratings.models import RatingSource, StoredRating, ValidatedStandard

RELEASERS = (PartnershipRole.PSO, PartnershipRole.BOARD_MANAGER)


def _held(work: Work, return_id: int) -> Held:
    if not work.actor.has(*RELEASERS):
        raise RefusedError("Only professional scrutiny officers and board managers can do this.")
    held = hold(work, return_id)
    must_not_be_concerned(work, held.organisation_id)
    return held


def take_in(work: Work, return_id: int) -> tuple[str, ...]:
    """Go on with the edition that was signed since, and return the standards that changed.

    Judgements of answers that are the same stay in force; of the others each waits for a new look.
    """
    held = _held(work, return_id)
    if held.edition == held.this.edition:
        raise RefusedError("There is no newer edition: what you see is what was signed last.")
    changed = queries.changed_since(work.session, work.actor, held.this, held.edition)
    rows = col(ValidatedStandard.return_id) == held.id
    work.session.execute(update(ValidatedStandard).where(rows).values(released_at=None))
    work.session.execute(
        update(ValidatedStandard)
        .where(rows, col(ValidatedStandard.standard_key).in_(changed))
        .values(outdated=True, version=col(ValidatedStandard.version) + 1)
    )
    work.session.execute(
        update(ValidatedStandard)
        .where(rows, ~col(ValidatedStandard.outdated))
        .values(edition=held.this.edition)
    )
    work.session.execute(
        update(Moderation)
        .where(col(Moderation.return_id) == held.id)
        .values(edition=held.this.edition, released_at=None, released_by=None)
    )
    audit.record(
        work,
        "moderation.taken_in",
        ("return", held.id),
        organisation_id=held.organisation_id,
        before=held.edition,
        edition=held.this.edition,
        standards=list(changed),
    )
    recompute(work, held)
    return changed


def release(work: Work, return_id: int) -> None:
    """Show the organisation what officers made of its answers, beside its own ratings, and tell it."""
    held = _held(work, return_id)
    if held.edition != held.this.edition:
        raise RefusedError(NEW_EDITION)
    if held.released_at is not None:
        raise RefusedError("This is released already.")
    domains = [progress_of(domain, held.values, held.judged) for domain in held.asked.domains]
    threads = queries.thread_states(work.session, held.id)
    against = obstacles(domains, sum(state is Thread.ASKED for state in threads.values()))
    if against:
        raise RefusedError(f"This cannot be released yet. {' '.join(against)}")
    _set_released(work, held, at_now=True)
    mails.to_organisation(
        work,
        held.this,
        "moderation-released",
        "What we made of your return",
        key=work.now.isoformat(),
        path=f"/returns/{held.id}/feedback",
    )
    audit.record(
        work,
        "moderation.released",
        ("return", held.id),
        organisation_id=held.organisation_id,
        edition=held.edition,
        domains=[each.domain_key for each in domains if each.complete],
    )


def take_back(work: Work, return_id: int, reason: str) -> None:
    """Take a release back, with a reason, so that something can be put right; it is released anew later."""
    held = _held(work, return_id)
    if held.released_at is None:
        raise RefusedError("This is not released.")
    if not reason.strip():
        raise RefusedError("", {"reason": "Say why you take it back"})
    _set_released(work, held, at_now=False)
    audit.record(
        work,
        "moderation.taken_back",
        ("return", held.id),
        organisation_id=held.organisation_id,
        reason=reason.strip(),
    )


def _set_released(work: Work, held: Held, *, at_now: bool) -> None:
    moment = work.now if at_now else None
    work.session.execute(
        update(Moderation)
        .where(col(Moderation.return_id) == held.id)
        .values(released_at=moment, released_by=work.actor.user_id if at_now else None)
    )
    work.session.execute(
        update(ValidatedStandard)
        .where(col(ValidatedStandard.return_id) == held.id, ~col(ValidatedStandard.outdated))
        .values(released_at=moment)
    )
    work.session.execute(
        update(StoredRating)
        .where(col(StoredRating.return_id) == held.id, col(StoredRating.source) == RatingSource.VALIDATED)
        .values(released_at=moment)
    )
