"""Two schools side by side: ours, and another one whose every word is marked."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from app.actions.models import Action, ActionNote, ActionSource, NoteKind
from app.chasing.models import (
    ChaseBatch,
    ChaseMessage,
    Exemption,
    ExemptionKind,
    Extension,
    MessageOutcome,
    Pause,
    TermDates,
)
from app.chasing.stages import StageKind
from app.core.access import Actor, OrganisationRole, Work
from app.core.models import OutboxMessage
from app.core.outside import file_store
from app.core.settings import settings
from app.organisations import handing_over
from app.organisations.models import Contact, HandOver, ImportState, RegisterImport
from app.people.models import LoginSession
from app.people.service import start_session
from app.planner.models import PlannerEntry, PlannerException
from app.planner.recurrence import Repeat
from app.planner.year import EntryKind
from app.questionnaires.queries import questionnaire
from app.ratings.service import RatedReturn
from app.returns import evidence
from app.returns.models import EvidenceFile
from app.returns.queries import ReturnHead
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import RoundState
from app.signals.measuring import measure
from app.visits.documents import report_template
from app.visits.enquiry import Ask, Source
from app.visits.lifecycle import VisitState
from app.visits.models import (
    Visit,
    VisitAgreement,
    VisitEndorsement,
    VisitQuestion,
    VisitReminder,
    VisitReply,
    VisitReport,
    VisitSlot,
    VisitTemplate,
)
from app.visits.rules import Partner
from tests import builders
from tests.access.moderated import KEPT_BACK, interested, moderated

# Whatever the other school is called or says holds this word; whatever only its readers may see, the second.
CANARY, SECRET_CANARY = "quokka", "quokka-answer"

MARKED = AnswerValues(
    level="green",
    comment=f"{SECRET_CANARY} comment",
    evidence=f"{SECRET_CANARY} evidence",
    action_what=f"{SECRET_CANARY} action",
    action_owner=f"{SECRET_CANARY} owner",
    action_due=date(2027, 3, 31),
)
PLAIN = builders.RED
RANDOM = 999_999

Ids = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class World:
    """Where to knock: path parameters by case, and the people who do."""

    ours: int
    theirs: int
    ids: Mapping[str, Ids]

    def path(self, route: str, case: str) -> str:
        """Return the path of a route with the ids of a case."""
        path = route.split(" ", 1)[1]
        for name, value in self.ids[case].items():
            path = path.replace("{" + name + "}", str(value))
        return path.replace("{", "").replace("}", "") if case == "random" else path


def _answered(work: Work, round_id: int, school: int, values: AnswerValues, *, sign: bool) -> int:
    this = builders.return_of(work, round_id, school)
    first = questionnaire(work.session, this.version_id).rated[0].key
    special = {first.replace("-", "_"): values}
    _give_file(work, this, first, values)
    if sign:
        builders.signed_return(work, round_id, school, **special)
    else:
        person = builders.as_person(work, school, address=f"lead@{school}.example.org", name=_name(values))
        builders.save(person, this.id, first, values)
    return this.id


def _give_file(work: Work, this: ReturnHead, standard_key: str, values: AnswerValues) -> None:
    """Upload a file of evidence whose name and content are marked as the answers are."""
    mark = SECRET_CANARY if values is MARKED else "plain"
    content = f"{mark} minutes".encode()
    person = builders.as_person(work, this.organisation_id)
    upload = evidence.Upload(f"{mark}.txt", io.BytesIO(content), len(content))
    evidence.add(person, this, standard_key, upload, evidence.Place(file_store(settings()), scanned=False))


def _name(values: AnswerValues) -> str:
    return "Zebedee Quokkason" if values is MARKED else "Robin Marsh"


def build(work: Work) -> World:
    """Arrange both schools, last year's closed round and this year's open one."""
    ours = builders.organisation(work, "Ashgrove Primary School")
    theirs = builders.organisation(
        work,
        "Quokkaford Academy",
        district="Quokkashire",
        address="1 Quokka Lane",
        head_name="Quincy Quokka",
    )
    people = {
        ours: builders.contact(work, ours, "robin@ashgrove.example.org"),
        theirs: builders.contact(work, theirs, "zebedee@quokkaford.example.org", name="Zebedee Quokkason"),
    }
    version = builders.published(work)
    closed = builders.open_round(
        work, people, version_id=version, title="Last year", due_on=date(2026, 10, 30)
    )
    open_round = builders.open_round(work, people, version_id=version, previous=closed)
    returns = {
        (round_id, school): _answered(work, round_id, school, values, sign=round_id == closed)
        for round_id in (closed, open_round)
        for school, values in ((ours, PLAIN), (theirs, MARKED))
    }
    rounds.set_state(work, closed, RoundState.CLOSED)
    _begun(work, ours, people[ours], "Robin Marsh", "Ashgrove")
    _begun(work, theirs, people[theirs], "Zebedee Quokkason", "Quokka-answer")
    spared = {where: _spared(work, *where, number) for where, number in returns.items()}
    preview = RegisterImport(
        kind="contacts",
        file_name="contacts.csv",
        uploaded_at=work.now,
        state=ImportState.DISCARDED,
        rows=[],
        preview={},
    )
    work.session.add(preview)
    _visited(work, ours, "Ashgrove")
    _visited(work, theirs, "Quokka")
    _moderated(
        work, version, {school: RatedReturn(returns[closed, school], closed, school) for school in people}
    )
    template = VisitTemplate(
        file_name="report.docx",
        content=report_template(),
        uploaded_at=work.now,
        uploaded_by=work.actor.user_id,
    )
    work.session.add(template)
    planned = _planned(work)
    measure(work.session, work.now)
    work.session.commit()
    first = questionnaire(work.session, version).domains[0]
    common = {
        "domain": first.key,
        "standard": first.standards[0].key,
        "key": "section-175",
        "version": 1,
        "edition": 1,
        "token": "no-such-token",
        "letter_key": "invitation",
        "import_id": preview.id,
        "template_id": template.id,
        "step": "waive",
        **planned,
    }

    def at(round_id: int, school: int) -> dict[str, object]:
        return {
            **common,
            "round_id": round_id,
            "return_id": returns[round_id, school],
            "organisation_id": school,
            "user_id": people[school],
            "contact_id": _id_of(work, col(Contact.id), col(Contact.organisation_id) == school),
            "hand_over_id": _id_of(work, col(HandOver.id), col(HandOver.organisation_id) == school),
            "message_id": _id_of(work, col(OutboxMessage.id), col(OutboxMessage.organisation_id) == school),
            "visit_id": _id_of(work, col(Visit.id), col(Visit.organisation_id) == school),
            "action_id": _id_of(work, col(Action.id), col(Action.organisation_id) == school),
            "question_id": _id_of(work, col(VisitQuestion.id), col(VisitQuestion.organisation_id) == school),
            "slot_id": _id_of(work, col(VisitSlot.id), col(VisitSlot.organisation_id) == school),
            **spared[round_id, school],
            "file_id": _id_of(
                work, col(EvidenceFile.id), col(EvidenceFile.return_id) == returns[round_id, school]
            ),
            # Somebody's browser: of a colleague, or of the other school's lead.
            "session_id": _id_of(work, col(LoginSession.id), col(LoginSession.user_id) == people[school]),
        }

    own, other = at(open_round, ours), at(open_round, theirs)
    random = dict.fromkeys(own, RANDOM) | {
        "domain": "no-such-domain",
        "key": "no-such-questionnaire",
        "letter_key": "no-such-letter",
    }
    return World(
        ours,
        theirs,
        {
            "own": own,
            "other": other,
            "archived": at(closed, ours),
            "archived other": at(closed, theirs),
            # Our own return, but somebody else's everything else.
            "crossed": {**other, "return_id": own["return_id"], "organisation_id": ours},
            "random": random,
        },
    )


def _planned(work: Work) -> dict[str, object]:
    """Put an entry into the partnership's year that no organisation is to see, and one that all may.

    Both come again; of each, one occurrence is off.
    """
    common: dict[str, Any] = {
        "kind": EntryKind.DEEP_DIVE,
        "first_on": date(2026, 11, 18),
        "last_on": date(2026, 11, 19),
        "repeats": Repeat.MONTHLY,
        "repeats_until": date(2027, 8, 31),
        "made_at": work.now,
        "made_by": work.actor.user_id,
        "changed_at": work.now,
    }
    entry = PlannerEntry(title=f"{CANARY} {KEPT_BACK} planned", note=f"{CANARY} {KEPT_BACK} noted", **common)
    shared = PlannerEntry(title="Shared day", note="Bring lunch", for_agencies=True, **common)
    work.session.add_all([entry, shared])
    work.session.flush()
    work.session.add_all([PlannerException(entry_id=each.id or 0, number=2) for each in (entry, shared)])
    work.session.flush()
    return {"entry_id": entry.id, "number": 0}


def _moderated(work: Work, version_id: int, every: Mapping[int, RatedReturn]) -> None:
    first = questionnaire(work.session, version_id).domains[0]
    for (school, of), mark in zip(every.items(), ("Ashgrove", "Quokka"), strict=True):
        moderated(work, of, first.key, (first.rated[0].key, first.rated[1].key), mark)
        interested(work, school, mark)


def _visited(work: Work, school: int, mark: str) -> None:
    """Let a school have been visited: its report is released, what was noted is not."""
    this = Visit(
        organisation_id=school,
        state=VisitState.RELEASED,
        why=f"{mark} was due",
        selected_at=work.now,
        visit_on=date(2026, 11, 2),
        framework_due=date(2026, 9, 21),
        return_due=date(2026, 10, 12),
        letter_sent_at=work.now,
        programme_at=work.now,
        highlights=f"{mark} was kind",
    )
    work.session.add(this)
    work.session.flush()
    number = this.id or 0
    noted = VisitQuestion(
        visit_id=number,
        organisation_id=school,
        source=Source.OWN,
        ask=Ask.LEADERS,
        text=f"{mark}-answer {KEPT_BACK} question",
        heard=f"{mark}-answer {KEPT_BACK} heard",
        position=10,
    )
    report = VisitReport(
        visit_id=number,
        organisation_id=school,
        strengths=f"{mark} listens",
        written_at=work.now,
        released_at=work.now,
    )
    slot = VisitSlot(
        visit_id=number, organisation_id=school, begins="09:30", ends="10:00", what=f"Meet {mark}"
    )
    action = Action(
        organisation_id=school,
        source=ActionSource.VISIT,
        source_id=number,
        domain_key="",
        standard_key="",
        level="",
        what=f"{mark} action of a visit",
        owner=f"{mark} chief",
        progress=f"{mark}-answer progress",
        created_at=builders.LONG_AGO,
    )
    work.session.add(action)
    work.session.flush()
    note = ActionNote(
        action_id=action.id or 0, organisation_id=school, kind=NoteKind.COMMENT,
        words=f"{mark}-answer remark", user_id=work.actor.user_id, user_name=mark, said_at=work.now,
    )  # fmt: skip
    said: dict[str, Any] = {"organisation_id": school, "user_id": work.actor.user_id, "said_at": work.now}
    partner = Partner.HEALTH
    yes = VisitEndorsement(visit_id=number, partner=partner, endorsed=True, **said)
    agreed = VisitAgreement(visit_id=number, edition=1, partner=partner, agreed=True, **said)
    reply = VisitReply(visit_id=number, text=f"{mark} has three sites", user_name=mark, **said)
    reminder = VisitReminder(visit_id=number, key=mark, organisation_id=school, queued_at=work.now)
    work.session.add_all([noted, report, slot, yes, agreed, reply, reminder, note])
    work.session.flush()


def _spared(work: Work, round_id: int, school: int, return_id: int) -> dict[str, object]:
    """Let a school have been reminded, paused, exempt and given more time; all of it is over."""
    manager, mark = work.actor.user_id, f"{CANARY} flood {school}"
    where: dict[str, Any] = {"return_id": return_id, "organisation_id": school}
    pause = Pause(
        round_id=round_id, organisation_id=school, reason=mark, begun_at=work.now, begun_by=manager,
        ended_at=work.now,
    )  # fmt: skip
    exemption = Exemption(
        **where, kind=ExemptionKind.OTHER, reason=mark, made_at=work.now, made_by=manager, lifted_at=work.now
    )
    extension = Extension(
        **where, due_before=date(2026, 9, 1), due_on=date(2026, 9, 30), reason=mark, made_at=work.now,
        made_by=manager,
    )  # fmt: skip
    batch = ChaseBatch(round_id=round_id, made_at=work.now, made_by=manager, save_key=f"{round_id}-{school}")
    begins = date(2026 + round_id, 1, school)
    term = TermDates(name=f"Term {return_id}", first_on=begins, last_on=begins)
    work.session.add_all([pause, exemption, extension, batch, term])
    work.session.flush()
    work.session.add(
        ChaseMessage(
            **where, dedupe_key=f"{round_id}-{school}", round_id=round_id, batch_id=batch.id, stage_key="now",
            kind=StageKind.REMINDER, due_on=date(2026, 9, 30), state_then="not_opened", address=mark,
            queued_at=work.now, settled_at=work.now, outcome=MessageOutcome.SENT,
        )
    )  # fmt: skip
    work.session.flush()
    return {
        "pause_id": pause.id,
        "exemption_id": exemption.id,
        "batch_id": batch.id,
        "term_id": term.id,
    }


def _begun(work: Work, school: int, user_id: int, name: str, mark: str) -> None:
    """Let somebody at a school have a browser in which they are signed in, and a hand-over that waits."""
    start_session(work.session, settings(), user_id=user_id, name=name, now=work.now)
    person = Actor(user_id, name, "", organisations={school: frozenset(OrganisationRole)})
    handing_over.ask(
        Work(work.session, person, work.now),
        school,
        name=f"Alex {mark}",
        address=f"alex@{mark.lower()}.example.org",
        note=f"{mark} from June",
    )


def _id_of(work: Work, column: Any, which: Any) -> int:
    return int(work.session.execute(select(func.max(column)).where(which)).scalar_one())
