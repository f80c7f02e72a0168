"""The report: drafted from the notes, agreed by each safeguarding partner, released, followed by actions."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.actions.from_visits import VisitAction, VisitPromise, actions_from_visit, add_from_visit
from app.core import audit
from app.core.access import Work
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.returns import queries as returns
from app.visits import mails, queries
from app.visits.lifecycle import HELD, Step, VisitState
from app.visits.models import VisitAgreement, VisitReply, VisitReport
from app.visits.queries import VisitHead
from app.visits.report import ReportText, drafted
from app.visits.rules import all_said_yes, may_endorse
from app.visits.service import Word, check, held, move, must_be_writer, speaker
from app.visits.sources import newest_signed


def _report(work: Work, this: VisitHead) -> VisitReport:
    found = work.session.get(VisitReport, this.id)
    if found is None:
        raise NotFoundError
    return found


def draft(work: Work, visit_id: int) -> None:
    """Draft the report from what was noted under the framework's headings."""
    this = held(work, visit_id)
    check(work, this, Step.DRAFT_REPORT)
    notes = [line.note for line in queries.questions(work.session, this.id) if not line.left_out]
    text = drafted(notes, stars=this.visit.young_stars, young_comment=this.visit.young_comment)
    work.session.add(
        VisitReport(
            visit_id=this.id,
            organisation_id=this.organisation_id,
            strengths=text.strengths,
            development=text.development,
            consideration=text.consideration,
            written_at=work.now,
        )
    )
    move(work, this, Step.DRAFT_REPORT)


def write(work: Work, visit_id: int, text: ReportText) -> None:
    """Save the report's text while it is being written."""
    this = held(work, visit_id)
    must_be_writer(work, this)
    if this.state is not VisitState.REPORTING:
        raise RefusedError("The report cannot be changed now. A partner has to return it first.")
    found = _report(work, this)
    before = {"strengths": found.strengths, "development": found.development}
    found.strengths, found.development = text.strengths.strip(), text.development.strip()
    found.consideration, found.written_at = text.consideration.strip(), work.now
    work.session.flush()
    audit.record(
        work,
        "visit.report_written",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        edition=found.edition,
        before=before,
    )


def circulate(work: Work, visit_id: int) -> None:
    """Send the report to the partners for their agreement."""
    this = held(work, visit_id)
    check(work, this, Step.CIRCULATE)
    found = _report(work, this)
    if not (found.strengths or found.development or found.consideration):
        raise RefusedError("The report is empty. Write it first.")
    move(work, this, Step.CIRCULATE, edition=found.edition)
    what = "The report of the assurance visit is ready for you to agree or return with comments."
    mails.to_partners(work, this, may_endorse(this.kind), "Please agree a visit report", what)


def say(work: Work, visit_id: int, word: Word) -> None:
    """Record a partner's agreement, or return the report with comments, which begins a new edition."""
    this = held(work, visit_id)
    check(work, this, Step.AGREE_REPORT)
    speaker(work, this, word)
    found = _report(work, this)
    values = {
        "agreed": word.yes,
        "comment": word.comment.strip(),
        "user_id": work.actor.user_id,
        "said_at": work.now,
    }
    work.session.execute(
        insert(VisitAgreement)
        .values(
            visit_id=this.id,
            edition=found.edition,
            partner=word.partner,
            organisation_id=this.organisation_id,
            **values,
        )
        .on_conflict_do_update(index_elements=["visit_id", "edition", "partner"], set_=values)
    )
    if not word.yes:
        found.edition += 1
        move(work, this, Step.RETURN_REPORT, partner=word.partner.value, comment=word.comment.strip())
        what = f"{work.actor.name} returned the report: {word.comment.strip()}"
        mails.to_board_managers(work, this, "Visit report returned", what)
        return
    said = queries.agreements(work.session, this.id, found.edition)
    if all_said_yes(this.kind, {each.partner: each.yes for each in said.values()}):
        move(work, this, Step.AGREE_REPORT, edition=found.edition)
        mails.to_board_managers(work, this, "Visit report agreed", "All safeguarding partners agree it.")
        return
    audit.record(
        work,
        "visit.report_agreed_by",
        ("visit", this.id),
        organisation_id=this.organisation_id,
        partner=word.partner.value,
        edition=found.edition,
    )


