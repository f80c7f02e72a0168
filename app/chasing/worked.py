"""What worked: how many organisations did something after each stage, and at which hour of sending."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from app.chasing.deciding import NOW_STAGE
from app.chasing.models import ChaseMessage, MessageOutcome
from app.chasing.progress import percent
from app.chasing.stages import Plan, StageKind
from app.core.clock import LONDON
from app.core.models import AuditEvent
from app.returns.models import Return

# An organisation that does something within these days is counted as moved by the mail; others may have been
# moved by something else, so the figures compare stages and prove nothing about one.
DAYS: Final = 5
_WORDS: Final = {
    StageKind.REMINDER: "reminder",
    StageKind.HEAD: "head or chief officer",
    StageKind.CHAIR: "chair of governors",
    StageKind.CALL: "call",
}
# Shares of fewer mails than this say more about chance than about the hour.
FEWEST: Final = 20


@dataclass(frozen=True, slots=True)
class SentOne:
    """One message that arrived: at which stage, when, and what the organisation did afterwards."""

    stage_key: str
    sent_at: datetime
    acted_at: datetime | None
    signed_at: datetime | None

    def within(self, moment: datetime | None) -> bool:
        """Say whether something happened in the days after the mail."""
        return moment is not None and self.sent_at <= moment < self.sent_at + timedelta(days=DAYS)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a group of mails brought."""

    words: str
    sent: int
    acted: int
    signed: int

    @property
    def share(self) -> int:
        """The share that did something, in whole percent."""
        return percent(self.acted, self.sent)


@dataclass(frozen=True, slots=True)
class Worked:
    """What worked in a round."""

    stages: tuple[Effect, ...]
    hours: tuple[Effect, ...]
    best: str


def effects(sent: Iterable[SentOne], stage_words: Mapping[str, str]) -> Worked:
    """Return what each stage and each hour of sending brought, and the best hour in words."""
    by_stage: dict[str, list[SentOne]] = defaultdict(list)
    by_hour: dict[int, list[SentOne]] = defaultdict(list)
    for each in sent:
        by_stage[each.stage_key].append(each)
        by_hour[each.sent_at.astimezone(LONDON).hour].append(each)
    order = list(stage_words)
    stages = tuple(
        _effect(stage_words.get(key, "an earlier stage"), by_stage[key])
        for key in sorted(by_stage, key=lambda key: (order.index(key) if key in order else len(order), key))
    )
    hours = tuple(_effect(f"between {hour}:00 and {hour}:59", by_hour[hour]) for hour in sorted(by_hour))
    able = [each for each in hours if each.sent >= FEWEST]
    best = max(able, key=lambda each: each.acted / each.sent).words if len(able) > 1 else ""
    return Worked(stages, hours, best)


def _effect(words: str, sent: list[SentOne]) -> Effect:
    return Effect(
        words,
        len(sent),
        sum(each.within(each.acted_at) for each in sent),
        sum(each.within(each.signed_at) for each in sent),
    )


def worked(session: Session, round_id: int, plan: Plan) -> Worked:
    """Return what worked in a round, from the audit trail of its returns."""
    acted = (
        select(func.min(col(AuditEvent.at)))
        .where(
            col(AuditEvent.subject) == "return",
            col(AuditEvent.subject_id) == col(ChaseMessage.return_id),
            col(AuditEvent.event).in_(["return.opened", "answer.saved", "return.ready", "return.signed"]),
            col(AuditEvent.at) >= col(ChaseMessage.settled_at),
        )
        .correlate(ChaseMessage)
        .scalar_subquery()
    )
    rows = session.execute(
        select(col(ChaseMessage.stage_key), col(ChaseMessage.settled_at), acted, col(Return.signed_at))
        .join(Return, col(Return.id) == col(ChaseMessage.return_id))
        .where(
            and_(
                col(ChaseMessage.round_id) == round_id,
                col(ChaseMessage.outcome) == MessageOutcome.SENT,
                col(ChaseMessage.settled_at).is_not(None),
            )
        )
    )
    found = [SentOne(key, at, moved, signed) for key, at, moved, signed in rows if at is not None]
    words = {each.key: f"{each.words}: {_WORDS[each.kind]}" for each in plan.stages}
    return effects(found, words | {NOW_STAGE: "sent at once"})
