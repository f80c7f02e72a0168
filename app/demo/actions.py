"""What became of the actions that the demo's returns promised: said, reviewed, asked about, overdue."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from app.actions.models import Action, ActionNote, ActionSource, NoteKind
from app.actions.rules import ENDED, LIVE, ActionStatus, Outcome, after_review, is_overdue
from app.core.access import PartnershipRole
from app.core.clock import london_date, short_date
from app.core.models import AuditEvent
from app.demo.chance import chance
from app.demo.copying import continue_ids, copy_rows
from app.demo.people import Person
from app.demo.returns import Made
from app.demo.rounds import Cast
from app.returns.models import ReturnState
from app.returns.signoff import promises

_S = ActionStatus
_WORDS: Final = {
    _S.DONE: (
        "The new procedure is in the staff handbook. We asked twelve colleagues: all knew it.",
        "Everybody has been trained. Two have joined since; they are booked in.",
        "Our leaders looked at it in the summer, with six files. The minutes say what they saw.",
        "Children told us in the survey that they know whom to talk to: nine in ten, up from seven.",
        "The plan is written, agreed and with all teams. We look at it every six weeks.",
        "An audit of ten files in July found the chronology up to date in all of them.",
    ),
    _S.UNDER_WAY: (
        "Half of the staff have been trained. The rest follow in spring.",
        "The draft is with those who decide. It is on the list of their next meeting.",
        "We have begun, but the colleague who led on it has left. Their deputy has taken it over.",
        "The new system is bought. It goes live in January.",
    ),
    _S.DROPPED: (
        "This is done for all of our sites together now, so we do not write a plan of our own.",
        "The service has moved to another provider, who has taken the work with it.",
    ),
}
_REVIEWS: Final = {
    Outcome.ACCEPTED: (
        "",
        "",
        "Thank you. The evidence is clear.",
        "Good work. Please share it at the next network.",
    ),
    Outcome.MORE_TO_DO: ("Training alone does not show that practice has changed. What do files show?",),
    Outcome.CLOSED: ("Agreed: the need has gone.", "Taken up in the plan of the whole partnership instead."),
}
# Of last year's actions: still to do when this year's return went out, else said to be dropped.
_LEFT_SHARE: Final = 0.32
_DROPPED_SHARE: Final = 0.06
_REVIEWED_SHARE: Final = 0.93
_AGREED_ANEW_SHARE: Final = 0.7


@dataclass(slots=True)
class _Kept:
    """An action as it will be written, and who may say how far it is."""

    row: dict[str, Any]
    lead: Person | None


class Actions:
    """All actions of the demo, until they are written at once."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._every: list[_Kept] = []
        self._of: dict[int, list[_Kept]] = {}
        self._notes: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def take(self, every: Sequence[Made]) -> None:
        """Take a round's returns: what they promised, and what they say of the year before's actions.

        Called before the returns are written: their signatures cover what they say.
        """
        for made in every:
            rng = chance(self._cast.seed, "actions", made.id)
            if not made.issue.last_year:
                self._answer(rng, made)
            for row in _promised(made):
                row["id"] = len(self._every) + 1
                kept = _Kept(row, made.lead)
                self._every.append(kept)
                if made.issue.last_year:
                    self._of.setdefault(made.organisation_id, []).append(kept)

    def write(self, session: Session) -> None:
        """Write all actions with what was said about them."""
        for kept in [each for some in self._of.values() for each in some]:
            # Nobody asks those who have no return this year: they closed, or were taken over.
            self._before(chance(self._cast.seed, "gone", kept.row["id"]), kept, self._cast.now, left=0.0)
        today = london_date(self._cast.now)
        for kept in self._every:
            if is_overdue(kept.row["status"], kept.row["due_on"], today):
                kept.row["reminded"] = f"overdue:{kept.row['due_on']}"
        copy_rows(session, Action, (kept.row for kept in self._every))
        copy_rows(session, ActionNote, sorted(self._notes, key=lambda row: row["said_at"]))
        copy_rows(session, AuditEvent, sorted(self._events, key=lambda row: row["at"]))
        continue_ids(session, Action)

    def _answer(self, rng: random.Random, made: Made) -> None:
        """Let an organisation say in this year's return what became of what is left of last year's."""
        issued, older = made.plan.issued_at, self._of.pop(made.organisation_id, [])
        for kept in older:
            self._before(rng, kept, issued, left=_LEFT_SHARE)
        left = [kept for kept in older if kept.row["status"] in LIVE]
        until = made.editions[0].signed_at if made.editions else made.plan.ready_at
        begun = made.plan.started_at or issued
        if until is None and made.plan.state is ReturnState.IN_PROGRESS:
            # Some of them; the check page says which are missing.
            until, left = made.plan.last_at, left[: len(left) // 2]
        if until is None or made.lead is None:
            return
        for kept in left:
            kept.lead = made.lead
            self._say(rng, kept, _moment(rng, max(begun, issued), until), (50, 42, 8))
        made.older = [_snapshot(kept.row) for kept in left]
        for kept in left:
            self._review(rng, kept, until)
            if kept.row["status"] is _S.UNDER_WAY and rng.random() < _AGREED_ANEW_SHARE:
                self._agree_anew(rng, kept, until)

    def _before(self, rng: random.Random, kept: _Kept, issued: datetime, *, left: float) -> None:
        """Let an action of last year be done, dropped or left before this year's return went out."""
        begun = kept.row["created_at"] + timedelta(days=9)
        if kept.lead is None or rng.random() < left:
            if kept.lead is not None and rng.random() < 0.4:
                self._say(rng, kept, _moment(rng, begun, issued - timedelta(days=2)), (0, 1, 0))
            return
        done = (1 - _DROPPED_SHARE, 0, _DROPPED_SHARE)
        said_at = self._say(rng, kept, _moment(rng, begun, issued - timedelta(days=20)), done)
        self._review(rng, kept, said_at, issued)

    def _say(
        self, rng: random.Random, kept: _Kept, at: datetime, weights: tuple[float, float, float]
    ) -> datetime:
        row, lead = kept.row, kept.lead
        assert lead is not None  # noqa: S101 - the callers looked
        before, row["status"] = row["status"], rng.choices((_S.DONE, _S.UNDER_WAY, _S.DROPPED), weights)[0]
        row["progress"], row["said_at"] = rng.choice(_WORDS[row["status"]]), at
        row["closed_at"] = None if row["status"] in LIVE else at
        self._note(kept, lead, NoteKind.PROGRESS, row["progress"], at)
        self._event(kept, lead, "action.progress", at, before=before, note=row["progress"])
        return at

    def _review(
        self, rng: random.Random, kept: _Kept, after: datetime, issued: datetime | None = None
    ) -> None:
        row, at = kept.row, after + timedelta(days=rng.randint(4, 30), minutes=rng.randrange(300))
        if row["status"] in LIVE or at >= self._cast.now or rng.random() >= _REVIEWED_SHARE:
            return
        outcome = Outcome.CLOSED
        if row["status"] is _S.DONE:
            # What comes back after this year's return went out would have to be asked about in it.
            more = 0.1 if issued is not None and at < issued else 0.0
            outcome = rng.choices(list(Outcome), (1 - more - 0.02, more, 0.02))[0]
        officer, words = self._cast.people.staff[PartnershipRole.PSO], rng.choice(_REVIEWS[outcome])
        before, row["status"] = row["status"], after_review(row["status"], outcome)
        row["reviewed_at"], row["closed_at"] = at, at if row["status"] in ENDED else None
        self._note(kept, officer, NoteKind.REVIEW, words, at)
        self._event(kept, officer, "action.reviewed", at, outcome=outcome, before=before, note=words)

    def _agree_anew(self, rng: random.Random, kept: _Kept, after: datetime) -> None:
        """Let the partnership agree another day for what is under way."""
        row, at = kept.row, after + timedelta(days=rng.randint(1, 9), minutes=rng.randrange(300))
        due_on = london_date(self._cast.now) + timedelta(days=rng.randint(12, 150))
        if at >= self._cast.now:
            return
        officer, before, row["due_on"] = self._cast.people.staff[PartnershipRole.PSO], row["due_on"], due_on
        words = f"More time, as they have begun. ({row['owner']}, by {short_date(due_on)})"
        self._note(kept, officer, NoteKind.CHANGE, words, at, moved=False)
        detail = {"before": [row["owner"], before.isoformat()], "reason": "More time, as they have begun."}
        self._event(kept, officer, "action.changed", at, **detail)

    def _note(
        self, kept: _Kept, person: Person, kind: NoteKind, words: str, at: datetime, *, moved: bool = True
    ) -> None:
        self._notes.append(
            {
                "action_id": kept.row["id"],
                "organisation_id": kept.row["organisation_id"],
                "kind": kind,
                "status": kept.row["status"] if moved else None,
                "words": words,
                "user_id": person.id,
                "user_name": person.name,
                "said_at": at,
            }
        )

    def _event(self, kept: _Kept, person: Person, event: str, at: datetime, **detail: Any) -> None:
        self._events.append(
            {
                "at": at,
                "actor_id": person.id,
                "actor_name": person.name,
                "event": event,
                "subject": "action",
                "subject_id": kept.row["id"],
                "organisation_id": kept.row["organisation_id"],
                "detail": {**detail, "after": kept.row["status"]},
            }
        )


def _moment(rng: random.Random, first: datetime, last: datetime) -> datetime:
    return first + max(last - first, timedelta()) * rng.uniform(0.05, 0.95)


def _promised(made: Made) -> Iterator[dict[str, Any]]:
    """Yield the actions that a signed return promised, all still to be done."""
    if not made.editions:
        return
    signed = made.editions[0].signed_at
    for promise in promises(made.questionnaire, made.editions[-1].answers):
        yield {
            "organisation_id": made.organisation_id,
            "return_id": made.id,
            "round_id": made.issue.round_id,
            "source": ActionSource.RETURN,
            "domain_key": promise.domain_key,
            "domain_title": promise.domain_title,
            "standard_key": promise.standard_key,
            "standard_title": promise.standard_title,
            "level": promise.level,
            "what": promise.what,
            "owner": promise.owner,
            "due_on": promise.due_on or london_date(signed),
            "status": _S.OPEN,
            "progress": "",
            "reminded": "",
            "created_at": signed,
            "said_at": None,
            "reviewed_at": None,
            "closed_at": None,
        }


def _snapshot(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a signed return remembers of an answer, as the program freezes it."""
    return {
        "id": row["id"],
        "about": row["standard_title"],
        "what": row["what"],
        "owner": row["owner"],
        "due_on": row["due_on"].isoformat(),
        "status": row["status"].value,
        "said": row["progress"],
    }
