"""The second factor of the partnership's people: an authenticator app, and recovery codes for a lost one."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import audit, outbox
from app.core.access import Actor, Work
from app.core.errors import RefusedError
from app.core.rendering import render_text
from app.core.sealing import BrokenSealError, mark, marks, seal, unseal
from app.core.settings import settings
from app.people import service, totp
from app.people.models import LoginSession, RecoveryCode, SecondFactor
from app.people.rules import token_hash

MOST_TRIES = 5
SET_UP_SECONDS = 3600
LONGEST_ISSUER = 30


class Passed(StrEnum):
    """What became of a typed code."""

    YES = "yes"
    WRONG = "wrong"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a person needs to set up their app: the secret as picture, link and text, and sealed."""

    picture: str
    address: str
    secret: str
    sealed: str


@dataclass(frozen=True, slots=True)
class State:
    """Whether a person has a second factor, since when, and how many recovery codes are left."""

    set_up_at: datetime | None
    codes_left: int


def state(session: Session, user_id: int) -> State:
    """Return how a person's second factor stands."""
    left = select(func.count()).where(
        col(RecoveryCode.user_id) == user_id, col(RecoveryCode.spent_at).is_(None)
    )
    set_up_at = session.execute(
        select(col(SecondFactor.set_up_at)).where(col(SecondFactor.user_id) == user_id)
    ).scalar()
    return State(set_up_at, session.execute(left).scalar_one())


def begin(actor: Actor, now: datetime, sealed: str = "") -> SetUp:
    """Return a new secret to set up, or the one that a form brought back. Nothing is stored yet."""
    secret = _secret_of(actor, sealed, now) or totp.new_secret()
    # A short name makes a picture that cameras read with ease.
    issuer = f"Eleven {settings().partnership_name}"[:LONGEST_ISSUER].strip()
    address = totp.setup_address(secret, issuer=issuer, account=actor.email)
    picture = segno.make(address, error="l", micro=False).svg_inline(
        border=4, svgclass="qr-code", lineclass=None, omitsize=True, title=None, light="#fff", dark="#000"
    )
    return SetUp(picture, address, totp.in_groups(secret), seal(json.dumps([actor.user_id, secret]), now))


def _secret_of(actor: Actor, sealed: str, now: datetime) -> str | None:
    """Return the secret in a form that this person was given within the hour."""
    try:
        owner, secret = json.loads(unseal(sealed, now=now, seconds=SET_UP_SECONDS))
    except BrokenSealError:
        return None
    return str(secret) if owner == actor.user_id else None


def set_up(work: Work, *, sealed: str, typed: str) -> tuple[str, ...]:
    """Store the secret once a code shows that the app has it, and return the recovery codes, once.

    Raises RefusedError for a wrong code, or when the person has a second factor already.
    """
    secret = _secret_of(work.actor, sealed, work.now)
    if secret is None:
        raise RefusedError(
            "This page was open for too long.",
            {"code": "Scan the new picture below, then enter the app's code"},
        )
    step = totp.matching_step(secret, totp.digits_of(typed), work.now, after=-1)
    if step is None:
        raise RefusedError(
            "The code is not right.",
            {"code": "Enter the six digits that the app shows now. Still wrong? Set your telephone's clock"},
        )
    statement = insert(SecondFactor).values(
        user_id=work.actor.user_id,
        sealed_secret=seal(secret, work.now),
        last_step=step,
        set_up_at=work.now,
    )
    made = work.session.connection().execute(
        statement.on_conflict_do_nothing(index_elements=["user_id"]).returning(col(SecondFactor.user_id))
    )
    if made.first() is None:
        raise RefusedError("You have a second factor already. Enter the code that its app shows.")
    audit.record(work, "second_factor.set_up", ("user", work.actor.user_id))
    return _new_recovery_codes(work)


def _new_recovery_codes(work: Work) -> tuple[str, ...]:
    user_id = work.actor.user_id
    work.session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    codes = totp.new_recovery_codes()
    rows = [{"user_id": user_id, "code_mark": _code_mark(user_id, code)} for code in codes]
    work.session.connection().execute(insert(RecoveryCode), rows)
    return codes


