"""A round of any size, made up as it is read: what grows then is the workbook's doing, not the round's.

Run as a program it writes such a workbook and says how much memory that took at most:
python -m tests.exports.synthetic 600
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from app.actions.models import ActionStatus
from app.chasing.exempting import Exempt
from app.chasing.listing import Person
from app.chasing.rules import Standing
from app.organisations.models import OrganisationStatus
from app.questionnaires.definition import Questionnaire, Standard, content_hash, from_content
from app.questionnaires.queries import Published
from app.questionnaires.rules import worded
from app.ratings.models import RatingSource
from app.returns.models import ReturnState
from app.returns.queries import AnswerLine
from app.returns.rules import AnswerValues
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine
from app.scrutiny.consolidated import ActionLine, AnsweredReturn, DomainLine, Profile, RoundReturn, Who
from app.scrutiny.counts import OutcomeCount, Signatures, TypeCount
from app.scrutiny.silence import CallMade, Silent
from exports.source import Counts, RoundHead
from exports.workbook import write_workbook

NOW = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)
KINDS = (("maintained_school", "primary"), ("academy", "secondary"), ("special_school", "not_applicable"))
DEFINITION = Path(__file__).resolve().parent.parent.parent / "questionnaires" / "section-175.yaml"


class Synthetic:
    """A round of `returns` organisations; seven of eight have signed."""

    def __init__(self, returns: int) -> None:
        self.returns = returns
        self.content: dict[str, Any] = yaml.safe_load(DEFINITION.read_text("utf-8"))
        self.questionnaire: Questionnaire = worded(from_content(self.content))

    def head(self) -> RoundHead:
        """Return what the round is."""
        line = RoundLine(
            id=1,
            title="Made up",
            state=RoundState.OPEN,
            school_year="2026 to 2027",
            opens_on=date(2026, 9, 1),
            due_on=date(2026, 12, 18),
            closed_at=None,
            previous_round_id=None,
            version_id=1,
            questionnaire_key="section-175",
            questionnaire_version=1,
            questionnaire_title=self.questionnaire.title,
        )
        digest = content_hash(self.content)
        version = Published(1, "section-175", 1, self.questionnaire.title, "2026 to 2027", digest, NOW)
        return RoundHead("A made-up partnership", line, None, version, self.questionnaire, NOW)

    def counts(self) -> Counts:
        """Return figures that need no reading."""
        domain = self.questionnaire.domains[0].key
        return Counts(
            types=(TypeCount("academy", "primary", ReturnState.SIGNED, self.returns),),
            outcomes=(OutcomeCount(domain, RatingSource.SELF, "green", self.returns),),
            signed=Signatures(self.returns, {date(2026, 10, 1): self.returns}),
            signed_before=None,
            changes=(),
        )

    def profiles(self) -> Iterator[Profile]:
        """Make every return with its ratings."""
        for line in self._lines():
            ratings = tuple(
                DomainLine(domain.key, "amber", 9, 14, 0, 2) for domain in self.questionnaire.domains
            )
            yield Profile(line, ratings if line.state is ReturnState.SIGNED else ())

    def answered_returns(self) -> Iterator[AnsweredReturn]:
        """Make every return with its answers, each text a string of its own."""
        for line in self._lines():
            signed = line.state is ReturnState.SIGNED
            yield AnsweredReturn(line, dict(self._answers(line.id)) if signed else {})

    def actions(self) -> Iterator[ActionLine]:
        """Make five actions for each return."""
        keys = [standard.key for standard in self.questionnaire.rated[:5]]
        domain = self.questionnaire.domains[0].key
        for line in self._lines():
            for key in keys:
                yield ActionLine(
                    line.who, domain, key, "amber", f"Action of {line.id} on {key}", f"Owner {line.id}",
                    date(2027, 1, 29), ActionStatus.OPEN, NOW, None,
                )  # fmt: skip

    def silent_returns(self) -> Iterator[Silent]:
        """Make the returns that are not signed."""
        for line in self._lines():
            if line.state is ReturnState.SIGNED:
                continue
            person = Person(f"Person {line.id}", "head_teacher", f"head{line.id}@example.org", "01632 960000")
            call = CallMade(NOW, "Caller", "message", f"Note {line.id}", None, 1)
            standing = Standing("opened", line.due_on, line.total, 0, has_contact=True)
            yield Silent(
                who=line.who,
                register=OrganisationStatus.OPEN,
                district=f"District {line.id}",
                telephone="01632 960001",
                issued_at=NOW,
                opened_at=NOW,
                standing=standing,
                people=(person, person),
                call=call,
                asked_before=False,
                signed_before=None,
                predecessors="",
            )

    def exempt_returns(self) -> Iterator[tuple[Who, Exempt]]:
        """Make nobody exempt."""
        return iter(())

    def _lines(self) -> Iterator[RoundReturn]:
        for number in range(1, self.returns + 1):
            kind, phase = KINDS[number % len(KINDS)]
            who = Who(f"Organisation {number} with a name", f"{number:06}", "urn", kind, phase)
            state = ReturnState.IN_PROGRESS if number % 8 == 0 else ReturnState.SIGNED
            facts = {"kind": kind, "phase": phase, "features": [], "governance": "maintained"}
            yield RoundReturn(who, number, state, 60, 72, 1, date(2026, 12, 18), NOW, facts)

    def _answers(self, number: int) -> Iterator[tuple[str, AnswerLine]]:
        for position, question in enumerate(self.questionnaire.questions):
            moment = NOW - timedelta(minutes=position)
            yield (
                question.key,
                AnswerLine(_values(question, number, position), 1, moment, 1, f"Person {number}"),
            )


def _values(question: Standard, number: int, position: int) -> AnswerValues:
    if not question.rated:
        return AnswerValues(fact="41 of 44" if question.type == "number_of_number" else f"Fact {number}")
    if (number + position) % 5 == 0:
        return AnswerValues(
            level="amber",
            comment=f"Comment {number} {position} " + "on what is still missing here " * 3,
            action_what=f"Do {number} {position}",
            action_owner=f"Owner {number}",
            action_due=date(2027, 3, 31),
        )
    evidence = f"Evidence {number} {position} & <more> " + "seen in minutes and records of the term " * 3
    return AnswerValues(level="green", evidence=evidence, strength=position % 20 == 0)


def most_resident() -> float:
    """Return the most memory that this process has held, in MiB.

    Not ru_maxrss: a new process inherits that from whoever started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]


def measure(returns: int) -> dict[str, float]:
    """Write a workbook and return its CPU seconds, its size and this process's most memory, in MiB."""
    begun = time.process_time()
    with tempfile.TemporaryFile() as file:
        write_workbook(Synthetic(returns), file)
        size = file.tell()
    return {"mib": most_resident(), "seconds": time.process_time() - begun, "file_mib": size / 2**20}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))) + "\n")
