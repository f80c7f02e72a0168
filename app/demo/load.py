"""Loading the demo partnership into an empty database, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter

from sqlalchemy import Engine, select, text
from sqlmodel import Session, col

from app.chasing.models import Call
from app.core.models import AuditEvent, OutboxMessage
from app.core.storage import Storage
from app.demo import chasing, desk, evidence, finished, outcomes, people, register, returns, rounds
from app.demo.actions import Actions
from app.demo.answers import Answers
from app.demo.chance import chance
from app.demo.copying import continue_ids, copy_rows
from app.demo.names import Namer
from app.demo.returns import Made
from app.demo.rounds import Cast, RoundPlan
from app.demo.timetable import timetable
from app.demo.versions import publish_all
from app.organisations.models import Contact, Identifier, Organisation, Succession
from app.people.models import Membership, PartnershipMember, User
from app.people.queries import DEMO_DOMAIN
from app.ratings.models import StoredRating
from app.returns.models import Answer, AnswerVersion, DomainColleague, EvidenceFile, Return, SignedReturn
from app.rounds.models import Round

SEED = 11

# Told after each part of the work: what was written, and how many seconds it took.
Told = Callable[[str, float], None]


class NotEmptyError(RuntimeError):
    """The database holds organisations or people already: the demo goes into an empty one only."""


def is_loaded(session: Session) -> bool:
    """Say whether the demo's people are there; loading is one transaction, so then all of it is."""
    found = select(col(User.id)).where(col(User.email).endswith(f"@{DEMO_DOMAIN}")).limit(1)
    return session.execute(found).first() is not None


def _tell_nobody(_part: str, _seconds: float) -> None:
    pass


def load(
    engine: Engine,
    *,
    now: datetime,
    seed: int = SEED,
    tell: Told = _tell_nobody,
    storage: Storage | None = None,
) -> None:
    """Fill an empty, migrated database with the demo partnership as it stands at a moment.

    The same seed and moment give the same content. With a store some returns have evidence files, too.
    Raises NotEmptyError and writes nothing when the database holds organisations or people already.
    """
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        _refuse_unless_empty(session)
        with _timed(tell, "register and people"):
            cast, plans = _cast(session, now, seed)
            _write_register(session, cast)
        previous: dict[int, Answers] = {}
        acts = Actions(cast)
        first_id = first_file = 1
        copy_rows(session, Round, rounds.round_rows(plans, cast.register))
        for this in plans:
            with _timed(tell, this.title):
                every = rounds.make_returns(session, cast, this, first_id=first_id, previous=previous)
                if storage is not None:
                    evidence.give_files(every, storage, seed)
                    first_file = evidence.number_files(every, first_file)
                acts.take(every)
                _write_round(session, cast, this, every)
            first_id += len(every)
            previous |= returns.signed_answers(every)
        with _timed(tell, "actions"):
            acts.write(session)
        continue_ids(session, Organisation, User, Round, Return, EvidenceFile)
        with _timed(tell, "commit"):
            session.commit()
        with _timed(tell, "statistics"):
            # Without them the first pages and workbooks would be planned as if the tables were empty.
            session.execute(text("ANALYZE"))
            session.commit()


@contextmanager
def _timed(tell: Told, part: str) -> Iterator[None]:
    begun = perf_counter()
    yield
    tell(part, perf_counter() - begun)


def _refuse_unless_empty(session: Session) -> None:
    for model in (Organisation, User, Round):
        if session.execute(select(model).limit(1)).first() is not None:
            raise NotEmptyError("The demo is loaded into an empty database only; this one is in use.")


def _cast(session: Session, now: datetime, seed: int) -> tuple[Cast, tuple[RoundPlan, ...]]:
    namer = Namer(chance(seed, "names"))
    listed = register.build(namer, now)
    everybody = people.build(namer, listed, now)
    table = timetable(now)
    versions = publish_all(session, table)
    cast = Cast(listed, everybody, rounds.qualities(listed, versions, seed), seed, now)
    return cast, rounds.round_plans(table, versions)


def _write_register(session: Session, cast: Cast) -> None:
    copy_rows(session, Organisation, register.organisation_rows(cast.register))
    copy_rows(session, Identifier, register.identifier_rows(cast.register))
    copy_rows(session, Succession, register.succession_rows(cast.register))
    copy_rows(session, User, cast.people.users)
    copy_rows(session, PartnershipMember, cast.people.partnership)
    copy_rows(session, Membership, cast.people.membership_rows())
    copy_rows(session, Contact, cast.people.contacts)
    chasing.write_terms(session, cast)


def _write_round(session: Session, cast: Cast, this: RoundPlan, every: list[Made]) -> None:
    seed = str(cast.seed)
    copy_rows(session, Return, map(returns.return_row, every))
    copy_rows(session, Answer, (row for made in every for row in returns.answer_rows(made)))
    copy_rows(session, AnswerVersion, (row for made in every for row in returns.history_rows(made, seed)))
    copy_rows(session, DomainColleague, (row for made in every for row in returns.domain_rows(made)))
    copy_rows(session, SignedReturn, (row for made in every for row in returns.signed_rows(made)))
    copy_rows(session, EvidenceFile, evidence.file_rows(every))
    copy_rows(session, StoredRating, (row for made in every for row in outcomes.rating_rows_of(made)))
    if this.is_last:
        finished.write(session, cast, every)
    copy_rows(session, Call, desk.call_rows(cast, this, every))
    copy_rows(session, AuditEvent, desk.audit_rows(cast, this, every))
    if this.dates.closed_on is None:
        copy_rows(session, OutboxMessage, desk.invitation_rows(cast, this, every))
        chasing.write_reminders(session, cast, this, every)
        chasing.write_holds(session, cast, this, every)
