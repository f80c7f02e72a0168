"""What follows from the returns: the actions that were promised, and those who have not answered."""

from collections.abc import Iterator
from datetime import date, datetime

from app.actions.rules import STATUS_WORDS as ACTION_STATUS_WORDS
from app.actions.rules import is_overdue
from app.chasing.listing import OUTCOME_WORDS as CALL_WORDS
from app.chasing.listing import Person
from app.chasing.rules import STATE_WORDS as CHASE_WORDS
from app.chasing.rules import chase_state, days_overdue
from app.core.clock import london_date
from app.core.settings import settings
from app.organisations.models import OrganisationStatus
from app.questionnaires.definition import Questionnaire
from app.scrutiny.consolidated import ActionLine
from app.scrutiny.silence import Silent
from exports.book import A3, Book
from exports.cells import RATING_LOOKS, Look, Shown, Value
from exports.sheets.wording import WHO_COLUMNS, domain_words, level_words, who_cells
from exports.tables import Column, TableSheet, TableSpec

REGISTER_WORDS = {
    OrganisationStatus.OPEN: "Open",
    OrganisationStatus.CLOSING: "Proposed to close",
    OrganisationStatus.GONE: "Gone",
}

ACTION_COLUMNS = (
    Column("Domain", "Domain of the standard", 28, Look.WRAPPED),
    Column("Standard key", "Key of the standard, the same every year", 22, Look.WRAPPED),
    Column("Standard", "Title of the standard, in the words for everybody", 30, Look.WRAPPED),
    Column("Critical", "Whether the standard is critical", 9, holds="Yes or empty"),
    Column("Self-rating", "The level at the signature", 12, Look.CENTRED, "The scale's words"),
    Column("What", "What will be done", 50, Look.WRAPPED),
    Column("Who", "Who sees to it", 24, Look.WRAPPED),
    Column("By when", "The day by which it will be done", 13, Look.DATE, "Date"),
    Column("Status", "How far it is", 20, holds=", ".join(ACTION_STATUS_WORDS.values())),
    Column("Days overdue", "Days since that day, if it is still open", 10, Look.NUMBER, "Days"),
    Column("Promised on", "Day of the signature that brought it", 13, Look.DATE, "Date"),
    Column("Closed on", "Day on which it was done, dropped or closed", 13, Look.DATE, "Date"),
)
ACTIONS = TableSpec(
    "Actions",
    "Actions",
    "What organisations promised in their signed returns: what, who and by when.",
    "No action has been promised yet.",
    (*WHO_COLUMNS, *ACTION_COLUMNS),
    paper=A3,
)
NON_RESPONDERS = TableSpec(
    "Non-responders",
    "NonResponders",
    "Returns that are not signed, one row for each contact; Contact number 0 or 1 gives one row each.",
    "Every return of this round is signed.",
    (
        *WHO_COLUMNS,
        Column("District", "Where it is", 16, Look.WRAPPED),
        Column("State", "How far the return is", 21, Look.WRAPPED, ", ".join(CHASE_WORDS.values())),
        Column("Answered", "Questions that have an answer", 10, Look.NUMBER, "Count"),
        Column("Questions", "Questions that were asked", 10, Look.NUMBER, "Count"),
        Column("Due on", "The day on which the return is due", 13, Look.DATE, "Date"),
        Column("Days overdue", "Days since that day", 10, Look.NUMBER, "Days"),
        Column("Opened on", "When somebody there opened it first", 13, Look.DATE, "Date"),
        Column("Last saved on", "When an answer was saved last", 13, Look.DATE, "Date"),
        Column("Contact number", "1 for the first contact; 0: there is none", 9, Look.NUMBER, "Number"),
        Column("Contact", "Name of the contact", 24, Look.WRAPPED),
        Column("Role", "What the contact is there", 28, Look.WRAPPED),
        Column("Email", "Address of the contact", 40, Look.WRAPPED),
        Column("Telephone", "The contact's own number, else the organisation's", 17, is_code=True),
        Column("Calls", "Calls about this return", 8, Look.NUMBER, "Count"),
        Column("Last call", "When the last one was", 19, Look.MOMENT, "Date and time in London"),
        Column("Outcome", "What came of it", 20, Look.WRAPPED, ", ".join(CALL_WORDS.values())),
        Column("Note", "What was noted", 36, Look.WRAPPED),
        Column("Called by", "Who rang", 18, Look.WRAPPED),
        Column("Next call", "The day on which to ring again", 13, Look.DATE, "Date"),
        Column("Last round", "What became of its return in the round before", 26, Look.WRAPPED),
        Column("Took over from", "Organisations that it followed", 30, Look.WRAPPED),
        Column(
            "Register", "Whether the register has it as open", 14, holds=", ".join(REGISTER_WORDS.values())
        ),
    ),
    paper=A3,
)


