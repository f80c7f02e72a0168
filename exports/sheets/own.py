"""The sheets of one organisation's own workbook: ratings with reasons, answers, and what it signed."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.questionnaires.definition import Questionnaire, Standard
from app.questionnaires.rules import display_fact
from app.ratings.rules import DomainRating, explain
from app.returns.queries import AnswerLine, Signed
from app.returns.rules import AnswerValues, from_stored
from app.returns.signing import titles_of
from exports.book import A3, Book
from exports.cells import Look, Value
from exports.sheets.answers import FACT_COLUMNS, JUDGEMENT_COLUMNS, fact_cells, judgement_cells
from exports.sheets.following import ACTION_COLUMNS
from exports.sheets.wording import CLOSING_TITLE, domain_words, judgement_cell, level_of, outcome_words
from exports.tables import Column, TableSheet, TableSpec

# The partnership's review of a return is told by the partnership, not by a file that leads can fetch.
_VALIDATED: Final = next(
    index for index, column in enumerate(JUDGEMENT_COLUMNS) if column.heading == "Validated rating"
)
_ASKED: Final = Column("What was asked", "The standard in your words", 60, Look.WRAPPED)

RATINGS: Final = TableSpec(
    "Ratings",
    "Ratings",
    "The colour of each domain, and why.",
    "This questionnaire has no domains.",
    (
        Column("Domain", "Domain of the questionnaire", 36, Look.WRAPPED),
        Column("Rating", "Its colour by the rule on the cover", 18, Look.CENTRED),
        Column("Why", "What made it this colour", 80, Look.WRAPPED),
        Column("Standards", "Standards that apply", 11, Look.NUMBER, "Count"),
        Column("Answered", "Of these, answered", 11, Look.NUMBER, "Count"),
        Column("Red", "Answers that are red", 9, Look.NUMBER, "Count"),
        Column("Amber", "Answers that are amber", 9, Look.NUMBER, "Count"),
        Column("Green", "Answers that are green", 9, Look.NUMBER, "Count"),
        Column("Share", "Points reached of those possible, rounded down", 9, Look.PERCENT, "Percent"),
        Column(
            "Greens without evidence",
            "Green answers without a word or a file of evidence",
            13,
            Look.NUMBER,
            "Count",
        ),
    ),
)
ANSWERS: Final = TableSpec(
    "Answers",
    "Answers",
    "Every standard that you were asked, and what you said.",
    "You were asked no standard.",
    (
        *JUDGEMENT_COLUMNS[:3],
        _ASKED,
        *JUDGEMENT_COLUMNS[3:_VALIDATED],
        *JUDGEMENT_COLUMNS[_VALIDATED + 1 :],
    ),
    paper=A3,
    fixed_columns=0,
)
FACTS: Final = TableSpec(
    "Facts",
    "Facts",
    "Questions that are not rated, and the closing questions.",
    "You were asked no such question.",
    FACT_COLUMNS,
    fixed_columns=0,
)
ACTIONS: Final = TableSpec(
    "Actions",
    "Actions",
    "What you promised when you signed. Actions of a draft are in the sheet Answers.",
    "No action has been taken on with a signature.",
    ACTION_COLUMNS,
    paper=A3,
    fixed_columns=0,
)
EDITIONS: Final = TableSpec(
    "Signed editions",
    "SignedEditions",
    "Every signature of this return. What was signed is frozen; the hash proves it unchanged.",
    "This return has not been signed yet.",
    (
        Column("Edition", "1 for the first signature, 2 after signing again", 10, Look.NUMBER, "Number"),
        Column("Signed at", "When", 19, Look.MOMENT, "Date and time in London"),
        Column("Signed by", "Who", 28, Look.WRAPPED),
        Column("Declaration", "What was declared", 60, Look.WRAPPED),
        Column("Content hash", "SHA-256 of what was signed", 70, holds="64 hexadecimal digits"),
    ),
    fixed_columns=0,
)
SIGNED_ANSWERS: Final = TableSpec(
    "Signed answers",
    "SignedAnswers",
    "Every answer of every signed edition, just as it was signed.",
    "This return has not been signed yet.",
    (
        Column("Edition", "The signed edition", 9, Look.NUMBER, "Number"),
        Column("Domain", "Domain of the question", 28, Look.WRAPPED),
        Column("Key", "Key of the question, the same every year", 22, Look.WRAPPED),
        Column("Title", "Title of the question", 30, Look.WRAPPED),
        Column("Self-rating", "The level that was chosen", 14, Look.CENTRED, "The scale's words"),
        Column("Answer", "The answer to a question that is not rated", 40, Look.WRAPPED),
        Column("Comment", "What was written", 50, Look.WRAPPED),
        Column("Evidence", "How you know", 50, Look.WRAPPED),
        Column(
            "Evidence files", "Each file with the SHA-256 of its content, one on each line", 60, Look.WRAPPED
        ),
        Column("Why not applicable", "The reason that was given", 28, Look.WRAPPED),
        Column("Strength", "Marked as a strength to share", 9, holds="Yes or empty"),
        Column("Action: what", "What will be done", 36, Look.WRAPPED),
        Column("Action: who", "Who sees to it", 20, Look.WRAPPED),
        Column("Action: by when", "The day by which it will be done", 13, Look.DATE, "Date"),
    ),
    paper=A3,
    fixed_columns=0,
)


def write_ratings(book: Book, questionnaire: Questionnaire, ratings: Iterable[DomainRating]) -> TableSheet:
    """Write the colour of each domain with its reason."""
    table, titles = _begun(book, RATINGS), titles_of(questionnaire)
    for rating in ratings:
        table.append(
            (
                domain_words(questionnaire, rating.domain_key),
                outcome_words(rating.outcome),
                explain(rating, titles),
                rating.applicable,
                rating.answered,
                rating.reds,
                rating.ambers,
                rating.greens,
                rating.share_percent / 100 if rating.possible else None,
                rating.unevidenced,
            )
        )
    return _finished(table)


def write_answers(
    book: Book, questionnaire: Questionnaire, answers: Mapping[str, AnswerLine]
) -> tuple[TableSheet, TableSheet]:
    """Write what the organisation was asked and what it said: judgements, and facts with closing answers."""
    judgements, facts = _begun(book, ANSWERS), _begun(book, FACTS)
    for standard in questionnaire.questions:
        answer = answers.get(standard.key)
        if standard.rated:
            cells = judgement_cells(questionnaire, standard, answer)
            judgements.append((*cells[:3], standard.text, *cells[3:_VALIDATED], *cells[_VALIDATED + 1 :]))
        else:
            facts.append(fact_cells(questionnaire, standard, answer))
    return _finished(judgements), _finished(facts)


def write_editions(
    book: Book, questionnaire: Questionnaire, editions: Iterable[Signed]
) -> tuple[TableSheet, TableSheet]:
    """Write what was signed: a line for each edition, and each edition's answers."""
    lines, answers = _begun(book, EDITIONS), _begun(book, SIGNED_ANSWERS)
    for each in editions:
        lines.append((each.edition, each.signed_at, each.signatory_name, each.declaration, each.content_hash))
        for key, stored in _in_order(questionnaire, each.content.get("answers", {})):
            values, files = from_stored(stored), each.content.get("files", {}).get(key, ())
            answers.append((each.edition, *_signed_cells(questionnaire, key, values, files)))
    return _finished(lines), _finished(answers)


