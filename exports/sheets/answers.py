"""Every answer one row: judgements, facts and closing answers, and the strengths to share."""

from collections.abc import Iterable
from datetime import date

from app.questionnaires.definition import Questionnaire, Standard
from app.questionnaires.queries import facts_from
from app.questionnaires.rules import display_fact
from app.returns.models import ReturnState
from app.returns.queries import AnswerLine
from app.scrutiny.consolidated import AnsweredReturn
from exports.book import A3, Book
from exports.cells import Look, Shown, Value
from exports.sheets.wording import (
    CLOSING_TITLE,
    STATE_WORDS,
    WHO_COLUMNS,
    Asked,
    domain_words,
    is_unevidenced,
    judgement_cell,
    level_of,
    validated_cell,
    who_cells,
)
from exports.tables import Column, TableSheet, TableSpec

_STANDARD = (
    Column("Domain", "Domain of the standard", 28, Look.WRAPPED),
    Column("Standard key", "Key of the standard, the same every year", 22, Look.WRAPPED),
    Column("Standard", "Title of the standard, in the words for everybody", 30, Look.WRAPPED),
)
_LAST = (
    Column("Changed by", "Who changed the answer last", 20, Look.WRAPPED),
    Column("Changed at", "When that was", 19, Look.MOMENT, "Date and time in London"),
)
JUDGEMENT_COLUMNS = (
    *_STANDARD,
    Column("Critical", "Whether the standard is critical", 9, holds="Yes or empty"),
    Column(
        "Self-rating",
        "The level that the organisation chose",
        14,
        Look.CENTRED,
        "The scale's words, Not applicable, Not answered",
    ),
    Column(
        "Validated rating",
        "The level after review by officers; empty: not reviewed",
        12,
        Look.CENTRED,
        "The scale's words or empty",
    ),
    Column("Comment", "What the organisation wrote", 50, Look.WRAPPED),
    Column("Evidence", "How it knows", 50, Look.WRAPPED),
    Column("Evidence files", "Names of the files beside the answer, one on each line", 36, Look.WRAPPED),
    Column("Evidence mark", "Green without a word or a file of evidence", 13, holds="Unevidenced or empty"),
    Column("Why not applicable", "The reason that was given", 28, Look.WRAPPED),
    Column("Strength", "Marked as a strength to share", 9, holds="Yes or empty"),
    Column("Action: what", "What will be done", 36, Look.WRAPPED),
    Column("Action: who", "Who sees to it", 20, Look.WRAPPED),
    Column("Action: by when", "The day by which it will be done", 13, Look.DATE, "Date"),
    *_LAST,
)
FACT_COLUMNS = (
    Column("Domain", "Domain of the question; closing questions stand apart", 28, Look.WRAPPED),
    Column("Question key", "Key of the question, the same every year", 22, Look.WRAPPED),
    Column("Question", "Title of the question", 30, Look.WRAPPED),
    Column("Answer", "The answer as people read it", 60, Look.WRAPPED),
    Column("Number", "The number, or the first of two", 11, Look.NUMBER, "Number"),
    Column("Of", "The second number: out of how many", 11, Look.NUMBER, "Number"),
    Column("Share", "First number of the second, rounded down", 9, Look.PERCENT, "Percent"),
    Column("Date", "The date, where the question asks for one", 13, Look.DATE, "Date"),
    *_LAST,
)
STATE_COLUMN = Column("Return", "How far the return is", 20, holds=", ".join(STATE_WORDS.values()))

ANSWERS = TableSpec(
    "Answers",
    "Answers",
    "Every standard of every signed return, one row each. A return that is not signed has one row that says "
    "how far it is: unfinished drafts are not exported.",
    "No organisation has been asked yet.",
    (*WHO_COLUMNS, STATE_COLUMN, *JUDGEMENT_COLUMNS),
    paper=A3,
)
FACTS = TableSpec(
    "Facts",
    "Facts",
    "Answers to the questions that are not rated, and to the closing questions, of signed returns.",
    "No return has been signed yet.",
    (*WHO_COLUMNS, *FACT_COLUMNS),
    paper=A3,
)
STRENGTHS = TableSpec(
    "Strengths",
    "Strengths",
    "Answers of signed returns that their organisations marked as a strength to share.",
    "Nobody has marked a strength to share yet.",
    (
        *WHO_COLUMNS,
        *_STANDARD,
        Column("Self-rating", "The level that the organisation chose", 14, Look.CENTRED, "The scale's words"),
        Column("Comment", "What the organisation wrote", 60, Look.WRAPPED),
        Column("Evidence", "How it knows", 60, Look.WRAPPED),
    ),
    paper=A3,
)


