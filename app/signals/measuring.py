"""Measuring signed returns for signals: the worker does it, once for each signed edition.

Answers are read here and nowhere else in this room. What is stored are keys, counts and days; a text never
leaves this module. Statements are as many for a hundred returns as for one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core.clock import london_date
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import questionnaire
from app.returns.models import Answer, AnswerVersion
from app.signals.models import SignalMeasure
from app.signals.rules import Measured
from app.signals.texts import alike, newest_day, unchanged

AT_ONCE: Final = 100

# The signed return of the round before: the organisation's own, or its only predecessor's.
# Two look-ups by index, not one condition with OR: that would read the whole round for each return.
BEFORE: Final = """
    SELECT coalesce(
        (SELECT b.id FROM "return" b
        WHERE b.round_id = {previous} AND b.organisation_id = {organisation} AND b.state = 'signed'),
        (SELECT min(b.id) FROM succession s JOIN "return" b ON b.organisation_id = s.predecessor_id
        WHERE s.successor_id = {organisation} AND b.round_id = {previous} AND b.state = 'signed'
        HAVING count(*) = 1))
"""
_WAITING: Final = text(
    """
    SELECT r.id, r.organisation_id, r.version_id, r.edition, r.signed_at, (
    """
    + BEFORE.format(previous="d.previous_round_id", organisation="r.organisation_id")
    + """) AS before_id
    FROM "return" r
    JOIN round d ON d.id = r.round_id
    JOIN questionnaire_version v ON v.id = r.version_id
    LEFT JOIN signal_measure m ON m.return_id = r.id AND m.edition = r.edition
    WHERE r.state = 'signed' AND m.return_id IS NULL AND right(v.key, 6) <> '-visit'
    ORDER BY r.id
    LIMIT :most
    """
)
# A file that was carried over from last year is as old as its first upload.
_FILES: Final = text(
    """
    WITH RECURSIVE line AS (
        SELECT id AS first, return_id, standard_key, uploaded_at, carried_from FROM evidence_file
        WHERE return_id = ANY(:returns) AND removed_at IS NULL AND scan_state <> 'infected'
        UNION ALL
        SELECT line.first, line.return_id, line.standard_key, older.uploaded_at, older.carried_from
        FROM line JOIN evidence_file older ON older.id = line.carried_from
    )
    SELECT return_id, standard_key, min(uploaded_at) FROM line GROUP BY return_id, standard_key, first
    """
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A signed return that is to be measured."""

    id: int
    organisation_id: int
    version_id: int
    edition: int
    signed_at: datetime
    before_id: int | None


@dataclass(slots=True)
class Read:
    """What is read of one return: answers by standard, the days of its files, and who saved when."""

    levels: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    actions: int = 0
    files: dict[str, list[date]] = field(default_factory=dict)
    people: int = 0
    saves: int = 0
    minutes: int = 0


def measured_of(this: Read, before: Read, asked: Questionnaire, signed_on: date) -> Measured:
    """Return what a return's answers measure, in the order of the questionnaire."""
    order = [standard.key for standard in asked.rated]
    rags = {level.key: level.rag for level in asked.scale}
    colours = [rags.get(this.levels[key]) for key in order if key in this.levels]
    said = {key: this.comments[key] for key in order if key in this.comments}
    same, compared = unchanged(said, before.comments)
    days = {key: newest_day(this.evidence.get(key, ""), this.files.get(key, ()), signed_on) for key in order}
    return Measured(
        rated=len(colours),
        greens=colours.count("green"),
        actions=this.actions,
        alike=alike(said),
        unchanged=same,
        compared=compared,
        people=this.people,
        saves=this.saves,
        minutes=this.minutes,
        evidence={key: day for key, day in days.items() if day is not None},
    )


