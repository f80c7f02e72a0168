"""Pages of evidence files: one for each standard, a list for the whole return, and the files themselves."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlmodel import Session

from app.core.access import Actor
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import NO_ROOM, Form, FormDep
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.core.storage import FileGoneError, Storage, StorageError
from app.people.guard import ActorDep, WorkDep
from app.questionnaires.definition import Domain, Standard
from app.returns import evidence, queries
from app.returns.evidence_queries import file_to_open, files_of, last_years_files
from app.returns.file_names import attachment
from app.returns.file_types import ACCEPT, KINDS_IN_WORDS
from app.returns.finishing import own_head
from app.returns.pages import domain_named, standard_named

router = APIRouter()
LOG = logging.getLogger("eleven")


def storage_of(request: Request) -> Storage:
    """Return where this program keeps files."""
    storage: Storage = request.app.state.storage
    return storage


StorageDep = Annotated[Storage, Depends(storage_of)]


def _asked(session: Session, this: queries.ReturnHead, domain: str, standard: str) -> tuple[Domain, Standard]:
    """Return a rated standard that the return asks about, or raise NotFoundError."""
    place = domain_named(queries.questionnaire_of(session, this), domain)
    asked = standard_named(place, standard)
    if not asked.rated:
        raise NotFoundError
    return place, asked


@router.get("/returns/{return_id}/{domain}/{standard}/evidence")
def show_evidence(
    request: Request, actor: ActorDep, session: SessionDep, return_id: int, domain: str, standard: str
) -> Response:
    """Show the files of a standard, and to its own people the way to add and remove some."""
    this = queries.head(session, actor, return_id)
    return _evidence_page(request, session, actor, this, _asked(session, this, domain, standard))


def _evidence_page(
    request: Request,
    session: Session,
    actor: Actor,
    this: queries.ReturnHead,
    asked: tuple[Domain, Standard],
    *,
    problem: RefusedError | None = None,
    status: int = 422,
) -> Response:
    domain, standard = asked
    every = files_of(session, actor, this.id)
    may_write = actor.holds(this.organisation_id) and this.open_for_answers
    config = settings()
    return page(
        request,
        "returns/evidence.html",
        status=status if problem else 200,
        this=this,
        domain=domain,
        standard=standard,
        files=every.get(standard.key, ()),
        last_year=last_years_files(session, actor, this, standard.key, every) if may_write else (),
        own=actor.holds(this.organisation_id),
        may_write=may_write,
        most_files=config.evidence_files_per_standard,
        most_megabytes=config.evidence_file_megabytes,
        most_bytes=config.evidence_file_bytes,
        scanned=bool(config.scanner),
        accept=ACCEPT,
        kinds=KINDS_IN_WORDS,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        done=request.query_params.get("done", ""),
    )


@router.post("/returns/{return_id}/{domain}/{standard}/evidence")
def upload(
    request: Request, work: WorkDep, form: FormDep, return_id: int, domain: str, standard: str
) -> Response:
    """Take a file as evidence; whatever is wrong with it is said on the same page."""
    this = own_head(work, return_id)
    asked = _asked(work.session, this, domain, standard)
    place = evidence.Place(storage_of(request), scanned=bool(settings().scanner))
    status = 422
    try:
        evidence.add(work, this, standard, _uploaded(form), place)
    except RefusedError as refusal:
        problem = refusal
    except StorageError:
        LOG.exception("evidence cannot be stored")
        problem, status = RefusedError(NO_ROOM, {evidence.FIELD: NO_ROOM}), 503
    else:
        return RedirectResponse(_path(this, domain, standard, "added"), status_code=303)
    return _evidence_page(request, work.session, work.actor, this, asked, problem=problem, status=status)


def _uploaded(form: Form) -> evidence.Upload:
    file = form.file(evidence.FIELD)
    if file is None or file.size is None:
        raise RefusedError("", {evidence.FIELD: "Choose the file that you want to add"})
    return evidence.Upload(file.filename or "", file.file, file.size)


def _path(this: queries.ReturnHead, domain: str, standard: str, done: str) -> str:
    return f"/returns/{this.id}/{domain}/{standard}/evidence?done={done}"


@router.post("/returns/{return_id}/{domain}/{standard}/evidence/last-year")
def use_last_years(
    request: Request, work: WorkDep, form: FormDep, return_id: int, domain: str, standard: str
) -> Response:
    """Use last year's files again: those that were chosen, or all of them."""
    this = own_head(work, return_id)
    asked = _asked(work.session, this, domain, standard)
    every = files_of(work.session, work.actor, this.id)
    offered = last_years_files(work.session, work.actor, this, standard, every)
    wanted = frozenset(form.integers("file_id"))
    chosen = [line for line in offered if not wanted or line.id in wanted]
    try:
        evidence.carry_over(work, this.id, standard, chosen)
    except RefusedError as problem:
        return _evidence_page(request, work.session, work.actor, this, asked, problem=problem)
    return RedirectResponse(_path(this, domain, standard, "carried"), status_code=303)


@router.post("/returns/{return_id}/files/{file_id}/remove")
def remove(request: Request, work: WorkDep, return_id: int, file_id: int) -> Response:
    """Take a file away from an answer."""
    this = own_head(work, return_id)
    questionnaire = queries.questionnaire_of(work.session, this)
    every = files_of(work.session, work.actor, this.id)
    line = next((each for some in every.values() for each in some if each.id == file_id), None)
    if line is None or not questionnaire.asks(line.standard_key):
        raise NotFoundError
    domain = questionnaire.domain_of(line.standard_key)
    if domain is None:
        raise NotFoundError
    try:
        evidence.remove(work, return_id, file_id)
    except RefusedError as problem:
        asked = _asked(work.session, this, domain.key, line.standard_key)
        shown = RefusedError(problem.message)
        return _evidence_page(request, work.session, work.actor, this, asked, problem=shown)
    return RedirectResponse(_path(this, domain.key, line.standard_key, "removed"), status_code=303)


@router.get("/returns/{return_id}/files")
def list_files(
    request: Request, actor: ActorDep, session: SessionDep, return_id: int, domain: str = ""
) -> Response:
    """List the files of a return; for a page of questions, those of one domain in pieces."""
    this = queries.head(session, actor, return_id)
    questionnaire = queries.questionnaire_of(session, this)
    every = files_of(session, actor, return_id)
    if domain:
        return page(
            request,
            "returns/_files-of-domain.html",
            this=this,
            domain=domain_named(questionnaire, domain),
            files=every,
            may_write=actor.holds(this.organisation_id) and this.open_for_answers,
        )
    return page(
        request,
        "returns/files.html",
        this=this,
        questionnaire=questionnaire,
        files=every,
        count=sum(map(len, every.values())),
    )


@router.get("/returns/{return_id}/files/{file_id}")
def open_file(
    actor: ActorDep, session: SessionDep, storage: StorageDep, return_id: int, file_id: int
) -> Response:
    """Give a file to somebody who may read the answer, for saving: it is never shown in the browser."""
    line = file_to_open(session, actor, return_id, file_id)
    try:
        content = storage.open(line.stored_as)
    except FileGoneError as problem:
        LOG.exception("evidence file %s has no content in the store", line.id)
        raise NotFoundError from problem
    except StorageError as trouble:
        LOG.exception("evidence cannot be read")
        raise RefusedError(
            "The file cannot be fetched just now. It is not lost: try again later."
        ) from trouble
    return StreamingResponse(
        content,
        headers={
            "Content-Type": line.type.media_type,
            "Content-Length": str(line.size),
            "Content-Disposition": attachment(line.name),
        },
    )
