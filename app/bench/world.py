"""A partnership of any size in an empty database: schools, their leads, rounds of several years, answers.

Rows come by a few large statements, since it is the size that matters here; questionnaire, round and
returns are made by the rooms' own services.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text
from sqlmodel import Session

from app.bench.survey import ALL_KEYS, definition
from app.core.access import Actor, PartnershipRole, Work
from app.core.database import owner_engine
from app.core.settings import settings
from app.people import service as people
from app.questionnaires import service as questionnaires
from app.returns import issuing
from app.rounds import service as rounds
from app.rounds.models import Round
from app.rounds.rules import Audience

NOW: Final = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)

_SCHOOLS = """
INSERT INTO organisation (name, kind, duty, governance, phase, features, status, pupils, district, address,
    postcode, telephone, website, head_name, head_job_title, trust_code, trust_name, created_at, updated_at)
SELECT 'School number ' || n, (ARRAY['maintained_school', 'academy', 'independent_school'])[1 + n % 3],
    'section_175', (ARRAY['maintained', 'academy', 'independent'])[1 + n % 3],
    (ARRAY['primary', 'secondary', 'all_through'])[1 + n % 3], '{}', 'open', 200 + n % 900,
    'District ' || n % 5, n || ' Station Road', 'DN31 1AA', '01632 960123', '', 'Robin Marsh', 'Head', '', '',
    :now, :now
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n ORDER BY n
"""
_IDENTIFIERS = """
INSERT INTO identifier (organisation_id, scheme, value)
SELECT id, 'urn', (100000 + id)::text FROM organisation
WHERE id NOT IN (SELECT organisation_id FROM identifier)
"""
_PEOPLE = """
INSERT INTO user_account (email, name, created_at)
SELECT 'lead-' || o.id || '-' || c || '@example.org', 'Robin Marsh ' || o.id || '-' || c, :now
FROM organisation AS o, generate_series(1, 2) AS c ORDER BY o.id, c
ON CONFLICT DO NOTHING
"""
_CONTACTS = """
INSERT INTO contact (organisation_id, user_id, role, telephone, created_at)
SELECT o.id, u.id, 'designated_safeguarding_lead', '01632 960124', :now
FROM organisation AS o JOIN user_account AS u ON u.email = 'lead-' || o.id || '-1@example.org'
ON CONFLICT DO NOTHING
"""
_MEMBERSHIPS = """
INSERT INTO membership (user_id, organisation_id, role)
SELECT u.id, o.id, 'lead' FROM organisation AS o, generate_series(1, 2) AS c
JOIN user_account AS u ON true
WHERE u.email = 'lead-' || o.id || '-' || c || '@example.org'
ON CONFLICT DO NOTHING
"""
_ANSWERS = """
INSERT INTO answer (return_id, standard_key, organisation_id, version, level, not_applicable,
    not_applicable_reason, comment, evidence, strength, fact, action_what, action_owner, action_due,
    updated_at, updated_by)
SELECT r.id, k.key, r.organisation_id, 1, l.level, false, '',
    'We looked at this in the autumn term and again after the inspection of ' || r.id,
    'Minutes of the governors'' meeting of 4 October, case file audit number ' || r.id, k.place % 17 = 0, '',
    CASE WHEN l.level = 'green' THEN '' ELSE 'Train the new staff and look again' END,
    CASE WHEN l.level = 'green' THEN '' ELSE 'Deputy head' END,
    CASE WHEN l.level = 'green' THEN NULL ELSE DATE '2027-03-31' END, :at, u.id
FROM return AS r
CROSS JOIN unnest(CAST(:keys AS text[])) WITH ORDINALITY AS k (key, place)
CROSS JOIN LATERAL (
    SELECT (ARRAY['green', 'green', 'green', 'amber', 'amber', 'red'])[1 + (r.id * 7 + k.place * 5) % 6]
        AS level
) AS l
JOIN user_account AS u ON u.email = 'lead-' || r.organisation_id || '-1@example.org'
WHERE r.round_id = :round_id
"""
_HISTORY = """
INSERT INTO answer_version (return_id, standard_key, organisation_id, version, accepted, content, save_key,
    saved_at, saved_by)
