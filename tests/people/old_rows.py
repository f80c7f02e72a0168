"""Rows that ended at a moment, one maker for each rule of retention, and what is left of them afterwards."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import Actor, PartnershipRole, Work
from app.people import retention, service
from app.people.retention_rules import RULES, Rule
from tests import builders
from tests.conftest import NOW, MovableClock


def rule(key: str) -> Rule:
    return next(each for each in RULES if each.key == key)


def number(engine: Engine, query: str, **bound: Any) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query), bound).scalar_one())


def rows_of(engine: Engine, table: str) -> int:
    return number(engine, f'SELECT count(*) FROM "{table}"')


def events(engine: Engine, event: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT detail FROM audit_event WHERE event = :event ORDER BY id"), {"event": event}
        )
        return [row[0] for row in found]


def run(engine: Engine, clock: MovableClock, *keys: str) -> dict[str, int]:
    chosen = [each for each in RULES if each.key in keys] if keys else RULES
    done = retention.run(engine, clock(), rules=chosen)
    assert not [each for each in done if each.failed]
    return {each.rule.key: each.count for each in done}


def person(work: Work, address: str = "robin@ashgrove.example.org") -> int:
    return service.ensure_users(work, [(address, "Robin Marsh")])[address]


Made = Callable[[Session, int, datetime], None]
MADE: dict[str, Made] = {}


def made(key: str) -> Callable[[Made], Made]:
    """Keep a function that makes rows which ended at a moment, for a rule."""

    def keep(function: Made) -> Made:
        MADE[key] = function
        return function

    return keep


def put(session: Session, table: str, **values: Any) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    session.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({marks})'), values)


@made("links")
def _link(session: Session, user: int, ended: datetime) -> None:
    put(
        session,
        "sign_in_link",
        user_id=user,
        token_hash=str(ended),
        created_at=ended - timedelta(minutes=10),
        expires_at=ended,
        return_to="/",
        tries=0,
    )
    put(
        session,
        "sign_in_request",
        user_id=user,
        browser_mark=str(ended),
        code_mark="x",
        expires_at=ended,
        return_to="/",
    )


@made("sessions")
def session_of(session: Session, user: int, ended: datetime) -> None:
    common = {
        "user_id": user,
        "browser": "Firefox",
        "factor_tries": 0,
        "created_at": ended,
        "last_seen_at": ended,
    }
    put(session, "login_session", token_hash=f"a{ended}", ended_at=ended, expires_at=NOW, **common)
    put(session, "login_session", token_hash=f"b{ended}", ended_at=None, expires_at=ended, **common)


def mail_of(session: Session, ended: datetime, kind: str) -> None:
    put(
        session,
        "outbox_message",
        dedupe_key=f"{kind}{ended}",
        kind=kind,
        recipient="robin@ashgrove.example.org",
        subject="Something",
        body="Something more",
        state="sent",
        created_at=ended,
        due_at=ended,
        sent_at=ended,
        attempts=1,
        message_id=f"{kind}{ended}",
    )


@made("readings")
def _reading(session: Session, user: int, ended: datetime) -> None:
    put(
        session,
        "reading",
        at=ended,
        hour=ended,
        user_id=user,
        subject="return",
        subject_id=1,
        what="pages",
    )


@made("sign_in_mails")
def _sign_in_mail(session: Session, _user: int, ended: datetime) -> None:
    mail_of(session, ended, "sign-in")


@made("mails")
def _other_mail(session: Session, _user: int, ended: datetime) -> None:
    mail_of(session, ended, "receipt")
    round_id = _round(session, ended)
    statement = text('SELECT id, organisation_id FROM "return" WHERE round_id = :round')
    return_id, place = session.execute(statement, {"round": round_id}).one()
    put(
        session,
        "chase_message",
        dedupe_key=str(ended),
        round_id=round_id,
        return_id=return_id,
        organisation_id=place,
        stage_key="now",
        kind="reminder",
        due_on=ended.date(),
        state_then="not_opened",
        address="robin@ashgrove.example.org",
        queued_at=ended,
        settled_at=ended,
        outcome="sent",
        why_not="",
    )


@made("schedules")
def _schedule(session: Session, user: int, ended: datetime) -> None:
    round_id = _round(session, ended)
    put(
        session,
        "chase_plan",
        round_id=round_id,
        send_from=time(8),
        send_until=time(18),
        named_person="Cordelia Fairholme",
        named_address="chair@example.org",
        changed_at=ended,
    )
    put(session, "chase_pause", round_id=round_id, reason="Flood", begun_at=ended, begun_by=user)
    closed = text("UPDATE round SET state = 'closed', closed_at = :at WHERE id = :id")
    session.execute(closed, {"at": ended, "id": round_id})


def _round(session: Session, ended: datetime) -> int:
    manager = Actor(0, "", "", roles=frozenset({PartnershipRole.BOARD_MANAGER}))
    return builders.open_round(Work(session, manager, NOW), [place_of(session, str(ended))])


@made("limits")
def _limit(session: Session, _user: int, ended: datetime) -> None:
    put(session, "rate_limit", key=str(ended), ready_at=ended)


@made("imports")
def _import(session: Session, user: int, ended: datetime) -> None:
    for state, applied in (("applied", ended), ("preview", None)):
        put(
            session,
            "register_import",
            kind="contacts",
            file_name="contacts.csv",
            la_code="",
            uploaded_by=user,
            uploaded_at=ended,
            state=state,
            applied_at=applied,
            rows='[{"email": "robin@ashgrove.example.org"}]',
            preview='{"file": {}, "plan": {"new": []}, "applied": {"added": 1}}',
        )


@made("contacts")
def _contact(session: Session, user: int, ended: datetime) -> None:
    place = place_of(session, str(ended))
    put(
        session,
        "contact",
        organisation_id=place,
        user_id=user,
        role="dsl",
        telephone="",
        created_at=ended,
        ended_at=ended,
    )
    put(
        session,
        "hand_over",
        organisation_id=place,
        leaver_id=user,
        name="Jo",
        email="jo@example.org",
        note="",
        asked_at=ended,
        state="confirmed",
        decided_at=ended,
        reason="",
    )


@made("heads")
def _head(session: Session, _user: int, ended: datetime) -> None:
    place = place_of(session, str(ended))
    session.execute(
        text("UPDATE organisation SET status = 'gone', head_name = 'H', updated_at = :at WHERE id = :id"),
        {"at": ended, "id": place},
    )


@made("actions")
def _action(session: Session, _user: int, ended: datetime) -> None:
    put(
        session,
        "action",
        organisation_id=place_of(session, str(ended)),
        source="visit",
        status="closed",
        created_at=ended,
        closed_at=ended,
        **dict.fromkeys(
            ("domain_key", "domain_title", "standard_key", "standard_title", "level", "what", "owner"), ""
        ),
        **dict.fromkeys(("progress", "reminded"), ""),
    )


@made("visits")
def _visit(session: Session, _user: int, ended: datetime) -> None:
    place = place_of(session, str(ended))
    put(
        session,
        "visit",
        organisation_id=place,
        state="dropped",
        calibration=False,
        points=0,
        selected_at=ended,
        closed_at=ended,
        **dict.fromkeys(
            ("reasons", "why", "waiver", "letter", "highlights", "young_comment", "closed_why"), ""
        ),
    )
    visit = session.execute(text("SELECT max(id) FROM visit")).scalar_one()
    put(
        session,
        "visit_reminder",
        visit_id=visit,
        key="return",
        organisation_id=place,
        queued_at=ended,
    )


@made("planner")
def _entry(session: Session, user: int, ended: datetime) -> None:
    put(
        session,
        "planner_entry",
        kind="deep_dive",
        title="Neglect",
        first_on=ended.date(),
        last_on=ended.date(),
        repeats="once",
        made_at=ended,
        made_by=user,
        changed_at=ended,
        **dict.fromkeys(("same_weekday", "for_agencies"), False),
        **dict.fromkeys(("own_kind", "note"), ""),
        **dict.fromkeys(("from_number", "edition"), 1),
    )


def place_of(session: Session, name: str) -> int:
    return builders.organisation(Work(session, service.NOBODY, NOW), name)
