"""A made-up round of any size for the workbook: rows come out of thin air, one at a time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

from app.actions.models import ActionStatus
from app.bench.survey import ALL_KEYS, DOMAINS, definition
from app.chasing.exempting import Exempt
from app.questionnaires.definition import from_content
from app.questionnaires.queries import Published
from app.ratings.models import RatingSource
from app.returns.models import ReturnState
from app.returns.queries import AnswerLine
from app.returns.rules import AnswerValues
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine
from app.scrutiny.consolidated import (
    ActionLine,
    AnsweredReturn,
    DomainLine,
    Profile,
    RoundReturn,
    Who,
)
from app.scrutiny.counts import OutcomeCount, Signatures, TypeCount
from app.scrutiny.silence import Silent
from exports.source import Counts, RoundHead

_NOW: Final = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)
_DUE: Final = date(2027, 1, 29)


class MadeUpRound:
    """A round in which every school has signed, with so many answers each."""

    def __init__(self, returns: int, answers: int = len(ALL_KEYS)) -> None:
        self._returns = returns
        self._keys = ALL_KEYS[:answers]
        self._questionnaire = from_content(definition())

    def head(self) -> RoundHead:
        """Return what the round is."""
        line = RoundLine(
            id=1,
            title="Sixty questions",
            state=RoundState.OPEN,
            school_year="2026 to 2027",
            opens_on=date(2026, 10, 1),
            due_on=_DUE,
            closed_at=None,
            previous_round_id=None,
            version_id=1,
            questionnaire_key="bench",
            questionnaire_version=1,
            questionnaire_title="Sixty questions",
        )
        version = Published(1, "bench", 1, "Sixty questions", "2026 to 2027", "0" * 64, _NOW)
        return RoundHead("A partnership", line, None, version, self._questionnaire, _NOW)

    def counts(self) -> Counts:
        """Return the figures of the summary."""
        return Counts(
            types=(TypeCount("academy", "primary", ReturnState.SIGNED, self._returns),),
            outcomes=tuple(
                OutcomeCount(domain, RatingSource.SELF, "amber", self._returns) for domain in DOMAINS
            ),
            signed=Signatures(self._returns, {_NOW.date(): self._returns}),
            signed_before=None,
            changes=(),
        )

    def _line(self, number: int) -> RoundReturn:
        facts = {"kind": "academy", "phase": "primary", "features": [], "governance": "academy"}
        return RoundReturn(
            Who(f"School number {number}", str(100_000 + number), "urn", "academy", "primary"),
            number,
            ReturnState.SIGNED,
            len(self._keys),
            len(self._keys),
            1,
            _DUE,
            _NOW,
            facts,
        )

    def profiles(self) -> Iterator[Profile]:
        """Yield every return with its ratings."""
        ratings = tuple(DomainLine(domain, "amber", 14, 20, 0, 0) for domain in DOMAINS)
        for number in range(1, self._returns + 1):
            yield Profile(self._line(number), ratings)

    def answered_returns(self) -> Iterator[AnsweredReturn]:
        """Yield every return with its answers."""
        for number in range(1, self._returns + 1):
            yield AnsweredReturn(self._line(number), {key: self._answer(number) for key in self._keys})

    def _answer(self, number: int) -> AnswerLine:
        values = AnswerValues(
            level="amber",
            comment=f"We looked at this in the autumn term and again after the inspection of {number}",
            evidence=f"Minutes of the governors' meeting of 4 October, case file audit number {number}",
            action_what="Train the new staff and look again",
            action_owner="Deputy head",
            action_due=_DUE,
        )
        return AnswerLine(values, 1, _NOW, 1, "Robin Marsh")

    def actions(self) -> Iterator[ActionLine]:
        """Yield one action of every return."""
        for number in range(1, self._returns + 1):
            yield ActionLine(
                self._line(number).who,
                DOMAINS[0],
                ALL_KEYS[0],
                "amber",
                "Train the new staff and look again",
                "Deputy head",
                _DUE,
                ActionStatus.OPEN,
                _NOW,
                None,
            )

    def silent_returns(self) -> Iterator[Silent]:
        """Yield nothing: everybody has signed."""
        return iter(())

    def exempt_returns(self) -> Iterator[tuple[Who, Exempt]]:
        """Yield nothing: nobody is exempt."""
        return iter(())