def judgement_cells(
    questionnaire: Questionnaire, standard: Standard, answer: AnswerLine | None, validated: str | None = None
) -> tuple[Value, ...]:
    """Return the cells of JUDGEMENT_COLUMNS for one standard; `validated` is what officers made of it."""
    domain = questionnaire.domain_of(standard.key) if questionnaire.asks(standard.key) else None
    what = (
        domain_words(questionnaire, domain.key) if domain else "",
        standard.key,
        standard.title,
        "Yes" if standard.critical else None,
    )
    if answer is None:
        return (*what, judgement_cell(None, None), validated_cell(questionnaire, validated))
    values = answer.values
    level = level_of(questionnaire, values)
    return (
        *what,
        judgement_cell(level, values),
        validated_cell(questionnaire, validated),
        values.comment,
        values.evidence,
        "\n".join(values.files) or None,
        "Unevidenced" if is_unevidenced(level, values) else None,
        values.not_applicable_reason,
        "Yes" if values.strength else None,
        values.action_what,
        values.action_owner,
        values.action_due,
        answer.updated_by_name,
        answer.updated_at,
    )


def fact_cells(
    questionnaire: Questionnaire, standard: Standard, answer: AnswerLine | None
) -> tuple[Value, ...]:
    """Return the cells of FACT_COLUMNS for one question."""
    domain = questionnaire.domain_of(standard.key)
    what = (
        domain_words(questionnaire, domain.key) if domain else CLOSING_TITLE,
        standard.key,
        standard.title,
    )
    if answer is None or not answer.values.fact.strip():
        return (*what, Shown("Not answered", Look.NOT_ANSWERED))
    stored = answer.values.fact
    return (
        *what,
        display_fact(standard, stored),
        *_numbers(standard, stored),
        _day(stored) if standard.type == "date" else None,
        answer.updated_by_name,
        answer.updated_at,
    )


def _numbers(standard: Standard, stored: str) -> tuple[Value, Value, Value]:
    if standard.type not in {"number", "number_of_number"}:
        return None, None, None
    first, _, second = stored.partition(" of ")
    number, of = _figure(first), _figure(second)
    share = int(100 * number // of) / 100 if number is not None and of else None
    return number, of, share


def _figure(text: str) -> int | float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None


def _day(stored: str) -> date | None:
    try:
        return date.fromisoformat(stored)
    except ValueError:
        return None


class AnswerSheets:
    """The sheets that are fed by one read of the answers."""

    def __init__(self, book: Book, questionnaire: Questionnaire, asked: Asked) -> None:
        self._questionnaire = questionnaire
        self._asked = asked
        self.answers = TableSheet(book, ANSWERS)
        self.facts = TableSheet(book, FACTS)
        self.strengths = TableSheet(book, STRENGTHS)
        self.tables = (self.answers, self.facts, self.strengths)
        for table in self.tables:
            table.begin()

    def append(self, returned: AnsweredReturn) -> None:
        """Write one return: all it was asked and, in case, answers to what it is no longer asked."""
        line = returned.line
        who = who_cells(line.who)
        if line.state is not ReturnState.SIGNED:
            self.answers.append((*who, STATE_WORDS[line.state]))
            return
        asked = self._asked.of(facts_from(line.facts))
        for standard in self._wanted(asked, returned.answers):
            answer = returned.answers.get(standard.key)
            if not standard.rated:
                self.facts.append((*who, *fact_cells(self._questionnaire, standard, answer)))
                continue
            validated = returned.validated.get(standard.key)
            cells = judgement_cells(self._questionnaire, standard, answer, validated)
            self.answers.append((*who, STATE_WORDS[line.state], *cells))
            if answer is not None and answer.values.strength:
                self.strengths.append((*who, *cells[:3], cells[4], cells[6], cells[7]))

    def _wanted(self, asked: frozenset[str], answered: Iterable[str]) -> list[Standard]:
        known = [
            standard
            for standard in self._questionnaire.questions
            if standard.key in asked or standard.key in answered
        ]
        unknown = [key for key in answered if not self._questionnaire.asks(key)]
        return known + [Standard(key=key, title=key, text="") for key in unknown]
