"""Mails about a moderation: to the organisation's people, and from officer to officer."""

from collections.abc import Iterable

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
    _to_officers(work, this, [user_id], "moderation-answer", "Answered", key=str(number))


def second_opinion_wanted(work: Work, this: ReturnHead, domain_key: str, standard: Standard) -> None:
    """Tell every other officer who may give it that a second opinion waits; the ratings stay on the page."""
    others = [
        each
        for each in officers(work)
        if each != work.actor.user_id and this.organisation_id not in barred(work.session, each)
    ]
    _to_officers(
        work,
        this,
        others,
        "second-opinion-wanted",
        "A second opinion is needed",
        key=f"{standard.key}:{work.now.isoformat()}",
        at=_place(domain_key, standard),
        standard=standard.title,
    )


def second_opinion_refused(work: Work, this: ReturnHead, judged: Judged, standard: Standard) -> None:
    """Tell the officer who changed a rating that it was not confirmed, so that they judge again."""
    _to_officers(
        work,
        this,
        [judged.judged_by],
        "second-opinion-refused",
        "Your change was not confirmed",
        key=f"{standard.key}:{work.now.isoformat()}",
        at=_place(judged.domain_key, standard),
        standard=standard.title,
    )


def _place(domain_key: str, standard: Standard) -> str:
    return f"/{domain_key}#standard-{standard.key}"


def _to_officers(
    work: Work,
    this: ReturnHead,
    to: Iterable[int],
    kind: str,
    subject: str,
    *,
    key: str,
    at: str = "",
    **words: str,
) -> None:
    """Queue a mail to officers; `at` is the place on the pages of this return's moderation."""
    write_to_partnership(
        work,
        to,
        kind,
        key=f"{this.id}:{key}",
        subject=f"{subject}: {this.organisation_name}",
        path=f"/moderation/{this.id}{at}",
        organisation_id=this.organisation_id,
        organisation=this.organisation_name,
        title=this.round_title,
        by=work.actor.name,
        **words,
    )
