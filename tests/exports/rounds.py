"""A round of 25 returns in every state, and an exempt one, with naughty texts wherever people write."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import col

from app.actions.models import Action, ActionStatus
from app.actions.service import take_over
from app.chasing.models import Call, CallOutcome, Exemption, ExemptionKind
from app.core.access import OrganisationRole, Work
from app.organisations.models import Identifier, Organisation, Succession
from app.people.models import User
from app.questionnaires.definition import Questionnaire, Standard
from app.ratings import service as ratings_service
from app.ratings.models import RatingSource
from app.ratings.service import RatedReturn
from app.returns import queries
from app.returns.models import Answer, Return, ReturnState
from app.returns.rules import AnswerValues
from app.returns.signing import domain_ratings
from app.returns.signoff import promises
from app.rounds.models import Round
from tests import builders
from tests.exports.texts import STORED

SIZE = 25
SIGNED = 14
SHORT = [text for text in STORED if len(text) <= 90]
LONG = [text for text in STORED if len(text) > 90]
PLACES = (
    ("maintained_school", "primary", "maintained", "section_175"),
    ("academy", "secondary", "academy", "section_157"),
    ("special_school", "not_applicable", "maintained", "section_175"),
    ("college", "post_16", "college", "section_175"),
    ("independent_school", "all_through", "independent", "section_157"),
)
STATES = (ReturnState.ISSUED, ReturnState.OPENED, ReturnState.IN_PROGRESS, ReturnState.READY)


@dataclass(frozen=True, slots=True)
class Made:
    """The round, the one before, and the organisations in the order in which they were made."""

    round_id: int
    previous_id: int
    organisation_ids: tuple[int, ...]
    person_id: int

    @property
    def signed_ids(self) -> tuple[int, ...]:
        """The organisations whose returns are signed."""
        return self.organisation_ids[:SIGNED]


def naughty_round(work: Work) -> Made:
    """Make the round and commit it."""
    texts = cycle(SHORT)
    person = _person(work, "=NAME() of a colleague")
    places = tuple(_organisation(work, number, next(texts)) for number in range(SIZE))
    version = builders.published(work)
    before = builders.open_round(work, places[:12], version_id=version, title="=Last year")
    work.session.execute(
        update(Round)
        .where(col(Round.id) == before)
        .values(opens_on=date(2025, 10, 1), due_on=date(2026, 1, 30))
    )
    left_out = _organisation(work, SIZE, "=Merged()")
    this = builders.open_round(
        work, [*places, left_out], version_id=version, title="@Section 175 & 157 <2026> &P", previous=before
    )
    _exempt(work, this, left_out, into=places[0])
    for number, place in enumerate(places[:10]):
        _sign(work, before, place, person, days=-300 + number)
    long = iter(LONG)
    for number, place in enumerate(places[:SIGNED]):
        _sign(work, this, place, person, days=-number, extra=next(long, ""))
    for number, place in enumerate(places[SIGNED:]):
        _leave(work, this, place, person, STATES[number % len(STATES)])
    _review(work, this, places)
    work.session.commit()
    return Made(this, before, places, person)


def _exempt(work: Work, round_id: int, place: int, *, into: int) -> None:
    """Let an organisation owe no answer: it must turn up on no sheet but its own."""
    work.session.add(Succession(predecessor_id=place, successor_id=into, merged=True))
    work.session.add(
        Exemption(
            return_id=builders.return_of(work, round_id, place).id,
            organisation_id=place,
            kind=ExemptionKind.MERGED,
            reason="@They are one school now",
            made_at=work.now,
            made_by=work.actor.user_id,
        )
    )
    work.session.flush()


def _person(work: Work, name: str) -> int:
    person = User(email="colleague@example.org", name=name, created_at=work.now)
    work.session.add(person)
    work.session.flush()
    return person.id or 0


def _organisation(work: Work, number: int, text: str) -> int:
    kind, phase, governance, duty = PLACES[number % len(PLACES)]
    place = builders.organisation(
        work,
        f"{text} ({number:02})",
        kind=kind,
        phase=phase,
        governance=governance,
        duty=duty,
        district=SHORT[number % len(SHORT)],
        features=["boarding"] if number % 7 == 0 else [],
    )
    codes = {0: ("urn", f"00{number:04}"), 1: ("ods", f"={number}"), 2: ("laestab", f"812{number:04}")}
    if number % 4 in codes:
        scheme, value = codes[number % 4]
        work.session.add(Identifier(organisation_id=place, scheme=scheme, value=value))
    for contact in range(number % 3):
        address = f"contact-{number}-{contact}@example.org"
        name = SHORT[(number + contact) % len(SHORT)]
        builders.contact(work, place, address, name=name, rights=[OrganisationRole.CONTRIBUTOR])
    if number % 6 == 5:
        old = Organisation(
            name=f"+Old school {number}",
            kind=kind,
            duty=duty,
            governance=governance,
            created_at=work.now,
            updated_at=work.now,
        )
        work.session.add(old)
        work.session.flush()
        work.session.add(Succession(predecessor_id=old.id or 0, successor_id=place))
    work.session.flush()
    return place


def _values(questionnaire: Questionnaire, texts: Iterator[str], number: int) -> dict[str, AnswerValues]:
    made: dict[str, AnswerValues] = {}
    for position, question in enumerate(questionnaire.questions):
        turn = (position + number) % 11
        if question.rated:
            values = _judgement(question, texts, turn)
        else:
            values = _fact(questionnaire, question, texts, turn)
        if values is not None:
            made[question.key] = values
    return made


def _judgement(question: Standard, texts: Iterator[str], turn: int) -> AnswerValues | None:
    if turn == 0:
        return None
    if turn == 1 and question.not_applicable:
        return AnswerValues(not_applicable=True, not_applicable_reason=next(texts))
    if turn in {2, 3}:
        return AnswerValues(
            level="red" if turn == 2 else "amber",
            comment=next(texts),
            action_what=next(texts),
            action_owner=next(texts),
            action_due=date(2026, 11, 1) + timedelta(days=turn * 20),
        )
    return AnswerValues(
        level="green", comment=next(texts), evidence="" if turn == 4 else next(texts), strength=turn in {5, 6}
    )


def _fact(
    questionnaire: Questionnaire, question: Standard, texts: Iterator[str], turn: int
) -> AnswerValues | None:
    if turn == 0:
        return None
    if question.type in {"short_text", "long_text"}:
        return AnswerValues(fact=next(texts).strip() or "x")
    return builders.default_answer(questionnaire, question.key)


def _insert(
    work: Work, this: queries.ReturnHead, person: int, values: dict[str, AnswerValues], days: int
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "return_id": this.id,
            "standard_key": key,
            "organisation_id": this.organisation_id,
            "version": 1,
            **each.stored(),
            "action_due": each.action_due,
            "updated_at": work.now + timedelta(days=days),
            "updated_by": person,
        }
        for key, each in values.items()
    ]
    work.session.connection().execute(insert(Answer), rows)


def _sign(work: Work, round_id: int, place: int, person: int, *, days: int, extra: str = "") -> None:
    this = builders.return_of(work, round_id, place)
    questionnaire = queries.questionnaire_of(work.session, this)
    texts = cycle([*SHORT[place % 7 :], *SHORT[: place % 7]])
    values = _values(questionnaire, texts, place)
    if extra:
        values[questionnaire.rated[3].key] = AnswerValues(level="green", comment=extra, evidence=extra)
    _insert(work, this, person, values, days)
    signed_at = work.now + timedelta(days=days)
    work.session.execute(
        update(Return)
        .where(col(Return.id) == this.id)
        .values(state=ReturnState.SIGNED, signed_at=signed_at, edition=1, answered=len(values))
    )
    rated = RatedReturn(this.id, round_id, place)
    ratings = domain_ratings(questionnaire, values)
    ratings_service.store(work, rated, ratings, RatingSource.SELF)
    take_over(
        work,
        organisation_id=place,
        return_id=this.id,
        round_id=round_id,
        promises=promises(questionnaire, values),
    )


def _leave(work: Work, round_id: int, place: int, person: int, state: ReturnState) -> None:
    this = builders.return_of(work, round_id, place)
    if state in {ReturnState.IN_PROGRESS, ReturnState.READY}:
        draft = {"board-lead": AnswerValues(level="red", comment="A draft that nobody signed")}
        _insert(work, this, person, draft, days=-1)
    work.session.execute(update(Return).where(col(Return.id) == this.id).values(state=state, answered=1))
    for number in range(place % 3):
        work.session.add(
            Call(
                return_id=this.id,
                organisation_id=place,
                called_at=work.now - timedelta(days=number),
                called_by=person,
                caller_name="=Caller()",
                outcome=CallOutcome.MESSAGE,
                note=SHORT[place % len(SHORT)],
                next_on=date(2026, 11, 20) if number == 0 else None,
            )
        )
    work.session.flush()


def _review(work: Work, round_id: int, places: tuple[int, ...]) -> None:
    """Let two returns be reviewed: one as it was, one a level lower; let actions be done and dropped."""
    for number, place in enumerate(places[:2]):
        this = builders.return_of(work, round_id, place)
        questionnaire = queries.questionnaire_of(work.session, this)
        values = queries.values_of(queries.answers(work.session, work.actor, this.id))
        if number:
            values = {key: AnswerValues(level="red") if each.level else each for key, each in values.items()}
        rated = RatedReturn(this.id, round_id, place)
        ratings_service.store(work, rated, domain_ratings(questionnaire, values), RatingSource.VALIDATED)
    for place, status in ((places[0], ActionStatus.DONE), (places[1], ActionStatus.DROPPED)):
        work.session.execute(
            update(Action)
            .where(col(Action.organisation_id) == place, col(Action.round_id) == round_id)
            .values(status=status, closed_at=work.now)
        )
