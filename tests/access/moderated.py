"""Returns of both schools that officers have moderated, for the walks through the program."""

from typing import Any

from app.core.access import Work
from app.core.models import AuditEvent
from app.moderation.models import DeclaredInterest, Moderation, ModerationMessage, ModerationShare
from app.ratings.models import Opinion, RatingSource, StoredRating, ValidatedStandard
from app.ratings.rules import DomainRating
from app.ratings.service import RatedReturn, rating_rows
from tests.ratings.builders import rated

# What the partnership says about an organisation and does not tell it, its own people included.
KEPT_BACK = "quoll"


def moderated(work: Work, of: RatedReturn, domain: str, standards: tuple[str, str], mark: str) -> None:
    """Let officers have asked, been answered, judged and released one standard; another is kept back.

    What they wrote holds a mark.
    """
    standard, kept_back = standards
    of_return: dict[str, Any] = {"return_id": of.return_id, "organisation_id": of.organisation_id}
    where: dict[str, Any] = {**of_return, "domain_key": domain}
    who: dict[str, Any] = {"user_id": work.actor.user_id}
    judgement = ValidatedStandard(
        **where,
        standard_key=standard,
        edition=1,
        version=1,
        own="green",
        judged="amber",
        comment=f"{mark}-answer judgement",
        judged_by=work.actor.user_id,
        judged_by_name=work.actor.name,
        judged_at=work.now,
        opinion=Opinion.NOT_NEEDED,
        released_at=work.now,
    )
    asked = ModerationMessage(
        **where, **who, standard_key=standard, asks=True, text=f"{mark}-answer why?", user_name=mark,
        said_at=work.now,
    )  # fmt: skip
    answered = ModerationMessage(
        **where, **who, standard_key=standard, asks=False, text=f"{mark}-answer because", user_name=mark,
        said_at=work.now,
    )  # fmt: skip
    waiting = ModerationMessage(
        **where, **who, standard_key=kept_back, asks=True, text=f"{mark}-answer and who?", user_name=mark,
        said_at=work.now,
    )  # fmt: skip
    doubted = ValidatedStandard(
        **where, standard_key=kept_back, edition=1, version=2, own="green", judged="red",
        comment=f"{mark}-answer {KEPT_BACK} judgement", judged_by=work.actor.user_id,
        judged_by_name=work.actor.name, judged_at=work.now, opinion=Opinion.REFUSED,
        opinion_by=work.actor.user_id, opinion_by_name=mark, opinion_at=work.now,
        opinion_comment=f"{mark}-answer {KEPT_BACK} doubt",
    )  # fmt: skip
    told = AuditEvent(
        at=work.now, actor_id=work.actor.user_id, actor_name=work.actor.name, event="moderation.judged",
        subject="return", subject_id=of.return_id, organisation_id=of.organisation_id,
        detail={"comment": f"{mark}-answer {KEPT_BACK} judgement"},
    )  # fmt: skip
    begun = Moderation(
        **of_return, edition=1, begun_at=work.now, released_at=work.now
    )  # fmt: skip
    share = ModerationShare(**where, **who, shared_at=work.now)
    work.session.add_all([judgement, doubted, begun, share, told])
    work.session.flush()
    for message in (asked, answered, waiting):  # in their order
        work.session.add(message)
        work.session.flush()
    work.session.flush()
    rating: DomainRating = rated("A A A", domain_key=domain)
    (row,) = rating_rows(of, [rating], RatingSource.VALIDATED, work.now)
    work.session.add(StoredRating(**row, released_at=work.now))
    work.session.flush()


def interested(work: Work, organisation_id: int, mark: str) -> None:
    """Let somebody have declared an interest in an organisation."""
    work.session.add(
        DeclaredInterest(
            user_id=work.actor.user_id,
            organisation_id=organisation_id,
            what=f"{mark} {KEPT_BACK} cousin",
            declared_at=work.now,
        )
    )
    work.session.flush()
