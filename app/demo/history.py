"""Who saved which answer when: each answer's versions, and the saves that were refused."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.core.clock import london_date
from app.demo.timetable import at_work
from app.returns.rules import AnswerValues

_VERSIONS = (1, 2, 3, 4)
_VERSION_WEIGHTS = (86, 9, 3, 2)
_REFUSED_SHARE = 0.09


@dataclass(slots=True)
class Save:
    """One save of one answer: accepted ones raise its version, refused ones keep the version they met."""

    standard_key: str
    values: AnswerValues
    version: int
    accepted: bool
    by: int
    at: datetime


def earlier(values: AnswerValues) -> AnswerValues | None:
    """Return what an answer may have been a version before: the same with less said, or None."""
    if values.comment:
        return replace(values, comment="")
    if values.action_what:
        return replace(values, action_what="", action_owner="", action_due=None)
    if values.evidence:
        return replace(values, evidence="")
    if values.not_applicable_reason:
        return replace(values, not_applicable_reason="")
    return None


def _versions(rng: random.Random, values: AnswerValues) -> list[AnswerValues]:
    wanted = rng.choices(_VERSIONS, _VERSION_WEIGHTS)[0]
    versions = [values]
    while len(versions) < wanted:
        before = earlier(versions[0])
        if before is None:
            break
        versions.insert(0, before)
    return versions


def saves(
    rng: random.Random,
    answers: Mapping[str, AnswerValues],
    writer: Callable[[str], int],
    editor: int,
    begun: datetime,
) -> list[Save]:
    """Return the saves that led to these answers, in order: a first round by the writers, then revisions."""
    first: list[Save] = []
    revisions: list[list[Save]] = []
    for key, values in answers.items():
        author = writer(key)
        versions = _versions(rng, values)
        made = [
            Save(key, each, number, accepted=True, by=author if number == 1 else editor, at=begun)
            for number, each in enumerate(versions, 1)
        ]
        first.append(made[0])
        if len(made) > 1:
            revisions.append(made[1:])
    ordered = first + list(_shuffled(rng, revisions))
    return _with_refusal(rng, ordered, editor) if rng.random() < _REFUSED_SHARE else ordered


def _shuffled(rng: random.Random, revisions: list[list[Save]]) -> Iterator[Save]:
    """Yield revisions in mixed order, those of one answer in theirs."""
    turns = [index for index, made in enumerate(revisions) for _ in made]
    rng.shuffle(turns)
    queues = [iter(made) for made in revisions]
    for turn in turns:
        yield next(queues[turn])


def _with_refusal(rng: random.Random, ordered: list[Save], editor: int) -> list[Save]:
    """Let a colleague's save come a moment after another's change of the same text: it is kept, not taken."""
    able = [index for index, save in enumerate(ordered) if save.values.comment and save.by != editor]
    if not able:
        return ordered
    index = rng.choice(able)
    met = ordered[index]
    theirs = replace(
        met.values, comment=f"{met.values.comment.split('.')[0]}, as we said at the last meeting."
    )
    refused = Save(met.standard_key, theirs, met.version, accepted=False, by=editor, at=met.at)
    return [*ordered[: index + 1], refused, *ordered[index + 1 :]]


def stamp(
    rng: random.Random, ordered: list[Save], start: datetime, end: datetime, *, one_sitting: bool
) -> None:
    """Give each save its moment: in a few sittings between start and end, a minute or two apart."""
    if not ordered:
        return
    starts = [start] if one_sitting else _sittings(rng, start, end)
    share = -(-len(ordered) // len(starts))
    for number, begun in enumerate(starts):
        sitting = ordered[number * share : (number + 1) * share]
        until = starts[number + 1] if number + 1 < len(starts) else end
        room = (until - begun) / (len(sitting) + 1)
        step = min(room, timedelta(seconds=rng.uniform(35, 190)))
        for place, save in enumerate(sitting):
            save.at = begun + step * (place + rng.uniform(0, 0.9))


def _sittings(rng: random.Random, start: datetime, end: datetime) -> list[datetime]:
    days = (london_date(end) - london_date(start)).days
    wanted = min(days, rng.choice((0, 1, 1, 2, 2, 3, 4)))
    others = (at_work(rng, london_date(start) + timedelta(days=rng.randint(1, days))) for _ in range(wanted))
    final = [end - timedelta(minutes=rng.uniform(25, 110))] if days else []
    margin = timedelta(minutes=20)
    return [start, *sorted(each for each in (*others, *final) if start + margin < each < end - margin)]


def standing(ordered: list[Save]) -> dict[str, Save]:
    """Return the save that stands for each answer: the last that was accepted."""
    return {save.standard_key: save for save in ordered if save.accepted}


def history_row(rng: random.Random, save: Save, place: Mapping[str, Any]) -> dict[str, Any]:
    """Return a save as a row of the history."""
    return {
        **place,
        "standard_key": save.standard_key,
        "version": save.version,
        "accepted": save.accepted,
        "content": save.values.stored(),
        "save_key": f"{rng.getrandbits(64):016x}",
        "saved_at": save.at,
        "saved_by": save.by,
    }
