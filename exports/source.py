"""What a round's workbook is made from: a protocol, so that made-up rounds of any size can be written too."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from app.chasing.exempting import Exempt
from app.core.access import Actor
from app.core.settings import settings
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import Published, questionnaire, version_line
from app.questionnaires.rules import worded
from app.rounds.queries import RoundLine, round_line
from app.scrutiny import consolidated, counts, silence
from app.scrutiny.consolidated import ActionLine, AnsweredReturn, Profile, Who
from app.scrutiny.counts import ChangeCount, OutcomeCount, Signatures, TypeCount
from app.scrutiny.silence import Silent


@dataclass(frozen=True, slots=True)
class RoundHead:
    """What a workbook says about itself; the questionnaire is in the words for everybody."""

    partnership: str
    round: RoundLine
    previous: RoundLine | None
    version: Published
    questionnaire: Questionnaire
    now: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What the summary shows; `signed_before` and `changes` are empty without a round before.

    `exempt` is how many owe no answer: they are in none of the other figures.
    """

    types: tuple[TypeCount, ...]
    outcomes: tuple[OutcomeCount, ...]
    signed: Signatures
    signed_before: Signatures | None
    changes: tuple[ChangeCount, ...]
    exempt: int = 0


class RoundSource(Protocol):
    """Everything that a round's workbook shows; each iterator is read once."""

    def head(self) -> RoundHead:
        """Return what the round is and what it asks."""

    def counts(self) -> Counts:
        """Return the figures of the summary."""

    def profiles(self) -> Iterator[Profile]:
        """Stream every return with its domain ratings, gravest first."""

    def answered_returns(self) -> Iterator[AnsweredReturn]:
        """Stream every return by name, the signed ones with their answers."""

    def actions(self) -> Iterator[ActionLine]:
        """Stream every action that was promised."""

    def silent_returns(self) -> Iterator[Silent]:
        """Stream every return that is not signed and owes an answer."""

    def exempt_returns(self) -> Iterator[tuple[Who, Exempt]]:
        """Yield those who owe no answer, and why."""


class DatabaseSource:
    """A round as it is stored, seen by one person, in a number of statements that does not grow."""

    def __init__(self, session: Session, actor: Actor, round_id: int, now: datetime) -> None:
        self._session = session
        self._actor = actor
        self._round_id = round_id
        self._now = now
        self._head: RoundHead | None = None

    def head(self) -> RoundHead:
        """Return what the round is; raises NotFoundError."""
        if self._head is None:
            line = round_line(self._session, self._round_id)
            before = line.previous_round_id
            self._head = RoundHead(
                partnership=settings().partnership_name,
                round=line,
                previous=round_line(self._session, before) if before is not None else None,
                version=version_line(self._session, line.version_id),
                questionnaire=worded(questionnaire(self._session, line.version_id)),
                now=self._now,
            )
        return self._head

    def counts(self) -> Counts:
        """Return the figures of the summary."""
        before = self.head().previous
        place = (self._session, self._actor, self._round_id)
        return Counts(
            types=counts.type_counts(*place),
            outcomes=counts.outcome_counts(*place),
            signed=counts.signatures(*place),
            signed_before=counts.signatures(self._session, self._actor, before.id) if before else None,
            changes=counts.change_counts(*place, before.id) if before else (),
            exempt=counts.exempt_count(*place),
        )

    def profiles(self) -> Iterator[Profile]:
        """Stream the returns with their ratings."""
        return consolidated.profiles(self._session, self._actor, self._round_id)

    def answered_returns(self) -> Iterator[AnsweredReturn]:
        """Stream the returns with their answers."""
        return consolidated.answered_returns(self._session, self._actor, self._round_id)

    def actions(self) -> Iterator[ActionLine]:
        """Stream the actions."""
        return consolidated.actions(self._session, self._actor, self._round_id)

    def silent_returns(self) -> Iterator[Silent]:
        """Stream the returns that are not signed."""
        before = self.head().round.previous_round_id
        return silence.silent_returns(self._session, self._actor, self._round_id, before)

    def exempt_returns(self) -> Iterator[tuple[Who, Exempt]]:
        """Yield those who owe no answer."""
        return silence.excused(self._session, self._actor, self._round_id)
