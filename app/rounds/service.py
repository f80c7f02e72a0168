"""Changes to rounds: preparing, closing and opening again. Issuing is the returns' business."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, insert, select
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.organisations.models import Organisation
from app.questionnaires.models import QuestionnaireVersion
from app.rounds.models import Round, RoundException, RoundState
from app.rounds.rules import Audience, date_problems, start_of_school_year


@dataclass(frozen=True, slots=True)
class NewRound:
    """What a board manager says about a round before choosing whom to ask."""

    title: str
    version_id: int | None
    opens_on: date | None
    due_on: date | None


def create(work: Work, new: NewRound) -> int:
    """Prepare a round and return its id. Raises RefusedError with each field at fault."""
    problems = date_problems(new.opens_on, new.due_on, london_date(work.now))
    if not new.title:
        problems["title"] = "Enter a name for the round, like Section 175, 2026 to 2027"
    version = work.session.get(QuestionnaireVersion, new.version_id) if new.version_id else None
    if version is None:
        problems["version_id"] = "Choose a questionnaire"
    if problems or version is None or new.opens_on is None or new.due_on is None:
        raise RefusedError("The round was not created.", problems)
    made = Round(
        title=new.title,
        version_id=version.id or 0,
        school_year=version.school_year,
        opens_on=new.opens_on,
        due_on=new.due_on,
        previous_round_id=_round_before(work, version, new.due_on),
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    audit.record(work, "round.created", ("round", made.id or 0), title=made.title, due_on=made.due_on)
    return made.id or 0


def _round_before(work: Work, version: QuestionnaireVersion, due_on: date) -> int | None:
    """Return last year's round: the same questionnaire, of another school year, due earlier.

    Whoever uses one version again a year later is asked in another school year too.
    """
    again = (col(Round.version_id) == version.id) & (col(Round.due_on) < start_of_school_year(due_on))
    return work.session.execute(
        select(col(Round.id))
        .join(QuestionnaireVersion, col(QuestionnaireVersion.id) == col(Round.version_id))
        .where(
            col(QuestionnaireVersion.key) == version.key,
            col(Round.state) != RoundState.DRAFT,
            (col(Round.school_year) != version.school_year) | again,
            col(Round.due_on) < due_on,
        )
        .order_by(col(Round.due_on).desc())
        .limit(1)
    ).scalar()


def locked(work: Work, round_id: int) -> Round:
    """Return a round, held against other changes until the end of the transaction."""
    found: Round | None = work.session.execute(
        select(Round).where(col(Round.id) == round_id).with_for_update()
    ).scalar()
    if found is None:
        raise NotFoundError
    return found


def set_audience(work: Work, round_id: int, audience: Audience) -> None:
    """Say whom a round asks. Those who were asked already keep their returns."""
    this = locked(work, round_id)
    if this.state is RoundState.CLOSED:
        raise RefusedError("This round is closed. Reopen it before you change whom it asks.")
    this.kinds, this.phases = sorted(audience.kinds), sorted(audience.phases)
    work.session.execute(delete(RoundException).where(col(RoundException.round_id) == round_id))
    known = set(work.session.execute(select(col(Organisation.id))).scalars())
    exceptions = [
        {"round_id": round_id, "organisation_id": organisation, "included": included}
        for organisations, included in ((audience.included, True), (audience.excluded, False))
        for organisation in sorted(organisations & known)
    ]
    if exceptions:
        work.session.connection().execute(insert(RoundException), exceptions)
    work.session.flush()
    audit.record(
        work,
        "round.audience_set",
        ("round", round_id),
        kinds=this.kinds,
        phases=this.phases,
        included=sorted(audience.included),
        excluded=sorted(audience.excluded),
    )


def set_state(work: Work, round_id: int, state: RoundState) -> None:
    """Close a round, or open it again. Reading and downloading stay possible either way."""
    this = locked(work, round_id)
    if this.state is RoundState.DRAFT:
        raise RefusedError("This round has not been issued yet.")
    if this.state is state:
        return
    this.state = state
    this.closed_at = work.now if state is RoundState.CLOSED else None
    work.session.flush()
    audit.record(work, f"round.{'closed' if state is RoundState.CLOSED else 'reopened'}", ("round", round_id))
