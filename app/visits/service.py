"""Changes to visits: choosing, endorsing, dating, dropping. Each step goes by the state machine."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.clock import london_date, long_date
from app.core.errors import NotFoundError, RefusedError
from app.organisations.models import Organisation
from app.returns.models import Return
from app.rounds.models import Round
from app.visits import mails, queries, set_up
from app.visits.deadlines import Deadlines, deadlines, visit_day_problem
from app.visits.lifecycle import IllegalMoveError, Step, VisitState, after
from app.visits.models import Visit, VisitDraw, VisitEndorsement
from app.visits.queries import VisitHead
from app.visits.rules import Partner, all_said_yes, may_endorse, may_take_part
from app.visits.selection import calibration_draw, score
from app.visits.signals import school_terms
from app.visits.sources import selection_facts

CHOOSERS = (PartnershipRole.BOARD_MANAGER, PartnershipRole.PSO)


def held(work: Work, visit_id: int) -> VisitHead:
    """Return a visit, held against other changes until the end of the transaction."""
    found = work.session.execute(select(Visit).where(col(Visit.id) == visit_id).with_for_update()).scalar()
    if found is None:
        raise NotFoundError
    return queries.visit_head(work.session, visit_id)


def must_not_be_concerned(work: Work, this: VisitHead) -> None:
    """Refuse a person who works at the visited agency or speaks for the partner that it is part of."""
    own = bool(work.actor.organisations.get(this.organisation_id))
    if not may_take_part(work.actor.user_id, this.kind, queries.seats(work.session), own=own):
        raise RefusedError(
            "You belong to the agency that is visited, so you take no part in this visit. "
            "Somebody else has to do this."
        )


def must_be_writer(work: Work, this: VisitHead) -> None:
    """Refuse who may not prepare this visit: board managers and scrutiny officers do, if not concerned."""
    if not work.actor.has(*CHOOSERS):
        raise RefusedError("Only board managers and professional scrutiny officers can do this.")
    must_not_be_concerned(work, this)


def check(work: Work, this: VisitHead, step: Step) -> VisitState:
    """Return where a step leads. Raises RefusedError with a sentence when it may not be taken."""
    try:
        to = after(step, this.state, work.actor.roles)
    except IllegalMoveError as problem:
        raise RefusedError(str(problem)) from problem
    must_not_be_concerned(work, this)
    return to


def move(work: Work, this: VisitHead, step: Step, **detail: Any) -> None:
    """Take a step: check it, store the state that it leads to, write the audit event."""
    to = check(work, this, step)
    before, this.visit.state = this.state, to
    work.session.flush()
    audit.record(
        work,
        f"visit.{step}",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        before=before.value,
        after=to.value,
        **detail,
    )


# --- choosing --------------------------------------------------------------------------------------


def choose(work: Work, organisation_id: int, why: str, *, calibration: bool = False) -> int:
    """Put an organisation on the list of visits and ask the partners. Returns the visit's id."""
    if not work.actor.has(*CHOOSERS):
        raise RefusedError("Only board managers and professional scrutiny officers can choose visits.")
    if not why.strip():
        raise RefusedError("", {f"why-{organisation_id}": "Say why you choose it, in a few words"})
    place = work.session.execute(
        select(Organisation).where(col(Organisation.id) == organisation_id).with_for_update()
    ).scalar()
    if place is None:
        raise NotFoundError
    if organisation_id in queries.under_way(work.session):
        raise RefusedError(f"{place.name} has a visit under way already.")
    today = london_date(work.now)
    facts = selection_facts(work.session, today).get(organisation_id)
    explained = score(facts, set_up.weights(work.session), today) if facts else None
    made = Visit(
        organisation_id=organisation_id,
        calibration=calibration,
        points=explained.points if explained else 0,
        reasons=explained.sentence if explained else "Never asked for a return",
        why=why.strip(),
        selected_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    this = queries.visit_head(work.session, made.id or 0)
    must_not_be_concerned(work, this)
    audit.record(
        work,
        "visit.selected",
        ("visit", this.id),
        organisation_id=organisation_id,
        points=made.points,
        reasons=made.reasons,
        why=made.why,
    )
    mails.to_partners(
        work,
        this,
        may_endorse(this.kind),
        "Please endorse an assurance visit",
        f"{this.organisation} is proposed for an assurance visit: {made.why}.",
    )
    return this.id


def draw(work: Work, seed: int | None) -> int:
    """Draw the calibration sample, record it, and choose what was drawn. Returns how many are new."""
    if not work.actor.has(*CHOOSERS):
        raise RefusedError("Only board managers and professional scrutiny officers can draw the sample.")
    if seed is None:
        raise RefusedError("", {"seed": "Enter a whole number, or leave it empty"})
    facts = selection_facts(work.session, london_date(work.now))
    busy = queries.under_way(work.session)
    drawn = calibration_draw([number for number, each in facts.items() if each.all_green], seed)
    if not drawn.pool:
        raise RefusedError("No signed return is all green, so there is nothing to draw from.")
    made = VisitDraw(
        seed=seed,
        pool=list(drawn.pool),
        chosen=list(drawn.chosen),
        drawn_at=work.now,
        drawn_by=work.actor.user_id,
    )
    work.session.add(made)
    work.session.flush()
    audit.record(
        work, "visit.drawn", ("visit_draw", made.id or 0), seed=seed, pool=made.pool, chosen=made.chosen
    )
    new = [number for number in drawn.chosen if number not in busy]
    for number in new:
        choose(work, number, f"Drawn at random from all-green returns (seed {seed})", calibration=True)
    return len(new)


def drop(work: Work, visit_id: int, why: str) -> None:
    """Take a visit off the list, with a reason; an agency that knows of it is told."""
    this = held(work, visit_id)
    check(work, this, Step.DROP)
    if not why.strip():
        raise RefusedError("", {"why": "Say why the visit is dropped"})
    this.visit.closed_at, this.visit.closed_why = work.now, why.strip()
    move(work, this, Step.DROP, why=why.strip())
    if this.visit.letter_sent_at:
        mails.to_agency(work, this, "visit-dropped", "The assurance visit will not take place", reason=why)


# --- endorsing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """What a partner's representative says: for which partner, yes or no, and why."""

    partner: Partner
    yes: bool
    comment: str


def seats_to_speak(work: Work, this: VisitHead) -> tuple[Partner, ...]:
    """Return the partners that the person at work may speak for on this visit."""
    mine = {seat.partner for seat in queries.seats(work.session) if seat.user_id == work.actor.user_id}
    return tuple(partner for partner in may_endorse(this.kind) if partner in mine)


def speaker(work: Work, this: VisitHead, word: Word) -> None:
    """Refuse who does not speak for the partner, and a no without a reason."""
    if word.partner not in seats_to_speak(work, this):
        raise RefusedError("You do not speak for this safeguarding partner on this visit.")
    if not word.yes and not word.comment.strip():
        raise RefusedError("", {"comment": "Say what you want changed, so that others can act on it"})


def endorse(work: Work, visit_id: int, word: Word) -> None:
    """Record what a partner says to a proposed visit; the last yes of all who have a say endorses it."""
    this = held(work, visit_id)
    check(work, this, Step.ENDORSE)
    speaker(work, this, word)
    values = {
        "endorsed": word.yes,
        "comment": word.comment.strip(),
        "user_id": work.actor.user_id,
        "said_at": work.now,
    }
    work.session.execute(
        insert(VisitEndorsement)
        .values(visit_id=this.id, partner=word.partner, organisation_id=this.organisation_id, **values)
        .on_conflict_do_update(index_elements=["visit_id", "partner"], set_=values)
    )
    said = {each.partner: each.yes for each in queries.endorsements(work.session, this.id).values()}
    if all_said_yes(this.kind, said):
        move(work, this, Step.ENDORSE, partner=word.partner.value)
        mails.to_board_managers(work, this, "Visit endorsed", "All safeguarding partners have endorsed it.")
        return
    audit.record(
        work,
        "visit.endorsed" if word.yes else "visit.not_endorsed",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        partner=word.partner.value,
        comment=word.comment.strip(),
    )
    if not word.yes:
        what = f"{work.actor.name} does not endorse it: {word.comment.strip()}"
        mails.to_board_managers(work, this, "Visit not endorsed", what)


# --- the date --------------------------------------------------------------------------------------


def deadlines_of(work: Work, this: VisitHead, day: date) -> Deadlines:
    """Return the deadlines of a visit on a day; schools' by their terms."""
    return deadlines(day, school_terms(work.session) if this.is_school else None)


def set_date(work: Work, visit_id: int, day: date | None, why: str = "") -> None:
    """Propose the date of a visit, or move it; both deadlines are computed anew."""
    this = held(work, visit_id)
    step = Step.PROPOSE_DATE if this.state is VisitState.ENDORSED else Step.MOVE_DATE
    check(work, this, step)
    terms = school_terms(work.session) if this.is_school else None
    problem = visit_day_problem(day, london_date(work.now), terms) if day else "Enter a day, like 16/3/2027"
    if problem or day is None:
        raise RefusedError("", {"visit_on": problem})
    if step is Step.MOVE_DATE and not why.strip():
        raise RefusedError("", {"why": "Say why the visit moves, so that the agency can be told"})
    before = this.visit.visit_on
    found = deadlines_of(work, this, day)
    this.visit.visit_on = day
    this.visit.framework_due, this.visit.return_due = found.framework.day, found.back.day
    # Short notice was waived for the old date, not for this one.
    this.visit.waiver, this.visit.waived_at = "", None
    move(work, this, step, day=day.isoformat(), was=before.isoformat() if before else None, why=why.strip())
    if this.visit.framework_issued_at and not this.returned:
        _move_return(work, this, max(found.back.day, london_date(work.now)))
    if step is Step.MOVE_DATE and this.visit.letter_sent_at:
        mails.to_agency(
            work,
            this,
            "visit-moved",
            "The assurance visit moves",
            reason=why.strip(),
            back=long_date(found.back.day),
        )


def _move_return(work: Work, this: VisitHead, due_on: date) -> None:
    """Let the framework that is with the agency be due on the new day."""
    round_id = work.session.execute(
        update(Return)
        .where(col(Return.id) == this.visit.return_id)
        .values(due_on=due_on)
        .returning(col(Return.round_id))
    ).scalar_one()
    work.session.execute(update(Round).where(col(Round.id) == round_id).values(due_on=due_on))


def waive(work: Work, visit_id: int, reason: str) -> None:
    """Record that short notice is accepted, and why; without it the framework cannot go out late."""
    this = held(work, visit_id)
    check(work, this, Step.WAIVE)
    if not reason.strip():
        raise RefusedError("", {"reason": "Say why short notice is right here, and who agreed"})
    this.visit.waiver, this.visit.waived_at = reason.strip(), work.now
    move(work, this, Step.WAIVE, reason=reason.strip())


def close(work: Work, visit_id: int) -> None:
    """Close a visit whose report is released: SAIG follows its actions up from here."""
    this = held(work, visit_id)
    this.visit.closed_at = work.now
    move(work, this, Step.CLOSE)
