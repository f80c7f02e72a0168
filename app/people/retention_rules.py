"""What is kept for how long, rule by rule: what is due, and how a batch of it is taken away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from app.core.access import Work
from app.core.clock import london_date
from app.core.held.register import REGISTER
from app.core.settings import Settings
from app.people import erasing
from app.people.keeping import Period, RoundFact, Unit, before, rounds_due

BATCH = 500
RETURNS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows of one table that are due when a moment of theirs is long ago: deleted, or partly emptied."""

    table: str
    ended: str
    where: str = "true"
    change: str = ""

    @property
    def _due(self) -> str:
        return f'FROM "{self.table}" WHERE ({self.ended}) < :before AND ({self.where})'

    def count(self, session: Session, moment: datetime) -> int:
        """Return how many rows are due."""
        return int(session.execute(text(f"SELECT count(*) {self._due}"), {"before": moment}).scalar_one())

    def take(self, session: Session, moment: datetime, most: int) -> int:
        """Delete or empty at most so many rows, and return how many."""
        chosen = f"SELECT ctid {self._due} LIMIT :most FOR UPDATE SKIP LOCKED"
        verb = f'UPDATE "{self.table}" SET {self.change}' if self.change else f'DELETE FROM "{self.table}"'
        statement = text(f"{verb} WHERE ctid = ANY(ARRAY({chosen})) RETURNING 1")
        return len(session.execute(statement, {"before": moment, "most": most}).all())