SELECT return_id, standard_key, organisation_id, version, true,
    jsonb_build_object('level', level, 'not_applicable', not_applicable, 'comment', comment,
        'evidence', evidence, 'strength', strength, 'fact', fact, 'action_what', action_what,
        'action_owner', action_owner, 'action_due', action_due, 'not_applicable_reason', ''),
    'first', updated_at, updated_by
FROM answer WHERE return_id IN (SELECT id FROM return WHERE round_id = :round_id)
"""
_EVENTS = """
INSERT INTO audit_event (at, actor_id, actor_name, event, subject, subject_id, organisation_id, detail)
SELECT updated_at, updated_by, 'Robin Marsh', 'answer.saved', 'return', return_id, organisation_id,
    jsonb_build_object('standard', standard_key, 'version', version)
FROM answer WHERE return_id IN (SELECT id FROM return WHERE round_id = :round_id)
"""
_RATINGS = """
INSERT INTO domain_rating (return_id, round_id, organisation_id, domain_key, position, source, outcome, rule,
    applicable, answered, points, possible, share_percent, reds, ambers, greens, critical_reds, unevidenced,
    deciding, thresholds, rated_at)
SELECT r.id, r.round_id, r.organisation_id, d.key, right(d.key, 1)::int, 'self',
    CASE WHEN d.points * 2 < d.n * 2 THEN 'red' WHEN d.reds = 0 AND d.points * 100 >= 170 * d.n THEN 'green'
         ELSE 'amber' END,
    'otherwise_amber', d.n, d.n, d.points, d.n * 2, d.points * 50 / d.n, d.reds, d.ambers, d.greens, 0, 0,
    '{}',
    '{"answered_percent": 80, "red_below_percent": 50, "green_from_percent": 85}', :at
FROM return AS r
JOIN LATERAL (
    SELECT left(standard_key, 7) AS key, count(*) AS n, count(*) FILTER (WHERE level = 'red') AS reds,
        count(*) FILTER (WHERE level = 'amber') AS ambers, count(*) FILTER (WHERE level = 'green') AS greens,
        sum(CASE level WHEN 'green' THEN 2 WHEN 'amber' THEN 1 ELSE 0 END) AS points
    FROM answer WHERE return_id = r.id GROUP BY 1
) AS d ON true
WHERE r.round_id = :round_id
"""
_ACTIONS = """
INSERT INTO action (organisation_id, return_id, round_id, domain_key, standard_key, level, what, owner,
    due_on, status, source, domain_title, standard_title, progress, reminded, created_at)
SELECT a.organisation_id, a.return_id, r.round_id, left(a.standard_key, 7), a.standard_key, a.level,
    a.action_what, a.action_owner, a.action_due, 'open', 'return', '', '', '', '', :at
FROM answer AS a JOIN return AS r ON r.id = a.return_id
WHERE r.round_id = :round_id AND a.action_what <> ''
"""
_SIGNED = """
UPDATE return SET state = 'signed', answered = :count, edition = 1, opened_at = :at, started_at = :at,
    last_saved_at = :at, ready_at = :at, signed_at = :at WHERE round_id = :round_id
"""
_BEGUN = """
UPDATE return SET state = 'in_progress', answered = :count, opened_at = :at, started_at = :at,
    last_saved_at = :at WHERE round_id = :round_id
"""


@dataclass(frozen=True, slots=True)
class School:
    """A school's return, and the session of somebody who may write it."""

    return_id: int
    organisation_id: int
    token: str


def manager(session: Session, now: datetime = NOW) -> Work:
    """Return a board manager's piece of work."""
    address = "manager@partnership.example.org"
    nobody = Work(session, people.NOBODY, now)
    user_id = people.ensure_users(nobody, [(address, "Morgan Ellery")])[address]
    people.grant_partnership_role(nobody, user_id=user_id, role=PartnershipRole.BOARD_MANAGER)
    actor = Actor(user_id, "Morgan Ellery", address, roles=frozenset({PartnershipRole.BOARD_MANAGER}))
    return Work(session, actor, now)


