"""Filling the sentences in: the words of one organisation, and the months and numbers of one return."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from app.demo.agencies import staff_of
from app.demo.phrases import fitting
from app.demo.schools import Listed
from app.organisations.rules import KINDS
from app.questionnaires.definition import Standard

_BOARDS = {
    "maintained": "the governing body",
    "academy": "the trust board",
    "independent": "the proprietor",
    "management_committee": "the management committee",
    "college": "the corporation",
}
_AGENCY_BOARDS = {
    "police": "the chief officer group",
    "nhs_trust": "the trust board",
    "ambulance": "the trust board",
    "integrated_care_board": "the board",
    "general_practice": "the partners' meeting",
    "voluntary": "the trustees",
    "independent_health": "the board",
}
_SCHOOL_OWNERS = (
    "Headteacher", "DSL", "Deputy DSL", "School business manager", "Chair of governors", "SENCO",
    "Computing lead", "Pastoral lead", "Head of year 9", "Site manager", "Attendance officer",
)  # fmt: skip
_AGENCY_OWNERS = (
    "Head of service", "Safeguarding lead", "HR business partner", "Contracts manager", "Training lead",
    "Service manager", "Performance analyst", "Named nurse", "Operations director", "Team manager, duty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one return."""

    rng: random.Random
    words: dict[str, str]
    months: tuple[str, ...]
    old_months: tuple[str, ...]
    owners: tuple[str, ...]
    day: date

    def fill(self, sentence: str) -> str:
        """Return a sentence with the organisation's own words, and numbers made up for it."""
        if "{" not in sentence:
            return sentence
        rng = self.rng
        return sentence.format(
            **self.words,
            month=rng.choice(self.months),
            old=rng.choice(self.old_months),
            few=rng.randint(2, 9),
            pct=rng.randint(61, 98),
        )

    def choose(self, standard: Standard, sentences: tuple[str, ...]) -> str:
        """Return one of some sentences that fits a standard, its braces still open."""
        return self.rng.choice(fitting(standard.key, standard.title, sentences))

    def pick(self, standard: Standard, sentences: tuple[str, ...]) -> str:
        """Return one of some sentences that fits a standard, filled in."""
        return self.fill(self.choose(standard, sentences))

    def owner(self) -> str:
        """Return who sees to an action: mostly a job, sometimes a name."""
        return self.words["lead_name"] if self.rng.random() < 0.12 else self.rng.choice(self.owners)


def _month(day: date, months_ago: int) -> str:
    index = day.year * 12 + day.month - 1 - months_ago
    return f"{date(index // 12, index % 12 + 1, 1):%B %Y}"


def staff_count(rng: random.Random, listed: Listed) -> int:
    """Return how many people work at an organisation."""
    known = staff_of(listed.organisation.name)
    if known is not None:
        return known
    pupils = listed.organisation.pupils
    return max(6, pupils // 8 + rng.randint(4, 12)) if pupils else rng.randint(9, 60)


def wording(rng: random.Random, listed: Listed, lead_name: str, governance: str, day: date) -> Wording:
    """Return the words of one return; `day` is when it is written, `governance` who governs then."""
    organisation = listed.organisation
    agency = governance == "agency"
    board = _AGENCY_BOARDS.get(organisation.kind, "the management team") if agency else _BOARDS[governance]
    children = "children" if agency or organisation.phase == "nursery" else "pupils"
    if organisation.phase == "post_16":
        children = "students"
    staff = staff_count(rng, listed)
    last_year = (_month(day, ago) for ago in range(12))
    words = {
        "board": board,
        "Board": board[0].upper() + board[1:],
        "children": children,
        "Children": children.capitalize(),
        "child": {"children": "child", "pupils": "pupil", "students": "student"}[children],
        "lead": "our safeguarding lead" if agency else "our DSL",
        "lead_name": lead_name,
        "boss": f"the {organisation.head_job_title.lower()}",
        "place": "service" if agency else "college" if organisation.phase == "post_16" else "school",
        "kind_plural": KINDS[organisation.kind].plural.lower(),
        "n": str(staff - min(staff - 1, int(staff * rng.choice((0, 0.02, 0.04, 0.08, 0.15))))),
        "m": str(staff),
    }
    return Wording(
        rng,
        words,
        # Schools do nothing in August that they would show as evidence.
        months=tuple(month for month in last_year if agency or not month.startswith("August")),
        old_months=tuple(_month(day, ago) for ago in range(14, 40, 3)),
        owners=_AGENCY_OWNERS if agency else _SCHOOL_OWNERS,
        day=day,
    )


def later(wording: Wording, least: int, most: int) -> date:
    """Return a day that many days after the return was written."""
    return wording.day + timedelta(days=wording.rng.randint(least, most))
