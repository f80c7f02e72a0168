"""Changing contacts: from a file in bulk, and one by one on an organisation's page."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import case, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.errors import NotFoundError, RefusedError
from app.organisations.applying import Applied
from app.organisations.contact_files import email_address
from app.organisations.contact_plan import RIGHTS, ContactPlan, PlannedContact
from app.organisations.models import Contact, Organisation
from app.organisations.rules import CONTACT_ROLES
from app.organisations.stored import plain
from app.organisations.tables import CellError, clean
from app.people import service as people
from app.people.models import User
from app.people.rules import normal_address

LONGEST_NAME: Final = 150
LONGEST_TELEPHONE: Final = 40

_LOCK: Final = text("LOCK TABLE organisation, identifier, succession, contact IN SHARE ROW EXCLUSIVE MODE")


def lock_register(work: Work) -> None:
    """Let nobody else change the register until this transaction ends; reading goes on."""
    work.session.connection().execute(_LOCK)


def write_contacts(work: Work, import_id: int, plan: ContactPlan) -> Applied:
    """Write a plan of contacts: people, their places, and what they may do there."""
    planned = [*plan.new, *plan.changed]
    if planned:
        users = people.ensure_users(work, [(each.email, each.name) for each in planned])
        _put(work, [(users[each.email], each) for each in planned])
        _tell(work, import_id, plan)
    return Applied(added=len(plan.new), changed=len(plan.changed))


def _put(work: Work, planned: Sequence[tuple[int, PlannedContact]]) -> None:
    statement = upsert(Contact)
    new = statement.excluded
    kept = case((new.telephone != "", new.telephone), else_=col(Contact.telephone))
    statement = statement.on_conflict_do_update(
        index_elements=["organisation_id", "user_id", "role"], set_={"telephone": kept, "ended_at": None}
    )
    rows = [
        {
            "organisation_id": each.organisation_id,
            "user_id": user_id,
            "role": each.role,
            "telephone": each.telephone,
            "created_at": work.now,
        }
        for user_id, each in planned
    ]
    work.session.connection().execute(statement, rows)
    grants = [
        (user_id, each.organisation_id, right)
        for user_id, each in planned
        if (right := RIGHTS[each.role]) is not None
    ]
    people.grant_memberships(work, grants)


def _tell(work: Work, import_id: int, plan: ContactPlan) -> None:
    """Write one audit event for each organisation whose contacts an import touched."""
    found: dict[int, dict[str, list[dict[str, object]]]] = {}
    for word, planned in (("added", plan.new), ("changed", plan.changed)):
        for each in planned:
            said = {"name": each.name, "email": each.email, "role": each.role}
            fields = [[one.field, plain(one.before), plain(one.after)] for one in each.fields]
            about = found.setdefault(each.organisation_id, {"added": [], "changed": []})
            about[word].append(said | ({"fields": fields} if fields else {}))
    audit.record_many(
        work,
        [
            audit.Event(
                "contacts.imported",
                ("organisation", organisation_id),
                organisation_id,
                {"import": import_id, **about},
            )
            for organisation_id, about in found.items()
        ],
    )


def add_contact(
    work: Work, organisation_id: int, *, name: str, email: str, role: str, telephone: str = ""
) -> int:
    """Give an organisation a contact and return its id; a person who was one before is one again.

    Raises RefusedError with the fields at fault, NotFoundError for an unknown organisation.
    """
    lock_register(work)
    if work.session.get(Organisation, organisation_id) is None:
        raise NotFoundError
    planned = _checked(organisation_id, name, email, role, telephone)
    user_id = people.ensure_users(work, [(planned.email, planned.name)])[planned.email]
    there = select(col(Contact.id), col(Contact.ended_at)).where(
        col(Contact.organisation_id) == organisation_id,
        col(Contact.user_id) == user_id,
        col(Contact.role) == role,
    )
    before = work.session.execute(there).first()
    if before is not None and before[1] is None:
        words = CONTACT_ROLES[role].lower()
        raise RefusedError(
            "The contact was not added.", {"email": f"{planned.email} is a contact here already, as {words}"}
        )
    _put(work, [(user_id, planned)])
    contact_id = int(work.session.execute(there).one()[0] or 0)
    audit.record(
        work,
        "contact.added",
        ("contact", contact_id),
        organisation_id=organisation_id,
        name=planned.name,
        email=planned.email,
        role=role,
    )
    return contact_id


def _checked(organisation_id: int, name: str, email: str, role: str, telephone: str) -> PlannedContact:
    problems: dict[str, str] = {}
    if role not in CONTACT_ROLES:
        problems["role"] = "Choose the person's role"
    named = _line(problems, "name", name, LONGEST_NAME) or ""
    if not named and "name" not in problems:
        problems["name"] = "Enter the person's name"
    address = ""
    try:
        address = normal_address(email_address(email, "The email address"))
    except CellError as error:
        problems["email"] = f"{error.reason}. {error.mend}"
    number = _line(problems, "telephone", telephone, LONGEST_TELEPHONE) or ""
    if problems:
        raise RefusedError("The contact was not added.", problems)
    return PlannedContact(0, organisation_id, "", role, named, address, number)


def _line(problems: dict[str, str], field: str, typed: str, most: int) -> str:
    words = {"name": "The name", "telephone": "The telephone number"}[field]
    try:
        line = clean(typed, words)
    except CellError as error:
        problems[field] = f"{error.reason}. {error.mend}"
        return ""
    if len(line) > most:
        problems[field] = f"{words} is longer than {most} characters. Shorten it"
    return line


def end_contact(work: Work, organisation_id: int, contact_id: int) -> None:
    """End a person's place at an organisation; what they wrote stays.

    They keep their access while they have another role there. Doing it again changes nothing. Raises
    NotFoundError when the organisation has no such contact.
    """
    lock_register(work)
    contact = work.session.get(Contact, contact_id)
    if contact is None or contact.organisation_id != organisation_id:
        raise NotFoundError
    if contact.ended_at is not None:
        return
    contact.ended_at = work.now
    work.session.flush()
    others = work.session.execute(
        select(col(Contact.id)).where(
            col(Contact.organisation_id) == organisation_id,
            col(Contact.user_id) == contact.user_id,
            col(Contact.ended_at).is_(None),
        )
    ).first()
    if others is None:
        people.revoke_memberships(work, user_id=contact.user_id, organisation_id=organisation_id)
    person = work.session.get_one(User, contact.user_id)
    audit.record(
        work,
        "contact.removed",
        ("contact", contact_id),
        organisation_id=organisation_id,
        name=person.name,
        email=person.email,
        role=contact.role,
    )
