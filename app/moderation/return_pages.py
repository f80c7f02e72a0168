"""An officer's pages of one return: how far each domain is, and each standard to judge."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import PartnershipRole, Work
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.rendering import error_list, page
from app.moderation import asking, releasing, service, sharing
from app.moderation.agreeing import Agreed, agree
from app.moderation.desk import Desk, desk, domain_or_none, standard_lines
from app.moderation.service import Verdict
from app.moderation.signals import sentences_about
from app.people.guard import ActorDep, NowDep, WorkDep

router = APIRouter()
_MOST = 4_000


@router.get("/moderation/{return_id}")
def of_return(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, return_id: int) -> Response:
    """Show how far the moderation of a return is, domain by domain."""
    return _return_page(request, Work(session, actor, at), return_id)


def _return_page(
    request: Request,
    work: Work,
    return_id: int,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    this = desk(work, return_id)
    taking_part = this.conflict is None
    return page(
        request,
        "moderation/return.html",
        status=422 if problem else 200,
        desk=this,
        this=this.this,
        signals=sentences_about(work, this.this.organisation_id),
        moderates=work.actor.has(PartnershipRole.PSO) and taking_part,
        releases=work.actor.has(*releasing.RELEASERS) and taking_part,
        against=this.obstacles() if this.open else (),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
    )


@router.post("/moderation/{return_id}")
def act(request: Request, work: WorkDep, form: FormDep, return_id: int) -> Response:
    """Take a return or give it back, go on with a new edition, release it, or take the release back."""
    domain = form.get("domain") or None
    try:
        with work.session.begin_nested():
            _step(work, form, return_id, domain)
    except RefusedError as problem:
        return _return_page(request, work, return_id, problem=problem, form=form)
    back = f"/{domain}" if domain and form.get("stay") == "yes" else ""
    return RedirectResponse(f"/moderation/{return_id}{back}", status_code=303)


def _step(work: Work, form: Form, return_id: int, domain: str | None) -> None:
    do = form.get("do", "")
    if do == "take":
        sharing.take(work, return_id, domain)
    elif do == "give-back":
        sharing.give_back(work, return_id, domain)
    elif do == "take-in":
        releasing.take_in(work, return_id)
    elif do == "release":
        releasing.release(work, return_id)
    elif do == "take-back":
        releasing.take_back(work, return_id, form.text("reason", most=_MOST))
    else:
        raise RefusedError("Choose what to do.")


# --- one domain ------------------------------------------------------------------------------------


@router.get("/moderation/{return_id}/{domain}")
def of_domain(
    request: Request, actor: ActorDep, session: SessionDep, at: NowDep, return_id: int, domain: str
) -> Response:
    """Show each standard of a domain with all that bears on its judgement."""
    return _domain_page(request, Work(session, actor, at), return_id, domain)


def _domain_page(
    request: Request,
    work: Work,
    return_id: int,
    key: str,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
    standard: str = "",
) -> Response:
    this = desk(work, return_id)
    domain = domain_or_none(this, key)
    takes_part = this.conflict is None and work.actor.has(PartnershipRole.PSO)
    holder = this.holders.get(key)
    return page(
        request,
        "moderation/domain.html",
        status=422 if problem else 200,
        desk=this,
        this=this.this,
        domain=domain,
        progress=next(each for each in this.progress if each.domain_key == key),
        neighbours=_neighbours(this, key),
        lines=standard_lines(work, this, domain),
        signals=sentences_about(work, this.this.organisation_id),
        holder=holder,
        moderates=takes_part,
        judges=takes_part and this.open and holder is not None and holder.user_id == work.actor.user_id,
        seconds=takes_part and this.open,
        me=work.actor.user_id,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
        failed=standard,
    )


def _neighbours(this: Desk, key: str) -> tuple[object, object]:
    """Return the domains before and after one, None at the ends."""
    keys = [each.key for each in this.domains]
    place = keys.index(key)
    before = this.domains[place - 1] if place else None
    after = this.domains[place + 1] if place + 1 < len(keys) else None
    return before, after


@router.post("/moderation/{return_id}/{domain}")
def validate_rest(request: Request, work: WorkDep, return_id: int, domain: str) -> Response:
    """Validate the standards of a domain that nobody has judged or asked about, as they are."""
    try:
        with work.session.begin_nested():
            service.validate_rest(work, return_id, domain)
    except RefusedError as problem:
        return _domain_page(request, work, return_id, domain, problem=problem)
    return RedirectResponse(f"/moderation/{return_id}/{domain}", status_code=303)


@router.post("/moderation/{return_id}/{domain}/{standard}")
def judge(
    request: Request, work: WorkDep, form: FormDep, return_id: int, domain: str, standard: str
) -> Response:
    """Validate a standard, change it, ask about it, agree an action, or give a second opinion."""
    try:
        with work.session.begin_nested():
            _judge(work, form, return_id, domain, standard)
    except RefusedError as problem:
        return _domain_page(request, work, return_id, domain, problem=problem, form=form, standard=standard)
    return RedirectResponse(f"/moderation/{return_id}/{domain}#standard-{standard}", status_code=303)


def _judge(work: Work, form: Form, return_id: int, domain: str, standard: str) -> None:
    do = form.get("do", "")
    if do in {"validate", "change"}:
        verdict = Verdict(
            form.get("own" if do == "validate" else f"judged-{standard}", ""),
            form.text(f"comment-{standard}", most=_MOST) if do == "change" else "",
            whole_number(form.get("seen", "")) or 0,
        )
        service.judge(work, return_id, domain, standard, verdict)
    elif do == "agree":
        agreed = Agreed(
            form.text(f"action-{standard}", most=_MOST),
            form.line(f"owner-{standard}"),
            read_date(form.line(f"due-{standard}", most=40)),
        )
        agree(work, return_id, domain, standard, agreed)
    elif do == "ask":
        asking.ask(work, return_id, domain, standard, form.text(f"question-{standard}", most=_MOST))
    elif do in {"confirm", "refuse"}:
        said = form.text(f"opinion-{standard}", most=_MOST)
        _in_domain(work, return_id, domain, standard)
        service.second_opinion(work, return_id, standard, yes=do == "confirm", comment=said)
    else:
        raise RefusedError("Choose what to do with this standard.")


def _in_domain(work: Work, return_id: int, domain: str, standard: str) -> None:
    judged = service.hold(work, return_id).judged.get(standard)
    if judged is None or judged.domain_key != domain:
        raise NotFoundError
