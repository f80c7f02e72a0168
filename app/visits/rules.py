"""The three safeguarding partners: whom they stand for, and when one of them stands back.

The framework has a visit endorsed by the three safeguarding partners; "if the agency identified is one of
the safeguarding partners, a representative from that agency will not be involved in the assurance visit".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Partner(StrEnum):
    """A safeguarding partner of the area (Children Act 2004, section 16E)."""

    LOCAL_AUTHORITY = "local_authority"
    HEALTH = "health"
    POLICE = "police"


PARTNER_WORDS: Final[Mapping[Partner, str]] = MappingProxyType(
    {
        Partner.LOCAL_AUTHORITY: "Local authority",
        Partner.HEALTH: "Integrated care board",
        Partner.POLICE: "Police",
    }
)
# The framework's appendix 2 lists these under the council, the youth offending service among them; districts,
# providers of health care, the commissioner and other police forces are their own bodies.
PARTNER_KINDS: Final[Mapping[Partner, frozenset[str]]] = MappingProxyType(
    {
        Partner.LOCAL_AUTHORITY: frozenset(
            {
                "children_social_care",
                "adult_social_care",
                "public_health",
                "housing",
                "leisure_and_culture",
                "licensing",
                "youth_justice",
                "youth_service",
            }
        ),
        Partner.HEALTH: frozenset({"integrated_care_board"}),
        Partner.POLICE: frozenset({"police"}),
    }
)


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who speaks for a safeguarding partner."""

    partner: Partner
    user_id: int
    name: str


def partner_visited(kind: str) -> Partner | None:
    """Return the safeguarding partner that an organisation of this kind is part of, if any."""
    return next((partner for partner, kinds in PARTNER_KINDS.items() if kind in kinds), None)


def may_endorse(kind: str) -> tuple[Partner, ...]:
    """Return the partners who endorse a visit to such an organisation and agree its report."""
    visited = partner_visited(kind)
    return tuple(partner for partner in Partner if partner is not visited)


def may_take_part(user_id: int, kind: str, seats: Iterable[Seat], *, own: bool) -> bool:
    """Say whether a person may endorse, write about or go on a visit.

    Nobody does who works at the visited organisation (`own`) or speaks for the partner that it is part of.
    """
    visited = partner_visited(kind)
    return not own and not any(seat.user_id == user_id and seat.partner is visited for seat in seats)


def all_said_yes(kind: str, said: Mapping[Partner, bool]) -> bool:
    """Say whether every partner who has a say has said yes."""
    return all(said.get(partner, False) for partner in may_endorse(kind))
