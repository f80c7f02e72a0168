"""The desk and the queue: what waits for one officer, and the signed returns of a round to share out."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import PartnershipRole, Work
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.rendering import error_list, page, query_string
from app.moderation import queue, sharing, waiting
from app.moderation.queue import STAGE_WORDS, Stage, Wanted
from app.people.guard import ActorDep, NowDep, WorkDep
from app.questionnaires.queries import questionnaire
from app.rounds.queries import round_line

router = APIRouter()
ROWS_A_PAGE = 50
WHO_WORDS = {"": "Everybody’s", "mine": "Mine", "nobody": "Nobody’s yet"}


@router.get("/moderation")
def desk(request: Request, actor: ActorDep, session: SessionDep) -> Response:
    """Show what waits for the person at work, and how far each round is."""
    moderates = actor.has(PartnershipRole.PSO)
    return page(
        request,
        "moderation/desk.html",
        mine=waiting.mine(session, actor.user_id) if moderates else (),
        waiting=waiting.second_opinions(session, actor.user_id) if moderates else (),
        rounds=queue.rounds(session),
        moderates=moderates,
        words=STAGE_WORDS,
    )


def _wanted(fields: object) -> Wanted:
    get = fields.get  # type: ignore[attr-defined]
    who, stage = str(get("who", "")), str(get("stage", ""))
    return Wanted(
        who if who in WHO_WORDS else "",
        stage if stage in list(Stage) else "",
        " ".join(str(get("name", "")).split())[:100],
    )


@router.get("/rounds/{round_id}/moderation")
def of_round(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Show the queue of a round, with the form that shares it out."""
    return _queue_page(request, Work(session, actor, at), round_id, _wanted(request.query_params))


def _queue_page(
    request: Request,
    work: Work,
    round_id: int,
    wanted: Wanted,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    line = round_line(work.session, round_id)
    every = queue.of_round(work.session, round_id)
    shown = [row for row in every if wanted.shows(row, work.actor.user_id)]
    done = request.query_params if form is None else form
    pages = max(1, -(-len(shown) // ROWS_A_PAGE))
    number = min(whole_number(done.get("page", "")) or 1, pages)
    return page(
        request,
        "moderation/queue.html",
        status=422 if problem else 200,
        round=line,
        rows=shown[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE],
        found=len(shown),
        number=number,
        pages=pages,
        of=len(every),
        counts=queue.counts(every),
        words=STAGE_WORDS,
        who_words=WHO_WORDS,
        wanted=wanted,
        officers=sharing.officers(work),
        domains=[each for each in questionnaire(work.session, line.version_id).domains if each.rated],
        may_share=work.actor.has(*sharing.SHARERS),
        ticked=set(form.integers("returns")) if form is not None else set(),
        values=dict(form) if form is not None else {},
        shared=whole_number(done.get("shared", "")),
        left_out=whole_number(done.get("left-out", "")) or 0,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


def _officer(form: Form) -> int | None:
    """Return the chosen officer, or None to give back to nobody. Raises RefusedError without a choice."""
    user_id = whole_number(form.get("user_id", ""))
    if user_id is None and form.get("user_id") != "nobody":
        raise RefusedError("", {"user_id": "Choose who moderates them"})
    return user_id


@router.post("/rounds/{round_id}/moderation")
def share(request: Request, work: WorkDep, form: FormDep, round_id: int) -> Response:
    """Share returns, or one domain of them, out to an officer, or give them back to nobody."""
    wanted = _wanted(form)
    line = round_line(work.session, round_id)
    every = [
        row.return_id
        for row in queue.of_round(work.session, round_id)
        if wanted.shows(row, work.actor.user_id)
    ]
    ticked = set(form.integers("returns"))
    chosen = every if form.get("all") == "yes" else [each for each in every if each in ticked]
    try:
        user_id = _officer(form)
        with work.session.begin_nested():
            done = sharing.share(work, chosen, user_id, form.get("domain") or None)
    except RefusedError as problem:
        return _queue_page(request, work, round_id, wanted, problem=problem, form=form)
    number = whole_number(form.get("page", "")) or 1
    told = {
        "who": wanted.who,
        "stage": wanted.stage,
        "name": wanted.name,
        "page": number,
        "shared": done.done,
    }
    address = f"/rounds/{line.id}/moderation{query_string(told)}"
    return RedirectResponse(f"{address}&left-out={done.conflicts}", status_code=303)
