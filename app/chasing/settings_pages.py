"""Pages that hold for all rounds: term dates, the words of mails, addresses that mails do not reach."""

from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing import term_dates
from app.chasing.composing import About, Recipient, values_for
from app.chasing.deciding import open_returns
from app.chasing.stages import Standing4
from app.chasing.term_dates import NewTerm, short_years, term_lines
from app.core import addresses, audit
from app.core import letters as texts
from app.core.access import Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.dates import read_date
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import Form, FormDep
from app.core.letters import PLACEHOLDERS, REQUIRED, TITLES, Letter
from app.core.models import AddressFault
from app.core.rendering import error_list, page
from app.core.settings import settings
from app.organisations.models import Contact, Organisation
from app.people.guard import ActorDep, WorkDep
from app.people.models import User
from app.people.rules import normal_address
from app.rounds.queries import open_round_ids, round_line

router = APIRouter()

FAULT_WORDS = {
    AddressFault.REFUSED: "The mail server refused it",
    AddressFault.REPORTED: "The mail service reported it",
    AddressFault.BY_HAND: "Marked by hand",
}


# --- terms ---------------------------------------------------------------------------------------------


@router.get("/terms")
def terms(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """List the terms of the partnership's schools."""
    return _terms_page(request, session)


def _terms_page(
    request: Request,
    session: Session,
    *,
    values: Mapping[str, str] | None = None,
    problem: RefusedError | None = None,
) -> Response:
    lines = term_lines(session)
    return page(
        request,
        "chasing/terms.html",
        status=422 if problem else 200,
        lines=lines,
        short=short_years(lines),
        added=request.query_params.get("added", ""),
        values=values or {},
        problems=problem.problems if problem else {},
        errors=error_list(problem),
    )


@router.post("/terms")
def add_term(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Add one term."""
    new = NewTerm(form.line("name"), read_date(form.line("first_on")), read_date(form.line("last_on")))
    try:
        added = term_dates.add_terms(work, [new])
    except RefusedError as problem:
        return _terms_page(request, work.session, values=form, problem=problem)
    return RedirectResponse(f"/terms?added={added}", status_code=303)


def _terms_in(form: Form) -> list[NewTerm]:
    file = form.file("file")
    if file is None:
        raise RefusedError("", {"file": "Choose a file: CSV or calendar (.ics)"})
    data = file.file.read(term_dates.MOST_BYTES + 1)
    return term_dates.read_terms(file.filename or "the file", data)


@router.post("/terms/import")
def import_terms(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Add the terms of a CSV or calendar file, all or none."""
    try:
        added = term_dates.add_terms(work, _terms_in(form))
    except RefusedError as problem:
        work.session.rollback()
        return _terms_page(request, work.session, problem=problem)
    return RedirectResponse(f"/terms?added={added}", status_code=303)


@router.post("/terms/{term_id}/remove")
def remove_term(work: WorkDep, term_id: int) -> Response:
    """Remove a term."""
    term_dates.remove_term(work, term_id)
    return RedirectResponse("/terms", status_code=303)


# --- the words of mails ----------------------------------------------------------------------------------


@router.get("/mail-texts")
def mail_texts(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """List the kinds of mail whose words a partnership can change."""
    return page(request, "chasing/mail-texts.html", letters=texts.letters(session), titles=TITLES)


@router.get("/mail-texts/{letter_key}")
def mail_text(request: Request, work: WorkDep, letter_key: str) -> Response:
    """Show the words of one kind of mail, and how it reads for a real organisation."""
    if letter_key not in TITLES:
        raise NotFoundError
    return _text_page(request, work, texts.letters(work.session)[letter_key])


def _text_page(
    request: Request, work: Work, letter: Letter, *, problem: RefusedError | None = None
) -> Response:
    organisation, values = _example(work, letter.key)
    subject, body = letter.filled(values)
    return page(
        request,
        "chasing/mail-text.html",
        status=422 if problem else 200,
        letter=letter,
        title=TITLES[letter.key],
        placeholders=PLACEHOLDERS,
        required=REQUIRED,
        preview={"organisation": organisation, "subject": subject, "body": body},
        saved="saved" in request.query_params,
        problems=problem.problems if problem else {},
        errors=error_list(problem),
    )


def _example(work: Work, key: str) -> tuple[str, Mapping[str, str]]:
    """Return values for a preview: of organisations that wait in an open round, else of made-up ones."""
    session, today = work.session, london_date(work.now)
    wanted = {"not-opened": "not_opened", "not-started": "not_started", "in-progress": "in_progress"}
    state = wanted.get(key, "waiting" if key == "waiting" else "")
    abouts: list[About] = []
    for round_id in open_round_ids(session):
        title = round_line(session, round_id).title
        waiting = open_returns(session, round_id, frozenset())
        waiting.sort(key=lambda each: (each.standing != state, each.organisation))
        abouts = [
            About(
                each.return_id,
                each.organisation,
                title,
                each.standing,
                each.due_on,
                each.answered,
                each.total,
            )
            for each in waiting[: 3 if key == "several" else 1]
        ]
        if abouts:
            break
    if not abouts:
        due = today + timedelta(days=7)
        abouts = [About(0, "Example Primary School", "Section 175", Standing4.IN_PROGRESS, due, 34, 58)]
    # The links of a preview lead to the contact page: nobody signs in as somebody else by reading it.
    to = Recipient(0, "Robin Marsh", may_sign_in=False)
    values = values_for(abouts, to, settings(), now=work.now, today=today)
    return abouts[0].organisation, values


@router.post("/mail-texts/{letter_key}")
def save_text(request: Request, work: WorkDep, form: FormDep, letter_key: str) -> Response:
    """Keep the partnership's own words, or only show how they read."""
    if letter_key not in TITLES:
        raise NotFoundError
    letter = Letter(letter_key, form.line("subject", most=2_000), form.text("body").strip() + "\n", own=True)
    try:
        if form.get("look"):
            texts.check_letter(letter)
            return _text_page(request, work, letter)
        texts.save_letter(work, letter_key, letter.subject, letter.body)
    except RefusedError as problem:
        return _text_page(request, work, letter, problem=problem)
    return RedirectResponse(f"/mail-texts/{letter_key}?saved=1", status_code=303)


@router.post("/mail-texts/{letter_key}/restore")
def restore_text(work: WorkDep, letter_key: str) -> Response:
    """Go back to Eleven's own words."""
    texts.restore_letter(work, letter_key)
    return RedirectResponse(f"/mail-texts/{letter_key}", status_code=303)


# --- addresses -------------------------------------------------------------------------------------------


@router.get("/addresses")
def bad_addresses(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """List the addresses that mails do not reach."""
    return _addresses_page(request, session, typed=request.query_params.get("address", "")[:254])


def _addresses_page(
    request: Request, session: Session, *, typed: str = "", problem: RefusedError | None = None
) -> Response:
    lines = addresses.bad_addresses(session)
    places: dict[str, list[tuple[int, str]]] = {}
    for address, number, name in session.execute(
        select(col(User.email), col(Organisation.id), col(Organisation.name))
        .join(Contact, col(Contact.user_id) == col(User.id))
        .join(Organisation, col(Organisation.id) == col(Contact.organisation_id))
        .where(col(User.email).in_([each.address for each in lines]), col(Contact.ended_at).is_(None))
        .order_by(col(Organisation.name))
        .distinct()
    ):
        places.setdefault(address, []).append((int(number or 0), name))
    return page(
        request,
        "chasing/addresses.html",
        status=422 if problem else 200,
        lines=lines,
        places=places,
        words=FAULT_WORDS,
        typed=typed,
        problems=problem.problems if problem else {},
        errors=error_list(problem),
    )


def _mark(work: Work, address: str, detail: str) -> None:
    known = work.session.execute(select(col(User.id)).where(col(User.email) == address)).scalar()
    if known is None:
        raise RefusedError("", {"address": "Nobody in Eleven has this address. Check it"})
    marked = addresses.mark_undeliverable(
        work.session, address, AddressFault.BY_HAND, detail, work.now, by=work.actor.user_id
    )
    if marked:
        audit.record(work, "address.undeliverable", ("user", int(known)), address=address, detail=detail)


@router.post("/addresses")
def mark_address(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Say that mails to an address do not arrive: nothing is sent there any more."""
    address = normal_address(form.line("address"))
    try:
        _mark(work, address, form.line("detail", most=addresses.LONGEST_DETAIL))
    except RefusedError as problem:
        return _addresses_page(request, work.session, typed=address, problem=problem)
    return RedirectResponse("/addresses", status_code=303)


@router.post("/addresses/works")
def address_works(work: WorkDep, form: FormDep) -> Response:
    """Say that an address works again."""
    addresses.works_again(work, form.line("address"))
    return RedirectResponse("/addresses", status_code=303)
