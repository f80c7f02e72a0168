"""What was signed, edition by edition: each readable for ever, with its numbers and its fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.core.access import Actor, visible_to
from app.returns.models import SignedReturn
from app.returns.queries import Signed
from app.returns.rules import from_stored
from app.returns.signing import snapshot_hash


@dataclass(frozen=True, slots=True)
class EditionLine:
    """A signed edition in a list."""

    edition: int
    signatory_name: str
    signed_at: datetime
    content_hash: str


def editions_of(session: Session, actor: Actor, return_id: int) -> tuple[EditionLine, ...]:
    """Return the signed editions of a return that the person may read, the newest first."""
    rows = session.execute(
        select(
            col(SignedReturn.edition),
            col(SignedReturn.signatory_name),
            col(SignedReturn.signed_at),
            col(SignedReturn.content_hash),
        )
        .where(col(SignedReturn.return_id) == return_id, visible_to(actor, col(SignedReturn.organisation_id)))
        .order_by(col(SignedReturn.edition).desc())
    )
    return tuple(EditionLine(*row) for row in rows)


def signed_edition(session: Session, actor: Actor, return_id: int, edition: int) -> Signed | None:
    """Return one signed edition of a return that the person may read, or None."""
    row = session.execute(
        select(
            col(SignedReturn.edition),
            col(SignedReturn.content),
            col(SignedReturn.content_hash),
            col(SignedReturn.declaration),
            col(SignedReturn.signatory_name),
            col(SignedReturn.signed_at),
        ).where(
            col(SignedReturn.return_id) == return_id,
            col(SignedReturn.edition) == edition,
            visible_to(actor, col(SignedReturn.organisation_id)),
        )
    ).first()
    return Signed(*row) if row else None


@dataclass(frozen=True, slots=True)
class Numbers:
    """A signed return in numbers: questions, and rated answers by colour."""

    asked: int
    answered: int
    green: int
    amber: int
    red: int
    not_applicable: int
    actions: int

    @property
    def sentence(self) -> str:
        """Return the numbers as the receipt says them."""
        return (
            f"{self.answered} of {self.asked} questions answered: {self.green} green, {self.amber} amber, "
            f"{self.red} red, {self.not_applicable} not applicable. {self.actions} "
            f"{'action' if self.actions == 1 else 'actions'}."
        )


def numbers_of(content: Mapping[str, Any]) -> Numbers:
    """Count what was signed, from the snapshot alone."""
    answers = [from_stored(each) for each in content["answers"].values()]
    ratings = content["ratings"]
    return Numbers(
        asked=len(answers),
        answered=sum(each.answered for each in answers),
        green=sum(rating["greens"] for rating in ratings),
        amber=sum(rating["ambers"] for rating in ratings),
        red=sum(rating["reds"] for rating in ratings),
        not_applicable=sum(each.not_applicable for each in answers),
        actions=sum(bool(each.action_what.strip()) for each in answers),
    )


def is_unchanged(signed: Signed) -> bool:
    """Say whether what is stored still has the fingerprint that was given when it was signed."""
    return snapshot_hash(signed.content) == signed.content_hash


def changed_keys(before: Signed | None, signed: Signed) -> tuple[str, ...]:
    """Return the questions whose answers differ from the edition before, in the questionnaire's order."""
    if before is None:
        return ()
    old = before.content["answers"]
    return tuple(key for key, values in signed.content["answers"].items() if old.get(key) != values)
