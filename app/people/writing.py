"""Mails to people by name: each leads where it speaks of."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session, col

from app.core import outbox
from app.core.access import OrganisationRole, Work
from app.core.rendering import render_text
from app.core.settings import settings
from app.people.links import invitation_link
from app.people.models import User
from app.people.queries import Colleague, colleagues
from app.people.rules import normal_address

_ANSWERABLE = frozenset({OrganisationRole.LEAD, OrganisationRole.SIGNATORY})


def answerable(session: Session, organisation_id: int) -> tuple[Colleague, ...]:
    """Return those who lead and sign for an organisation: who answer for what it says."""
    return tuple(
        each for each in colleagues(session, organisation_id) if _ANSWERABLE.intersection(each.roles)
    )


def write_to(
    work: Work,
    to: Iterable[Colleague],
    kind: str,
    *,
    key: str,
    subject: str,
    organisation_id: int,
    path: str,
    **words: object,
) -> None:
    """Queue a mail to each of these people of an organisation; its link of their own signs in, to `path`."""
    config = settings()
    mails = [
        outbox.Mail(
            f"{kind}:{key}:{each.user_id}",
            kind,
            each.email,
            subject,
            render_text(
                f"mails/{kind}.txt",
                name=each.name,
                link=invitation_link(config, user_id=each.user_id, to=path, now=work.now),
                partnership_name=config.partnership_name,
                phone=config.partnership_phone,
                **words,
            ),
            organisation_id,
        )
        for each in to
    ]
    outbox.enqueue(work.session, mails, work.now)


def write_to_partnership(
    work: Work,
    to: Iterable[int] | Select[Any],
    kind: str,
    *,
    key: str,
    subject: str,
    path: str,
    organisation_id: int | None = None,
    **words: object,
) -> None:
    """Queue a mail to people of the partnership, named by number, who may sign in; its link does not sign in.

    `organisation_id` is needed when an organisation's people cause it: it hangs on a row of theirs.
    """
    config = settings()
    rows = work.session.execute(
        select(col(User.id), col(User.name), col(User.email)).where(
            col(User.id).in_(to), col(User.disabled_at).is_(None)
        )
    )
    mails = [
        outbox.Mail(
            f"{kind}:{key}:{user_id}",
            kind,
            normal_address(address),
            subject,
            render_text(
                f"mails/{kind}.txt",
                name=name,
                link=f"{config.public_address}{path}",
                partnership_name=config.partnership_name,
                **words,
            ),
            organisation_id,
        )
        for user_id, name, address in rows
    ]
    outbox.enqueue(work.session, mails, work.now)
