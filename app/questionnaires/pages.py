"""Pages of questionnaires: the list, one version, and publishing a file."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import page
from app.people.guard import ActorDep, WorkDep
from app.questionnaires import queries, service
from app.questionnaires.rules import worded

router = APIRouter()
MOST_BYTES = 2_000_000


@router.get("/questionnaires")
def questionnaires(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """List the published questionnaires."""
    return page(request, "questionnaires/list.html", published=queries.published(session), problem=None)


@router.post("/questionnaires")
def publish(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Publish an uploaded definition, or show each mistake with its line."""
    try:
        name, text = _uploaded(form)
        version = service.publish(work, text=text, file_name=name)
    except RefusedError as problem:
        return page(
            request,
            "questionnaires/list.html",
            status=422,
            published=queries.published(work.session),
            problem=problem,
        )
    return RedirectResponse(f"/questionnaires/{version.key}/{version.version}", status_code=303)


def _uploaded(form: Form) -> tuple[str, str]:
    upload = form.file("file")
    if upload is None:
        raise RefusedError("", {"file": "Choose a questionnaire file (.yaml)"})
    data = upload.file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise RefusedError("", {"file": "Choose a file of 2 MB or less"})
    try:
        return upload.filename or "questionnaire.yaml", data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError("", {"file": "Save the file as UTF-8 text and choose it again"}) from error


@router.get("/questionnaires/{key}/{version}")
def questionnaire(
    request: Request, _actor: ActorDep, session: SessionDep, key: str, version: int
) -> Response:
    """Show a whole questionnaire as it was published."""
    version_id = queries.version_id(session, key, version)
    return page(
        request,
        "questionnaires/version.html",
        line=queries.version_line(session, version_id),
        questionnaire=worded(queries.questionnaire(session, version_id)),
    )
