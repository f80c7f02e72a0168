"""Word files of visits: letter, pack, report, and the partnership's own report template."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.actions.from_visits import actions_from_visit
from app.actions.models import ActionStatus
from app.core.access import Work
from app.core.clock import london_date, long_date
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.core.settings import settings
from app.people.guard import ActorDep, NowDep, WorkDep
from app.ratings.queries import ratings_of
from app.ratings.rules import OUTCOME_WORDS
from app.returns import queries as returns
from app.visits import queries, set_up, setting_up
from app.visits.lifecycle import STATE_WORDS
from app.visits.pages import show_settings
from app.visits.queries import VisitHead, by_domain_and_ask
from app.visits.sources import open_actions
from exports.visit_pack import Pack, visit_pack
from exports.word_templates import MOST_BYTES, check_template, filled, letter_template, report_template

router = APIRouter()

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SAMPLE: Final[Mapping[str, Any]] = {
    "partnership": "Your partnership & its name",
    "phone": "01632 960000",
    "email": "name@example.org",
    "organisation": "An agency <of the area>",
    "address": "1 High Street",
    "day": "Tuesday 16 March 2027",
    "edition": 1,
    "state": "Report agreed",
    "strengths": ["Staff know whom to ask."],
    "development": ["Supervision is late in two teams."],
    "consideration": [],
    "highlights": "A warm welcome.",
    "stars": 4,
    "actions": [{"what": "Plan supervision", "owner": "Head of service", "due": "Friday 28 May 2027"}],
}


def _reply(content: bytes, name: str) -> Response:
    name = " ".join(re.sub(r"[^\w ,.()&-]+", " ", name).split())[:120] or "Visit"
    plain = re.sub(r"[^A-Za-z0-9 ,.()-]", "_", name)
    header = f"attachment; filename=\"{plain}.docx\"; filename*=UTF-8''{quote(name, safe='')}.docx"
    return Response(content, media_type=DOCX, headers={"Content-Disposition": header})


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
    out, back = this.visit.framework_due, this.visit.return_due
    if out is None or back is None:
        raise NotFoundError
    values = {
        **_common(this),
        "today": long_date(london_date(now)),
        "framework_due": long_date(out),
        "return_due": long_date(back),
    }
    return _reply(filled(letter_template(), values), f"Selection letter - {this.organisation}")


@router.get("/visits/{visit_id}/pack.docx")
def pack(actor: ActorDep, session: SessionDep, now: NowDep, visit_id: int) -> Response:
    """Answer with the visit pack, to be printed and taken along."""
    this = queries.visit_head(session, visit_id)
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
    return _reply(visit_pack(made), f"Visit pack - {this.organisation}")


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
            if each.status is not ActionStatus.DROPPED
        ],
    }
    template = set_up.template_content(session) or report_template()
    return _reply(filled(template, values), f"Visit report - {this.organisation}")


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


# --- the partnership's own template ----------------------------------------------------------------


@router.get("/visits/template.docx")
def own_template(_actor: ActorDep) -> Response:
    """Answer with Eleven's template of the report, to begin one's own from."""
    return _reply(report_template(), "Template of the visit report")


@router.get("/visits/template/{template_id}/preview.docx")
def preview(_actor: ActorDep, session: SessionDep, template_id: int) -> Response:
    """Answer with a template filled with made-up words."""
    content = set_up.template_content(session, template_id)
    if content is None:
        raise NotFoundError
    return _reply(filled(content, SAMPLE), "Preview of the visit report")


@router.post("/visits/template")
def upload(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Check a template and keep it; it is used when somebody says so."""
    file = form.file("file")
    try:
        content = file.file.read(MOST_BYTES + 1) if file else b""
        name = (file.filename if file else None) or "template.docx"
        _require(content)
        check_template(content, SAMPLE)
        setting_up.add_template(work, name[-200:], content)
    except RefusedError as problem:
        return show_settings(request, work.session, problem=problem)
    return RedirectResponse("/visits/settings#template", status_code=303)


def _require(content: bytes) -> None:
    if not content:
        raise RefusedError("", {"file": "Choose a Word file"})
