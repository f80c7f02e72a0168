"""Schools with a year behind them, for the tests that gather signals from a database."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from app.core.access import Work
from app.organisations.models import Organisation
from app.questionnaires.queries import questionnaire
from app.returns.models import Answer, AnswerVersion
from app.rounds.models import Round
from app.signals.measuring import measure
from app.signals.queries import signals_now
from app.signals.rules import SignalKind
from tests.chasing.scenes import Scene
from tests.scrutiny.scenes import issued, rate, schools

TODAY = date(2026, 11, 16)
DUE = date(2026, 11, 12)
ALL_GREEN = "Ge Ge Ge Ge"
TEXT = "All staff read part one of the guidance in September and sign that they have understood it"


def year(work: Work, *names: str, previous: int | None = None, due: date = DUE, **register: Any) -> Scene:
    """Issue a year's round to new schools."""
    return issued(work, schools(work, *names, **register), previous=previous, due=due)


def keys_of(work: Work, this: Scene) -> list[str]:
    """Return the rated standards that a round asks about."""
    found = work.session.get(Round, this.round_id)
    assert found is not None
    return [standard.key for standard in questionnaire(work.session, found.version_id).rated]


def say(work: Work, this: Scene, name: str, answers: dict[str, dict[str, Any]], **how: Any) -> None:
    """Write answers as they would be stored, a minute apart, by one person."""
    step, by = how.get("minutes", 1), how.get("by", (work.actor.user_id,))
    place, return_id = this.places[name], this.returns[name]
    for number, (key, values) in enumerate(answers.items()):
        at = datetime(2026, 11, 9, 9 + number * step // 60, number * step % 60, tzinfo=UTC)
        where: dict[str, Any] = {
            "return_id": return_id,
            "standard_key": key,
            "organisation_id": place,
            "version": 1,
        }
        person = by[number % len(by)]
        work.session.add(Answer(**where, **values, updated_at=at, updated_by=person))
        work.session.add(
            AnswerVersion(**where, accepted=True, values={}, save_key=key, saved_at=at, saved_by=person)
        )
    work.session.flush()


def kinds(work: Work, this: Scene, name: str) -> set[SignalKind]:
    """Measure what waits and return what an organisation signals."""
    measure(work.session, work.now)
    found = signals_now(work.session, TODAY, (this.places[name],))
    return {each.kind for each in found[this.places[name]].signals}


def said(work: Work, this: Scene, name: str, kind: SignalKind) -> str:
    """Measure what waits and return what one signal says about an organisation, or nothing."""
    measure(work.session, work.now)
    found = signals_now(work.session, TODAY, (this.places[name],))[this.places[name]]
    return next((each.sentence for each in found.signals if each.kind is kind), "")


def signed(work: Work, this: Scene, name: str, *letters: str, on: date = date(2026, 11, 10)) -> None:
    """Let a school have signed with these ratings."""
    rate(work, this, name, *(letters or (ALL_GREEN,)), on=on)


def set_organisation(work: Work, place: int, **values: Any) -> None:
    """Change what the register says about an organisation, and commit."""
    work.session.execute(update(Organisation).where(col(Organisation.id) == place).values(**values))
    work.session.commit()
