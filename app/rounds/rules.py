"""Rules about rounds: who is in the audience, and which dates make sense."""

from dataclasses import dataclass
from datetime import date

SHORTEST_DAYS = 14
LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organisation that could be asked."""

    organisation_id: int
    name: str
    kind: str
    phase: str
    duty: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a round asks: kinds and phases, and single organisations in or out."""

    kinds: frozenset[str] = frozenset()
    phases: frozenset[str] = frozenset()
    included: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()

    def asks(self, candidate: Candidate) -> bool:
        """Say whether an organisation is asked; a single decision goes before its kind and phase."""
        if candidate.organisation_id in self.excluded:
            return False
        if candidate.organisation_id in self.included:
            return True
        if candidate.kind not in self.kinds:
            return False
        # Agencies have no phase, so a choice of phases says nothing about them.
        return not self.phases or candidate.phase in self.phases or candidate.phase == "not_applicable"


def start_of_school_year(day: date) -> date:
    """Return the first day of the school year of a day: it begins on 1 September."""
    return date(day.year if day.month >= 9 else day.year - 1, 9, 1)


def date_problems(opens_on: date | None, due_on: date | None, today: date) -> dict[str, str]:
    """Return what is wrong with a new round's dates, by form field."""
    problems = {}
    if opens_on is None:
        problems["opens_on"] = "Enter the day on which it opens, like 1/9/2027"
    if due_on is None:
        problems["due_on"] = "Enter the day on which returns are due, like 29/1/2027"
    elif due_on <= today:
        problems["due_on"] = "The due date must be in the future"
    elif opens_on is not None and (due_on - opens_on).days < SHORTEST_DAYS:
        problems["due_on"] = f"Give at least {SHORTEST_DAYS} days between opening and due date"
    elif opens_on is not None and (due_on - opens_on).days > LONGEST_DAYS:
        problems["due_on"] = "A round lasts at most a year. Check the years of both days"
    return problems
