"""What the database holds, against what people were told: the judge of fault tests."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from app.returns.rules import FIELDS
from tests.faults.people import Save


@dataclass
class Verdict:
    """What became of acknowledged saves, and what is inconsistent in the database."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Say whether nothing was lost, doubled or left half done."""
        return not (self.lost or self.duplicates or self.faults)

    def as_figures(self) -> dict[str, int]:
        """Return the counts."""
        return {
            "acknowledged": self.acknowledged,
            "lost": len(self.lost),
            "duplicates": len(self.duplicates),
            "inconsistent": len(self.faults),
        }


_HISTORY = text(
    "SELECT return_id, standard_key, version, content, save_key FROM answer_version "
    "WHERE accepted AND return_id = ANY(:ids) ORDER BY return_id, standard_key, version, id"
)
_ANSWERS = text(
    f"SELECT return_id, standard_key, version, {', '.join(FIELDS)} FROM answer WHERE return_id = ANY(:ids)"
)
_PROGRESS = text(
    "SELECT r.id, r.answered, count(a.return_id) FILTER (WHERE a.level IS NOT NULL OR a.not_applicable "
    "OR btrim(a.fact) <> ''), (SELECT count(*) FROM audit_event AS e WHERE e.event = 'answer.saved' "
    "AND e.subject = 'return' AND e.subject_id = r.id), "
    "(SELECT count(*) FROM answer_version AS v WHERE v.accepted AND v.return_id = r.id) "
    "FROM return AS r LEFT JOIN answer AS a ON a.return_id = r.id WHERE r.id = ANY(:ids) GROUP BY r.id"
)


def judge(engine: Engine, acknowledged: Iterable[Save], return_ids: Iterable[int]) -> Verdict:
    """Hold what is stored against what was acknowledged.

    Every acknowledged save stands in the history under its key with its text, and once only. Versions have
    no gap, the newest of the history is the answer, each accepted save left one audit event, and the stored
    progress is the counted one: nothing is there by halves.
    """
    told = list(acknowledged)
    verdict = Verdict(len(told))
    ids = {"ids": sorted(set(return_ids))}
    with engine.connect() as connection:
        history = connection.execute(_HISTORY, ids).all()
        answers = connection.execute(_ANSWERS, ids).all()
        progress = connection.execute(_PROGRESS, ids).all()
    kept = Counter((row[0], row[1], row[4]) for row in history)
    texts = {(row[0], row[1], row[4]): row[3]["evidence"] for row in history}
    for save in told:
        place = (save.return_id, save.standard_key, save.save_key)
        if texts.get(place) != save.text:
            verdict.lost.append(save.text)
    verdict.duplicates = [str(place) for place, count in kept.items() if count > 1 and place[2]]
    _judge_versions(verdict, history, answers)
    for return_id, stored, counted, events, accepted in progress:
        if stored != counted:
            verdict.faults.append(f"return {return_id}: {stored} answered are stored, {counted} counted")
        if events != accepted:
            verdict.faults.append(f"return {return_id}: {accepted} saves, {events} audit events")
    return verdict


def _judge_versions(verdict: Verdict, history: Sequence[Any], answers: Sequence[Any]) -> None:
    versions: dict[tuple[int, str], list[int]] = {}
    newest: dict[tuple[int, str], dict[str, object]] = {}
    for return_id, key, version, content, _ in history:
        versions.setdefault((return_id, key), []).append(version)
        newest[return_id, key] = content
    found = {(row[0], row[1]): row for row in answers}
    for place in versions.keys() | found.keys():
        have, row = versions.get(place, []), found.get(place)
        if row is None or have != list(range(1, row[2] + 1)):
            verdict.faults.append(f"{place}: versions {have}, answer {row}")
            continue
        stands = dict(zip(FIELDS, row[3:], strict=True))
        due = stands["action_due"]
        stands["action_due"] = due.isoformat() if due else None
        if stands != newest[place]:
            verdict.faults.append(f"{place}: the answer is not the newest of its history")
