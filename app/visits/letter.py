"""What the selection letter says: a text to begin from, which the board manager may edit first. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.clock import long_date

LONGEST: Final = 4_000

_STANDARD: Final = """\
We visit every agency with a duty to safeguard children within two years. The safeguarding partners
have endorsed a visit to {organisation}. The proposed date is {day}.

On the visit we walk the floor with you, talk with leaders and practitioners and, where that is
right, with children and families. It is your chance to show what works, how you listen, and what
comes next. Young people may come with us.

Before the visit you get the safeguarding self-assessment with your last answers in it, no later
than {framework_due}. Please bring it up to date and have it signed by {return_due}. Then we agree
the programme of the day with you.

{law}

If the date does not fit, ring {phone} or write to {email} soon."""


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """What the letter is about, and whom to ask."""

    organisation: str
    visit_on: date
    framework_due: date
    return_due: date
    law: str
    phone: str
    email: str


def standard_text(facts: LetterFacts) -> str:
    """Return Eleven's own words for a visit."""
    # Lines are broken here so that they can be read in the program; a paragraph is one line in the letter.
    text = "\n\n".join(" ".join(part.split()) for part in _STANDARD.split("\n\n"))
    return text.format(
        organisation=facts.organisation,
        day=long_date(facts.visit_on),
        framework_due=long_date(facts.framework_due),
        return_due=long_date(facts.return_due),
        law=facts.law,
        phone=facts.phone,
        email=facts.email,
    )


def problems_of(text: str, visit_on: date) -> dict[str, str]:
    """Return what is wrong with a letter's text, by form field."""
    if not text.strip():
        return {"letter": "Write what the letter says"}
    if len(text) > LONGEST:
        return {"letter": f"Shorten the letter to {LONGEST:,} characters or fewer; it has {len(text):,}"}
    day = long_date(visit_on)
    if day not in " ".join(text.split()):
        return {"letter": f"Keep the date of the visit in the text, written like this: {day}"}
    return {}


def paragraphs(text: str) -> list[str]:
    """Return a letter's paragraphs: its lines, but for the empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
