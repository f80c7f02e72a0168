"""Changes to actions: from signed returns and elsewhere, how far they are, SAIG's review."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, null, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.actions import mails
from app.actions.models import Action, ActionNote, ActionSource, NoteKind
from app.actions.rules import (
    ENDED,
    LIVE,
    OUTCOME_WORDS,
    ActionStatus,
    IllegalMoveError,
    Outcome,
    after_answer,
    after_review,
    missing_words,
)
from app.core import audit
from app.core.access import Actor, PartnershipRole, Work, visible_to
from app.core.clock import london_date, short_date
from app.core.errors import NotFoundError, RefusedError
from app.organisations.models import Organisation

# Who speaks for SAIG here: the independent scrutineer reads, and writes nothing.
REVIEWERS = (PartnershipRole.BOARD_MANAGER, PartnershipRole.PSO)
ENDED_ALREADY = "This action is not followed up any more. Look at the page again."
NOT_YOURS = "Only the organisation, board managers and scrutiny officers write here."
NOTHING_TO_REVIEW = "This has changed meanwhile. Look at the page again before you review it."


@dataclass(frozen=True, slots=True)
class Promise:
    """An action as it stands in a signed return, with the titles of its domain and standard."""

    domain_key: str
    standard_key: str
    level: str
    what: str
    owner: str
    due_on: date | None
    domain_title: str = ""
    standard_title: str = ""


def take_over(
    work: Work, *, organisation_id: int, return_id: int, round_id: int, promises: list[Promise]
) -> None:
    """Make the actions of a signed return the organisation's own; signing again updates their words.

    An action that was taken out of the return before signing again is dropped, not deleted.
    """
    kept = [promise.standard_key for promise in promises]
    work.session.execute(
        Action.__table__.update()  # type: ignore[attr-defined]
        .where(
            col(Action.return_id) == return_id,
            # What was agreed on a visit or in moderation does not end with the words of a return.
            col(Action.source) == ActionSource.RETURN,
            col(Action.standard_key).not_in(kept),
            col(Action.status).in_(LIVE),
        )
        .values(
            status=ActionStatus.DROPPED,
            closed_at=work.now,
            progress="Taken out of the return before it was signed again.",
        )
    )
    if not promises:
        return
    place = {"organisation_id": organisation_id, "return_id": return_id, "round_id": round_id}
    rows = [{**place, **_promised(promise), "created_at": work.now} for promise in promises]
    statement = insert(Action)
    words = ("domain_key", "domain_title", "standard_title", "level", "what", "owner", "due_on")
    statement = statement.on_conflict_do_update(
        index_elements=["return_id", "standard_key"],
        # Written out: with a parameter PostgreSQL does not know its index again.
        index_where=text("source = 'return'"),
        set_={
            **{name: statement.excluded[name] for name in words},
            # What was dropped and is promised again is open again; what was done stays done.
            "status": case(
                (col(Action.status) == ActionStatus.DROPPED, statement.excluded["status"]),
                else_=col(Action.status),
            ),
            "closed_at": case(
                (col(Action.status) == ActionStatus.DROPPED, null()), else_=col(Action.closed_at)
            ),
        },
    )
    work.session.connection().execute(statement, rows)


def _promised(promise: Promise) -> dict[str, Any]:
    return {
        "source": ActionSource.RETURN,
        "domain_key": promise.domain_key,
        "domain_title": promise.domain_title,
        "standard_key": promise.standard_key,
        "standard_title": promise.standard_title,
        "level": promise.level,
        "what": promise.what,
        "owner": promise.owner,
        "due_on": promise.due_on,
        "status": ActionStatus.OPEN,
        "progress": "",
        "reminded": "",
    }


# --- from elsewhere -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """An action that a visit or moderation leaves.

    `source_id` is the number of what it came from; `return_id` and `round_id` name the return that it
    stands beside, where there is one. Without a standard it belongs to its domain as a whole.
    """

    source: ActionSource
    source_id: int
    organisation_id: int
    domain_key: str
    what: str
    owner: str
    due_on: date | None
    domain_title: str = ""
    standard_key: str = ""
    standard_title: str = ""
    level: str = ""
    return_id: int | None = None
    round_id: int | None = None


def add(work: Work, new: NewAction) -> int:
    """Add an open action and return its id. The caller has checked that the person may, and the words.

    Raises RefusedError for an action of a return: those come with the signature, by `take_over`.
    """
    if new.source is ActionSource.RETURN:
        raise RefusedError("Actions of a return come with its signature.")
    made = Action(
        organisation_id=new.organisation_id,
        return_id=new.return_id,
        round_id=new.round_id,
        source=new.source,
        source_id=new.source_id,
        domain_key=new.domain_key,
        domain_title=new.domain_title,
        standard_key=new.standard_key,
        standard_title=new.standard_title,
        level=new.level,
        what=new.what,
        owner=new.owner,
        due_on=new.due_on,
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    audit.record(
        work,
        "action.from_visit" if new.source is ActionSource.VISIT else "action.from_moderation",
        ("action", made.id or 0),
        organisation_id=new.organisation_id,
        by=new.source_id,
        what=new.what,
    )
    return made.id or 0


# --- what the organisation says ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """How far an organisation says that an action is, and with what words; an owner if somebody else is."""

    status: ActionStatus | None
    words: str
    owner: str = ""


def held(work: Work, action_id: int) -> tuple[Action, str]:
    """Return an action that the person may see, held against other changes, and its organisation's name.

    Raises NotFoundError for any other.
    """
    row = work.session.execute(
        select(Action, col(Organisation.name))
        .join(Organisation, col(Organisation.id) == col(Action.organisation_id))
        .where(col(Action.id) == action_id, visible_to(work.actor, col(Action.organisation_id)))
        .with_for_update(of=Action)
    ).first()
    if row is None:
        raise NotFoundError
    return row[0], row[1]


def answers_for(actor: Actor, organisation_id: int) -> bool:
    """Say whether a person speaks for an organisation, or for what took it over."""
    return actor.holds(organisation_id) or organisation_id in actor.inherited


def say(work: Work, action_id: int, said: Said) -> None:
    """Note how far an organisation says that an action is. Raises RefusedError for what cannot be said."""
    action, _ = held(work, action_id)
    if not answers_for(work.actor, action.organisation_id):
        raise NotFoundError
    words = said.words.strip()
    if said.status is None:
        raise RefusedError("", {"status": "Say how far you are"})
    if not words and missing_words(said.status):
        raise RefusedError("", {"words": missing_words(said.status)})
    before = action.status
    try:
        action.status = after_answer(before, said.status)
    except IllegalMoveError as problem:
        raise RefusedError(ENDED_ALREADY) from problem
    action.said_at, action.progress = work.now, words
    action.owner = said.owner.strip() or action.owner
    action.closed_at = None if action.status in LIVE else work.now
    _note(work, action, NoteKind.PROGRESS, words)
    _record(work, "action.progress", action, before=before, after=action.status, note=words)


def comment(work: Work, action_id: int, words: str) -> None:
    """Add a remark to an action: by its organisation, or by those who review it."""
    action, name = held(work, action_id)
    own = answers_for(work.actor, action.organisation_id)
    if not own and not work.actor.has(*REVIEWERS):
        raise RefusedError(NOT_YOURS)
    if not words.strip():
        raise RefusedError("", {"comment": "Write what you want to say"})
    _note(work, action, NoteKind.COMMENT, words.strip(), moved=False)
    _record(work, "action.commented", action, note=words.strip())
    if not own:
        mails.to_organisation(work, action, name, "There is a comment on this action", words.strip())


# --- SAIG -------------------------------------------------------------------------------------------


def may_review(actor: Actor, organisation_id: int) -> bool:
    """Say whether a person reviews an organisation's actions: nobody does so for their own."""
    return actor.has(*REVIEWERS) and not answers_for(actor, organisation_id)


