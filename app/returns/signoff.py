"""Signing a return, and sending it back: under the same lock as saving, so that neither misses the other."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from app.actions.queries import AskedAction
from app.actions.service import Promise, take_over
from app.core import audit
from app.core.access import OrganisationRole, Work
from app.core.clock import date_and_time
from app.core.errors import NotFoundError, RefusedError
from app.organisations.models import Organisation
from app.people import queries as people
from app.people.writing import answerable, write_to
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import questionnaire_for, version_line
from app.ratings import service as ratings_service
from app.ratings.models import RatingSource
from app.ratings.rules import DomainRating
from app.ratings.service import RatedReturn
from app.returns import evidence
from app.returns.asked import asked_of
from app.returns.editions import numbers_of
from app.returns.models import Return, ReturnState, SignedReturn
from app.returns.queries import ReturnHead, answers, values_of
from app.returns.rules import AnswerValues, gaps
from app.returns.service import Held, hold
from app.returns.signing import DECLARATION, domain_ratings, snapshot, snapshot_hash
from app.rounds.models import Round, RoundState

CHANGED_MEANWHILE = "A colleague changed an answer after you opened this page. Look at it again, then sign"


def ready_to_sign(work: Work, this: ReturnHead) -> int:
    """Tell the signatories that the return is complete, and return how many were told.

    Raises RefusedError while something stops the signature, or when nobody can sign yet.
    """
    held = hold(work, this.id)
    questionnaire = questionnaire_for(work.session, held.version_id, held.facts)
    asked = asked_of(work.session, work.actor, this, questionnaire)
    _nothing_in_the_way(questionnaire, values_of(answers(work.session, work.actor, held.id)), asked)
    signatories = [
        each
        for each in people.colleagues(work.session, held.organisation_id)
        if OrganisationRole.SIGNATORY in each.roles
    ]
    if not signatories:
        raise RefusedError("Nobody can sign this return yet. Invite the person who signs it first.")
    work.session.execute(
        update(Return)
        .where(col(Return.id) == held.id)
        .values(state=ReturnState.READY, ready_at=work.now, ready_by=work.actor.user_id)
    )
    write_to(
        work,
        signatories,
        "ready",
        key=f"{held.id}:{work.now.isoformat()}",
        subject=f"Please sign: {this.round_title}, {this.organisation_name}",
        organisation_id=held.organisation_id,
        path=f"/returns/{held.id}/sign-off",
        asker=work.actor.name,
        organisation=this.organisation_name,
        title=this.round_title,
    )
    audit.record(work, "return.ready", ("return", held.id), organisation_id=held.organisation_id)
    return len(signatories)


def _nothing_in_the_way(
    questionnaire: Questionnaire, values: dict[str, AnswerValues], asked: Sequence[AskedAction]
) -> None:
    owed = sum(not each.answered for each in asked)
    if owed:
        named = "1 earlier action has" if owed == 1 else f"{owed} earlier actions have"
        raise RefusedError(f"This return cannot be signed yet: {named} no answer. Say what became of each.")
    stopping = [gap for gap in gaps(questionnaire, values) if gap.stops_signing]
    if stopping:
        names = ", ".join(f"“{gap.title}” ({gap.what})" for gap in stopping[:3])
        more = f" and {len(stopping) - 3} more" if len(stopping) > 3 else ""
        raise RefusedError(f"This return cannot be signed yet: {names}{more}.")


def seen_mark(values: Mapping[str, AnswerValues], asked: Sequence[AskedAction] = ()) -> str:
    """Return a mark of the answers that a signatory was shown: they sign these and no others."""
    shown: dict[str, Any] = {
        key: {**each.stored(), "files": list(each.files)} for key, each in values.items()
    }
    if asked:
        shown["earlier actions"] = [each.snapshot() for each in asked]
    return snapshot_hash(shown)[:32]


def sign(work: Work, this: ReturnHead, *, declared: bool, seen: str | None = None) -> bool:
    """Sign a return: freeze what is stored, rate it, adopt its actions, send receipts.

    Returns False when this very edition was signed a moment before (a second click changes nothing).
    Raises RefusedError when the person may not sign, has not declared, something is missing, or answers
    changed since the page that they saw (`seen`) was made.
    """
    if not work.actor.holds(this.organisation_id, OrganisationRole.SIGNATORY):
        raise RefusedError("Only the person who is named as signatory can sign this return.")
    if not declared:
        raise RefusedError("", {"declared": "Tick the box to say that this is a true account"})
    try:
        held = hold(work, this.id)
    except RefusedError:
        if _signed_now(work, this.id):
            return False
        raise
    questionnaire = questionnaire_for(work.session, held.version_id, held.facts)
    values = values_of(answers(work.session, work.actor, held.id))
    asked = asked_of(work.session, work.actor, this, questionnaire)
    if seen is not None and seen != seen_mark(values, asked):
        raise RefusedError(CHANGED_MEANWHILE, {"declared": CHANGED_MEANWHILE})
    _nothing_in_the_way(questionnaire, values, asked)
    ratings = domain_ratings(questionnaire, values)
    content = _freeze(work, this, held, questionnaire, values, ratings=ratings, asked=asked)
    rated = RatedReturn(held.id, held.round_id, held.organisation_id)
    ratings_service.store(work, rated, ratings, RatingSource.SELF)
    take_over(
        work,
        organisation_id=held.organisation_id,
        return_id=held.id,
        round_id=held.round_id,
        promises=promises(questionnaire, values),
    )
    _tell_signed(work, this, held, content)
    return True


def _tell_signed(work: Work, this: ReturnHead, held: Held, content: dict[str, Any]) -> None:
    """Send the receipts of an edition that was just frozen, and note it in the audit trail."""
    digest = snapshot_hash(content)
    _send_receipts(work, this, held, digest, numbers_of(content).sentence)
    audit.record(
        work,
        "return.signed",
        ("return", held.id),
        organisation_id=held.organisation_id,
        edition=held.edition + 1,
        content_hash=digest,
    )


def _freeze(
    work: Work,
    this: ReturnHead,
    held: Held,
    questionnaire: Questionnaire,
    values: dict[str, AnswerValues],
    *,
    ratings: tuple[DomainRating, ...],
    asked: Sequence[AskedAction],
) -> dict[str, Any]:
    """Write the next signed edition and return what was frozen."""
    content = snapshot(
        organisation_name=this.organisation_name,
        facts=held.facts,
        round_title=this.round_title,
        due_on=this.due_on,
        questionnaire=questionnaire,
        version_hash=version_line(work.session, held.version_id).content_hash,
        answers=values,
        ratings=ratings,
        files=evidence.freeze(work, held.id, held.edition + 1),
        earlier_actions=[each.snapshot() for each in asked],
    )
    work.session.execute(
        insert(SignedReturn).values(
            return_id=held.id,
            organisation_id=held.organisation_id,
            edition=held.edition + 1,
            content=content,
            content_hash=snapshot_hash(content),
            declaration=DECLARATION,
            signatory_id=work.actor.user_id,
            signatory_name=work.actor.name,
            signed_at=work.now,
        )
    )
    work.session.execute(
        update(Return)
        .where(col(Return.id) == held.id)
        .values(state=ReturnState.SIGNED, signed_at=work.now, edition=held.edition + 1)
    )
    return content


def _signed_now(work: Work, return_id: int) -> bool:
    state = work.session.execute(select(col(Return.state)).where(col(Return.id) == return_id)).scalar()
    return state is ReturnState.SIGNED


def promises(questionnaire: Questionnaire, values: dict[str, AnswerValues]) -> list[Promise]:
    """Return the actions that a return promises, in the order of the questionnaire."""
    return [
        Promise(
            domain_key=domain.key,
            standard_key=standard.key,
            level=values[standard.key].level or "",
            what=values[standard.key].action_what,
            owner=values[standard.key].action_owner,
            due_on=values[standard.key].action_due,
            domain_title=domain.title,
            standard_title=standard.title,
        )
        for domain in questionnaire.domains
        for standard in domain.rated
        if standard.key in values and values[standard.key].action_what.strip()
    ]


def _send_receipts(work: Work, this: ReturnHead, held: Held, digest: str, numbers: str) -> None:
    write_to(
        work,
        answerable(work.session, held.organisation_id),
        "receipt",
        key=f"{held.id}:{held.edition + 1}",
        subject=f"Signed: {this.round_title}, {this.organisation_name}",
        organisation_id=held.organisation_id,
        path=f"/returns/{held.id}/feedback",
        signatory=work.actor.name,
        organisation=this.organisation_name,
        title=this.round_title,
        when=date_and_time(work.now),
        digest=digest,
        edition=str(held.edition + 1),
        numbers=numbers,
    )


def send_back(work: Work, return_id: int, reason: str) -> None:
    """Send a return back, or reopen a signed one, with a reason; the signed edition stays as it is."""
    row = work.session.execute(
        select(Return, col(Round.state), col(Round.title), col(Organisation.name))
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(col(Return.id) == return_id)
        .with_for_update(of=Return)
    ).first()
    if row is None:
        raise NotFoundError
    if not reason.strip():
        raise RefusedError("", {"reason": "Say why you send it back, so that they know what to change"})
    this, round_state, round_title, organisation = row
    if round_state is not RoundState.OPEN:
        raise RefusedError("The round is closed. Reopen the round before you send a return back.")
    if this.state not in {ReturnState.SIGNED, ReturnState.READY}:
        raise RefusedError(
            "This return is not signed and not waiting for a signature: they can still change it."
        )
    this.state, this.signed_at, this.ready_at = ReturnState.IN_PROGRESS, None, None
    this.sent_back_at, this.sent_back_reason = work.now, reason
    work.session.flush()
    # While it is open again no rating of it is in force, the officers' neither.
    for source in RatingSource:
        ratings_service.remove(work, return_id, source)
    write_to(
        work,
        people.colleagues(work.session, this.organisation_id),
        "sent-back",
        key=f"{return_id}:{work.now.isoformat()}",
        subject=f"Please look again: {round_title}, {organisation}",
        organisation_id=this.organisation_id,
        path=f"/returns/{return_id}",
        reason=reason,
        organisation=organisation,
        title=round_title,
    )
    audit.record(
        work, "return.sent_back", ("return", return_id), organisation_id=this.organisation_id, reason=reason
    )
