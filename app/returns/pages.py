"""Pages of a return: task list, questions, saving."""

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.actions.rules import STATUS_WORDS
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.people.guard import WorkDep
from app.people.straight import StraightRoute
from app.questionnaires.definition import Domain, Questionnaire, Standard
from app.returns import asked, context, deciding, queries, service, teamwork
from app.returns.editions import editions_of
from app.returns.evidence_queries import files_of
from app.returns.reading import read_answer
from app.returns.rules import CLOSING
from app.returns.signing import domain_ratings
from app.returns.unsent import refuse_another_persons, unsent_place

# Saving and reading questions is what people do most.
router = APIRouter(route_class=StraightRoute)


def domain_named(questionnaire: Questionnaire, key: str) -> Domain:
    """Return a domain of a return, or raise NotFoundError."""
    if key == CLOSING and questionnaire.closing:
        return context.closing_domain(questionnaire)
    for domain in questionnaire.domains:
        if domain.key == key:
            return domain
    raise NotFoundError


def standard_named(domain: Domain, key: str) -> Standard:
    """Return a standard of a domain, or raise NotFoundError."""
    for standard in domain.standards:
        if standard.key == key:
            return standard
    raise NotFoundError


@router.get("/returns/{return_id}")
def task_list(request: Request, work: WorkDep, return_id: int) -> Response:
    """Show how far a return is, domain by domain, and where to go on."""
    return task_list_page(request, work, return_id)


def task_list_page(
    request: Request, work: Work, return_id: int, *, problem: RefusedError | None = None, reason: str = ""
) -> Response:
    """Show the task list; after a reason for sending back was refused, with it and what is wrong."""
    session, actor = work.session, work.actor
    this = queries.head(session, actor, return_id)
    questionnaire = queries.questionnaire_of(session, this)
    answers = queries.answers(session, actor, return_id)
    values = queries.values_of(answers)
    ratings = {rating.domain_key: rating for rating in domain_ratings(questionnaire, values)}
    lines = context.domain_lines(
        questionnaire, values, queries.domain_colleagues(session, actor, return_id), ratings
    )
    latest = max(answers.values(), key=lambda line: line.updated_at, default=None)
    own = actor.holds(this.organisation_id)
    today = london_date(work.now)
    older = asked.asked_of(session, actor, this, questionnaire)
    return page(
        request,
        "returns/task-list.html",
        status=422 if problem else 200,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        reason=reason,
        this=this,
        questionnaire=questionnaire,
        lines=lines,
        older=older,
        older_answered=sum(each.answered for each in older),
        next_line=next((line for line in lines if not line.complete), None),
        latest=latest,
        editions=editions_of(session, actor, return_id) if this.edition else (),
        changed=[standard for standard in questionnaire.standards if standard.changed],
        own=own,
        may_write=own and this.writable(today),
        may_sign=actor.holds(this.organisation_id, OrganisationRole.SIGNATORY),
        may_send_back=actor.has(PartnershipRole.BOARD_MANAGER),
        last_year=queries.last_years_returns(session, actor, this) if own else (),
        today=today,
    )


@router.post("/returns/{return_id}/opened")
def opened(work: WorkDep, return_id: int) -> Response:
    """Note that the return was looked at; the page says so by itself, since a GET changes nothing."""
    this = queries.head(work.session, work.actor, return_id)
    if not work.actor.holds(this.organisation_id):
        raise NotFoundError
    if this.writable(london_date(work.now)):
        teamwork.mark_opened(work, return_id)
    return Response(status_code=204)


@router.get("/returns/{return_id}/{domain}")
def questions(request: Request, work: WorkDep, return_id: int, domain: str) -> Response:
    """Show the questions of one domain with their answers."""
    session, actor = work.session, work.actor
    this, older = asked.head_and_older(session, actor, return_id)
    questionnaire = queries.questionnaire_of(session, this)
    place = domain_named(questionnaire, domain)
    answers = queries.answers(session, actor, return_id)
    views = [context.view(standard, answers.get(standard.key)) for standard in place.standards]
    views = context.with_files(views, files_of(session, actor, return_id))
    today = london_date(work.now)
    return _domain_page(
        request,
        actor,
        this,
        questionnaire,
        place,
        views=views,
        answers=answers,
        older=asked.placed(older, questionnaire, domain),
        may_write=actor.holds(this.organisation_id) and this.writable(today),
        opens_later=this.opens_later(today),
    )


def _domain_page(
    request: Request,
    actor: Actor,
    this: queries.ReturnHead,
    questionnaire: Questionnaire,
    place: Domain,
    *,
    views: list[context.StandardView],
    answers: Mapping[str, queries.AnswerLine],
    older: asked.Placed,
    may_write: bool,
    opens_later: bool = False,
    status: int = 200,
    refusal: str = "",
) -> Response:
    lines = context.domain_lines(questionnaire, queries.values_of(answers), {}, {})
    keys = [line.key for line in lines]
    following = keys.index(place.key) + 1
    problems = {name: text for view in views for name, text in view.problems.items()}
    return page(
        request,
        "returns/domain.html" if may_write else "returns/domain-read.html",
        status=status,
        this=this,
        questionnaire=questionnaire,
        domain=place,
        views=views,
        older=older,
        status_words=STATUS_WORDS,
        lines=lines,
        next_key=keys[following] if following < len(keys) else "",
        errors=[{"text": text, "href": f"#{name}"} for name, text in problems.items()],
        refusal=refusal,
        opens_later=opens_later,
        page_mark=context.page_mark(views),
        conflicts=[view for view in views if view.conflict],
        unsent=unsent_place(actor, this.id) if actor.holds(this.organisation_id) else None,
    )


