"""Pages for preparing a round and looking after it."""

from collections import Counter

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, in_order_of, whole_number
from app.core.rendering import error_list, page
from app.organisations.rules import KINDS, PHASES
from app.people.guard import ActorDep, NowDep, WorkDep
from app.questionnaires import queries as questionnaires
from app.rounds import queries, service
from app.rounds.models import RoundState
from app.rounds.rules import Audience

router = APIRouter()


@router.get("/rounds")
def rounds(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """List the rounds."""
    return page(request, "rounds/list.html", rounds=queries.rounds(session), today=london_date(at))


@router.get("/rounds/new")
def new_round(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Ask for a round's name, questionnaire and dates."""
    return page(
        request,
        "rounds/new.html",
        versions=questionnaires.published(session),
        values={},
        errors=[],
        problems={},
    )


# The fields of a new round as the page shows them, with the most characters of each.
_FIELDS = {"title": 120, "version_id": 20, "opens_on": 40, "due_on": 40}


@router.post("/rounds")
def create_round(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Prepare a round and go on to whom it asks."""
    typed, unreadable = form.lines(_FIELDS)
    new = service.NewRound(
        title=typed["title"],
        version_id=whole_number(typed["version_id"]),
        opens_on=read_date(typed["opens_on"]),
        due_on=read_date(typed["due_on"]),
    )
    try:
        round_id = service.create(work, new)
    except RefusedError as refusal:
        problem = in_order_of(_FIELDS, refusal, unreadable)
        return page(
            request,
            "rounds/new.html",
            status=422,
            versions=questionnaires.published(work.session),
            values=dict(form),
            errors=error_list(problem),
            problems=problem.problems,
        )
    return RedirectResponse(f"/rounds/{round_id}/audience", status_code=303)


@router.get("/rounds/{round_id}/audience")
def audience(request: Request, _actor: ActorDep, session: SessionDep, round_id: int) -> Response:
    """Choose whom a round asks."""
    return _audience_page(request, session, round_id)


def _audience_page(
    request: Request,
    session: Session,
    round_id: int,
    *,
    chosen: Audience | None = None,
    find: str = "",
    problem: RefusedError | None = None,
) -> Response:
    line = queries.round_line(session, round_id)
    audience = chosen or queries.audience(session, round_id)
    duties = questionnaires.questionnaire(session, line.version_id).duties
    candidates = queries.candidates(session)
    counts = Counter(each.candidate.kind for each in candidates)
    found = [each for each in candidates if find and find.casefold() in each.candidate.name.casefold()]
    picked = audience.included | audience.excluded | {each.candidate.organisation_id for each in found[:20]}
    return page(
        request,
        "rounds/audience.html",
        status=422 if problem else 200,
        round=line,
        audience=audience,
        kinds=[kind for kind in KINDS.values() if counts[kind.key] and kind.duty in duties],
        other_kinds=[kind for kind in KINDS.values() if counts[kind.key] and kind.duty not in duties],
        counts=counts,
        phases=[(key, words) for key, words in PHASES.items() if key != "not_applicable"],
        candidates=candidates,
        singles=[each for each in candidates if each.candidate.organisation_id in picked],
        find=find,
        found=len(found),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


def _chosen(form: Form) -> Audience:
    singles = {
        number: value
        for name, value in form.items()
        if name.startswith("single-") and (number := whole_number(name.removeprefix("single-"))) is not None
    }
    return Audience(
        kinds=frozenset(form.values_of("kinds")) & KINDS.keys(),
        phases=frozenset(form.values_of("phases")) & PHASES.keys(),
        included=frozenset(key for key, value in singles.items() if value == "in"),
        excluded=frozenset(key for key, value in singles.items() if value == "out"),
    )


@router.post("/rounds/{round_id}/audience")
def choose_audience(request: Request, work: WorkDep, form: FormDep, round_id: int) -> Response:
    """Keep the choice and go on to the preview; or find an organisation to decide about by itself."""
    chosen = _chosen(form)
    typed, unreadable = form.lines({"find": 100})
    if unreadable:
        problem = RefusedError("", unreadable)
        return _audience_page(
            request, work.session, round_id, chosen=chosen, find=form.get("find", ""), problem=problem
        )
    if form.get("look"):
        return _audience_page(request, work.session, round_id, chosen=chosen, find=typed["find"])
    if not chosen.kinds and not chosen.included:
        none = RefusedError("", {"kinds": "Choose at least one kind of organisation, or a single one"})
        return _audience_page(request, work.session, round_id, chosen=chosen, problem=none)
    service.set_audience(work, round_id, chosen)
    return RedirectResponse(f"/rounds/{round_id}/issue", status_code=303)


@router.post("/rounds/{round_id}/close")
def close(work: WorkDep, round_id: int) -> Response:
    """Close a round: nobody writes any more, everybody still reads."""
    service.set_state(work, round_id, RoundState.CLOSED)
    return RedirectResponse(f"/rounds/{round_id}", status_code=303)


@router.post("/rounds/{round_id}/reopen")
def reopen(work: WorkDep, round_id: int) -> Response:
    """Open a closed round again."""
    service.set_state(work, round_id, RoundState.OPEN)
    return RedirectResponse(f"/rounds/{round_id}", status_code=303)
