"""What the audit trail's events are called, and what their details say, in plain English.

Events stay in the trail for ever: words of an event that is no longer recorded stay here too.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from app.organisations.words import event_words as register_words
from app.trail.values import value_words

# Groups as the filter offers them: key, words, and the events with theirs. A test finds every event name in
# the program's code and holds it against this table.
GROUPS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "returns": (
        "Returns",
        {
            "return.issued": "Return issued",
            "return.opened": "Return opened",
            "answer.saved": "Answer saved",
            "answer.conflict": "Answer not taken: a colleague had changed the same thing",
            "domain.given": "Part of a return given to a colleague",
            "return.ready": "Return ready to sign",
            "answer.restored": "Earlier version of an answer restored",
            "evidence.added": "Evidence file added",
            "evidence.carried_over": "Evidence file of last year used again",
            "evidence.removed": "Evidence file removed",
            "evidence.infected": "Evidence file held a virus and was deleted",
            "return.signed": "Return signed",
            "return.sent_back": "Return sent back",
            "call.logged": "Telephone call logged",
            "return.extended": "More time given",
            "return.exempted": "Owes no answer",
            "return.exemption_lifted": "Owes an answer again",
        },
    ),
    "rounds": (
        "Rounds and questionnaires",
        {
            "round.created": "Round prepared",
            "round.audience_set": "Chosen whom a round asks",
            "round.issued": "Round issued",
            "round.closed": "Round closed",
            "round.reopened": "Round reopened",
            "chase.planned": "Schedule of reminders changed",
            "round.invited": "New contacts invited",
            "chase.sent_now": "Reminders sent to a selection",
            "chase.paused": "Reminders paused",
            "chase.resumed": "Reminders go on",
            "mail_text.changed": "Words of a mail changed",
            "mail_text.restored": "Words of a mail as they were at first",
            "terms.added": "Term dates added",
            "terms.removed": "Term dates removed",
            "questionnaire.published": "Questionnaire published",
        },
    ),
    "moderation": (
        "Moderation",
        {
            "moderation.shared": "Return given to an officer to moderate",
            "moderation.given_back": "Return given back by its officer",
            "moderation.judged": "Rating of a standard validated or changed",
            "moderation.validated_rest": "Rest of a domain validated",
            "moderation.confirmed": "Change of a rating confirmed by a second officer",
            "moderation.refused": "Change of a rating not confirmed by a second officer",
            "moderation.asked": "Question to the organisation asked",
            "moderation.answered": "Question of an officer answered",
            "moderation.taken_in": "New edition taken into moderation",
            "moderation.released": "Validated ratings released to the organisation",
            "moderation.taken_back": "Release of validated ratings taken back",
            "interest.declared": "Interest in an organisation declared",
            "interest.ended": "Declared interest ended",
        },
    ),
    "visits": (
        "Assurance visits",
        {
            "visit.selected": "Visit chosen",
            "visit.drawn": "Visits drawn at random",
            "visit.endorse": "Visit endorsed by all partners",
            "visit.endorsed": "Partner endorsed a visit",
            "visit.not_endorsed": "Partner did not endorse a visit",
            "visit.propose_date": "Date of a visit proposed",
            "visit.move_date": "Visit moved",
            "visit.waive": "Short notice of a visit explained",
            "visit.send_letter": "Letter about a visit sent",
            "visit.issue_framework": "Framework of a visit issued",
            "visit.use_last_return": "Last return taken for a visit",
            "visit.reminded": "Reminder about a visit sent",
            "visit.prepare": "Visit prepared",
            "visit.drafted": "Lines of enquiry drafted",
            "visit.question_added": "Line of enquiry added",
            "visit.noted": "Line of enquiry noted",
            "visit.ordered": "Lines of enquiry put in order",
            "visit.slot_added": "Part of a visit’s programme added",
            "visit.slot_removed": "Part of a visit’s programme removed",
            "visit.agree_programme": "Programme of a visit agreed",
            "visit.hold": "Visit took place",
            "visit.draft_report": "Report of a visit begun",
            "visit.report_written": "Report of a visit written",
            "visit.circulate": "Report of a visit sent to the partners",
            "visit.report_agreed_by": "Partner agreed the report of a visit",
            "visit.return_report": "Partner sent the report of a visit back",
            "visit.agree_report": "Report of a visit agreed by all partners",
            "visit.release": "Report of a visit released",
            "visit.replied": "Agency replied to the report of a visit",
            "visit.close": "Visit closed",
            "visit.drop": "Visit dropped",
            "visit.settings": "Points and capacity for visits changed",
            "signal.settings": "Chosen which signals are used",
            "visit.seat": "Chosen who speaks for a safeguarding partner",
            "visit.template_added": "Word template for reports uploaded",
            "visit.template_used": "Word template for reports chosen",
        },
    ),
    "planner": (
        "Planner",
        {
            "planner.added": "Entry put into the planner",
            "planner.changed": "Entry of the planner changed",
            "planner.removed": "Entry taken out of the planner",
        },
    ),
    "actions": (
        "Actions",
        {
            "action.from_visit": "Action agreed after a visit",
            "action.from_moderation": "Action agreed in moderation",
            "action.progress": "Organisation said how far an action is",
            "action.commented": "Comment on an action",
            "action.reviewed": "SAIG reviewed an action",
            "action.changed": "Who or by when of an action agreed anew",
            "action.reminded": "Reminder about actions sent",
        },
    ),
    "register": (
        "Register of organisations",
        {
            "organisation.added": "Organisation added",
            "organisation.changed": "Organisation changed",
            "organisation.renumbered": "Organisation has a new number",
            "organisation.gone": "Organisation marked as gone",
            "contact.added": "Contact added",
            "contact.removed": "Contact removed",
            "contacts.imported": "Contacts imported",
            "import.previewed": "File read for an import",
            "import.applied": "Import applied",
            "import.discarded": "Import thrown away",
            "hand_over.asked": "Hand-over asked for",
            "hand_over.confirmed": "Hand-over confirmed",
            "hand_over.declined": "Hand-over declined",
        },
    ),
    "people": (
        "People and their rights",
        {
            "user.invited": "Person invited",
            "user.role_granted": "Role given",
            "user.roles_changed": "Roles changed",
            "user.disabled": "Access switched off",
            "user.enabled": "Access switched on",
            "signatory.named_self": "Lead named themselves signatory",
            "colleague.invited": "Colleague invited",
            "colleague.removed": "Colleague’s rights taken away",
            "address.undeliverable": "Mails to an address do not arrive",
            "address.works_again": "Mails to an address arrive again",
            "calendar.made": "Calendar address made",
            "calendar.stopped": "Calendar address stopped",
            "person.data_shown": "Everything about a person shown",
            "person.data_downloaded": "Everything about a person taken away",
            "person.erased": "Person erased",
            "retention.done": "Deleted what was kept for long enough",
        },
    ),
    "sign-in": (
        "Signing in",
        {
            "user.signed_in": "Signed in",
            "user.signed_out": "Signed out",
            "user.session_ended": "Signed out of one browser",
            "user.sessions_ended": "Signed out of all other browsers",
            "second_factor.set_up": "Second factor set up",
            "second_factor.passed": "Second factor passed",
            "second_factor.refused": "Signed out after too many wrong codes",
            "second_factor.codes_renewed": "Recovery codes made anew",
            "second_factor.reset": "Second factor taken away",
        },
    ),
}
EVENTS: Final[Mapping[str, str]] = {
    event: words for _, events in GROUPS.values() for event, words in events.items()
}
# What only those see who look after the register: what was said on the telephone.
FOR_THE_REGISTER: Final = frozenset({"call.logged"})
# What officers do among themselves: an organisation sees what it was asked, answered and released. The policy
# of `audit_event` names the same three; a test holds the two together.
TOLD_OF_MODERATION: Final = frozenset({"moderation.asked", "moderation.answered", "moderation.released"})
FOR_OFFICERS: Final = frozenset(GROUPS["moderation"][1]) - TOLD_OF_MODERATION

READINGS: Final[Mapping[tuple[str, str], str]] = {
    ("return", "pages"): "Read the return",
    ("return", "workbook"): "Took away the return’s workbook",
    ("return", "evidence"): "Took away a file of evidence",
    ("organisation", "profile"): "Read the profile",
    ("organisation", "history"): "Read everything that was done about it",
    ("action", "pages"): "Read an action",
    ("actions", "list"): "Took away a list of actions",
    ("visit", "pages"): "Read the assurance visit",
    ("visit", "letter"): "Took away the letter about a visit",
    ("visit", "pack"): "Took away the pack of a visit",
    ("visit", "report"): "Took away the report of a visit",
    ("round", "workbook"): "Took away the workbook of a whole round",
    ("round", "chase_list"): "Took away the list of whom to ring",
    ("audit", "events"): "Took away the audit trail",
    ("audit", "readings"): "Took away the list of who read what",
}

_DETAILS: Final[Mapping[str, str]] = {
    "standard": "Question",
    "standards": "Questions",
    "version": "Version",
    "domain": "Part",
    "domains": "Parts",
    "officer": "Officer",
    "own": "Their own rating",
    "second_opinion": "Waits for a second officer",
    "comment": "Comment",
    "what": "What",
    "why": "Why",
    "partner": "Safeguarding partner",
    "question": "Line of enquiry (number)",
    "return_id": "Return (number)",
    "actions": "Actions (numbers)",
    "user": "Colleague",
    "edition": "Edition",
    "content_hash": "Fingerprint",
    "reason": "Reason",
    "outcome": "What came of it",
    "note": "Note",
    "next_on": "Next call on",
    "title": "Title",
    "due_on": "Due on",
    "returns": "Returns",
    "invitations": "New invitations",
    "kinds": "Kinds",
    "phases": "Phases",
    "included": "Also asked (organisation numbers)",
    "excluded": "Not asked (organisation numbers)",
    "key": "Key",
    "kind": "Kind",
    "file_name": "File",
    "added": "Added",
    "changed": "Changed",
    "continued": "Continued",
    "gone": "Gone",
    "leaver": "From",
    "successor": "To",
    "role": "Role",
    "roles": "Roles",
    "before": "Before",
    "after": "Now",
    "by": "With",
    "tries": "Wrong codes",
    "sessions": "Browsers",
    "session": "Session number",
    "rule": "Rule",
    "day": "Day",
    "count": "How many",
    "address": "Address",
    "detail": "How it is known",
    "ends_on": "Last day",
    "batch": "Sending",
    "mails": "Mails",
    "first_on": "First day",
    "last_on": "Last day",
    "repeats": "How often",
    "for_agencies": "For agencies too",
    "which": "Which ones",
    "day_on": "Day",
    "terms": "Terms",
    "term": "Term",
}
_ORDER: Final = {key: place for place, key in enumerate(_DETAILS)}
# Details that are numbers of people.
PEOPLE: Final = frozenset({"user", "leaver", "successor", "officer"})
# What the line says elsewhere: the round of a return is on its page.
_ELSEWHERE: Final = frozenset({"round"})
_REGISTER: Final = ("organisation.", "contact.", "contacts.")


def event_name(event: str) -> str:
    """Return what an event is called; one that a newer program recorded is shown by its own name."""
    return EVENTS.get(event, event.replace("_", " ").replace(".", ": ", 1).capitalize())


def reading_name(subject: str, what: str) -> str:
    """Return what somebody did who read or took away something."""
    return READINGS.get((subject, what), f"Read {subject} ({what})".replace("_", " "))


def events_of(kind: str) -> tuple[str, ...]:
    """Return the events that a choice of the filter means: one, a group, or none for anything else."""
    if kind in GROUPS:
        return tuple(GROUPS[kind][1])
    return (kind,) if kind in EVENTS else ()


def people_in(detail: Mapping[str, Any]) -> set[int]:
    """Return the numbers of the people that a detail names."""
    return {value for key, value in detail.items() if key in PEOPLE and isinstance(value, int)}


def detail_lines(event: str, detail: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    """Return what an event's detail says, a line for each thing that the line does not say elsewhere.

    `names` are those of the people whom details name by number.
    """
    if event.startswith(_REGISTER):
        return register_words(event, detail)
    return [
        f"{_DETAILS.get(key, key.replace('_', ' ').capitalize())}: {_value(event, key, value, names)}"
        for key, value in sorted(detail.items(), key=_place)
        if value not in (None, "", [], {}) and key not in _ELSEWHERE
    ]


def _place(item: tuple[str, Any]) -> tuple[int, str]:
    """Return where a detail stands among others: as in the table, then those that it does not know."""
    return _ORDER.get(item[0], len(_ORDER)), item[0]


def _value(event: str, key: str, value: Any, names: Mapping[int, str]) -> str:
    if key in PEOPLE and value in names:
        return names[value]
    if isinstance(value, list):
        return ", ".join(_value(event, key, each, names) for each in value)
    return value_words(event, key, value)


def choices() -> Iterable[tuple[str, str]]:
    """Yield what the filter offers: each group as a whole, then its events."""
    for key, (words, events) in GROUPS.items():
        yield key, f"{words}: everything"
        for event, name in sorted(events.items(), key=lambda pair: pair[1]):
            yield event, f"– {name}"


def written(moment: datetime) -> str:
    """Return a moment for a spreadsheet: to the second, in UTC, so that it sorts."""
    return moment.isoformat(sep=" ", timespec="seconds")
