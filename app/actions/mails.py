"""Mails about actions, to those who lead and sign for an organisation."""

from app.actions.models import Action
from app.core.access import Work
from app.people.writing import answerable, write_to


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
    reached = answerable(work.session, organisation_id)
    write_to(
        work, reached, kind, key=key, subject=subject, organisation_id=organisation_id, path=path, **words
    )
    return len(reached)