def _for_review(work: Work, action_id: int) -> tuple[Action, str]:
    action, name = held(work, action_id)
    if not work.actor.has(*REVIEWERS):
        raise RefusedError(NOT_YOURS)
    if not may_review(work.actor, action.organisation_id):
        raise RefusedError("Somebody else of the partnership has to do this: it is your own organisation.")
    return action, name


def review(
    work: Work, action_id: int, outcome: Outcome | None, words: str, *, seen: ActionStatus | None = None
) -> None:
    """Note what SAIG says about an action, and tell its organisation.

    `seen` is how far it was on the page that the person saw. Raises RefusedError for what cannot be said.
    """
    action, name = _for_review(work, action_id)
    words = words.strip()
    if outcome is None:
        raise RefusedError("", {"outcome": "Choose what SAIG says"})
    if not words and missing_words(outcome):
        raise RefusedError("", {"review": missing_words(outcome)})
    before = action.status
    try:
        after = after_review(before, outcome)
    except IllegalMoveError as problem:
        raise RefusedError(NOTHING_TO_REVIEW) from problem
    if seen is not None and seen is not before:
        raise RefusedError(NOTHING_TO_REVIEW)
    action.status, action.reviewed_at = after, work.now
    action.closed_at = work.now if after in ENDED else None
    _note(work, action, NoteKind.REVIEW, words)
    _record(work, "action.reviewed", action, outcome=outcome, before=before, after=after, note=words)
    mails.to_organisation(work, action, name, OUTCOME_WORDS[outcome], words)


@dataclass(frozen=True, slots=True)
class Terms:
    """Who sees to an action and by when, agreed anew, and why."""

    owner: str
    due_on: date | None
    why: str


def change(work: Work, action_id: int, terms: Terms) -> None:
    """Agree another owner or another day with an organisation; a new day reminds anew."""
    action, name = _for_review(work, action_id)
    if action.status in ENDED:
        raise RefusedError(ENDED_ALREADY)
    problems = {}
    if not terms.owner.strip():
        problems["owner"] = "Say who sees to it"
    if terms.due_on is None or (terms.due_on != action.due_on and terms.due_on <= london_date(work.now)):
        problems["due_on"] = "Enter a day that is still to come, like 31/3/2027"
    if not terms.why.strip():
        problems["why"] = "Say why it changes"
    if problems or terms.due_on is None:
        raise RefusedError("", problems)
    before = [action.owner, action.due_on]
    action.owner, action.due_on = terms.owner.strip(), terms.due_on
    words = f"{terms.why.strip()} ({action.owner}, by {short_date(terms.due_on)})"
    _note(work, action, NoteKind.CHANGE, words, moved=False)
    _record(
        work, "action.changed", action, before=before, after=[action.owner, action.due_on], reason=terms.why
    )
    mails.to_organisation(work, action, name, "Who and by when have changed", words)


def _note(work: Work, action: Action, kind: NoteKind, words: str, *, moved: bool = True) -> None:
    work.session.add(
        ActionNote(
            action_id=action.id or 0,
            organisation_id=action.organisation_id,
            kind=kind,
            status=action.status if moved else None,
            words=words,
            user_id=work.actor.user_id,
            user_name=work.actor.name,
            said_at=work.now,
        )
    )
    work.session.flush()


def _record(work: Work, event: str, action: Action, **detail: Any) -> None:
    audit.record(work, event, ("action", action.id or 0), organisation_id=action.organisation_id, **detail)
