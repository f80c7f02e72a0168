"""Emailed links: asked for in a browser, spent by a click in the same one or with its code in another."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import outbox
from app.core.rendering import render_text
from app.core.sealing import mark, marks
from app.core.settings import Settings
from app.people.models import SignInLink, SignInRequest, User
from app.people.rules import LINK_PAUSE, next_link_at, normal_address, safe_return_path, token_hash

MOST_CODE_TRIES = 5
_CODE = re.compile(r"[0-9]{6}")
_INVITATION = re.compile(r"([0-9]{1,10})\.([0-9]{1,12})\.([0-9a-f]{32})")
_SIGNATURE_LENGTH = 32


class LinkState(StrEnum):
    """What a browser can do with a link."""

    OPEN = "open"
    CODE_NEEDED = "code needed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Spent:
    """A link that was spent just now: whose it was, and where it leads."""

    user_id: int
    name: str
    address: str
    return_to: str


def asking_code(browser: str) -> str:
    """Return the six digits that the asking browser shows: the same whether the address is known or not."""
    return f"{int(mark('asking code', browser), 16) % 1_000_000:06d}"


def request_link(
    session: Session, config: Settings, *, address: str, browser: str, return_to: str, now: datetime
) -> None:
    """Mail a sign-in link to an address if a person has it; the caller answers the same either way.

    The browser that asks is noted even when no further mail may leave: a mail that another browser caused
    serves this one too. A mail over the allowance leaves later.
    """
    user = session.execute(
        select(User)
        .where(col(User.email) == normal_address(address), col(User.disabled_at).is_(None))
        # Requests for one person wait for each other, so that together they keep to the allowance.
        .with_for_update(key_share=True)
    ).scalar()
    if user is None or user.id is None:
        return
    path = safe_return_path(return_to)
    _note_browser(session, config, user.id, browser=browser, return_to=path, now=now)
    sent = session.execute(
        select(col(SignInLink.created_at)).where(
            col(SignInLink.user_id) == user.id, col(SignInLink.created_at) > now - timedelta(hours=1)
        )
    ).scalars()
    due = next_link_at(list(sent), now)
    if due is not None:
        _mail_link(session, config, user, return_to=path, now=now, due=due)


def _note_browser(
    session: Session, config: Settings, user_id: int, *, browser: str, return_to: str, now: datetime
) -> None:
    session.execute(delete(SignInRequest).where(col(SignInRequest.expires_at) < now))
    values = {
        "code_mark": mark("sign-in code", f"{user_id}:{asking_code(browser)}"),
        "expires_at": now + LINK_PAUSE + timedelta(minutes=config.sign_in_link_minutes),
        "return_to": return_to,
    }
    statement = insert(SignInRequest).values(
        user_id=user_id, browser_mark=mark("asking browser", browser), **values
    )
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "browser_mark"], set_=values))


def _mail_link(
    session: Session, config: Settings, user: User, *, return_to: str, now: datetime, due: datetime
) -> None:
    token = secrets.token_urlsafe(32)
    link = SignInLink(
        user_id=user.id or 0,
        token_hash=token_hash(token),
        created_at=due,
        expires_at=due + timedelta(minutes=config.sign_in_link_minutes),
        return_to=return_to,
    )
    session.add(link)
    session.flush()
    body = render_text(
        "mails/sign-in.txt",
        partnership_name=config.partnership_name,
        name=user.name,
        link=f"{config.public_address}/sign-in/{token}",
        minutes=config.sign_in_link_minutes,
        phone=config.partnership_phone,
    )
    mail = outbox.Mail(f"sign-in:{link.id}", "sign-in", user.email, "Your link to sign in", body)
    outbox.enqueue(session, [mail], now, due_at=due)


def _open_link(token: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        col(SignInLink.token_hash) == token_hash(token),
        col(SignInLink.spent_at).is_(None),
        col(SignInLink.expires_at) > now,
        col(SignInLink.user_id) == col(User.id),
        col(User.disabled_at).is_(None),
    )


def link_state(session: Session, *, token: str, browser: str, now: datetime) -> LinkState:
    """Say what a browser can do with a link; asking spends nothing."""
    link = session.execute(
        select(col(SignInLink.user_id), col(SignInLink.tries)).join(User, _open_link(token, now))
    ).first()
    if link is None:
        return LinkState.CLOSED
    if _asked(session, link[0], now, col(SignInRequest.browser_mark).in_(marks("asking browser", browser))):
        return LinkState.OPEN
    return LinkState.CODE_NEEDED if link[1] < MOST_CODE_TRIES else LinkState.CLOSED


def _asked(session: Session, user_id: int, now: datetime, which: ColumnElement[bool]) -> str | None:
    """Return where a browser that asked wants to go, if one asked lately."""
    return session.execute(
        select(col(SignInRequest.return_to))
        .where(col(SignInRequest.user_id) == user_id, col(SignInRequest.expires_at) > now, which)
        .order_by(col(SignInRequest.expires_at).desc())
    ).scalar()


def _try_code(session: Session, token: str, code: str, now: datetime) -> bool:
    """Say whether a code is that of a browser that asked; each try counts, before it is looked at."""
    user_id = session.execute(
        update(SignInLink)
        .where(_open_link(token, now), col(SignInLink.tries) < MOST_CODE_TRIES)
        .values(tries=col(SignInLink.tries) + 1)
        .returning(col(SignInLink.user_id))
    ).scalar()
    if user_id is None:
        return False
    fits = col(SignInRequest.code_mark).in_(marks("sign-in code", f"{user_id}:{code}"))
    return _asked(session, user_id, now, fits) is not None


def spend_link(session: Session, *, token: str, browser: str, code: str, now: datetime) -> Spent | LinkState:
    """Spend a sign-in link and say whose it was, or say why not.

    One conditional UPDATE decides between claimants: reading first would let two of them win.
    """
    state = link_state(session, token=token, browser=browser, now=now)
    if state is LinkState.CODE_NEEDED and _CODE.fullmatch(code) and _try_code(session, token, code, now):
        state = LinkState.OPEN
    if state is not LinkState.OPEN:
        return link_state(session, token=token, browser=browser, now=now)
    row = session.execute(
        update(SignInLink)
        .where(_open_link(token, now))
        .values(spent_at=now)
        .returning(col(SignInLink.user_id), col(User.name), col(User.email), col(SignInLink.return_to))
    ).first()
    if row is None:
        return LinkState.CLOSED
    here = col(SignInRequest.browser_mark).in_(marks("asking browser", browser))
    wanted = _asked(session, row[0], now, here)
    session.execute(delete(SignInRequest).where(col(SignInRequest.user_id) == row[0], here))
    return Spent(row[0], row[1], row[2], wanted or row[3])


# --- invitations ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invited:
    """The person whom an invitation names."""

    user_id: int
    name: str
    address: str


def _signatures(text: str) -> list[str]:
    return [each[:_SIGNATURE_LENGTH] for each in marks("invitation", text)]


def invitation_link(config: Settings, *, user_id: int, to: str, now: datetime) -> str:
    """Return a link for a mail: it lives for days and signs nobody in.

    All that it can do is to have a sign-in link mailed to its person, without their typing the address.
    """
    text = f"{user_id}.{int((now + timedelta(days=config.invitation_days)).timestamp())}"
    return f"{config.public_address}/invitation/{text}.{_signatures(text)[0]}?to={quote(to)}"


def invited(session: Session, token: str, now: datetime) -> Invited | None:
    """Return whom an invitation names; None if it is not one of ours, too old, or its person disabled."""
    parts = _INVITATION.fullmatch(token)
    if parts is None or parts[3] not in _signatures(f"{parts[1]}.{parts[2]}"):
        return None
    if int(parts[2]) < now.timestamp():
        return None
    user = session.execute(
        select(User).where(col(User.id) == int(parts[1]), col(User.disabled_at).is_(None))
    ).scalar()
    return Invited(user.id or 0, user.name, user.email) if user else None