def _in_order(
    questionnaire: Questionnaire, stored: Mapping[str, Mapping[str, Value]]
) -> list[tuple[str, Mapping[str, Value]]]:
    """Return stored answers in the questionnaire's order; the database's JSON does not keep one."""
    order = {question.key: number for number, question in enumerate(questionnaire.questions)}
    return sorted(stored.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _signed_cells(
    questionnaire: Questionnaire, key: str, values: AnswerValues, files: Iterable[Mapping[str, Any]]
) -> tuple[Value, ...]:
    standard = (
        questionnaire.standard(key) if questionnaire.asks(key) else Standard(key=key, title=key, text="")
    )
    domain = questionnaire.domain_of(key) if questionnaire.asks(key) else None
    level = level_of(questionnaire, values)
    return (
        domain_words(questionnaire, domain.key) if domain else CLOSING_TITLE,
        key,
        standard.title,
        judgement_cell(level, values) if standard.rated else None,
        None if standard.rated else display_fact(standard, values.fact),
        values.comment,
        values.evidence,
        "\n".join(f"{file['name']} ({file['sha256']})" for file in files) or None,
        values.not_applicable_reason,
        "Yes" if values.strength else None,
        values.action_what,
        values.action_owner,
        values.action_due,
    )


def _begun(book: Book, spec: TableSpec) -> TableSheet:
    table = TableSheet(book, spec)
    table.begin()
    return table


def _finished(table: TableSheet) -> TableSheet:
    table.finish()
    return table
