"""Pages for importing: choosing a file, looking at what it would do, applying or discarding it."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core.access import Work
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page
from app.organisations import import_queries as queries
from app.organisations import service
from app.organisations.models import ImportState
from app.organisations.rules import CONTACT_ROLES, KINDS
from app.organisations.service import Confirmed, RegisterChangedError
from app.people.guard import ActorDep, WorkDep

router = APIRouter()

SHOWN: Final = 50
KIND_WORDS: Final[Mapping[str, str]] = {"schools": "Schools", "agencies": "Agencies", "contacts": "Contacts"}


@router.get("/organisations/import")
def choose_file(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Ask for a file."""
    return _choose_page(request, session)


def _choose_page(
    request: Request,
    session: Session,
    problem: RefusedError | None = None,
    la_code: str | None = None,
) -> Response:
    imports = queries.recent_imports(session)
    return page(
        request,
        "organisations/import.html",
        status=422 if problem else 200,
        imports=imports,
        la_code=queries.usual_authority(imports) if la_code is None else la_code,
        kind_words=KIND_WORDS,
        contact_roles=list(CONTACT_ROLES.values()),
        agency_kinds=[kind.title for kind in KINDS.values() if kind.group == "agency"],
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        discarded=request.query_params.get("discarded") == "1",
    )


@router.post("/organisations/import")
def upload(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Read a file and go on to what it would do; nothing of the register changes yet."""
    kind = form.line("what")
    try:
        import_id = _preview(work, form, kind)
    except RefusedError as problem:
        named = {"file": f"{kind}_file", "links": "links_file"}
        problems = {named.get(field, field): text for field, text in problem.problems.items()}
        shown = RefusedError(problem.message, problems)
        return _choose_page(request, work.session, shown, form.get("la_code", "")[:20])
    return RedirectResponse(f"/organisations/import/{import_id}", status_code=303)


def _preview(work: Work, form: Form, kind: str) -> int:
    if kind not in KIND_WORDS:
        raise RefusedError("Choose what to import: schools, agencies or contacts.")
    name, data = _uploaded(form, f"{kind}_file")
    _, links = _uploaded(form, "links_file")
    if data is None:
        raise RefusedError("", {"file": f"Choose the file with the {kind}"})
    if kind == "schools":
        made = service.preview_schools(work, data, name, form.line("la_code"), links)
    elif kind == "agencies":
        made = service.preview_agencies(work, data, name)
    else:
        made = service.preview_contacts(work, data, name)
    return made.id or 0


def _uploaded(form: Form, name: str) -> tuple[str, bytes | None]:
    file = form.file(name)
    if file is None:
        return "", None
    with file.file as opened:
        return file.filename or "", opened.read()


# --- one import -----------------------------------------------------------------------------------


@router.get("/organisations/import/{import_id}")
def show_import(request: Request, _actor: ActorDep, session: SessionDep, import_id: int) -> Response:
    """Show what a file would do, or what became of it."""
    return _import_page(request, session, import_id)


def _import_page(
    request: Request,
    session: Session,
    import_id: int,
    problem: RefusedError | None = None,
    answers: Mapping[str, Any] | None = None,
) -> Response:
    preview = queries.import_preview(session, import_id)
    return page(
        request,
        "organisations/preview.html",
        status=422 if problem else 200,
        preview=preview,
        line=preview.line,
        waits=preview.line.state is ImportState.PREVIEW,
        applied=preview.line.state is ImportState.APPLIED,
        kind_words=KIND_WORDS,
        answers=answers or {},
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        shown=SHOWN,
    )


@router.post("/organisations/import/{import_id}/apply")
def apply(request: Request, work: WorkDep, form: FormDep, import_id: int) -> Response:
    """Apply an import as it was looked at."""
    answers = {name: form.line(name) for name in form if name.startswith("same-")}
    confirmed = Confirmed(
        gone=form.get("gone") == "yes",
        many_gone=form.get("many_gone") == "yes",
        same={
            name.removeprefix("same-"): value.removeprefix("new") for name, value in answers.items() if value
        },
    )
    try:
        service.apply(work, import_id, confirmed)
    except RegisterChangedError as problem:
        service.renew(work, import_id)
        return _import_page(request, work.session, import_id, problem)
    except RefusedError as problem:
        typed = answers | {"gone": confirmed.gone, "many_gone": confirmed.many_gone}
        return _import_page(request, work.session, import_id, problem, typed)
    return RedirectResponse(f"/organisations/import/{import_id}", status_code=303)


@router.post("/organisations/import/{import_id}/discard")
def discard(request: Request, work: WorkDep, import_id: int) -> Response:
    """Throw a file away that was looked at."""
    try:
        service.discard(work, import_id)
    except RefusedError as problem:
        return _import_page(request, work.session, import_id, problem)
    return RedirectResponse("/organisations/import?discarded=1", status_code=303)
