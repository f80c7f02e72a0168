"""Changes to judgements: validating, changing, a second officer's word. Each recomputes what is validated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.moderation import mails, queries
from app.moderation.interests import conflict_of
from app.moderation.models import Moderation, ModerationShare
from app.moderation.rules import (
    mark_of,
    needs_second_opinion,
    problem_of,
    validated_rating,
    words_of,
)
from app.questionnaires.definition import Domain, Questionnaire, Standard
from app.ratings import service as ratings_service
from app.ratings.models import NOT_ANSWERED, Opinion, RatingSource, ValidatedStandard
from app.ratings.service import RatedReturn
from app.ratings.validated import Judged, judged_of
from app.returns import queries as returns
from app.returns.models import Return, ReturnState
from app.returns.rules import NOTHING, AnswerValues

NEW_EDITION = "This return was signed again since. Take in the new edition first: it says what changed."


@dataclass(frozen=True, slots=True)
class Held:
    """A return whose moderation nobody else changes until the end of the transaction."""

    this: returns.ReturnHead
    asked: Questionnaire
    values: Mapping[str, AnswerValues]
    judged: Mapping[str, Judged]
    edition: int
    released_at: datetime | None

    @property
    def id(self) -> int:
        """The return."""
        return self.this.id

    @property
    def organisation_id(self) -> int:
        """Its organisation."""
        return self.this.organisation_id

    def mark(self, standard_key: str) -> str:
        """Return what the organisation says of a standard."""
        return mark_of(self.values.get(standard_key, NOTHING))

    def standard(self, domain_key: str, standard_key: str) -> tuple[Domain, Standard]:
        """Return a rated standard with its domain, or raise NotFoundError."""
        for domain in self.asked.domains:
            for standard in domain.rated:
                if (domain.key, standard.key) == (domain_key, standard_key):
                    return domain, standard
        raise NotFoundError


def hold(work: Work, return_id: int) -> Held:
    """Hold a signed return for moderation. Raises NotFoundError, or RefusedError while it is not signed."""
    # Sending back takes the same row: a return cannot be reopened under an officer's hand.
    state = work.session.execute(
        select(col(Return.state)).where(col(Return.id) == return_id).with_for_update(read=True)
    ).scalar()
    if state is None:
        raise NotFoundError
    this = returns.head(work.session, work.actor, return_id)
    if state is not ReturnState.SIGNED:
        raise RefusedError("This return is not signed. It can be moderated once it is.")
    begun = {
        "return_id": this.id,
        "organisation_id": this.organisation_id,
        "edition": this.edition,
        "begun_at": work.now,
    }
    work.session.execute(insert(Moderation).values(**begun).on_conflict_do_nothing())
    row = work.session.execute(
        select(col(Moderation.edition), col(Moderation.released_at))
        .where(col(Moderation.return_id) == return_id)
        .with_for_update()
    ).one()
    return Held(
        this=this,
        asked=returns.questionnaire_of(work.session, this),
        values=returns.values_of(returns.answers(work.session, work.actor, return_id)),
        judged=judged_of(work.session, return_id),
        edition=row[0],
        released_at=row[1],
    )


def must_not_be_concerned(work: Work, organisation_id: int) -> None:
    """Refuse who holds a role at the organisation or declared an interest in it."""
    found = conflict_of(work.session, work.actor, organisation_id)
    if found is not None:
        raise RefusedError(found.value)


def must_moderate(work: Work, held: Held, domain_key: str | None = None) -> None:
    """Refuse who may not moderate this return now; with a domain, who does not have that domain."""
    if not work.actor.has(PartnershipRole.PSO):
        raise RefusedError("Only professional scrutiny officers moderate returns.")
    must_not_be_concerned(work, held.organisation_id)
    if held.edition != held.this.edition:
        raise RefusedError(NEW_EDITION)
    if held.released_at is not None:
        raise RefusedError(
            "This is released to the organisation. Take the release back before you change it."
        )
    if domain_key is None:
        return
    mine = work.session.execute(
        select(col(ModerationShare.user_id)).where(
            col(ModerationShare.return_id) == held.id, col(ModerationShare.domain_key) == domain_key
        )
    ).scalar()
    if mine != work.actor.user_id:
        raise RefusedError("This domain is not with you. Take it first, so that no two officers do the same.")


# --- judging ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an officer makes of a standard; `seen` is the version of the judgement on their page."""

    judged: str
    comment: str = ""
    seen: int = 0


