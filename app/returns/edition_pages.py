"""The receipt: what was signed, by whom and when, edition by edition; a page that prints well."""

from fastapi import APIRouter, Request, Response

from app.core.database import SessionDep
from app.core.errors import NotFoundError
from app.core.rendering import page
from app.people.guard import ActorDep
from app.returns import looking_back, queries
from app.returns.editions import changed_keys, editions_of, is_unchanged, numbers_of, signed_edition
from app.returns.signing import titles_of

router = APIRouter()


@router.get("/returns/{return_id}/receipt")
def receipt(request: Request, actor: ActorDep, session: SessionDep, return_id: int) -> Response:
    """Show the newest signed edition."""
    return _receipt_page(request, session, actor, queries.head(session, actor, return_id), edition=None)


@router.get("/returns/{return_id}/editions/{edition}")
def edition_receipt(
    request: Request, actor: ActorDep, session: SessionDep, return_id: int, edition: int
) -> Response:
    """Show one signed edition, as it was signed."""
    return _receipt_page(request, session, actor, queries.head(session, actor, return_id), edition=edition)


def _receipt_page(
    request: Request, session: SessionDep, actor: ActorDep, this: queries.ReturnHead, *, edition: int | None
) -> Response:
    number = this.edition if edition is None else edition
    signed = signed_edition(session, actor, this.id, number)
    if signed is None:
        raise NotFoundError
    before = signed_edition(session, actor, this.id, number - 1) if number > 1 else None
    questionnaire = queries.questionnaire_of(session, this)
    titles = titles_of(questionnaire)
    return page(
        request,
        "returns/receipt.html",
        this=this,
        signed=signed,
        numbers=numbers_of(signed.content),
        unchanged=is_unchanged(signed),
        editions=editions_of(session, actor, this.id),
        changed=[titles.get(key, key) for key in changed_keys(before, signed)] if before else None,
        sections=looking_back.signed_sections(questionnaire, signed),
    )
