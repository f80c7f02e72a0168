"""Word files of visits: letter, pack and report."""

from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import Session

from app.actions.from_visits import actions_from_visit
from app.actions.models import ActionStatus
from app.core.access import Work
from app.core.clock import london_date, long_date
from app.core.database import SessionDep
from app.core.errors import NotFoundError
from app.core.settings import settings
from app.people.guard import ActorDep, NowDep
from app.ratings.queries import ratings_of
from app.ratings.rules import OUTCOME_WORDS
from app.returns import queries as returns
from app.visits import queries, set_up
from app.visits.documents import filled, letter_template, report_template
from app.visits.framework import letter_text
from app.visits.letter import paragraphs
from app.visits.lifecycle import STATE_WORDS
from app.visits.queries import VisitHead, by_domain_and_ask
from app.visits.sources import open_actions
from app.visits.template_pages import word_file
from exports.visit_pack import Pack, visit_pack

router = APIRouter()


def _common(this: VisitHead) -> dict[str, Any]:
    config = settings()
    return {
        "partnership": config.partnership_name,
        "phone": config.partnership_phone,
        "email": config.partnership_email,
        "law": config.statutory_paragraph,
        "organisation": this.organisation,
        "address": this.address,
        "day": long_date(this.visit.visit_on) if this.visit.visit_on else "",
    }


@router.get("/visits/{visit_id}/letter.docx")
def letter(_actor: ActorDep, session: SessionDep, now: NowDep, visit_id: int) -> Response:
    """Answer with the selection letter."""
    this = queries.visit_head(session, visit_id)
    text = letter_text(this)
    if not text:
        raise NotFoundError
    # A copy of a letter that has gone says when it went.
    written = this.visit.letter_sent_at or now
    values = {**_common(this), "today": long_date(london_date(written)), "letter": paragraphs(text)}
    return word_file(filled(letter_template(), values), f"Selection letter - {this.organisation}")


@router.get("/visits/{visit_id}/pack.docx")
def pack(actor: ActorDep, session: SessionDep, now: NowDep, visit_id: int) -> Response:
    """Answer with the visit pack, to be printed and taken along."""
    this = queries.visit_to_prepare(session, actor, visit_id)
    common = _common(this)
    kept = [line for line in queries.questions(session, visit_id) if not line.left_out]
    profile, titles = _profile(Work(session, actor, now), this)
    made = Pack(
        partnership=common["partnership"],
        phone=common["phone"],
        organisation=this.organisation,
        day=common["day"] or "No date yet",
        address=this.address,
        profile=profile,
        slots=queries.slots(session, visit_id),
        questions=by_domain_and_ask(kept),
        actions=tuple(
            each.text for each in open_actions(session, this.organisation_id, titles, london_date(now))
        ),
    )
    return word_file(visit_pack(made), f"Visit pack - {this.organisation}")


def _profile(work: Work, this: VisitHead) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    of = this.visit.return_id
    if of is None:
        return (), {}
    asked = returns.questionnaire_of(work.session, returns.head(work.session, work.actor, of))
    titles = {each.key: each.title for each in asked.domains}
    stored = ratings_of(work.session, of)
    profile = tuple(
        (titles.get(key, key), f"{OUTCOME_WORDS[each.outcome]} ({each.reds} red, {each.ambers} amber)")
        for key, each in stored.items()
    )
    return profile, titles


def _report(session: Session, this: VisitHead) -> Response:
    found = queries.report(session, this.id)
    if found is None:
        raise NotFoundError
    actions = actions_from_visit(session, this.organisation_id, this.id)
    values = {
        **_common(this),
        "edition": found.edition,
        "state": STATE_WORDS[this.state],
        "strengths": _lines(found.text.strengths),
        "development": _lines(found.text.development),
        "consideration": _lines(found.text.consideration),
        "highlights": this.visit.highlights,
        "stars": this.visit.young_stars,
        "actions": [
            {"what": each.what, "owner": each.owner, "due": long_date(each.due_on) if each.due_on else "–"}
            for each in actions
            if each.status not in {ActionStatus.DROPPED, ActionStatus.CLOSED}
        ],
    }
    template = set_up.template_content(session) or report_template()
    return word_file(filled(template, values), f"Visit report - {this.organisation}")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@router.get("/visits/{visit_id}/report.docx")
def report(_actor: ActorDep, session: SessionDep, visit_id: int) -> Response:
    """Answer with the report as it stands."""
    return _report(session, queries.visit_head(session, visit_id))


@router.get("/our-visits/{visit_id}/report.docx")
def own_report(actor: ActorDep, session: SessionDep, visit_id: int) -> Response:
    """Answer with the released report, for the agency."""
    this = queries.own_visit(session, actor, visit_id)
    found = queries.report(session, visit_id)
    if found is None or found.released_at is None:
        raise NotFoundError
    return _report(session, this)
