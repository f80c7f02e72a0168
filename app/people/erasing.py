"""Erasing a person: what says who they are goes or is replaced; what they answered and signed stays.

What happens to each column is in the register of personal data; this module only carries it out.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.held.register import REGISTER
from app.core.held.words import Erasure, Held, Owner
from app.people import managing, queries, service
from app.people.rules import erased_address, erased_name, is_erased

ONLY_LEAD = text(
    """
    SELECT organisation.id, organisation.name
    FROM membership own JOIN organisation ON organisation.id = own.organisation_id
    WHERE own.user_id = :person AND own.role = 'lead' AND organisation.status <> 'gone' AND NOT EXISTS (
        SELECT 1 FROM membership other JOIN user_account ON user_account.id = other.user_id
        WHERE other.organisation_id = own.organisation_id AND other.role = 'lead'
        AND other.user_id <> :person AND user_account.disabled_at IS NULL
    )
    ORDER BY organisation.name
    """
)
# Of a file that was applied the counts stay; one that waits is thrown away, as its rows are gone.
EMPTIED_FILE = (
    "rows = '[]'::jsonb, "
    "preview = CASE WHEN state = 'applied' THEN jsonb_build_object('applied', preview->'applied') "
    "ELSE '{}'::jsonb END, "
    "state = CASE WHEN state = 'preview' THEN 'discarded' ELSE state END"
)
_FILES = text(
    f"UPDATE register_import SET {EMPTIED_FILE} "
    "WHERE position(:address in lower(rows::text)) > 0 OR position(:address in lower(preview::text)) > 0"
)
_UNSENT = text("UPDATE outbox_message SET state = 'stale' WHERE recipient = :address AND state = 'waiting'")


def whose(owner: Owner) -> str:
    """Return the condition by which rows find their person: bound to `person` and `address`."""
    bound = ":address" if owner.by == "address" else ":person"
    also = f" AND \"{owner.only[0]}\" = '{owner.only[1]}'" if owner.only else ""
    return f'"{owner.column}" = {bound}{also}'


@dataclass(frozen=True, slots=True)
class ToErase:
    """What erasing somebody would do: how much goes, how much stays, and what stands against it."""

    user_id: int
    name: str
    email: str
    places: int
    sessions: int
    mails: int
    saves: int
    signatures: int
    only_lead_of: tuple[str, ...]


_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM membership WHERE user_id = :person)
           + (SELECT count(*) FROM contact WHERE user_id = :person)
           + (SELECT count(*) FROM partnership_member WHERE user_id = :person),
           (SELECT count(*) FROM login_session WHERE user_id = :person),
           (SELECT count(*) FROM outbox_message WHERE recipient = :address),
           (SELECT count(*) FROM answer_version WHERE saved_by = :person),
           (SELECT count(*) FROM signed_return WHERE signatory_id = :person)
    """
)


def to_erase(session: Session, user_id: int) -> ToErase:
    """Return what erasing somebody would do, or raise NotFoundError: for nobody, and for the erased."""
    person = queries.person(session, user_id)
    if is_erased(person.email):
        raise NotFoundError
    row = session.execute(_COUNTS, {"person": user_id, "address": person.email}).one()
    places, sessions, mails, saves, signatures = row
    alone = tuple(row[1] for row in session.execute(ONLY_LEAD, {"person": user_id}))
    return ToErase(
        user_id=user_id,
        name=person.name,
        email=person.email,
        places=places,
        sessions=sessions,
        mails=mails,
        saves=saves,
        signatures=signatures,
        only_lead_of=alone,
    )


def erase(work: Work, user_id: int, *, confirmed: bool) -> None:
    """Erase somebody for good, at a board manager's word.

    Raises NotFoundError, and RefusedError without confirmation, for oneself, for the last board manager and
    for somebody who is the only lead of an organisation.
    """
    if not work.actor.has(PartnershipRole.BOARD_MANAGER):
        raise NotFoundError
    user = managing.must_not_lock_out(work, user_id)
    if not confirmed:
        raise RefusedError("", {"confirmed": f"Tick the box to say that {user.name} is to be erased"})
    if user_id == work.actor.user_id:
        raise RefusedError("You cannot erase yourself. Ask another board manager to do it.")
    for place in queries.places_of(work.session, user_id):
        service.lock_team(work, place.organisation_id)
    alone = [row[1] for row in work.session.execute(ONLY_LEAD, {"person": user_id})]
    if alone:
        raise RefusedError(
            f"{user.name} is the only lead of {alone[0]}. Give that organisation another lead first, "
            "then erase them."
        )
    wipe(work, user_id, because="request")


def wipe(work: Work, user_id: int, *, because: str) -> None:
    """Do what the register says with each column about a person; the caller has looked at who may do it."""
    session = work.session
    address = session.execute(
        text("SELECT email FROM user_account WHERE id = :person FOR UPDATE"), {"person": user_id}
    ).scalar_one()
    bound = {"person": user_id, "address": address}
    session.execute(_UNSENT, bound)
    session.execute(_FILES, bound)
    for held in reversed(REGISTER):
        for name in held.removed_with:
            session.execute(text(f'DELETE FROM "{held.table}" WHERE {whose(held.owners[name])}'), bound)
        for name in held.owners:
            _replace(session, held, name, bound)
    session.execute(
        text("UPDATE user_account SET disabled_at = coalesce(disabled_at, :now) WHERE id = :person"),
        {"person": user_id, "now": work.now},
    )
    audit.record(work, "person.erased", ("user", user_id), because=because)


def _replace(session: Session, held: Held, name: str, bound: dict[str, Any]) -> None:
    """Put what stands for an erased person into the columns of their rows."""
    values = {column: erased_name(bound["person"]) for column in held.erased_for(name, Erasure.REPLACED)}
    values |= {
        column: erased_address(bound["person"]) for column in held.erased_for(name, Erasure.READDRESSED)
    }
    values |= dict.fromkeys(held.erased_for(name, Erasure.EMPTIED), "")
    if not values:
        return
    settings = ", ".join(f'"{column}" = :new_{column}' for column in values)
    session.execute(
        text(f'UPDATE "{held.table}" SET {settings} WHERE {whose(held.owners[name])}'),
        {**bound, **{f"new_{column}": value for column, value in values.items()}},
    )
