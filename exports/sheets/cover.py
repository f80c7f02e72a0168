"""The cover: what this workbook is, what its colours mean, and the rule behind them."""

from collections.abc import Sequence
from typing import Final

from app.core.clock import date_and_time, london_date, long_date
from app.core.rendering import plural
from app.questionnaires.definition import Questionnaire, RatingRule
from exports.book import Book, Layout, Sheet
from exports.cells import RATING_LOOKS, Look, Shown, Value
from exports.source import RoundHead

TITLE: Final = "Cover"
_LAYOUT: Final = Layout([30, 104], landscape=False)
_LINE: Final = (Look.LABEL, Look.PARAGRAPH)
_STATES: Final = {"draft": "In preparation", "open": "Open", "closed": "Closed"}

_ALWAYS: Final = (
    (
        Shown("?", Look.INSUFFICIENT),
        "Too few answers for a colour. This says nothing about how safe children are; it may hide a red.",
    ),
    (Shown("n/a", Look.NOT_APPLICABLE), "Does not apply; a reason is given and it is left out of the sum."),
    (Shown("–", Look.NOT_ANSWERED), "Not answered. It never counts as 0."),
)
OWN_MARKS: Final[tuple[tuple[Shown, str], ...]] = _ALWAYS
MARKS: Final[tuple[tuple[Shown, str], ...]] = (
    *_ALWAYS[:2],
    (Shown("–", Look.NOT_ANSWERED), "Not answered, or the return is not signed. It never counts as 0."),
    (Shown("G ✓", Look.GREEN), "Reviewed: the validated rating is the same as the self-rating."),
    (Shown("G→A", Look.AMBER), "Reviewed: the self-rating first, then the validated rating. Both are kept."),
    (
        Shown("G ○", Look.GREEN),
        "Green without a word or a file of evidence: still green, but nobody can see why.",
    ),
)


def rule_sentences(rule: RatingRule, questionnaire: Questionnaire) -> tuple[str, ...]:
    """Return the rating rule in words, with its thresholds, in the order in which it is applied."""
    most = max(level.points for level in questionnaire.scale)
    points = ", ".join(f"{level.word} {level.points}" for level in questionnaire.scale)
    return (
        f"Points: {points}; at most {most} for each answer. What does not apply is left out.",
        f"1. Fewer than {rule.answered_percent}% of the standards that apply are answered: no colour.",
        f"2. Otherwise red, if a critical standard is red or less than {rule.red_below_percent}% is reached.",
        (
            f"3. Otherwise green, if at least {rule.green_from_percent}% of the points are reached, no "
            "standard is red and no critical standard is amber."
        ),
        "4. Otherwise amber.",
        "There is no averaged grade: an organisation's headline is its worst domain.",
    )


def write_cover(sheet: Sheet, head: RoundHead, contents: Sequence[tuple[Sheet, str, int | None]]) -> None:
    """Write the cover; `contents` are the sheets with what is on them and how many rows they have."""
    write_title(sheet, head.round.title, head.partnership)
    write_facts(sheet, _about(head))
    write_contents(sheet, contents)
    write_definitions(sheet, head.questionnaire, MARKS)
    write_reading(sheet, _READING)


def write_title(sheet: Sheet, title: str, below: str) -> None:
    """Write what the workbook is about, and whose it is."""
    sheet.append((title,), Look.TITLE)
    sheet.append((below,), Look.HEADING)
    sheet.append()


def write_facts(sheet: Sheet, facts: Sequence[tuple[str, Value]]) -> None:
    """Write labels with their values."""
    for label, value in facts:
        sheet.append((label, value), _LINE)


def write_definitions(sheet: Sheet, questionnaire: Questionnaire, marks: Sequence[tuple[Shown, str]]) -> None:
    """Write what letters, colours and marks mean, and the rule that colours a domain."""
    _levels(sheet, questionnaire, marks)
    sheet.append()
    sheet.append(("How a domain gets its colour",), Look.HEADING)
    for sentence in rule_sentences(questionnaire.rating_rule, questionnaire):
        sheet.append((None, sentence), _LINE)


def write_reading(sheet: Sheet, sentences: Sequence[str]) -> None:
    """Write how to read the workbook."""
    sheet.append()
    sheet.append(("How to read this workbook",), Look.HEADING)
    for sentence in sentences:
        sheet.append((None, sentence), _LINE)


_READING: Final = (
    "Self-ratings are what organisations say of themselves. A blank validated rating means: not reviewed.",
    (
        "Only signed returns show answers and ratings. Drafts that people have not signed are theirs and are "
        "not exported; the sheets say only how far such a return is."
    ),
    "Percentages are rounded down, so that 100% means all.",
    (
        "Every text is what people typed. Where it looks like a formula it is still only text. � stands for "
        "a character that no workbook can hold."
    ),
    "The sheet Data dictionary says what each column means.",
)


def _about(head: RoundHead) -> tuple[tuple[str, Value], ...]:
    questionnaire, line, version = head.questionnaire, head.round, head.version
    before = head.previous.title if head.previous else "This round follows no other"
    return (
        ("As at", f"{date_and_time(head.now)} (London)"),
        ("School year", line.school_year),
        ("Opens" if line.opens_later(london_date(head.now)) else "Opened", long_date(line.opens_on)),
        ("Due", long_date(line.due_on)),
        ("State of the round", _STATES.get(line.state, line.state)),
        ("Compared with", before),
        ("Questionnaire", f"{questionnaire.title}, version {version.version}"),
        ("Content hash", version.content_hash),
        ("Legal basis", questionnaire.statutory_basis),
        ("Edition of the guidance", questionnaire.guidance_edition),
        (
            "Size",
            " and ".join(
                (
                    plural(len(questionnaire.domains), "domain"),
                    plural(len(questionnaire.rated), "rated standard"),
                )
            ),
        ),
    )


def write_contents(sheet: Sheet, contents: Sequence[tuple[Sheet, str, int | None]]) -> None:
    """Write what is on which sheet, each a link, with its number of rows."""
    sheet.append()
    sheet.append(("What is where",), Look.HEADING)
    for target, about, rows in contents:
        count = "" if rows is None else f" ({plural(rows, 'row')})"
        row = sheet.append((target.title, about + count), (Look.LINK, Look.PARAGRAPH))
        sheet.link(f"A{row}", target)


def _levels(sheet: Sheet, questionnaire: Questionnaire, marks: Sequence[tuple[Shown, str]]) -> None:
    sheet.append()
    sheet.append(("What the letters and colours mean",), Look.HEADING)
    for level in questionnaire.scale:
        meaning = f"{level.word}: {level.meaning[:1].lower()}{level.meaning[1:]}"
        sheet.append((Shown(level.letter, RATING_LOOKS[level.rag]), meaning), _LINE)
    for mark, meaning in marks:
        sheet.append((mark, meaning), _LINE)


def cover_sheet(book: Book) -> Sheet:
    """Add the sheet of the cover."""
    return book.sheet(TITLE, _LAYOUT)
