"""Sharing out: who moderates which domains of which returns. Nobody gets what they have an interest in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.moderation.interests import barred
from app.moderation.models import Moderation, ModerationShare
from app.people.models import PartnershipMember, User
from app.questionnaires.queries import questionnaire_for
from app.returns import queries as returns
from app.returns.models import Return, ReturnState

SHARERS = (PartnershipRole.BOARD_MANAGER, PartnershipRole.PSO)


@dataclass(frozen=True, slots=True)
class Shared:
    """What became of a sharing-out: returns that changed, and those left out for a conflict of interest."""

    done: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class _Place:
    return_id: int
    organisation_id: int
    domains: tuple[str, ...]


def _open_places(work: Work, return_ids: Iterable[int], domain_key: str | None) -> list[_Place]:
    """Return the signed, unreleased ones among returns, with the domains that are meant."""
    rows = work.session.execute(
        select(col(Return.id), col(Return.organisation_id), col(Return.version_id), col(Return.facts))
        .outerjoin(Moderation, col(Moderation.return_id) == col(Return.id))
        .where(
            col(Return.id).in_(list(return_ids)),
            col(Return.state) == ReturnState.SIGNED,
            col(Moderation.released_at).is_(None),
        )
        .order_by(col(Return.id))
    )
    places = []
    for return_id, organisation_id, version_id, facts in rows:
        asked = questionnaire_for(work.session, version_id, facts)
        keys = tuple(each.key for each in asked.domains if each.rated and domain_key in {None, each.key})
        if keys:
            places.append(_Place(return_id, organisation_id, keys))
    return places


def officers(work: Work) -> dict[int, str]:
    """Return the officers who may sign in, by name."""
    rows = work.session.execute(
        select(col(User.id), col(User.name))
        .join(PartnershipMember, col(PartnershipMember.user_id) == col(User.id))
        .where(col(PartnershipMember.role) == PartnershipRole.PSO, col(User.disabled_at).is_(None))
        .order_by(col(User.name), col(User.id))
    )
    return {row[0]: row[1] for row in rows}


def share(
    work: Work, return_ids: Sequence[int], user_id: int | None, domain_key: str | None = None
) -> Shared:
    """Give returns, or one domain of them, to an officer; None gives them back to nobody.

    Board managers and officers share out. What is released stays as it is. Raises RefusedError with the
    field at fault.
    """
    if not work.actor.has(*SHARERS):
        raise RefusedError("Only board managers and professional scrutiny officers share out returns.")
    if not return_ids:
        raise RefusedError("", {"returns": "Choose at least one organisation"})
    if user_id is not None and user_id not in officers(work):
        raise RefusedError("", {"user_id": "Choose a professional scrutiny officer"})
    places = _open_places(work, return_ids, domain_key)
    # Who judges an organisation is not for its own people to choose or to change.
    excluded = frozenset(work.actor.readable)
    if user_id is not None:
        excluded |= barred(work.session, user_id)
    free = [each for each in places if each.organisation_id not in excluded]
    if user_id is None:
        _to_nobody(work, free)
    else:
        _to(work, free, user_id)
    audit.record_many(
        work,
        (
            audit.Event(
                "moderation.given_back" if user_id is None else "moderation.shared",
                ("return", each.return_id),
                each.organisation_id,
                {"officer": user_id, "domains": list(each.domains)},
            )
            for each in free
        ),
    )
    return Shared(len(free), len(places) - len(free))


def _to(work: Work, places: Iterable[_Place], user_id: int) -> None:
    rows = [
        {
            "return_id": place.return_id,
            "domain_key": key,
            "organisation_id": place.organisation_id,
            "user_id": user_id,
            "shared_at": work.now,
        }
        for place in places
        for key in place.domains
    ]
    if rows:
        statement = insert(ModerationShare)
        changed = {name: statement.excluded[name] for name in ("user_id", "shared_at")}
        work.session.connection().execute(
            statement.on_conflict_do_update(index_elements=["return_id", "domain_key"], set_=changed), rows
        )


def _to_nobody(work: Work, places: Iterable[_Place]) -> None:
    for place in places:
        work.session.execute(
            delete(ModerationShare).where(
                col(ModerationShare.return_id) == place.return_id,
                col(ModerationShare.domain_key).in_(place.domains),
            )
        )


def take(work: Work, return_id: int, domain_key: str | None = None) -> None:
    """Take a return, or one domain of it, oneself: only what nobody has, the rest has to be given back."""
    if not work.actor.has(PartnershipRole.PSO):
        raise RefusedError("Only professional scrutiny officers moderate returns.")
    this = returns.head(work.session, work.actor, return_id)
    if this.organisation_id in barred(work.session, work.actor.user_id):
        raise RefusedError("You hold a role at this organisation or declared an interest in it.")
    others = {
        key
        for key, user_id in holders(work, return_id).items()
        if user_id != work.actor.user_id and domain_key in {None, key}
    }
    if others and domain_key is not None:
        raise RefusedError("Another officer has this domain. Ask them to give it back first.")
    asked = returns.questionnaire_of(work.session, this)
    wanted = [each.key for each in asked.domains if domain_key in {None, each.key} and each.key not in others]
    if domain_key is not None and not wanted:
        raise NotFoundError
    taken = [share(work, [return_id], work.actor.user_id, key).done for key in wanted]
    if not any(taken):
        raise RefusedError("There is nothing to take: it is released, not signed, or with another officer.")


def holders(work: Work, return_id: int) -> dict[str, int]:
    """Return who has which domain of a return."""
    rows = work.session.execute(
        select(col(ModerationShare.domain_key), col(ModerationShare.user_id)).where(
            col(ModerationShare.return_id) == return_id
        )
    )
    return {row[0]: row[1] for row in rows}


def give_back(work: Work, return_id: int, domain_key: str | None = None) -> None:
    """Give back what one has of a return; what is judged already stays."""
    returns.head(work.session, work.actor, return_id)
    mine = [
        key
        for key, user_id in holders(work, return_id).items()
        if user_id == work.actor.user_id and domain_key in {None, key}
    ]
    if not mine:
        raise RefusedError("You have none of this, so there is nothing to give back.")
    for key in mine:
        share(work, [return_id], None, key)