def judge(work: Work, return_id: int, domain_key: str, standard_key: str, verdict: Verdict) -> None:
    """Validate a self-rating, or change it with a reason. Raises RefusedError with the fields at fault."""
    held = hold(work, return_id)
    _, standard = held.standard(domain_key, standard_key)
    must_moderate(work, held, domain_key)
    own, before = held.mark(standard_key), held.judged.get(standard_key)
    if verdict.seen != (before.version if before else 0):
        raise RefusedError("Somebody judged this standard after you opened the page. Look at it again.")
    levels = [level.key for level in held.asked.scale]
    problem = problem_of(standard, own, verdict.judged, verdict.comment, levels)
    if problem:
        field = "comment" if verdict.judged in (*levels, own) else "judged"
        raise RefusedError("", {f"{field}-{standard_key}": problem})
    second = needs_second_opinion(own, verdict.judged, held.asked)
    # One mail for all that this officer's work on the return leaves to confirm, not one for each standard.
    if second and not any(each.waits_after(work.actor.user_id) for each in held.judged.values()):
        mails.second_opinion_wanted(work, held.this, domain_key, standard)
    _store(work, held, domain_key, {standard_key: verdict}, opinion=_first(second=second))
    audit.record(
        work,
        "moderation.judged",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=standard_key,
        own=own,
        before=before.judged if before else None,
        after=verdict.judged,
        comment=verdict.comment.strip(),
        second_opinion=second,
    )
    recompute(work, held)


def _first(*, second: bool) -> Opinion:
    return Opinion.WAITING if second else Opinion.NOT_NEEDED


def validate_rest(work: Work, return_id: int, domain_key: str) -> int:
    """Validate every answered standard of a domain that nobody has judged or asked about, as it is."""
    held = hold(work, return_id)
    domain = next((each for each in held.asked.domains if each.key == domain_key), None)
    if domain is None:
        raise NotFoundError
    must_moderate(work, held, domain_key)
    threads = queries.thread_states(work.session, held.id)
    rest = {
        standard.key: Verdict(held.mark(standard.key))
        for standard in domain.rated
        if standard.key not in held.judged
        and held.mark(standard.key) != NOT_ANSWERED
        and standard.key not in threads
    }
    if not rest:
        raise RefusedError("Nothing is left to validate here: what is open needs a judgement of its own.")
    _store(work, held, domain_key, rest, opinion=Opinion.NOT_NEEDED)
    audit.record(
        work,
        "moderation.validated_rest",
        ("return", held.id),
        organisation_id=held.organisation_id,
        domain=domain_key,
        standards=sorted(rest),
    )
    recompute(work, held)
    return len(rest)


def _store(
    work: Work, held: Held, domain_key: str, verdicts: Mapping[str, Verdict], *, opinion: Opinion
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "return_id": held.id,
            "standard_key": key,
            "organisation_id": held.organisation_id,
            "domain_key": domain_key,
            "edition": held.edition,
            "version": held.judged[key].version + 1 if key in held.judged else 1,
            "own": held.mark(key),
            "judged": verdict.judged,
            "comment": verdict.comment.strip(),
            "judged_by": work.actor.user_id,
            "judged_by_name": work.actor.name,
            "judged_at": work.now,
            "opinion": opinion,
            "opinion_by": None,
            "opinion_by_name": "",
            "opinion_comment": "",
            "opinion_at": None,
            "outdated": False,
            "released_at": None,
        }
        for key, verdict in verdicts.items()
    ]
    statement = insert(ValidatedStandard)
    changed = {
        name: statement.excluded[name] for name in rows[0] if name not in {"return_id", "standard_key"}
    }
    work.session.connection().execute(
        statement.on_conflict_do_update(index_elements=["return_id", "standard_key"], set_=changed), rows
    )


def recompute(work: Work, held: Held) -> None:
    """Store the validated rating of every domain that is reviewed whole; the others have none."""
    judged = judged_of(work.session, held.id)
    found = [validated_rating(domain, held.values, judged, held.asked) for domain in held.asked.domains]
    of = RatedReturn(held.id, held.this.round_id, held.organisation_id)
    ratings_service.store(work, of, [each for each in found if each is not None], RatingSource.VALIDATED)


# --- the second officer ----------------------------------------------------------------------------


def second_opinion(work: Work, return_id: int, standard_key: str, *, yes: bool, comment: str = "") -> None:
    """Confirm another officer's change from red to green or green to red, or refuse it with a reason."""
    held = hold(work, return_id)
    judged = held.judged.get(standard_key)
    if judged is None:
        raise NotFoundError
    must_moderate(work, held)
    if judged.opinion is not Opinion.WAITING or judged.outdated:
        raise RefusedError("No second opinion is waiting here any more. Look at the standard again.")
    if judged.judged_by == work.actor.user_id:
        raise RefusedError("A second opinion comes from another officer than the one who made the change.")
    if not yes and not comment.strip():
        raise RefusedError("", {f"opinion-{standard_key}": "Say why you do not confirm it"})
    row = work.session.get(ValidatedStandard, (held.id, standard_key))
    if row is None:
        raise NotFoundError
    row.opinion = Opinion.CONFIRMED if yes else Opinion.REFUSED
    row.opinion_by, row.opinion_by_name = work.actor.user_id, work.actor.name
    row.opinion_comment, row.opinion_at = comment.strip(), work.now
    row.version += 1
    work.session.flush()
    if not yes:
        _, standard = held.standard(judged.domain_key, standard_key)
        mails.second_opinion_refused(work, held.this, judged, standard)
    audit.record(
        work,
        "moderation.confirmed" if yes else "moderation.refused",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=standard_key,
        before=words_of(judged.own, held.asked),
        after=words_of(judged.judged, held.asked),
        comment=comment.strip(),
    )
    recompute(work, held)
