"""Pages of the register: the list with its filters, and one organisation with its contacts."""

from collections.abc import Mapping
from typing import Any, Final, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core.access import RATINGS, READERS, REGISTER
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page, wants_fragment
from app.organisations import queries, service
from app.organisations.queries import Facets, Filters
from app.organisations.rules import CONTACT_ROLES, DUTIES, IDENTIFIER_SCHEMES, KINDS, PHASES
from app.organisations.words import EMPTY, FIELD_WORDS, STATUS_WORDS, event_words, value_words
from app.people.guard import ActorDep, WorkDep

router = APIRouter()

LONGEST_SEARCH: Final = 100
_STATUSES: Final = frozenset({"", "open", "closing", "gone", "all"})
_FACTS: Final = (
    "kind",
    "phase",
    "duty",
    "governance",
    "features",
    "ages",
    "pupils",
    "trust_name",
    "district",
    "address",
    "telephone",
    "website",
    "head_name",
    "opened_on",
    "closes_on",
)


def filters_from(parameters: Mapping[str, str]) -> Filters:
    """Return the filters of an address; what cannot be a filter is passed over."""
    text = "".join(char for char in parameters.get("text", "") if char.isprintable())
    status = parameters.get("status", "")

    def known(name: str, values: Mapping[str, object]) -> str:
        value = parameters.get(name, "")
        return value if value in values else ""

    district = parameters.get("district", "")[:LONGEST_SEARCH]
    return Filters(
        text=text[:LONGEST_SEARCH].strip(),
        kind=known("kind", KINDS),
        phase=known("phase", PHASES),
        duty=known("duty", DUTIES),
        district=district if district.isprintable() else "",
        status=cast("queries.StatusFilter", status if status in _STATUSES else ""),
        contact="without" if parameters.get("contact") == "without" else "",
    )


@router.get("/organisations")
def organisations(request: Request, actor: ActorDep, session: SessionDep) -> Response:
    """List the organisations of the register."""
    filters = filters_from(request.query_params)
    typed = request.query_params.get("page", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    present = queries.facets(session)
    return page(
        request,
        "organisations/_list.html" if wants_fragment(request) else "organisations/list.html",
        listed=queries.organisations(session, filters, number),
        filters=filters,
        parameters=filters.parameters(),
        facets=present,
        may_write=actor.has(*REGISTER),
        **_choices(present),
    )


def _choices(present: Facets) -> dict[str, Any]:
    """Return what the filters offer, in words: only what occurs in the register."""
    return {
        "kinds": {key: kind.plural for key, kind in KINDS.items() if key in present.kinds},
        "phases": {key: words for key, words in PHASES.items() if key in present.phases},
        "duties": {key: words for key, words in DUTIES.items() if key in present.duties},
        "statuses": {
            "": "Open",
            "closing": "Proposed to close",
            "gone": "Gone",
            "all": "All, gone ones too",
        },
        "kind_words": {key: kind.title for key, kind in KINDS.items()},
        "phase_words": dict(PHASES),
        "status_words": dict(STATUS_WORDS),
    }


# --- one organisation -----------------------------------------------------------------------------


@router.get("/organisations/{organisation_id}")
def organisation(request: Request, actor: ActorDep, session: SessionDep, organisation_id: int) -> Response:
    """Show one organisation: facts, contacts, identifiers, history."""
    del actor  # whoever works for the partnership may look
    return _organisation_page(request, session, organisation_id)


def _organisation_page(
    request: Request,
    session: Session,
    organisation_id: int,
    *,
    problem: RefusedError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    shown = queries.organisation_page(session, organisation_id)
    actor = request.state.actor
    return page(
        request,
        "organisations/organisation.html",
        status=422 if problem else 200,
        organisation=shown,
        name=shown.facts["name"],
        facts=_fact_lines(shown.facts),
        status_words=STATUS_WORDS[shown.facts["status"]],
        schemes=IDENTIFIER_SCHEMES,
        roles=CONTACT_ROLES,
        history=[(each, event_words(each.event, each.detail)) for each in shown.history],
        may_write=actor.has(*REGISTER),
        may_read_ratings=actor.has(*RATINGS),
        may_read_returns=actor.has(*READERS),
        typed=typed or {},
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        done=_done(request, shown),
    )


def _done(request: Request, shown: queries.OrganisationPage) -> str:
    """Return what the person has just done, as the address says it; only what is really so."""
    added = request.query_params.get("added", "")
    if person := next((each for each in shown.contacts if str(each.id) == added), None):
        return f"{person.name} is a contact now, as {CONTACT_ROLES[person.role].lower()}."
    return "The contact was removed." if request.query_params.get("removed") == "1" else ""


def _fact_lines(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return an organisation's facts in words; those that it has not are left out."""
    ages = f"{facts['low_age']} to {facts['high_age']}" if facts["low_age"] is not None else ""
    address = ", ".join(filter(None, (str(facts["address"]), str(facts["postcode"]))))
    head = ", ".join(filter(None, (str(facts["head_name"]), str(facts["head_job_title"]))))
    shown = {**facts, "ages": ages, "address": address, "head_name": head}
    if facts["phase"] == "not_applicable":
        shown["phase"] = ""
    if facts["governance"] == "agency":
        shown["governance"] = ""
    lines = ((name, value_words(name, shown[name])) for name in _FACTS)
    words = {**FIELD_WORDS, "ages": "Ages"}
    return [(words[name], value) for name, value in lines if value != EMPTY]


@router.post("/organisations/{organisation_id}/contacts")
def add_contact(request: Request, work: WorkDep, form: FormDep, organisation_id: int) -> Response:
    """Give an organisation a contact."""
    try:
        contact_id = service.add_contact(
            work,
            organisation_id,
            name=form.text("name", most=1_000),
            email=form.text("email", most=1_000),
            role=form.line("role"),
            telephone=form.text("telephone", most=1_000),
        )
    except RefusedError as problem:
        return _organisation_page(request, work.session, organisation_id, problem=problem, typed=form)
    return RedirectResponse(f"/organisations/{organisation_id}?added={contact_id}", status_code=303)


@router.post("/organisations/{organisation_id}/contacts/{contact_id}/remove")
def remove_contact(work: WorkDep, organisation_id: int, contact_id: int) -> Response:
    """End a person's place at an organisation."""
    service.end_contact(work, organisation_id, contact_id)
    return RedirectResponse(f"/organisations/{organisation_id}?removed=1", status_code=303)
