"""Changes to the register: reading a file, looking at what it would do, applying or discarding it.

Nothing is imported by halves: a file is applied in one transaction, or not at all.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.errors import NotFoundError, RefusedError
from app.organisations import known, stored
from app.organisations.agency_plan import agencies_of, plan_agencies
from app.organisations.applying import Applied, Confirmed, Writing, check_confirmed, write_plan
from app.organisations.contact_plan import ContactPlan, plan_contacts
from app.organisations.contacts import add_contact, end_contact, lock_register, write_contacts
from app.organisations.models import ImportState, RegisterImport
from app.organisations.plan import Changed, Plan, Register
from app.organisations.register_file import (
    AgenciesFile,
    ContactsFile,
    Link,
    RegisterFileError,
    SchoolsFile,
    parse_agencies,
    parse_contacts,
    parse_links,
    parse_schools,
    read_table,
)
from app.organisations.school_plan import fields_when_continuing, relevant_links
from app.organisations.school_plan import plan_schools as plan_of_schools
from app.people.rules import normal_address

__all__ = [
    "Applied",
    "Confirmed",
    "RegisterChangedError",
    "add_contact",
    "apply",
    "discard",
    "end_contact",
    "preview_agencies",
    "preview_contacts",
    "preview_schools",
    "renew",
]

LONGEST_FILE_NAME: Final = 120


class RegisterChangedError(RefusedError):
    """The register is not what it was when the file was looked at: look again before applying."""


# --- looking --------------------------------------------------------------------------------------


def preview_schools(
    work: Work, data: bytes, file_name: str, la_code: str, links_data: bytes | None = None
) -> RegisterImport:
    """Read a schools file for one local authority and keep what it would do, until somebody applies it.

    `links_data` is the register's file of predecessors and successors. Raises RefusedError with the problem
    of "la_code", "file" or "links".
    """
    code = la_code.strip()
    if len(code) != 3 or not (code.isascii() and code.isdigit()):
        raise _refused("la_code", "Enter the three digits of your local authority’s code, such as 812")
    try:
        file = parse_schools(read_table(data, file_name), code)
    except RegisterFileError as error:
        raise _refused("file", error.message) from error
    links = relevant_links(file.rows, _links(links_data))
    context = stored.context_of(file, links)
    plan = plan_of_schools(file, links, known.school_register(work.session, code))
    return _keep(work, "schools", file_name, stored.rows_of(file), (context, plan), la_code=code)


def _links(data: bytes | None) -> tuple[Link, ...]:
    if not data:
        return ()
    try:
        return parse_links(read_table(data, "links.xlsx" if data.startswith(b"PK") else "links.csv"))
    except RegisterFileError as error:
        raise _refused("links", error.message) from error


def preview_agencies(work: Work, data: bytes, file_name: str) -> RegisterImport:
    """Read a list of agencies and keep what it would do. Raises RefusedError with the problem of "file"."""
    try:
        file = parse_agencies(read_table(data, file_name))
    except RegisterFileError as error:
        raise _refused("file", error.message) from error
    _need_rows(file)
    register = known.agency_register(work.session)
    plan = plan_agencies(file, register, known.known_successions(work.session))
    return _keep(work, "agencies", file_name, stored.rows_of(file), (stored.context_of(file), plan))


def preview_contacts(work: Work, data: bytes, file_name: str) -> RegisterImport:
    """Read a list of contacts and keep what it would do. Raises RefusedError with the problem of "file"."""
    try:
        file = parse_contacts(read_table(data, file_name))
    except RegisterFileError as error:
        raise _refused("file", error.message) from error
    _need_rows(file)
    plan = _plan_contacts(work, file)
    return _keep(work, "contacts", file_name, stored.rows_of(file), (stored.context_of(file), plan))


def _need_rows(file: AgenciesFile | ContactsFile) -> None:
    if not file.rows and not file.refused:
        raise _refused("file", "The file has a heading but no rows below it. Choose another file.")


def _refused(field: str, message: str) -> RefusedError:
    return RefusedError(message, {field: message})


def _plan_contacts(work: Work, file: ContactsFile) -> ContactPlan:
    emails = {normal_address(row.email) for row in file.rows}
    return plan_contacts(file, known.contact_register(work.session, emails))


def _keep(
    work: Work,
    kind: str,
    file_name: str,
    rows: list[dict[str, Any]],
    read: tuple[dict[str, Any], Plan | ContactPlan],
    *,
    la_code: str = "",
) -> RegisterImport:
    context, plan = read
    made = RegisterImport(
        kind=kind,
        file_name=_shown_name(file_name),
        la_code=la_code,
        uploaded_by=work.actor.user_id or None,
        uploaded_at=work.now,
        rows=rows,
        preview={"file": context, "plan": stored.plan_of(plan)},
    )
    work.session.add(made)
    work.session.flush()
    audit.record(
        work, "import.previewed", ("register_import", made.id or 0), kind=kind, file_name=made.file_name
    )
    return made


def _shown_name(file_name: str) -> str:
    """Return the last part of an uploaded file's name, as far as it can be printed and kept."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[-LONGEST_FILE_NAME:] or "unnamed"