def last_comments(session: Session, visit_id: int, edition: int) -> tuple[queries.Saying, ...]:
    """Return what partners asked to be changed in the edition before this one."""
    said = queries.agreements(session, visit_id, edition - 1)
    return tuple(each for each in said.values() if not each.yes)


def release(work: Work, visit_id: int) -> None:
    """Release the agreed report to the agency, which may reply on its factual accuracy."""
    this = held(work, visit_id)
    check(work, this, Step.RELEASE)
    _report(work, this).released_at = work.now
    move(work, this, Step.RELEASE)
    mails.to_agency(work, this, "visit-report", "Report of the assurance visit")


def reply(work: Work, visit_id: int, text: str) -> None:
    """Take the agency's reply on factual accuracy; the report itself stays as it was agreed."""
    this = queries.own_visit(work.session, work.actor, visit_id)
    if not work.actor.holds(this.organisation_id):
        raise NotFoundError
    found = queries.report(work.session, visit_id)
    if this.state is not VisitState.RELEASED or found is None or found.released_at is None:
        raise RefusedError("There is no released report to reply to, or the visit is closed.")
    if not text.strip():
        raise RefusedError("", {"text": "Say what is not accurate, and what is"})
    work.session.add(
        VisitReply(
            visit_id=this.id,
            organisation_id=this.organisation_id,
            text=text.strip(),
            user_id=work.actor.user_id,
            user_name=work.actor.name,
            said_at=work.now,
        )
    )
    work.session.flush()
    audit.record(work, "visit.replied", ("visit", this.id), organisation_id=this.organisation_id)


# --- actions ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewAction:
    """What the agency is to change because of the visit."""

    domain: str
    what: str
    owner: str
    due_on: date | None


def add_action(work: Work, visit_id: int, new: NewAction) -> None:
    """Agree an action from the visit: it stands among the agency's other actions from then on."""
    this = held(work, visit_id)
    must_be_writer(work, this)
    if not takes_actions(this):
        raise RefusedError("Actions come from a visit that took place and is not closed.")
    problems = {}
    if not new.what.strip():
        problems["action_what"] = "Say what is to change"
    if not new.owner.strip():
        problems["owner"] = "Say who sees to it"
    if new.due_on is None or new.due_on <= london_date(work.now):
        problems["due_on"] = "Enter a day that is still to come, like 31/3/2027"
    of = this.visit.return_id
    last = returns.head(work.session, work.actor, of) if of else None
    last = last or newest_signed(work.session, work.actor, this.organisation_id)
    if problems:
        raise RefusedError("", problems)
    # An agency that never had a return can have actions, too: they belong to no domain.
    asked = returns.questionnaire_of(work.session, last).domains if last else ()
    titles = {each.key: each.title for each in asked}
    domain = new.domain if new.domain in titles else next(iter(titles), "")
    add_from_visit(
        work,
        VisitPromise(
            organisation_id=this.organisation_id,
            return_id=last.id if last else None,
            round_id=last.round_id if last else None,
            visit_id=this.id,
            domain_key=domain,
            domain_title=titles.get(domain, ""),
            what=new.what.strip(),
            owner=new.owner.strip(),
            due_on=new.due_on,
        ),
    )


def takes_actions(this: VisitHead) -> bool:
    """Say whether actions can be agreed from a visit now."""
    return this.state in HELD and this.state is not VisitState.CLOSED


def actions_of(session: Session, this: VisitHead) -> tuple[VisitAction, ...]:
    """Return the actions that a visit left."""
    return actions_from_visit(session, this.organisation_id, this.id)


def domains_of(work: Work, this: VisitHead) -> tuple[tuple[str, str], ...]:
    """Return key and title of the domains that an action of a visit can belong to."""
    of = this.visit.return_id
    if of is None:
        return ()
    asked = returns.questionnaire_of(work.session, returns.head(work.session, work.actor, of))
    return tuple((each.key, each.title) for each in asked.domains)
