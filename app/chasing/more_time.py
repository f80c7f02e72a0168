"""The mail that tells of more time: one to each contact who can sign in, about all their returns at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.composing import About, Recipient, values_for
from app.chasing.exempting import is_asked
from app.chasing.models import Extension
from app.chasing.stages import standing_of
from app.core import outbox
from app.core.access import Work
from app.core.addresses import is_undeliverable
from app.core.clock import london_date, morning_of
from app.core.letters import letters
from app.core.models import OutboxMessage
from app.core.outbox import End, Ready, Stale
from app.core.settings import Settings
from app.organisations.models import Contact, Organisation, OrganisationStatus
from app.people.models import User
from app.returns.models import Return, ReturnState
from app.rounds.models import Round, RoundState
from app.rounds.queries import RoundLine, may_sign_in

MORE_TIME_KIND: Final = "more-time"
_UNWRITTEN: Final = "More time (written when it leaves)"
_PRESENT: Final = (col(Contact.ended_at).is_(None), col(User.disabled_at).is_(None))


def tell(work: Work, line: RoundLine, organisation_ids: Sequence[int]) -> int:
    """Queue a mail to each person who answers for some organisations that were given more time just now.

    Somebody who looks after several of them gets one mail, on the day on which the round opens or at once.
    Return how many mails are new.
    """
    rows = work.session.execute(
        select(col(User.id), col(User.email), col(Contact.organisation_id))
        .join(User, col(User.id) == col(Contact.user_id))
        .where(
            col(Contact.organisation_id).in_(list(organisation_ids)),
            *_PRESENT,
            may_sign_in(Contact),
            ~is_undeliverable(col(User.email)),
        )
        .distinct()
        .order_by(col(User.id))
    )
    places: dict[tuple[int, str], list[int]] = defaultdict(list)
    for user_id, address, organisation_id in rows:
        places[user_id, address].append(organisation_id)
    mails = [
        outbox.Mail(
            _key(line.id, user_id, work.now),
            MORE_TIME_KIND,
            address,
            _UNWRITTEN,
            "",
            found[0] if len(found) == 1 else None,
        )
        for (user_id, address), found in places.items()
    ]
    leave_at = max(work.now, morning_of(line.opens_on))
    return outbox.enqueue(work.session, mails, work.now, due_at=leave_at)


def _key(round_id: int, user_id: int, at: datetime) -> str:
    """Return what makes the mail unique: the round, the person, and the moment of the extension."""
    return f"{MORE_TIME_KIND}:{round_id}:{user_id}:{at.isoformat()}"


class MoreTime:
    """Looks after these mails: written as they leave, about what still has that time and is not signed."""

    def __init__(self, config: Settings) -> None:
        self._config = config

    def prepare(self, session: Session, message: OutboxMessage, now: datetime) -> Ready | Stale:
        """Write the mail about the returns that still need the time, or say that there is none."""
        _, round_id, user_id, at = message.dedupe_key.split(":", 3)
        rows = session.execute(_look(int(round_id), int(user_id), datetime.fromisoformat(at))).all()
        if not rows:
            return Stale("nobody waits for an answer any more, or the day was changed again")
        abouts = [_about(row) for row in rows]
        to = Recipient(int(user_id), rows[0].person)
        values = values_for(abouts, to, self._config, now=now, today=london_date(now))
        return Ready(*letters(session)[MORE_TIME_KIND].filled(values))

    def settled(self, session: Session, message: OutboxMessage, now: datetime, end: End) -> None:
        """Nothing more to note: the outbox holds what became of the mail."""


def _look(round_id: int, user_id: int, at: datetime) -> Any:
    return (
        select(
            col(Return.id).label("return_id"),
            col(Organisation.name).label("organisation"),
            col(Round.title),
            col(Return.state),
            col(Return.due_on),
            col(Return.answered),
            col(Return.total),
            col(User.name).label("person"),
        )
        .distinct()
        .select_from(Extension)
        .join(Return, col(Return.id) == col(Extension.return_id))
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .join(Contact, col(Contact.organisation_id) == col(Return.organisation_id))
        .join(User, col(User.id) == col(Contact.user_id))
        .where(
            col(Extension.made_at) == at,
            col(Extension.due_on) == col(Return.due_on),
            col(Return.round_id) == round_id,
            col(Return.state) != ReturnState.SIGNED,
            is_asked(),
            col(Round.state) == RoundState.OPEN,
            col(Organisation.status) != OrganisationStatus.GONE,
            col(User.id) == user_id,
            *_PRESENT,
            may_sign_in(Contact),
            ~is_undeliverable(col(User.email)),
        )
        .order_by(col(Return.due_on), col(Organisation.name), col(Return.id))
    )


def _about(row: Any) -> About:
    standing = standing_of(row.state)
    if standing is None:
        raise ValueError(f"return {row.return_id} is signed")
    return About(row.return_id, row.organisation, row.title, standing, row.due_on, row.answered, row.total)
