"""Issuing a round: one return for each organisation, one invitation for each contact, nobody twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit, outbox
from app.core.access import Work
from app.core.addresses import is_undeliverable
from app.core.clock import london_date, long_date, morning_of
from app.core.errors import RefusedError
from app.core.letters import Letter, letters, standard_letter
from app.core.mail_words import progress_words, time_words, when_words
from app.core.settings import settings
from app.organisations.models import Contact, Organisation
from app.people.links import invitation_link
from app.people.models import User
from app.questionnaires.queries import questionnaire_for
from app.returns.models import Return, ReturnState
from app.rounds.models import Round, RoundState
from app.rounds.queries import invitees, may_sign_in
from app.rounds.service import locked


@dataclass(frozen=True, slots=True)
class Issued:
    """What issuing did."""

    returns: int
    invitations: int
    without_contact: int


def issue(work: Work, round_id: int) -> Issued:
    """Issue a round to its audience. Doing it again reaches only those who have joined since."""
    this = locked(work, round_id)
    if this.state is RoundState.CLOSED:
        raise RefusedError("This round is closed. Reopen it before you issue it to more organisations.")
    asked = [each.candidate.organisation_id for each in invitees(work.session, round_id)]
    if not asked:
        raise RefusedError("This round asks nobody yet. Choose whom it asks first.")
    this.state = RoundState.OPEN
    work.session.flush()
    new = _make_returns(work, this, asked)
    invitations, reached = invite(work, this, _unsigned(work, round_id))
    audit.record(work, "round.issued", ("round", round_id), returns=len(new), invitations=invitations)
    return Issued(len(new), invitations, len(new.keys() - reached))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A return that waits for an answer, as an invitation speaks of it."""

    return_id: int
    questions: int
    due_on: date


def _unsigned(work: Work, round_id: int) -> dict[int, Waiting]:
    """Return the returns that still wait for an answer, by organisation.

    Each of their contacts is owed one invitation, whenever that contact was added.
    """
    rows = work.session.execute(
        select(col(Return.organisation_id), col(Return.id), col(Return.total), col(Return.due_on)).where(
            col(Return.round_id) == round_id, col(Return.state) != ReturnState.SIGNED
        )
    )
    return {organisation_id: Waiting(*waiting) for organisation_id, *waiting in rows}


def facts_of(organisation: Organisation) -> dict[str, Any]:
    """Return what an organisation is today, as its return will remember it."""
    return {
        "name": organisation.name,
        "kind": organisation.kind,
        "phase": organisation.phase,
        "features": sorted(organisation.features),
        "governance": organisation.governance,
        "duty": organisation.duty,
        "district": organisation.district,
        "pupils": organisation.pupils,
    }


def _make_returns(work: Work, this: Round, asked: Sequence[int]) -> dict[int, int]:
    """Insert the returns that are missing and give back their ids by organisation."""
    organisations = work.session.execute(
        select(Organisation).where(col(Organisation.id).in_(asked)).order_by(col(Organisation.id))
    ).scalars()
    rows = []
    for organisation in organisations:
        facts = facts_of(organisation)
        rows.append(
            {
                "round_id": this.id,
                "organisation_id": organisation.id,
                "version_id": this.version_id,
                "state": ReturnState.ISSUED,
                "facts": facts,
                "due_on": this.due_on,
                "total": len(questionnaire_for(work.session, this.version_id, facts).questions),
                "answered": 0,
                "edition": 0,
                "issued_at": work.now,
            }
        )
    statement = (
        insert(Return)
        .on_conflict_do_nothing(index_elements=["round_id", "organisation_id"])
        .returning(col(Return.organisation_id), col(Return.id))
    )
    made = {row[0]: int(row[1] or 0) for row in work.session.connection().execute(statement, rows)}
    audit.record_many(
        work,
        [
            audit.Event("return.issued", ("return", return_id), organisation_id, {"round": this.id})
            for organisation_id, return_id in made.items()
        ],
    )
    return made


def invite(work: Work, this: Round, waiting: Mapping[int, Waiting]) -> tuple[int, set[int]]:
    """Queue an invitation for each contact; give back how many are new, and which organisations have any.

    Nobody is invited twice to one return, however often this is done.
    """
    if not waiting:
        return 0, set()
    rows = work.session.execute(
        select(
            col(Contact.organisation_id),
            col(Organisation.name),
            col(User.id),
            col(User.name),
            col(User.email),
        )
        .join(User, col(User.id) == col(Contact.user_id))
        .join(Organisation, col(Organisation.id) == col(Contact.organisation_id))
        .where(
            col(Contact.organisation_id).in_(list(waiting)),
            col(Contact.ended_at).is_(None),
            col(User.disabled_at).is_(None),
            may_sign_in(Contact),
            ~is_undeliverable(col(User.email)),
        )
        .distinct()
    ).all()
    letter = letters(work.session)["invitation"]
    mails = [
        invitation(
            this,
            letter=letter,
            questions=waiting[place].questions,
            return_id=waiting[place].return_id,
            due_on=waiting[place].due_on,
            organisation_id=place,
            organisation=name,
            person=(user_id, person, email),
            now=work.now,
        )
        for place, name, user_id, person, email in rows
    ]
    # Nobody is asked before they can answer.
    leave_at = max(work.now, morning_of(this.opens_on))
    return outbox.enqueue(work.session, mails, work.now, due_at=leave_at), {row[0] for row in rows}


def invitation(
    this: Round,
    *,
    return_id: int,
    organisation_id: int,
    organisation: str,
    person: tuple[int, str, str],
    now: datetime,
    questions: int = 0,
    letter: Letter | None = None,
    due_on: date | None = None,
) -> outbox.Mail:
    """Return the invitation of one contact: who asks, why by law, by when, and whom to ring."""
    config = settings()
    user_id, name, address = person
    due_on = due_on or this.due_on
    due = long_date(due_on)
    subject, body = (letter or standard_letter("invitation")).filled(
        {
            "name": name,
            "organisation": organisation,
            "title": this.title,
            "due": due,
            "when": when_words(due_on, london_date(now)),
            "progress": progress_words(0, questions),
            "list": f"- {organisation}",
            "time": time_words(questions),
            "law": config.statutory_paragraph,
            "link": invitation_link(config, user_id=user_id, to=f"/returns/{return_id}", now=now),
            "wrong person": invitation_link(config, user_id=user_id, to="/account/hand-over", now=now),
            "partnership": config.partnership_name,
            "phone": config.partnership_phone,
            "email": config.partnership_email,
        }
    )
    return outbox.Mail(
        dedupe_key=f"invitation:{return_id}:{user_id}",
        kind="invitation",
        recipient=address,
        subject=subject,
        body=body,
        organisation_id=organisation_id,
    )
