"""The words and cells that several sheets share: who, how far, and what a rating looks like."""

from collections.abc import Mapping
from typing import Final

from app.organisations.rules import KINDS, PHASES
from app.questionnaires.definition import Level, OrganisationFacts, Questionnaire, Standard
from app.ratings.models import NOT_APPLICABLE
from app.ratings.rules import OUTCOME_WORDS, Outcome
from app.returns.models import ReturnState
from app.returns.rules import AnswerValues
from app.scrutiny.consolidated import Who
from exports.cells import RATING_LOOKS, Look, Shown, Value
from exports.tables import Column

STATE_WORDS: Final[Mapping[ReturnState, str]] = {
    ReturnState.ISSUED: "Never opened",
    ReturnState.OPENED: "Opened, not started",
    ReturnState.IN_PROGRESS: "In progress",
    ReturnState.READY: "Waiting for signature",
    ReturnState.SIGNED: "Signed",
}
SCHEME_WORDS: Final[Mapping[str, str]] = {
    "urn": "URN",
    "laestab": "LAESTAB",
    "ukprn": "UKPRN",
    "ods": "ODS",
    "gss": "GSS",
    "slug": "Local code",
}
OUTCOME_LETTERS: Final[Mapping[Outcome, str]] = {
    "red": "R",
    "amber": "A",
    "green": "G",
    "insufficient": "?",
    "not_rated": "n/a",
}
NOT_THERE: Final = Shown("–", Look.NOT_ANSWERED)
DOES_NOT_APPLY: Final = Shown("n/a", Look.NOT_APPLICABLE)
UNEVIDENCED: Final = "○"
REVIEWED: Final = "✓"
CLOSING_TITLE: Final = "Closing questions"

WHO_COLUMNS: Final = (
    Column("Organisation", "Name of the organisation, as the register has it today", 44, Look.WRAPPED),
    Column(
        "Code",
        "Its code in the first register that knows it: URN, ODS, GSS, UKPRN, LAESTAB or the partnership",
        22,
        holds="Text; leading zeros count",
        is_code=True,
    ),
    Column("Code type", "Which register the code is from", 12, holds=", ".join(SCHEME_WORDS.values())),
    Column(
        "Kind",
        "What the organisation was on the day of issue",
        26,
        Look.WRAPPED,
        holds="Kind of school or agency",
    ),
    Column("Phase", "Its phase on that day; agencies have none", 13, holds=", ".join(PHASES.values())),
)


def who_cells(who: Who) -> tuple[Value, ...]:
    """Return the cells of WHO_COLUMNS."""
    return (
        who.name,
        who.code,
        SCHEME_WORDS.get(who.scheme, who.scheme),
        kind_words(who.kind),
        phase_words(who.phase),
    )


def kind_words(kind: str) -> str:
    """Return a kind as people say it."""
    return KINDS[kind].title if kind in KINDS else kind


def phase_words(phase: str) -> str:
    """Return a phase as people say it."""
    return PHASES.get(phase, phase)


def standard_words(standard: Standard) -> str:
    """Return a standard's title, with the word critical where it is."""
    return f"{standard.title} (critical)" if standard.critical else standard.title


def domain_words(questionnaire: Questionnaire, key: str) -> str:
    """Return a domain's title; one that the questionnaire no longer has stands by its key."""
    for domain in questionnaire.domains:
        if domain.key == key:
            return f"{domain.title} (own domain)" if domain.bespoke else domain.title
    return key


def level_words(questionnaire: Questionnaire, key: str) -> str:
    """Return a level's word; one that the scale no longer has stands by its key."""
    return next((level.word for level in questionnaire.scale if level.key == key), key)


def outcome_cell(outcome: Outcome, validated: Outcome | None) -> Shown:
    """Return a domain's cell: the letter, a tick when reviewed, or both letters where the two differ."""
    letter = OUTCOME_LETTERS[outcome]
    if validated is None:
        return Shown(letter, RATING_LOOKS[outcome])
    if validated == outcome:
        return Shown(f"{letter} {REVIEWED}", RATING_LOOKS[outcome])
    return Shown(f"{letter}→{OUTCOME_LETTERS[validated]}", RATING_LOOKS[validated])


def outcome_words(outcome: Outcome) -> Shown:
    """Return a domain's rating as a word."""
    return Shown(OUTCOME_WORDS[outcome], RATING_LOOKS[outcome])


def is_unevidenced(level: Level | None, values: AnswerValues) -> bool:
    """Say whether an answer is green without a word or a file of evidence."""
    return level is not None and level.rag == "green" and not values.evidenced


def level_of(questionnaire: Questionnaire, values: AnswerValues | None) -> Level | None:
    """Return the level of an answer, None if it has none."""
    if values is None or values.level is None:
        return None
    return next((level for level in questionnaire.scale if level.key == values.level), None)


def letter_cell(level: Level | None, values: AnswerValues | None) -> Shown:
    """Return a standard's cell in a heat map."""
    if values is None:
        return NOT_THERE
    if values.not_applicable:
        return DOES_NOT_APPLY
    if level is None:
        return NOT_THERE if values.level is None else Shown(values.level, Look.CENTRED)
    mark = f" {UNEVIDENCED}" if is_unevidenced(level, values) else ""
    return Shown(level.letter + mark, RATING_LOOKS[level.rag])


def judgement_cell(level: Level | None, values: AnswerValues | None) -> Shown:
    """Return a standard's rating as a word."""
    if values is None:
        return Shown("Not answered", Look.NOT_ANSWERED)
    if values.not_applicable:
        return Shown("Not applicable", Look.NOT_APPLICABLE)
    if level is None:
        return Shown(values.level or "Not answered", Look.NOT_ANSWERED)
    return Shown(level.word, RATING_LOOKS[level.rag])


def validated_cell(questionnaire: Questionnaire, mark: str | None) -> Shown | None:
    """Return what officers made of a standard as a word; nothing where they have not reviewed it."""
    if mark is None:
        return None
    if mark == NOT_APPLICABLE:
        return Shown("Not applicable", Look.NOT_APPLICABLE)
    level = next((each for each in questionnaire.scale if each.key == mark), None)
    return Shown(level.word, RATING_LOOKS[level.rag]) if level else Shown(mark, Look.NOT_ANSWERED)


class Asked:
    """Which questions organisations are asked, remembered by what they are."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self._questionnaire = questionnaire
        self._known: dict[OrganisationFacts, frozenset[str]] = {}

    def of(self, facts: OrganisationFacts) -> frozenset[str]:
        """Return the keys of the questions that an organisation with these facts is asked."""
        if facts not in self._known:
            self._known[facts] = frozenset(
                each.key for each in self._questionnaire.questions if each.applies_to.matches(facts)
            )
        return self._known[facts]
