"""What tests about people do again and again: read a mail's link, count rows, make a browser ask."""

import re
from collections.abc import Iterable
from datetime import datetime

from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text
from sqlmodel import Session, SQLModel, col

from app.core.models import OutboxMessage
from app.people import totp

MANAGER = "manager@partnership.example.org"


def mails_to(engine: Engine, address: str, kind: str | None = None) -> list[str]:
    """Return the bodies of the mails to an address, the oldest first."""
    statement = select(col(OutboxMessage.body)).where(col(OutboxMessage.recipient) == address)
    if kind:
        statement = statement.where(col(OutboxMessage.kind) == kind)
    with Session(engine) as session:
        return list(session.execute(statement.order_by(col(OutboxMessage.id))).scalars())


def newest_link(engine: Engine, address: str = MANAGER, door: str = "sign-in") -> str:
    """Return the path of the newest link that was mailed to an address."""
    found = re.search(rf"/{door}/[^\s?]+", mails_to(engine, address)[-1])
    assert found is not None
    return found[0]


def shown_code(page: str) -> str:
    """Return the six digits that the page of the asking browser shows."""
    found = re.search(r'class="sign-in-code" id="code">(\d{3}) (\d{3})<', page)
    assert found is not None
    return found[1] + found[2]


def secret_on(page: str) -> tuple[str, str]:
    """Return the secret that a page shows, and the sealed one of its form."""
    shown = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert shown is not None
    assert sealed is not None
    return shown[1].replace(" ", ""), sealed[1]


def code_of(secret: str, moment: datetime) -> str:
    """Return the code that an app shows at a moment."""
    return totp.code_at(secret, totp.step_at(moment))


def signed_in(browser: TestClient) -> bool:
    """Say whether a browser is signed in, the second factor perhaps still to come."""
    return browser.get("/account/stay").status_code == 200


def fingerprint(engine: Engine, but: Iterable[str] = ()) -> dict[str, str]:
    """Return a hash of all rows of every table: two equal ones mean that nothing was changed."""
    hashed = {}
    with engine.connect() as connection:
        for name in SQLModel.metadata.tables:
            if name not in but:
                statement = f'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM "{name}" x'
                hashed[name] = str(connection.execute(text(statement)).scalar())
    return hashed