def manager_token(engine: Engine, now: datetime) -> str:
    """Sign a board manager in and return the token."""
    with Session(engine) as session:
        actor = manager(session, now).actor
        token = people.start_session(
            session, settings(), user_id=actor.user_id, name=actor.name, now=now, second_factor=True
        )
        session.commit()
    return token


def add_schools(engine: Engine, count: int, *, first: int = 1) -> None:
    """Put schools with two people each into the register."""
    with engine.begin() as connection:
        connection.execute(text(_SCHOOLS), {"first": first, "last": first + count - 1, "now": NOW})
        for statement in (_IDENTIFIERS, _PEOPLE, _CONTACTS, _MEMBERSHIPS):
            connection.execute(text(statement), {"now": NOW})
    _tidy(engine, "ANALYZE")


def _tidy(engine: Engine, statement: str) -> None:
    """Let the database take stock, which only the owner of the tables may ask for."""
    owner = owner_engine(engine.url)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    owner.dispose()


def prepare_round(engine: Engine, *, year: int = 2026, previous: int | None = None) -> int:
    """Publish the questionnaire (once) and prepare a round for all schools; it is not issued yet."""
    with Session(engine, expire_on_commit=False) as session:
        work = manager(session)
        version = questionnaires.publish_content(work, definition())
        this = Round(
            title=f"Sixty questions, {year} to {year + 1}",
            version_id=version.id or 0,
            school_year=f"{year} to {year + 1}",
            opens_on=date(year, 10, 1),
            due_on=date(year + 1, 1, 29),
            previous_round_id=previous,
            created_at=NOW,
        )
        session.add(this)
        session.flush()
        kinds = frozenset({"maintained_school", "academy", "independent_school"})
        rounds.set_audience(work, this.id or 0, Audience(kinds=kinds))
        session.commit()
        return this.id or 0


def issue_round(engine: Engine, round_id: int) -> issuing.Issued:
    """Issue a round as the page does."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        issued = issuing.issue(manager(session), round_id)
        session.commit()
    return issued


def fill_round(
    engine: Engine, round_id: int, *, signed: bool, year: int = 2026, history: bool = True
) -> None:
    """Answer every question of every return of a round; sign them, with ratings and actions, if asked to."""
    at = datetime(year, 11, 2, 9, 0, tzinfo=UTC)
    values = {"round_id": round_id, "keys": list(ALL_KEYS), "count": len(ALL_KEYS), "at": at}
    after = (_RATINGS, _ACTIONS, _SIGNED) if signed else (_BEGUN,)
    kept = (_HISTORY, _EVENTS) if history else ()
    with engine.begin() as connection:
        for statement in (_ANSWERS, *kept, *after):
            connection.execute(text(statement), values)
    _tidy(engine, "VACUUM ANALYZE")


def add_years(engine: Engine, years: int, *, history: bool = False) -> int:
    """Add full, signed rounds one year after the other and return the newest one's id."""
    previous: int | None = None
    for year in range(2027 - years, 2027):
        this = prepare_round(engine, year=year, previous=previous)
        issue_round(engine, this)
        fill_round(engine, this, signed=True, year=year, history=history)
        previous = this
    return previous or 0


def schools(engine: Engine, round_id: int, count: int, *, now: datetime, colleague: int = 1) -> list[School]:
    """Sign somebody of each of the first schools of a round in and return their returns."""
    found = []
    with Session(engine) as session:
        rows = session.connection().execute(
            text(
                "SELECT r.id, r.organisation_id, u.id, u.name FROM return AS r JOIN user_account AS u "
                "ON u.email = 'lead-' || r.organisation_id || '-' || :colleague || '@example.org' "
                "WHERE r.round_id = :round_id ORDER BY r.id LIMIT :count"
            ),
            {"round_id": round_id, "count": count, "colleague": str(colleague)},
        )
        for return_id, organisation_id, user_id, name in rows.all():
            token = people.start_session(session, settings(), user_id=user_id, name=name, now=now)
            found.append(School(return_id, organisation_id, token))
        session.commit()
    return found


def today() -> datetime:
    """Return the time now: servers under measure use the system's clock."""
    return datetime.now(UTC) - timedelta(seconds=1)