def _code_mark(user_id: int, code: str) -> str:
    return mark("recovery code", f"{user_id}:{totp.plain_recovery_code(code)}")


def spend_code(session: Session, user_id: int, typed: str, now: datetime) -> str | None:
    """Spend a code of the app or a recovery code, once; return which of them it was, or None.

    Conditional updates decide: of two who use one code at the same moment, one gets in.
    """
    if totp.is_recovery_code(typed):
        text = f"{user_id}:{totp.plain_recovery_code(typed)}"
        spent = session.execute(
            update(RecoveryCode)
            .where(
                col(RecoveryCode.user_id) == user_id,
                col(RecoveryCode.code_mark).in_(marks("recovery code", text)),
                col(RecoveryCode.spent_at).is_(None),
            )
            .values(spent_at=now)
            .returning(col(RecoveryCode.user_id))
        )
        return "recovery code" if spent.first() is not None else None
    factor = session.execute(select(SecondFactor).where(col(SecondFactor.user_id) == user_id)).scalar()
    if factor is None:
        return None
    step = totp.matching_step(
        unseal(factor.sealed_secret), totp.digits_of(typed), now, after=factor.last_step
    )
    if step is None:
        return None
    used = session.execute(
        update(SecondFactor)
        .where(col(SecondFactor.user_id) == user_id, col(SecondFactor.last_step) < step)
        .values(last_step=step)
        .returning(col(SecondFactor.user_id))
    )
    return "app" if used.first() is not None else None


def check(work: Work, typed: str) -> Passed:
    """Look at a code that the person at work typed; five wrong ones end the session, and a mail tells them.

    The tries belong to the session, which only somebody with the person's mail can have: nobody else can use
    them up. A new session costs a new link, and those are limited.
    """
    tries = work.session.execute(
        update(LoginSession)
        .where(col(LoginSession.id) == work.actor.session_id, col(LoginSession.factor_tries) < MOST_TRIES)
        .values(factor_tries=col(LoginSession.factor_tries) + 1)
        .returning(col(LoginSession.factor_tries))
    ).scalar()
    if tries is None:
        return Passed.OUT
    how = spend_code(work.session, work.actor.user_id, typed, work.now)
    if how is not None:
        work.session.execute(
            update(LoginSession).where(col(LoginSession.id) == work.actor.session_id).values(factor_tries=0)
        )
        audit.record(work, "second_factor.passed", ("user", work.actor.user_id), by=how)
        return Passed.YES
    if tries < MOST_TRIES:
        return Passed.WRONG
    service.end_sessions(work, work.actor.user_id, only=work.actor.session_id)
    audit.record(work, "second_factor.refused", ("user", work.actor.user_id), tries=tries)
    _warn(work)
    return Passed.OUT


def _warn(work: Work) -> None:
    config = settings()
    body = render_text(
        "mails/wrong-codes.txt",
        name=work.actor.name,
        partnership_name=config.partnership_name,
        phone=config.partnership_phone,
        tries=MOST_TRIES,
    )
    key = f"wrong-codes:{work.actor.session_id}"
    mail = outbox.Mail(key, "wrong-codes", work.actor.email, "Somebody could not sign in as you", body)
    outbox.enqueue(work.session, [mail], work.now)


def let_in(work: Work) -> str:
    """Note that the session's second factor was passed, and return a new token: the old one gains nothing."""
    token = secrets.token_urlsafe(32)
    work.session.execute(
        update(LoginSession)
        .where(col(LoginSession.id) == work.actor.session_id)
        .values(token_hash=token_hash(token), factor_at=work.now)
    )
    return token


def renew_recovery_codes(work: Work) -> tuple[str, ...]:
    """Replace all recovery codes and return the new ones, once; the caller has checked a code."""
    audit.record(work, "second_factor.codes_renewed", ("user", work.actor.user_id))
    return _new_recovery_codes(work)


def forget(work: Work, user_id: int) -> None:
    """Take a person's second factor away and end their sessions: they set up another when they sign in."""
    for table in (SecondFactor, RecoveryCode):
        work.session.execute(delete(table).where(col(table.user_id) == user_id))
    service.end_sessions(work, user_id)
    audit.record(work, "second_factor.reset", ("user", user_id))