# --- applying -------------------------------------------------------------------------------------


def apply(work: Work, import_id: int, confirmed: Confirmed | None = None) -> Applied | None:
    """Apply an import as it was looked at, all of it in this transaction; None if that was done already.

    The plan is made again with the register locked. Raises RegisterChangedError if it is not the one that
    was looked at, RefusedError while a question is open, NotFoundError. Nothing is written before that.
    """
    this = _locked(work, import_id)
    if this.state is ImportState.APPLIED:
        return None
    if this.state is ImportState.DISCARDED:
        raise RefusedError("This import was discarded. Upload the file again.")
    lock_register(work)
    applied = _apply(work, this, confirmed or Confirmed())
    this.state = ImportState.APPLIED
    this.applied_at = work.now
    # A JSON column is written when it is given a new value: changes inside the old one would be lost.
    this.preview = {**this.preview, "applied": asdict(applied)}
    work.session.flush()
    audit.record(
        work,
        "import.applied",
        ("register_import", import_id),
        kind=this.kind,
        **asdict(applied),
    )
    return applied


def _locked(work: Work, import_id: int) -> RegisterImport:
    found: RegisterImport | None = work.session.execute(
        select(RegisterImport)
        .where(col(RegisterImport.id) == import_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar()
    if found is None:
        raise NotFoundError
    return found


@dataclass(frozen=True, slots=True)
class _Compared:
    """A file that waits, compared with the register as it is now."""

    plan: Plan
    register: Register
    scheme: str
    facts: Mapping[str, Mapping[str, Any]]
    schools: SchoolsFile | None = None


def _compare(work: Work, this: RegisterImport) -> _Compared | ContactPlan:
    context = this.preview["file"]
    if this.kind == "contacts":
        return _plan_contacts(work, stored.contacts_file(this.rows, context))
    if this.kind == "agencies":
        agencies = stored.agencies_file(this.rows, context)
        register = known.agency_register(work.session)
        plan = plan_agencies(agencies, register, known.known_successions(work.session))
        refused = {refusal.key for refusal in plan.refused}
        taken = agencies_of([row for row in agencies.rows if row.code not in refused])
        return _Compared(plan, register, "slug", {each.key: each.facts() for each in taken})
    schools = stored.schools_file(this.rows, context)
    register = known.school_register(work.session, this.la_code)
    plan = plan_of_schools(schools, stored.links_of(context), register)
    return _Compared(plan, register, "urn", {row.urn: row.facts() for row in schools.rows}, schools)


def _apply(work: Work, this: RegisterImport, confirmed: Confirmed) -> Applied:
    compared, import_id = _compare(work, this), this.id or 0
    _must_be_as_looked_at(this, compared)
    if isinstance(compared, ContactPlan):
        return write_contacts(work, import_id, compared)
    check_confirmed(compared.plan, confirmed)
    writing = Writing(work, import_id, compared.scheme, compared.register, compared.facts)
    return write_plan(writing, compared.plan, confirmed, _decided(compared, confirmed))


def _must_be_as_looked_at(this: RegisterImport, compared: _Compared | ContactPlan) -> None:
    plan = compared if isinstance(compared, ContactPlan) else compared.plan
    if stored.differs(this.preview["plan"], stored.plan_of(plan)):
        raise RegisterChangedError(
            "Nothing was imported: the register has changed since you looked at this file. "
            "What you see now is up to date: check it, then apply it."
        )


def _decided(compared: _Compared, confirmed: Confirmed) -> tuple[Changed, ...]:
    """Return the schools that continue another because a person said so, with what changes of them."""
    if compared.schools is None:
        return ()
    rows = {row.urn: row for row in compared.schools.rows}
    found = []
    for decision in compared.plan.decisions:
        earlier = confirmed.same.get(decision.key)
        if earlier:
            before = compared.register.current[earlier]
            fields = fields_when_continuing(
                rows[decision.key], before, compared.schools.given, compared.plan.unclaimed
            )
            found.append(
                Changed(decision.key, before.organisation_id, decision.name, fields, earlier, before.name)
            )
    return tuple(found)


def renew(work: Work, import_id: int) -> None:
    """Compare a file that waits with the register as it is now, and keep what it would do now."""
    this = _locked(work, import_id)
    if this.state is not ImportState.PREVIEW:
        return
    compared = _compare(work, this)
    plan = compared if isinstance(compared, ContactPlan) else compared.plan
    this.preview = {"file": this.preview["file"], "plan": stored.plan_of(plan)}
    work.session.flush()


def discard(work: Work, import_id: int) -> None:
    """Throw a file away that was looked at; its rows, which may name people, are not kept.

    Raises RefusedError when it was applied, NotFoundError.
    """
    this = _locked(work, import_id)
    if this.state is ImportState.APPLIED:
        raise RefusedError("This file was applied already, so it cannot be discarded.")
    if this.state is ImportState.DISCARDED:
        return
    this.state = ImportState.DISCARDED
    this.rows = []
    this.preview = {}
    work.session.flush()
    audit.record(work, "import.discarded", ("register_import", import_id), kind=this.kind)