@router.post("/returns/{return_id}/{domain}")
def save_page(request: Request, work: WorkDep, form: FormDep, return_id: int, domain: str) -> Response:
    """Save a whole page of answers: this is how the form works without JavaScript."""
    this = queries.head(work.session, work.actor, return_id)
    held = service.lock(work, return_id)
    questionnaire = service.questionnaire_of(work, held)
    place = domain_named(questionnaire, domain)
    before = queries.answers(work.session, work.actor, return_id)
    views, clean = [], True
    refusal = ""
    for standard in place.standards:
        try:
            result = _save(work, form, held, questionnaire, standard, before.get(standard.key))
        except RefusedError as problem:
            # Signed or closed meanwhile: nothing is taken, and the page keeps what was typed.
            refusal = problem.message
            result = context.refused_view(standard, before.get(standard.key), form, {})
        clean = clean and not result.problems and not result.conflict and not refusal
        views.append(result)
    if clean:
        return RedirectResponse(_after_saving(form, return_id, questionnaire, domain), status_code=303)
    answers = queries.answers(work.session, work.actor, return_id)
    views = context.with_files(views, files_of(work.session, work.actor, return_id))
    _, older = asked.head_and_older(work.session, work.actor, return_id)
    status = 423 if refusal else 409 if any(view.conflict for view in views) else 422
    return _domain_page(
        request,
        work.actor,
        this,
        questionnaire,
        place,
        views=views,
        answers=answers,
        older=asked.placed(older, questionnaire, domain),
        may_write=True,
        status=status,
        refusal=refusal,
    )


def _after_saving(form: FormDep, return_id: int, questionnaire: Questionnaire, domain: str) -> str:
    """Return where a saved page leads: back to a conflict just decided, on to the next part, or the list."""
    decided = deciding.decided_now(form)
    if decided:
        return f"/returns/{return_id}/{domain}#standard-{quote(decided)}"
    target = form.line("next") if form.get("continue") else ""
    suffix = f"/{target}" if target and target in {*_keys(questionnaire)} else ""
    return f"/returns/{return_id}{suffix}"


def _keys(questionnaire: Questionnaire) -> list[str]:
    return [domain.key for domain in questionnaire.domains] + [CLOSING]


def _save(
    work: WorkDep,
    form: FormDep,
    held: service.Held,
    questionnaire: Questionnaire,
    standard: Standard,
    before: queries.AnswerLine | None,
) -> context.StandardView:
    try:
        sent = read_answer(form, standard, questionnaire)
    except RefusedError as problem:
        return context.refused_view(standard, before, form, problem.problems)
    refuse_another_persons(form, work.actor)
    choice = deciding.choice_in(form, standard.key)
    if choice is not None:
        instead = deciding.instead_of_saving(work, held.id, questionnaire, standard, sent, choice=choice)
        if instead is not None:
            return instead
    try:
        result = service.save_held(work, held, asked=standard, sent=sent)
    except RefusedError as problem:
        if not problem.problems:
            raise
        return context.refused_view(standard, before, form, problem.problems)
    if isinstance(result, service.Conflict):
        return context.conflict_view(questionnaire, standard, result)
    line = queries.AnswerLine(result.values, result.version, work.now, work.actor.user_id, work.actor.name)
    return context.saved_view(standard, line, result.merged_with, whole=result.values != sent.values)


@router.post("/returns/{return_id}/{domain}/{standard}")
def save_one(
    request: Request, work: WorkDep, form: FormDep, return_id: int, domain: str, standard: str
) -> Response:
    """Save one answer as it changes and say so quietly."""
    held = service.lock(work, return_id)
    questionnaire = service.questionnaire_of(work, held)
    asked = standard_named(domain_named(questionnaire, domain), standard)
    try:
        result = _save(work, form, held, questionnaire, asked, None)
    except RefusedError as problem:
        # The round was closed or the return signed meanwhile: the text stays on the page.
        return page(request, "returns/_not-taken.html", status=423, message=problem.message)
    status = 409 if result.conflict else 422 if result.problems else 200
    # After a merge the page must show what is stored: a save from stale fields would undo the colleague's.
    whole = bool(result.conflict or result.whole)
    if whole:
        (result,) = context.with_files([result], files_of(work.session, work.actor, return_id))
    return page(
        request,
        "returns/_section.html" if whole else "returns/_saved.html",
        status=status,
        view=result,
        questionnaire=questionnaire,
        url=f"/returns/{return_id}/{domain}",
    )
