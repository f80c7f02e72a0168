"""Answers to factual questions: sensible numbers, dates, job titles, and the closing questions."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.demo.phrases import MEASURES, RISKS
from app.demo.wording import Wording
from app.questionnaires.definition import AnswerType, Standard

_SCHOOL_JOBS = (
    "Deputy headteacher",
    "Assistant headteacher (pastoral)",
    "Headteacher",
    "Deputy head & SENCO",
    "Assistant principal, inclusion",
    "Safeguarding and welfare manager",
)
_AGENCY_JOBS = (
    "Assistant director, quality",
    "Head of safeguarding",
    "Service manager",
    "Chief nurse",
    "Practice manager",
)
_CONFIDENCE_WEIGHTS = (28, 57, 15)


def fact(wording: Wording, standard: Standard) -> str:
    """Return the stored form of an answer to a factual question."""
    return _MAKERS[standard.type](wording, standard)


def _yes_no(wording: Wording, _standard: Standard) -> str:
    return "yes" if wording.rng.random() < 0.88 else "no"


def _number(wording: Wording, standard: Standard) -> str:
    staff = int(wording.words["m"])
    most = max(3, staff // 4 if "referr" in standard.key else staff // 8)
    return str(int(wording.rng.triangular(0, min(most, 140), min(most, 140) / 4)))


def _number_of_number(wording: Wording, standard: Standard) -> str:
    if "staff" in standard.key:
        return f"{wording.words['n']} of {wording.words['m']}"
    total = wording.rng.randint(5, 16)
    return f"{total - wording.rng.choice((0, 0, 1, 1, 2, 4))} of {total}"


def _date(wording: Wording, _standard: Standard) -> str:
    rng = wording.rng
    days = rng.randint(800, 1200) if rng.random() < 0.05 else int(rng.triangular(5, 420, 90))
    return (wording.day - timedelta(days=days)).isoformat()


def _choice(wording: Wording, standard: Standard) -> str:
    if len(standard.choices) == len(_CONFIDENCE_WEIGHTS):
        return wording.rng.choices(standard.choices, _CONFIDENCE_WEIGHTS)[0]
    return wording.rng.choice(standard.choices)


def _short_text(wording: Wording, _standard: Standard) -> str:
    school = wording.words["place"] != "service"
    return wording.rng.choice(_SCHOOL_JOBS if school else _AGENCY_JOBS)


def _long_text(wording: Wording, _standard: Standard) -> str:
    rng = wording.rng
    risks = rng.sample(RISKS, 3)
    if rng.random() < 0.15:
        return wording.fill("; ".join(risks))
    lines = (f"{number}. {risk}: {rng.choice(MEASURES)}." for number, risk in enumerate(risks, 1))
    return wording.fill("\n".join(lines))


_MAKERS: Mapping[AnswerType, Callable[[Wording, Standard], str]] = {
    "yes_no": _yes_no,
    "number": _number,
    "number_of_number": _number_of_number,
    "date": _date,
    "choice": _choice,
    "short_text": _short_text,
    "long_text": _long_text,
}
