"""The questionnaire that is measured: six groups of ten rated questions, like the survey the goals come from.

Its texts are as long as those of the questionnaires that come with Eleven (title 27 characters, text 125,
help 151, three descriptors of 116, evidence prompt 70), so that a page weighs what a real one does.
"""

from typing import Any, Final

DOMAINS: Final = tuple(f"group-{number}" for number in range(1, 7))
QUESTIONS_A_DOMAIN: Final = 10
KEY: Final = "bench"

_WORDS: Final = (
    "Our staff know whom to tell when they are worried about a child, and leaders check each term that "
    "concerns are written down, passed on the same day and followed up until somebody has answered them. "
)


_LEVEL: Final = ("key", "letter", "word", "meaning", "points", "rag")
_SCALE: Final = (
    ("red", "R", "Red", "Not in place", 0, "red"),
    ("amber", "A", "Amber", "Partly in place", 1, "amber"),
    ("green", "G", "Green", "In place", 2, "green"),
)


def standard_keys(domain: str) -> tuple[str, ...]:
    """Return the keys of a domain's standards."""
    return tuple(f"{domain}-{number:02d}" for number in range(1, QUESTIONS_A_DOMAIN + 1))


ALL_KEYS: Final = tuple(key for domain in DOMAINS for key in standard_keys(domain))


def _text(length: int, offset: int) -> str:
    whole = _WORDS * 2
    return whole[offset % 20 :][:length]


def definition() -> dict[str, Any]:
    """Return the definition, ready to be published."""
    return {
        "key": KEY,
        "title": "Sixty questions",
        "school_year": "2026 to 2027",
        "statutory_basis": "Education Act 2002, section 175",
        "guidance_edition": "Keeping Children Safe in Education",
        "audience": {"duties": ["section_175"]},
        "introduction": _text(180, 0),
        "scale": [dict(zip(_LEVEL, each, strict=True)) for each in _SCALE],
        "domains": [
            {
                "key": domain,
                "title": f"Group {number} of the six domains",
                "summary": _text(80, number),
                "standards": [_standard(key, place) for place, key in enumerate(standard_keys(domain))],
            }
            for number, domain in enumerate(DOMAINS, 1)
        ],
    }


def _standard(key: str, place: int) -> dict[str, Any]:
    return {
        "key": key,
        "title": _text(27, place),
        "text": _text(125, place),
        "help": _text(151, place + 3),
        "descriptors": {
            level: _text(116, place + offset) for offset, level in enumerate(("red", "amber", "green"))
        },
        "evidence": _text(70, place + 5),
        "critical": place == 0,
        "not_applicable": place == QUESTIONS_A_DOMAIN - 1,
    }
