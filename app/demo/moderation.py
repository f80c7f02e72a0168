"""This year's moderation in the demo, under way: taken there by the room's own services."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.moderation import asking, interests, releasing, service, sharing
from app.moderation.models import ModerationShare
from app.moderation.service import Verdict
from app.organisations.models import Organisation
from app.people.models import Membership, PartnershipMember, User
from app.questionnaires.definition import Questionnaire
from app.questionnaires.models import FRAMEWORK_SUFFIX, QuestionnaireVersion
from app.returns import queries as returns
from app.returns.models import Return, ReturnState
from app.rounds.models import Round, RoundState

_FINISHED, _HALF = 4, 3
_QUESTIONS = (
    "You say that everybody has read the policy. How do you know, and who has not?",
    "What did the audit in the spring find, and what changed after it?",
)
_ANSWER = (
    "We keep a list with dates. Three new colleagues have not signed yet; they will by the end of the month."
)


@dataclass(frozen=True, slots=True)
class _Place:
    return_id: int
    organisation_id: int
    kind: str


def add_moderation(engine: Engine, now: datetime) -> None:
    """Add this year's moderation in one transaction to a loaded demo; again it does nothing."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        if session.execute(select(col(ModerationShare.return_id)).limit(1)).first() is not None:
            return
        officers = _people(session, now, PartnershipRole.PSO)
        manager = _people(session, now, PartnershipRole.BOARD_MANAGER)[0]
        first, second = officers[0], officers[1 % len(officers)]
        for round_id in _open_rounds(session):
            places = _signed(session, round_id)
            for number, who in enumerate(officers):
                mine = [each.return_id for each in places[number :: len(officers) + 1]]
                if mine:
                    sharing.share(manager, mine, who.actor.user_id)
            _moderate(session, places[:: len(officers) + 1], first, second)
        _declare(session, second)
        session.commit()


def _people(session: Session, now: datetime, role: PartnershipRole) -> list[Work]:
    rows = session.execute(
        select(col(User.id), col(User.name), col(User.email))
        .join(PartnershipMember, col(PartnershipMember.user_id) == col(User.id))
        .where(col(PartnershipMember.role) == role)
        .order_by(col(User.id))
    )
    return [Work(session, Actor(row[0], row[1], row[2], roles=frozenset({role})), now) for row in rows]


def _open_rounds(session: Session) -> list[int]:
    rows = session.execute(
        select(col(Round.id))
        .join(QuestionnaireVersion, col(QuestionnaireVersion.id) == col(Round.version_id))
        .where(col(Round.state) == RoundState.OPEN, ~col(QuestionnaireVersion.key).endswith(FRAMEWORK_SUFFIX))
        .order_by(col(Round.id))
    )
    return list(rows.scalars())


def _signed(session: Session, round_id: int) -> list[_Place]:
    rows = session.execute(
        select(col(Return.id), col(Return.organisation_id), col(Organisation.kind))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(
            col(Return.round_id) == round_id,
            col(Return.state) == ReturnState.SIGNED,
            col(Return.organisation_id).in_(select(col(Membership.organisation_id))),
        )
        .order_by(col(Return.signed_at), col(Return.id))
    )
    return [_Place(*row) for row in rows]


def _moderate(session: Session, places: list[_Place], first: Work, second: Work) -> None:
    """Finish a few of the first officer's returns, begin some, ask two questions, change two to and fro."""
    for number, place in enumerate(places[:_FINISHED]):
        asked = _asked(first, place)
        if number % 2:
            _lower_one(first, place, asked)
        for domain in asked.domains:
            if domain.rated:
                service.validate_rest(first, place.return_id, domain.key)
        if number < _FINISHED - 1:
            releasing.release(first, place.return_id)
    for number, place in enumerate(places[_FINISHED : _FINISHED + _HALF]):
        asked = _asked(first, place)
        domain = asked.domains[0]
        if number < len(_QUESTIONS):
            key = domain.rated[0].key
            asking.ask(first, place.return_id, domain.key, key, _QUESTIONS[number])
            if number == 0:
                _answer(session, first, place, key)
        service.validate_rest(first, place.return_id, domain.key)
        _to_the_other_end(first if number else second, place, asked)


def _asked(who: Work, place: _Place) -> Questionnaire:
    this = returns.head(who.session, who.actor, place.return_id)
    return returns.questionnaire_of(who.session, this)


def _marks(who: Work, place: _Place) -> Mapping[str, str]:
    found = returns.values_of(returns.answers(who.session, who.actor, place.return_id))
    return {key: values.level for key, values in found.items() if values.level}


def _lower_one(who: Work, place: _Place, asked: Questionnaire) -> None:
    marks = _marks(who, place)
    steps = [level.key for level in sorted(asked.scale, key=lambda level: level.points)]
    for domain in asked.domains:
        for standard in domain.rated:
            if marks.get(standard.key) == steps[-1]:
                why = "The evidence shows the policy, not that it is followed."
                verdict = Verdict(steps[-2], why)
                service.judge(who, place.return_id, domain.key, standard.key, verdict)
                return


def _to_the_other_end(who: Work, place: _Place, asked: Questionnaire) -> None:
    """Change a green to red in the second domain: it waits for another officer."""
    marks = _marks(who, place)
    greens = {level.key for level in asked.scale if level.rag == "green"}
    reds = [level.key for level in asked.scale if level.rag == "red"]
    domain = asked.domains[1]
    sharing.share(who, [place.return_id], who.actor.user_id, domain.key)
    for standard in domain.rated:
        if marks.get(standard.key) in greens:
            why = "Nobody whom we asked knew of it, and the register of it is empty."
            service.judge(who, place.return_id, domain.key, standard.key, Verdict(reds[0], why))
            return


def _answer(session: Session, officer: Work, place: _Place, key: str) -> None:
    row = session.execute(
        select(col(User.id), col(User.name), col(User.email))
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(col(Membership.organisation_id) == place.organisation_id)
        .order_by(col(Membership.role) != OrganisationRole.LEAD, col(User.id))
        .limit(1)
    ).one()
    lead = Actor(
        row[0], row[1], row[2], organisations={place.organisation_id: frozenset({OrganisationRole.LEAD})}
    )
    work = Work(session, lead, officer.now)
    asking.answer(work, returns.head(session, lead, place.return_id), key, _ANSWER)


def _declare(session: Session, who: Work) -> None:
    number = session.execute(
        select(col(Organisation.id))
        .where(col(Organisation.governance) != "agency")
        .order_by(col(Organisation.id).desc())
        .limit(1)
    ).scalar_one()
    interests.declare(who, number, "I was a governor here until last year")
