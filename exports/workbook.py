"""The board's consolidated workbook of a round, streamed: memory does not grow with the returns."""

from datetime import datetime
from typing import BinaryIO

from sqlmodel import Session

from app.core.access import Actor
from app.core.clock import london_date
from app.questionnaires.definition import Questionnaire
from exports.book import Book
from exports.sheets.answers import ANSWERS, FACTS, STRENGTHS, AnswerSheets
from exports.sheets.cover import cover_sheet, write_cover
from exports.sheets.dictionary import write_dictionary
from exports.sheets.exempt import EXEMPT, write_exempt
from exports.sheets.following import ACTIONS, NON_RESPONDERS, write_actions, write_non_responders
from exports.sheets.heat_maps import DomainsSheet, StandardsSheet, domains_spec, standards_spec
from exports.sheets.summary import Summary
from exports.sheets.wording import Asked
from exports.source import DatabaseSource, RoundSource
from exports.tables import TableSpec


def round_workbook(session: Session, actor: Actor, round_id: int, out: BinaryIO, now: datetime) -> None:
    """Write the workbook of a round as one person may see it; raises NotFoundError."""
    write_workbook(DatabaseSource(session, actor, round_id, now), out)


def write_workbook(source: RoundSource, out: BinaryIO) -> None:
    """Write the workbook of a round from any source."""
    head = source.head()
    questionnaire = head.questionnaire
    with Book(f"{head.round.title}: {head.partnership}", head.now) as book:
        cover = cover_sheet(book)
        summary = Summary(book, head)
        summary.write(source.counts())

        domains = DomainsSheet(book, questionnaire)
        for profile in source.profiles():
            domains.append(profile)
        domains.table.finish()

        asked = Asked(questionnaire)
        standards = StandardsSheet(book, questionnaire, asked)
        answers = AnswerSheets(book, questionnaire, asked)
        for returned in source.answered_returns():
            standards.append(returned)
            answers.append(returned)
        for table in (standards.table, *answers.tables):
            table.finish()

        actions = write_actions(book, questionnaire, source.actions(), london_date(head.now))
        silent = write_non_responders(book, source.silent_returns(), head.now)
        exempt = write_exempt(book, source.exempt_returns())
        dictionary = write_dictionary(book, _specs(questionnaire))
        tables = (domains.table, standards.table, *answers.tables, actions, silent, exempt, dictionary)
        contents = [(table.first, table.spec.about, table.rows) for table in tables]
        write_cover(
            cover, head, [(summary.sheet, "The four tables that boards know, with charts", None), *contents]
        )
        book.save(out)


def _specs(questionnaire: Questionnaire) -> tuple[TableSpec, ...]:
    return (
        domains_spec(questionnaire),
        standards_spec(questionnaire),
        ANSWERS,
        FACTS,
        STRENGTHS,
        ACTIONS,
        NON_RESPONDERS,
        EXEMPT,
    )
