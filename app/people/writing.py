"""Mails to an organisation's people: each with a link of their own that leads where the mail speaks of."""

from collections.abc import Iterable

from sqlmodel import Session

from app.core import outbox
from app.core.access import OrganisationRole, Work
from app.core.rendering import render_text
from app.core.settings import settings
from app.people.links import invitation_link
from app.people.queries import Colleague, colleagues

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
    """Queue a mail of a kind to each of these people; `path` is where its link leads after signing in."""
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
