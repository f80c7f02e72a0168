"""An organisation's own workbook: all it gave, to take away at any time, after closing too."""

from datetime import datetime
from typing import BinaryIO, Final

from sqlmodel import Session

from app.core.access import Actor
from app.core.clock import date_and_time, london_date, long_date
from app.core.settings import settings
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import version_line
from app.ratings.queries import ratings_of
from app.ratings.rules import DomainRating
from app.returns import queries
from app.returns.models import ReturnState
from app.returns.queries import AnswerLine, ReturnHead
from app.returns.signing import domain_ratings
from app.scrutiny import consolidated
from exports.book import Book
from exports.cells import Value
from exports.sheets import own
from exports.sheets.cover import (
    OWN_MARKS,
    cover_sheet,
    write_contents,
    write_definitions,
    write_facts,
    write_reading,
    write_title,
)
from exports.sheets.dictionary import OWN_DICTIONARY, write_dictionary
from exports.sheets.following import write_actions
from exports.sheets.wording import STATE_WORDS, kind_words, phase_words

_READING: Final = (
    "This is what your organisation gave. You can fetch it again at any time, after the round is closed too.",
    "Signed editions are frozen: what you change later is in Answers, what you signed is in Signed answers.",
    "Every text is what you typed. Where it looks like a formula it is still only text.",
)


def return_workbook(session: Session, actor: Actor, return_id: int, out: BinaryIO, now: datetime) -> None:
    """Write one return as a workbook; raises NotFoundError if the person may not read it."""
    this = queries.head(session, actor, return_id)
    questionnaire = queries.questionnaire_of(session, this)
    answers = queries.answers(session, actor, return_id)
    with Book(f"{this.organisation_name}: {this.round_title}", now) as book:
        cover = cover_sheet(book)
        ratings = own.write_ratings(book, questionnaire, _ratings(session, this, questionnaire, answers))
        judgements, facts = own.write_answers(book, questionnaire, answers)
        promised = consolidated.return_actions(session, actor, return_id)
        actions = write_actions(book, questionnaire, promised, london_date(now), spec=own.ACTIONS)
        editions, signed = own.write_editions(
            book, questionnaire, consolidated.editions(session, actor, return_id)
        )
        tables = (ratings, judgements, facts, actions, editions, signed)
        dictionary = write_dictionary(
            book, [table.spec for table in tables], spec=OWN_DICTIONARY, with_summary=False
        )
        write_title(cover, this.organisation_name, this.round_title)
        version = version_line(session, this.version_id)
        write_facts(cover, _about(this, questionnaire, f"{version.version}, {version.content_hash}", now))
        write_contents(
            cover, [(table.first, table.spec.about, table.rows) for table in (*tables, dictionary)]
        )
        write_definitions(cover, questionnaire, OWN_MARKS)
        write_reading(cover, _READING)
        book.save(out)


def _ratings(
    session: Session, this: ReturnHead, questionnaire: Questionnaire, answers: dict[str, AnswerLine]
) -> list[DomainRating]:
    """Return the ratings in force, or as the answers stand while the return is not signed."""
    if this.state is ReturnState.SIGNED:
        return list(ratings_of(session, this.id).values())
    return list(domain_ratings(questionnaire, queries.values_of(answers)))


def _about(
    this: ReturnHead, questionnaire: Questionnaire, version: str, now: datetime
) -> tuple[tuple[str, Value], ...]:
    signed = this.state is ReturnState.SIGNED
    state = f"{STATE_WORDS[this.state]}: {this.answered} of {this.total} questions answered"
    return (
        ("As at", f"{date_and_time(now)} (London)"),
        ("Asked by", settings().partnership_name),
        ("School year", this.school_year),
        ("Kind", kind_words(this.kind)),
        ("Phase", phase_words(this.phase)),
        ("Due", long_date(this.due_on)),
        ("State of the return", state),
        ("Signed", date_and_time(this.signed_at) if this.signed_at else "Not signed"),
        (
            "Ratings",
            "As signed" if signed else "Provisional: they follow the answers until the return is signed",
        ),
        ("Questionnaire", questionnaire.title),
        ("Version and content hash", version),
        ("Legal basis", questionnaire.statutory_basis),
        ("Edition of the guidance", questionnaire.guidance_edition),
    )
