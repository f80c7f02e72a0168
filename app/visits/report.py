"""The report of a visit, drafted from the notes under the framework's three headings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Shows(StrEnum):
    """What a note shows: the heading of the report that it goes under."""

    STRENGTH = "strength"
    DEVELOPMENT = "development"
    CONSIDERATION = "consideration"
    NOTHING = "nothing"


SHOWS_WORDS: Final[Mapping[Shows, str]] = MappingProxyType(
    {
        Shows.STRENGTH: "A strength",
        Shows.DEVELOPMENT: "An area for development",
        Shows.CONSIDERATION: "An area for consideration and action",
        Shows.NOTHING: "Nothing for the report",
    }
)
HEADINGS: Final[Mapping[Shows, str]] = MappingProxyType(
    {
        Shows.STRENGTH: "Strengths",
        Shows.DEVELOPMENT: "Areas for development",
        Shows.CONSIDERATION: "Areas for consideration and action",
    }
)


@dataclass(frozen=True, slots=True)
class Note:
    """What was heard and seen about one line of enquiry."""

    domain: str
    heard: str
    seen: str
    shows: Shows
    young: bool = False


@dataclass(frozen=True, slots=True)
class ReportText:
    """The report's three parts, as plain text with one point on each line."""

    strengths: str = ""
    development: str = ""
    consideration: str = ""

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Heading and text of each part."""
        texts = (self.strengths, self.development, self.consideration)
        return tuple(zip(HEADINGS.values(), texts, strict=True))


def drafted(notes: Iterable[Note], *, stars: int | None = None, young_comment: str = "") -> ReportText:
    """Return a first draft; every note that shows something is in it once, by domain as they come."""
    parts: dict[Shows, list[str]] = {shows: [] for shows in HEADINGS}
    for note in notes:
        text = _sentences(note.heard, note.seen)
        if text and note.shows in parts:
            whose = "Young scrutineers: " if note.young else ""
            domain = f"{note.domain}: " if note.domain else ""
            parts[note.shows].append(f"{domain}{whose}{text}")
    if stars is not None:
        comment = " ".join(young_comment.split())
        said = f": {comment}" if comment else ""
        heading = Shows.STRENGTH if stars >= 3 else Shows.DEVELOPMENT
        parts[heading].append(f"Young scrutineers give {stars} of 5 stars{said}")
    return ReportText(*("\n".join(lines) for lines in parts.values()))


def _sentences(*parts: str) -> str:
    """Return parts on one line, each ended like a sentence where another one follows."""
    said = [" ".join(part.split()) for part in parts if part.strip()]
    ended = [part if part[-1] in ".!?" else f"{part}." for part in said[:-1]]
    return " ".join([*ended, *said[-1:]])
