"""The partnership's own Word template of the visit report: looked at, kept, previewed."""

import re
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import FormDep
from app.people.guard import ActorDep, WorkDep
from app.visits import set_up, setting_up
from app.visits.documents import MOST_BYTES, SAMPLE, check_template, filled, report_template
from app.visits.pages import show_settings

router = APIRouter()

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def word_file(content: bytes, name: str) -> Response:
    """Answer with a Word file, under a name that every system accepts."""
    name = " ".join(re.sub(r"[^\w ,.()&-]+", " ", name).split())[:120] or "Visit"
    plain = re.sub(r"[^A-Za-z0-9 ,.()-]", "_", name)
    header = f"attachment; filename=\"{plain}.docx\"; filename*=UTF-8''{quote(name, safe='')}.docx"
    return Response(content, media_type=DOCX, headers={"Content-Disposition": header})


@router.get("/visits/template.docx")
def own_template(_actor: ActorDep) -> Response:
    """Answer with Eleven's template of the report, to begin one's own from."""
    return word_file(report_template(), "Template of the visit report")


@router.get("/visits/template/{template_id}/preview.docx")
def preview(_actor: ActorDep, session: SessionDep, template_id: int) -> Response:
    """Answer with a template filled with made-up words."""
    content = set_up.template_content(session, template_id)
    if content is None:
        raise NotFoundError
    return word_file(filled(content, SAMPLE), "Preview of the visit report")


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