Count = Callable[[Session, datetime, Period], int]
Take = Callable[[Work, Period, int], int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is kept for how long after what; `setting` names the period, `then` says what happens.

    `what`, `after` and `then` are words for people. A rule with no sweeps has its own `count` and `take`.
    """

    key: str
    what: str
    after: str
    setting: str
    unit: Unit
    then: str = "deleted"
    sweeps: tuple[Sweep, ...] = ()
    own_count: Count | None = None
    own_take: Take | None = None
    batch: int = BATCH

    def period(self, config: Settings) -> Period:
        """Return for how long this installation keeps it."""
        return Period(int(getattr(config, self.setting)), self.unit)

    def count(self, session: Session, now: datetime, period: Period) -> int:
        """Return how much is due now."""
        if self.own_count is not None:
            return self.own_count(session, now, period)
        return sum(sweep.count(session, before(period, now)) for sweep in self.sweeps)

    def take(self, work: Work, period: Period) -> int:
        """Take one batch away and return how much that was; less than a batch means that nothing is left."""
        if self.own_take is not None:
            return self.own_take(work, period, self.batch)
        taken = 0
        for sweep in self.sweeps:
            taken += sweep.take(work.session, before(period, work.now), self.batch - taken)
            if taken == self.batch:
                break
        return taken


# --- people who have left -------------------------------------------------------------------------

# Somebody has left when their access has been off for so long, or when they hold no role and no place any
# more and nothing was heard of them since.
_LEFT = """
    FROM user_account person WHERE person.email NOT LIKE '%@erased.invalid' AND (
        person.disabled_at < :before
        OR NOT EXISTS (SELECT 1 FROM partnership_member WHERE user_id = person.id)
        AND NOT EXISTS (SELECT 1 FROM membership WHERE user_id = person.id)
        AND NOT EXISTS (
            SELECT 1 FROM contact WHERE user_id = person.id AND (ended_at IS NULL OR ended_at >= :before))
        AND NOT EXISTS (SELECT 1 FROM login_session WHERE user_id = person.id AND last_seen_at >= :before)
        AND person.created_at < :before AND person.disabled_at IS NULL
    )
"""


def _count_left(session: Session, now: datetime, period: Period) -> int:
    bound = {"before": before(period, now)}
    return int(session.execute(text(f"SELECT count(*) {_LEFT}"), bound).scalar_one())


def _erase_left(work: Work, period: Period, most: int) -> int:
    bound = {"before": before(period, work.now), "most": most}
    statement = text(f"SELECT person.id {_LEFT} ORDER BY person.id LIMIT :most FOR UPDATE SKIP LOCKED")
    found = work.session.execute(statement, bound).scalars().all()
    for user_id in found:
        erasing.wipe(work, user_id, because="retention")
    return len(found)


# --- returns of old rounds ------------------------------------------------------------------------


def _old_rounds(session: Session, now: datetime, period: Period) -> list[int]:
    rows = session.execute(text("SELECT id, state, closed_at FROM round"))
    facts = [RoundFact(row[0], row[1] == "closed", london_date(row[2]) if row[2] else None) for row in rows]
    return sorted(rounds_due(facts, period.count, london_date(now)))


def _count_returns(session: Session, now: datetime, period: Period) -> int:
    rounds = _old_rounds(session, now, period)
    statement = text('SELECT count(*) FROM "return" WHERE round_id = ANY(:rounds)')
    return int(session.execute(statement, {"rounds": rounds}).scalar_one())


# The round is looked at again under a lock, so that nobody reopens it meanwhile.
_OLD_RETURNS = text(
    """
    SELECT id FROM "return" WHERE round_id IN (
        SELECT id FROM round WHERE id = ANY(:rounds) AND state = 'closed' FOR UPDATE
    ) ORDER BY id LIMIT :most FOR UPDATE
    """
)


def _delete_returns(work: Work, period: Period, most: int) -> int:
    """Delete returns of old rounds with everything that belongs to them; the rounds themselves stay."""
    rounds = _old_rounds(work.session, work.now, period)
    found = work.session.execute(_OLD_RETURNS, {"rounds": rounds, "most": most}).scalars().all()
    if found:
        # Answers' histories and signatures are frozen; this word lets retention end those of closed rounds.
        work.session.execute(text("SET LOCAL eleven.retention = 'on'"))
        for held in reversed(REGISTER):
            if held.of_return:
                statement = text(f'DELETE FROM "{held.table}" WHERE "{held.of_return}" = ANY(:returns)')
                work.session.execute(statement, {"returns": found})
    return len(found)


# --- the rules ------------------------------------------------------------------------------------

_CLOSED = "SELECT closed_at FROM round WHERE round.id = round_id"

RULES: tuple[Rule, ...] = (
    Rule(
        "links",
        "emailed links that no longer work",
        "after they stopped working",
        "keep_sign_in_link_days",
        Unit.DAYS,
        sweeps=(Sweep("sign_in_link", "expires_at"), Sweep("sign_in_request", "expires_at")),
    ),
    Rule(
        "sessions",
        "where and when people were signed in",
        "after signing out",
        "keep_session_days",
        Unit.DAYS,
        sweeps=(Sweep("login_session", "least(ended_at, expires_at)"),),
    ),
    Rule(
        "readings",
        "who read what",
        "after it was read",
        "keep_reading_months",
        Unit.MONTHS,
        sweeps=(Sweep("reading", "at"),),
    ),
    Rule(
        "sign_in_mails",
        "the text of sign-in mails",
        "after they left",
        "keep_sign_in_mail_days",
        Unit.DAYS,
        then="emptied",
        sweeps=(
            Sweep(
                "outbox_message",
                "coalesce(sent_at, due_at)",
                "kind = 'sign-in' AND state <> 'waiting' AND body <> ''",
                "body = ''",
            ),
        ),
    ),
    Rule(
        "mails",
        "text and address of other mails",
        "after they left",
        "keep_mail_months",
        Unit.MONTHS,
        then="emptied",
        sweeps=(
            Sweep(
                "outbox_message",
                "coalesce(sent_at, due_at)",
                "state <> 'waiting' AND (body <> '' OR subject <> '' OR recipient <> '')",
                "body = '', subject = '', recipient = '', last_error = NULL",
            ),
            Sweep(
                "chase_message",
                "coalesce(settled_at, queued_at)",
                "outcome <> 'waiting' AND address <> ''",
                "address = ''",
            ),
        ),
    ),
    Rule(
        "schedules",
        "who is named in a round's schedule of reminders, and its pauses",
        "after the round closed",
        "keep_mail_months",
        Unit.MONTHS,
        then="removed",
        sweeps=(
            Sweep(
                "chase_plan",
                _CLOSED,
                "named_person <> '' OR named_address <> ''",
                "named_person = '', named_address = ''",
            ),
            Sweep("chase_pause", _CLOSED),
        ),
    ),
    Rule(
        "limits",
        "who asked for links too fast",
        "after the last time",
        "keep_limit_days",
        Unit.DAYS,
        sweeps=(Sweep("rate_limit", "ready_at"),),
    ),
    Rule(
        "imports",
        "rows of imported files",
        "after the import",
        "keep_import_days",
        Unit.DAYS,
        then="emptied",
        sweeps=(
            Sweep(
                "register_import",
                "coalesce(applied_at, uploaded_at)",
                "rows <> '[]'::jsonb OR jsonb_exists(preview, 'file')",
                erasing.EMPTIED_FILE,
            ),
        ),
    ),
    Rule(
        "contacts",
        "former contacts and decided changes of contact",
        "after it ended",
        "keep_contact_months",
        Unit.MONTHS,
        sweeps=(Sweep("contact", "ended_at"), Sweep("hand_over", "decided_at", "state <> 'waiting'")),
    ),
    Rule(
        "heads",
        "head teachers of organisations that are gone",
        "after it closed",
        "keep_contact_months",
        Unit.MONTHS,
        then="emptied",
        sweeps=(
            Sweep(
                "organisation",
                "coalesce(closes_on::timestamptz, updated_at)",
                "status = 'gone' AND (head_name <> '' OR head_job_title <> '')",
                "head_name = '', head_job_title = ''",
            ),
        ),
    ),
    Rule(
        "people",
        "accounts of people who have left",
        "after they left",
        "keep_person_months",
        Unit.MONTHS,
        then="erased",
        own_count=_count_left,
        own_take=_erase_left,
        batch=50,
    ),
    Rule(
        "returns",
        "returns of closed rounds",
        "after the school year in which the round closed",
        "keep_return_years",
        Unit.YEARS,
        own_count=_count_returns,
        own_take=_delete_returns,
        batch=RETURNS_AT_ONCE,
    ),
    # An action that has a return goes with it, and what was said about it goes with the action.
    Rule(
        "actions",
        "improvement actions",
        "after they ended, or with their return",
        "keep_return_years",
        Unit.YEARS,
        sweeps=(Sweep("action", "closed_at", "return_id IS NULL"),),
    ),
    # A visit that has a return goes with it.
    Rule(
        "visits",
        "assurance visits",
        "after they ended, or with their return",
        "keep_return_years",
        Unit.YEARS,
        sweeps=(Sweep("visit", "closed_at", "return_id IS NULL"),),
    ),
    Rule(
        "planner",
        "entries of the partnership's year",
        "after their last day and their last change",
        "keep_return_years",
        Unit.YEARS,
        sweeps=(
            Sweep("planner_entry", "greatest(changed_at, coalesce(repeats_until, last_on)::timestamptz)"),
        ),
    ),
)


NEVER_ENDS = {
    "trail": "for as long as the service runs",
    "nothing": "for as long as the service runs",
}


def kept_words(key: str, config: Settings) -> str:
    """Return for how long something is kept, in words: of a rule, or of what no rule ends."""
    if key in NEVER_ENDS:
        return NEVER_ENDS[key]
    rule = next(rule for rule in RULES if rule.key == key)
    return f"{rule.period(config).words} {rule.after}"


def kept_in_docs() -> dict[str, str]:
    """Return for each rule how long something is kept by default, and which setting says so."""
    fields = Settings.model_fields
    words = {
        rule.key: (
            f"{Period(fields[rule.setting].default, rule.unit).words} {rule.after} "
            f"(`ELEVEN_{rule.setting.upper()}`), then {rule.then}"
        )
        for rule in RULES
    }
    return words | NEVER_ENDS


def kept_for_people(config: Settings) -> list[tuple[str, str]]:
    """Return what is kept and for how long, rule by rule, in the words of the privacy notice."""
    return [
        (
            f"{rule.what[:1].upper()}{rule.what[1:]}",
            f"{rule.period(config).words} {rule.after}, then {rule.then}",
        )
        for rule in RULES
    ]