def measure(session: Session, now: datetime, *, most: int = AT_ONCE) -> int:
    """Measure signed returns that wait for it, commit, and return how many there were.

    Another worker that measures the same return writes the same.
    """
    waiting = [_Waiting(*row) for row in session.connection().execute(_WAITING, {"most": most})]
    if waiting:
        _store(session, waiting, now)
    session.commit()
    return len(waiting)


def _store(session: Session, waiting: Iterable[_Waiting], now: datetime) -> None:
    every = list(waiting)
    earlier = {each.before_id for each in every if each.before_id is not None}
    read = _read(session, {each.id for each in every}, earlier)
    rows = []
    for each in every:
        before = read.get(each.before_id, Read()) if each.before_id is not None else Read()
        asked = questionnaire(session, each.version_id)
        found = measured_of(read.get(each.id, Read()), before, asked, london_date(each.signed_at))
        rows.append(
            {
                "return_id": each.id,
                "organisation_id": each.organisation_id,
                "edition": each.edition,
                "measured": _stored(found),
                "measured_at": now,
            }
        )
    statement = insert(SignalMeasure)
    fresh = {name: statement.excluded[name] for name in ("edition", "measured", "measured_at")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["return_id"], set_=fresh), rows
    )


def _stored(found: Measured) -> dict[str, Any]:
    return {**asdict(found), "evidence": {key: day.isoformat() for key, day in found.evidence.items()}}


def measured_from(stored: Mapping[str, Any]) -> Measured:
    """Return what was measured, from its row."""
    days = {key: date.fromisoformat(day) for key, day in stored["evidence"].items()}
    groups = tuple(tuple(group) for group in stored["alike"])
    same = tuple(stored["unchanged"])
    return Measured(**{**stored, "alike": groups, "unchanged": same, "evidence": days})


# --- reading ---------------------------------------------------------------------------------------


def _read(session: Session, returns: set[int], earlier: set[int]) -> dict[int, Read]:
    """Read returns whole, and of earlier ones what they said."""
    found: dict[int, Read] = {number: Read() for number in returns | earlier}
    answers = session.execute(
        select(
            col(Answer.return_id),
            col(Answer.standard_key),
            col(Answer.level),
            col(Answer.comment),
            col(Answer.evidence),
            col(Answer.action_what),
        ).where(col(Answer.return_id).in_(sorted(found)))
    )
    for return_id, key, level, comment, evidence, action in answers:
        this = found[return_id]
        if level:
            this.levels[key] = level
        if comment.strip():
            this.comments[key] = comment
        if evidence.strip():
            this.evidence[key] = evidence
        this.actions += bool(action.strip())
    for return_id, key, uploaded_at in session.connection().execute(_FILES, {"returns": sorted(returns)}):
        found[return_id].files.setdefault(key, []).append(london_date(uploaded_at))
    _read_saves(session, returns, found)
    return found


def _read_saves(session: Session, returns: set[int], found: Mapping[int, Read]) -> None:
    saved = col(AnswerVersion.saved_at)
    rows = session.execute(
        select(
            col(AnswerVersion.return_id),
            func.count(func.distinct(col(AnswerVersion.saved_by))),
            func.count(),
            func.extract("epoch", func.max(saved) - func.min(saved)),
        )
        .where(col(AnswerVersion.return_id).in_(sorted(returns)), col(AnswerVersion.accepted))
        .group_by(col(AnswerVersion.return_id))
    )
    for return_id, people, saves, seconds in rows:
        this = found[return_id]
        this.people, this.saves, this.minutes = people, saves, int(seconds) // 60


# --- the worker ------------------------------------------------------------------------------------


class Measurer:
    """The worker's job: measures what was signed since it last looked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, now: datetime) -> int:
        """Measure up to a hundred returns; more than none says that there may be more to do."""
        with Session(self._engine, expire_on_commit=False) as session:
            return measure(session, now)


def measure_all(engine: Engine, now: datetime) -> int:
    """Measure every signed return that waits for it, and return how many there were."""
    step, count = Measurer(engine), 0
    while found := step(now):
        count += found
    return count
