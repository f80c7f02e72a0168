"""What the partnership's desk holds beside returns: invitations sent, calls made, and the audit trail."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from app.chasing.models import CallOutcome
from app.core.access import PartnershipRole
from app.core.clock import london_date
from app.core.models import MessageState
from app.demo.chance import chance
from app.demo.people import Person
from app.demo.phrases import CALL_NOTES
from app.demo.returns import Made
from app.demo.rounds import Cast, RoundPlan
from app.demo.timetable import at_work
from app.returns.issuing import invitation
from app.returns.models import ReturnState
from app.rounds.models import Round, RoundState

_OUTCOME_WEIGHTS = (40, 28, 24, 8)


# --- invitations ---------------------------------------------------------------------------------


def invitation_rows(cast: Cast, this: RoundPlan, every: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """Yield the invitation of each contact, as issuing queues it, sent a few minutes later."""
    asking = Round(
        id=this.id,
        title=this.title,
        version_id=this.version.id,
        school_year=this.version.school_year,
        opens_on=this.dates.opens_on,
        due_on=this.dates.due_on,
        state=RoundState.OPEN,
        created_at=this.dates.issued_at,
    )
    reached = _reached(cast)
    count = 0
    for made in every:
        for person in reached.get(made.organisation_id, ()):
            mail = invitation(
                asking,
                return_id=made.id,
                organisation_id=made.organisation_id,
                organisation=made.asked.listed.organisation.name,
                person=(person.id, person.name, person.email),
                now=this.dates.issued_at,
                questions=len(made.questionnaire.questions),
            )
            count += 1
            mark = hashlib.sha256(mail.dedupe_key.encode()).hexdigest()[:32]
            sent_at = this.dates.issued_at + timedelta(seconds=20 + 0.4 * count)
            yield {
                "dedupe_key": mail.dedupe_key,
                "kind": mail.kind,
                "recipient": mail.recipient,
                "subject": mail.subject,
                "body": mail.body,
                "organisation_id": mail.organisation_id,
                "state": MessageState.SENT,
                "created_at": this.dates.issued_at,
                "due_at": this.dates.issued_at,
                "sent_at": sent_at,
                "attempts": 1,
                "message_id": f"<{mark}@eleven.example.org>",
            }


def _reached(cast: Cast) -> dict[int, tuple[Person, ...]]:
    people = {row["id"]: Person(row["id"], row["name"], row["email"]) for row in cast.people.users}
    reached: dict[int, dict[int, Person]] = {}
    for contact in cast.people.contacts:
        if contact["ended_at"] is None:
            user_id = contact["user_id"]
            reached.setdefault(contact["organisation_id"], {})[user_id] = people[user_id]
    return {organisation: tuple(found.values()) for organisation, found in reached.items()}


# --- calls ---------------------------------------------------------------------------------------


def call_rows(cast: Cast, this: RoundPlan, every: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """Yield calls to some of those who had not answered."""
    rng = chance(cast.seed, "calls", this.id)
    silent = [made for made in every if made.plan.state in {ReturnState.ISSUED, ReturnState.OPENED}]
    slow = [made for made in every if made.plan.state is ReturnState.IN_PROGRESS]
    chosen = rng.sample(silent, len(silent) * 2 // 5) + rng.sample(slow, len(slow) // 6)
    callers = (
        cast.people.staff[PartnershipRole.ADMINISTRATOR],
        cast.people.staff[PartnershipRole.BOARD_MANAGER],
    )
    last = min(cast.now, this.dates.closed_at or cast.now)
    rows = [
        _call(rng, made, callers[rng.random() < 0.2], at)
        for made in chosen
        for at in _moments(rng, this, london_date(last))
        if at < last
    ]
    rows.sort(key=lambda row: (row["called_at"], row["return_id"]))
    yield from rows


def _moments(rng: random.Random, this: RoundPlan, last: date) -> Iterable[datetime]:
    """Return when somebody rang: on working days of the second half of the time, in office hours."""
    days = (last - this.dates.opens_on).days
    for _ in range(rng.choice((1, 1, 2, 3))):
        day = this.dates.opens_on + timedelta(days=rng.randint(days // 2, days))
        yield at_work(rng, day - timedelta(days=max(0, day.weekday() - 4)))


def _call(rng: random.Random, made: Made, caller: Person, at: datetime) -> dict[str, Any]:
    outcome = rng.choices(list(CallOutcome), _OUTCOME_WEIGHTS)[0]
    again = rng.random() < 0.5
    return {
        "return_id": made.id,
        "organisation_id": made.organisation_id,
        "called_at": at,
        "called_by": caller.id,
        "caller_name": caller.name,
        "outcome": outcome,
        "note": rng.choice(CALL_NOTES[outcome.value]),
        "next_on": london_date(at) + timedelta(days=rng.choice((2, 5, 7, 14))) if again else None,
    }


# --- audit trail ---------------------------------------------------------------------------------


def audit_rows(cast: Cast, this: RoundPlan, every: Sequence[Made]) -> list[dict[str, Any]]:
    """Return the main events of a round in the order of time."""
    manager = cast.people.staff[PartnershipRole.BOARD_MANAGER]
    trail = _Trail()
    dates = this.dates
    subject = ("round", this.id)
    created = dates.issued_at - timedelta(days=12)
    trail.add(created, manager, "round.created", subject, title=this.title, due_on=dates.due_on.isoformat())
    trail.add(dates.issued_at, manager, "round.issued", subject, returns=len(every))
    if dates.closed_at:
        trail.add(dates.closed_at, manager, "round.closed", subject)
    for made in every:
        _of_return(trail, made, manager)
    trail.rows.sort(key=lambda row: row["at"])
    return trail.rows


class _Trail:
    """Events of one round."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(
        self, at: datetime, person: Person | None, event: str, subject: tuple[str, int], **detail: Any
    ) -> None:
        """Note that somebody did something."""
        self.rows.append(
            {
                "at": at,
                "actor_id": person.id if person else None,
                "actor_name": person.name if person else "Eleven",
                "event": event,
                "subject": subject[0],
                "subject_id": subject[1],
                "organisation_id": detail.pop("organisation_id", None),
                "detail": detail,
            }
        )


def _of_return(trail: _Trail, made: Made, manager: Person) -> None:
    subject, place, plan = ("return", made.id), made.organisation_id, made.plan
    lead, signatory = made.lead, made.asked.team.signatory
    trail.add(
        plan.issued_at, manager, "return.issued", subject, organisation_id=place, round=made.issue.round_id
    )
    if plan.opened_at:
        trail.add(plan.opened_at, lead, "return.opened", subject, organisation_id=place)
    if plan.ready_at:
        trail.add(plan.ready_at, lead, "return.ready", subject, organisation_id=place)
    for number, edition in enumerate(made.editions, 1):
        trail.add(
            edition.signed_at, signatory, "return.signed", subject, organisation_id=place, edition=number
        )
    if plan.sent_back_at:
        trail.add(
            plan.sent_back_at,
            manager,
            "return.sent_back",
            subject,
            organisation_id=place,
            reason=plan.sent_back_reason,
        )
