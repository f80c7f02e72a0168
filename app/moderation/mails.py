"""Mails about a moderation: to the organisation's people, and from officer to officer."""

from app.core.access import Work
from app.moderation.interests import barred
from app.moderation.sharing import officers
from app.people.writing import answerable, write_to, write_to_partnership
from app.questionnaires.definition import Standard
from app.ratings.validated import Judged
from app.returns.queries import ReturnHead


def to_organisation(
    work: Work, this: ReturnHead, kind: str, subject: str, *, key: str, path: str, **words: str
) -> None:
    """Queue a mail to the organisation's leads and signatories."""
    write_to(
        work,
        answerable(work.session, this.organisation_id),
        kind,
        key=f"{this.id}:{key}",
        subject=f"{subject}: {this.organisation_name}",
        organisation_id=this.organisation_id,
        path=path,
        organisation=this.organisation_name,
        title=this.round_title,
        **words,
    )


def answered(work: Work, this: ReturnHead, user_id: int, number: int) -> None:
    """Tell the officer who asked that the organisation has answered; the answer itself stays on the page."""
    write_to_partnership(
        work,
        [user_id],
        "moderation-answer",
        key=f"{this.id}:{number}",
        subject=f"Answered: {this.organisation_name}",
        path=f"/moderation/{this.id}",
        organisation_id=this.organisation_id,
        organisation=this.organisation_name,
        title=this.round_title,
    )


def second_opinion_wanted(work: Work, this: ReturnHead, domain_key: str, standard: Standard) -> None:
    """Tell every other officer who may give it that a second opinion waits; the ratings stay on the page."""
    others = [
        each
        for each in officers(work)
        if each != work.actor.user_id and this.organisation_id not in barred(work.session, each)
    ]
    write_to_partnership(
        work,
        others,
        "second-opinion-wanted",
        key=f"{this.id}:{standard.key}:{work.now.isoformat()}",
        subject=f"A second opinion is needed: {this.organisation_name}",
        path=f"/moderation/{this.id}/{domain_key}#standard-{standard.key}",
        organisation=this.organisation_name,
        title=this.round_title,
        standard=standard.title,
        officer=work.actor.name,
    )


def second_opinion_refused(work: Work, this: ReturnHead, judged: Judged, standard: Standard) -> None:
    """Tell the officer who changed a rating that it was not confirmed, so that they judge again."""
    write_to_partnership(
        work,
        [judged.judged_by],
        "second-opinion-refused",
        key=f"{this.id}:{standard.key}:{work.now.isoformat()}",
        subject=f"Your change was not confirmed: {this.organisation_name}",
        path=f"/moderation/{this.id}/{judged.domain_key}#standard-{standard.key}",
        organisation=this.organisation_name,
        title=this.round_title,
        standard=standard.title,
        officer=work.actor.name,
    )
