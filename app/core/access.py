"""Who may do what: roles, the person at work, and the access class of every route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Integer, Select, any_, bindparam, false, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session


class PartnershipRole(StrEnum):
    """What a person does for the partnership (framework sections 1 and 5)."""

    BOARD_MANAGER = "board_manager"
    ADMINISTRATOR = "administrator"
    PSO = "pso"
    SAFEGUARDING_PARTNER = "safeguarding_partner"
    INDEPENDENT_SCRUTINEER = "independent_scrutineer"


class OrganisationRole(StrEnum):
    """What a person does on their own organisation's return."""

    LEAD = "lead"
    CONTRIBUTOR = "contributor"
    SIGNATORY = "signatory"


ROLE_WORDS: Mapping[str, str] = {
    PartnershipRole.BOARD_MANAGER: "Board manager",
    PartnershipRole.ADMINISTRATOR: "Administrator",
    PartnershipRole.PSO: "Professional scrutiny officer",
    PartnershipRole.SAFEGUARDING_PARTNER: "Safeguarding partner",
    PartnershipRole.INDEPENDENT_SCRUTINEER: "Independent scrutineer",
    OrganisationRole.LEAD: "Lead",
    OrganisationRole.CONTRIBUTOR: "Contributor",
    OrganisationRole.SIGNATORY: "Signatory",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The person at work, with the rights that they have at this request."""

    user_id: int
    name: str
    email: str
    session_id: int = 0
    roles: frozenset[PartnershipRole] = frozenset()
    organisations: Mapping[int, frozenset[OrganisationRole]] = field(default_factory=dict)
    # Closed organisations that the person's own took over: their returns are read, never written.
    inherited: frozenset[int] = frozenset()
    # They opened their link but still owe the second factor: until then they hold no role at all.
    second_factor_due: bool = False

    @property
    def readable(self) -> list[int]:
        """The organisations whose returns the person reads by working for them or for what took them over."""
        return sorted(self.inherited.union(self.organisations))

    @property
    def is_partnership(self) -> bool:
        """Say whether the person works for the partnership."""
        return bool(self.roles)

    def has(self, *roles: PartnershipRole) -> bool:
        """Say whether the person holds any of the partnership roles."""
        return not self.roles.isdisjoint(roles)

    def holds(self, organisation_id: int, *roles: OrganisationRole) -> bool:
        """Say whether the person holds any of the roles at an organisation (any role if none is named)."""
        held = self.organisations.get(organisation_id, frozenset())
        return not held.isdisjoint(roles) if roles else bool(held)


@dataclass(frozen=True, slots=True)
class Work:
    """One person's piece of work: the session that it is written in, who does it, and when."""

    session: Session
    actor: Actor
    now: datetime


class Access(StrEnum):
    """The access classes: each route belongs to exactly one."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    ON_THE_WAY_IN = "signed in, the second factor perhaps still to come"
    PARTNERSHIP = "any partnership role"
    REGISTER = "board manager or administrator"
    RATINGS = "partnership roles that read ratings"
    RETURNS = "partnership roles that read whole returns"
    BOARD_MANAGER = "board manager"
    OWN_READ = "own organisation, or partnership roles that read returns"
    OWN_WRITE = "own organisation only"
    DEMO = "anyone, in demo mode only"


_R = PartnershipRole
READERS = frozenset({_R.BOARD_MANAGER, _R.PSO, _R.INDEPENDENT_SCRUTINEER})
REGISTER = frozenset({_R.BOARD_MANAGER, _R.ADMINISTRATOR})
RATINGS = READERS | {_R.SAFEGUARDING_PARTNER}

_PARTNERSHIP_CLASSES: Mapping[Access, frozenset[PartnershipRole]] = {
    Access.PARTNERSHIP: frozenset(PartnershipRole),
    Access.REGISTER: REGISTER,
    Access.RATINGS: RATINGS,
    Access.RETURNS: READERS,
    Access.BOARD_MANAGER: frozenset({_R.BOARD_MANAGER}),
}


def allows(access: Access, actor: Actor | None, *, demo: bool) -> bool:
    """Say whether a person may use routes of an access class at all.

    Routes of a person's own organisation then narrow by `visible_to`.
    """
    if access in {Access.PUBLIC, Access.DEMO}:
        return demo or access is Access.PUBLIC
    if actor is None or actor.second_factor_due:
        return actor is not None and access is Access.ON_THE_WAY_IN
    if access in _PARTNERSHIP_CLASSES:
        return actor.has(*_PARTNERSHIP_CLASSES[access])
    if access is Access.OWN_READ:
        return bool(actor.organisations) or actor.has(*READERS)
    if access is Access.OWN_WRITE:
        return bool(actor.organisations)
    return access in {Access.SIGNED_IN, Access.ON_THE_WAY_IN}


def reads_every_return(actor: Actor) -> bool:
    """Say whether a person reads the returns of all organisations."""
    return actor.has(*READERS)


def visible_to(actor: Actor, organisation_column: Any) -> ColumnElement[bool]:
    """Return the condition that confines a query to the organisations whose returns a person may read.

    This and `Confined` are the one place that decides it; each query over organisations' answers carries it.
    A school that became an academy, or that others were merged into, reads what its closed predecessors gave.
    """
    if reads_every_return(actor):
        return true()
    if not actor.organisations:
        return false()
    condition: ColumnElement[bool] = organisation_column.in_(actor.readable)
    return condition


def among_own(organisation_column: Any) -> ColumnElement[bool]:
    """Return the condition for statements built once: the person's own organisations, given as `own`."""
    condition: ColumnElement[bool] = organisation_column == any_(bindparam("own", type_=ARRAY(Integer)))
    return condition


class Confined:
    """A read that is built once, and confined like `visible_to` for whoever asks.

    Building a statement costs several times what sending it does: for reads of every request.
    """

    def __init__(self, statement: Select[Any], organisation_column: Any) -> None:
        self._everything = statement
        self._own = statement.where(among_own(organisation_column))

    def rows(self, session: Session, actor: Actor, **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """Run the read for a person."""
        connection = session.connection()
        if reads_every_return(actor):
            return connection.execute(self._everything, values)
        return connection.execute(self._own, {**values, "own": actor.readable})
