"""What officers made of a return, as its organisation sees it once released: beside its own ratings."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.questionnaires.definition import Questionnaire
from app.ratings.models import NOT_ANSWERED, NOT_APPLICABLE, RatingSource
from app.ratings.queries import ratings_of
from app.ratings.rules import DomainRating, explain
from app.ratings.validated import Judged, judged_of
from app.returns.queries import ReturnHead
from app.returns.signing import titles_of


@dataclass(frozen=True, slots=True)
class BothRatings:
    """One domain: the organisation's rating, the officers' where it is reviewed, and why."""

    title: str
    own: DomainRating | None
    validated: DomainRating | None
    why: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One standard that officers see otherwise, or wrote about."""

    domain: str
    title: str
    own_colour: str
    own_word: str
    colour: str
    word: str
    comment: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Released:
    """Self and validated side by side, and each standard on which there is something to say."""

    domains: tuple[BothRatings, ...]
    remarks: tuple[Remark, ...]
    judged: int
    agreed: int


def released(
    session: Session, this: ReturnHead, asked: Questionnaire, own: Mapping[str, DomainRating]
) -> Released | None:
    """Return what officers made of this edition of a return; None while it is not released.

    The caller has made sure that the person may read the return.
    """
    validated = ratings_of(session, this.id, RatingSource.VALIDATED, released=True)
    if not validated:
        return None
    found = judged_of(session, this.id, released=True)
    judged = {key: each for key, each in found.items() if each.counts and each.edition == this.edition}
    titles = titles_of(asked)
    return Released(
        domains=tuple(
            BothRatings(
                domain.title,
                own.get(domain.key),
                validated.get(domain.key),
                explain(validated[domain.key], titles) if domain.key in validated else "",
            )
            for domain in asked.domains
            if domain.rated
        ),
        remarks=tuple(
            _remark(domain.title, standard.title, judged[standard.key], asked)
            for domain in asked.domains
            for standard in domain.rated
            if standard.key in judged and (judged[standard.key].changed or judged[standard.key].comment)
        ),
        judged=len(judged),
        agreed=sum(not each.changed for each in judged.values()),
    )


def _remark(domain: str, title: str, each: Judged, asked: Questionnaire) -> Remark:
    own, mine = _shown(each.own, asked), _shown(each.judged, asked)
    return Remark(domain, title, *own, *mine, comment=each.comment, changed=each.changed)


def _shown(mark: str, asked: Questionnaire) -> tuple[str, str]:
    if mark == NOT_ANSWERED:
        return "unanswered", "Not answered"
    if mark == NOT_APPLICABLE:
        return "na", "Not applicable"
    level = asked.level(mark)
    return level.rag, level.word
