"""Mails about actions, to those who lead and sign for an organisation."""

from collections.abc import Sequence

from app.actions.models import Action
from app.core import outbox
from app.core.access import OrganisationRole, Work
from app.core.rendering import render_text
from app.core.settings import settings
from app.people import queries as people
from app.people.links import invitation_link

_ANSWERABLE = frozenset({OrganisationRole.LEAD, OrganisationRole.SIGNATORY})


def to_organisation(work: Work, action: Action, organisation: str, says: str, words: str) -> None:
    """Queue a mail that says what the partnership said about an action."""
    write(
        work,
        action.organisation_id,
        "action-said",
        key=f"{action.id}:{work.now.isoformat()}",
        subject=f"About an action of {organisation}",
        path=f"/actions/{action.id}",
        organisation=organisation,
        what=action.what,
        says=says,
        words=words,
    )


def write(
    work: Work, organisation_id: int, kind: str, *, key: str, subject: str, path: str, **words: object
) -> int:
    """Queue a mail of a kind to each lead and signatory of an organisation; return to how many it goes."""
    config = settings()
    reached: Sequence[people.Colleague] = [
        each
        for each in people.colleagues(work.session, organisation_id)
        if _ANSWERABLE.intersection(each.roles)
    ]
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
        for each in reached
    ]
    outbox.enqueue(work.session, mails, work.now)
    return len(reached)