def write_actions(
    book: Book,
    questionnaire: Questionnaire,
    actions: Iterator[ActionLine],
    today: date,
    *,
    spec: TableSpec = ACTIONS,
) -> TableSheet:
    """Write a sheet of actions; one without columns for the organisation names none."""
    table = TableSheet(book, spec)
    table.begin()
    named = len(spec.columns) > len(ACTION_COLUMNS)
    for action in actions:
        who = who_cells(action.who) if named else ()
        table.append((*who, *action_cells(questionnaire, action, today)))
    table.finish()
    return table


def action_cells(questionnaire: Questionnaire, action: ActionLine, today: date) -> tuple[Value, ...]:
    """Return the cells of ACTION_COLUMNS."""
    known = questionnaire.asks(action.standard_key)
    standard = questionnaire.standard(action.standard_key) if known else None
    late = is_overdue(action.status, action.due_on, today)
    overdue = (today - action.due_on).days if action.due_on and late else 0
    return (
        domain_words(questionnaire, action.domain_key),
        action.standard_key,
        standard.title if standard else action.standard_key,
        "Yes" if standard and standard.critical else None,
        level_cell(questionnaire, action.level),
        action.what,
        action.owner,
        action.due_on,
        ACTION_STATUS_WORDS[action.status],
        overdue if overdue > 0 else None,
        london_date(action.created_at),
        _day(action.closed_at),
    )


def level_cell(questionnaire: Questionnaire, key: str) -> Shown:
    """Return a level as a word in its colour."""
    rag = next((level.rag for level in questionnaire.scale if level.key == key), None)
    return Shown(level_words(questionnaire, key), RATING_LOOKS[rag] if rag else Look.CENTRED)


def write_non_responders(book: Book, silent: Iterator[Silent], now: datetime) -> TableSheet:
    """Write the sheet of those who have not answered."""
    table = TableSheet(book, NON_RESPONDERS)
    table.begin()
    today, stalled_after = london_date(now), settings().stalled_after_days
    for each in silent:
        before = _before_contact(each, today, stalled_after)
        after = _after_contact(each)
        for number, person in _numbered(each.people):
            table.append((*before, number, *_contact_cells(person, each.telephone), *after))
    table.finish()
    return table


def _numbered(people: tuple[Person, ...]) -> list[tuple[int, Person | None]]:
    return [*enumerate(people, start=1)] if people else [(0, None)]


def _before_contact(each: Silent, today: date, stalled_after: int) -> tuple[Value, ...]:
    standing = each.standing
    return (
        *who_cells(each.who),
        each.district,
        CHASE_WORDS[chase_state(standing, today, stalled_after)],
        standing.answered,
        standing.total,
        standing.due_on,
        days_overdue(standing, today) or None,
        _day(each.opened_at),
        _day(standing.last_saved_at),
    )


def _contact_cells(person: Person | None, telephone: str) -> tuple[Value, ...]:
    if person is None:
        return ("No contact", None, None, telephone)
    return (person.name, person.role_words, person.email, person.telephone or telephone)


def _after_contact(each: Silent) -> tuple[Value, ...]:
    call = each.call
    called: tuple[Value, ...] = (0, None, None, None, None, None)
    if call is not None:
        outcome = CALL_WORDS.get(call.outcome, call.outcome)
        called = (call.count, call.called_at, outcome, call.note, call.caller, call.next_on)
    return (*called, _last_round(each), each.predecessors, REGISTER_WORDS[each.register])


def _last_round(each: Silent) -> str:
    if each.signed_before is not None:
        day = london_date(each.signed_before)
        return f"Signed on {day.day} {day:%B %Y}"
    return "Not signed" if each.asked_before else "Not asked"


def _day(moment: datetime | None) -> date | None:
    return london_date(moment) if moment else None
