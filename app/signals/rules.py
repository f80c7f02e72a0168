"""Signals: what is worth a second look at an organisation, each with the facts that fired it.

A signal is a prompt for a human and never part of a rating. Each rule is a pure function over facts; it gives
a sentence and the facts behind it, or nothing. The kinds are those of the design's list; where the design
names a limit it is the default here, and a partnership can set it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from app.core.clock import short_date
from app.ratings.rules import are, counted, named

# Nobody's rating is "far" from a handful of others.
FEWEST_PEERS: Final = 5
# Fewer texts than these say nothing about how a whole return was written.
FEWEST_TEXTS: Final = 5
FEWEST_SAVES: Final = 10


class SignalKind(StrEnum):
    """What a signal is about, in the order in which equal weights are listed."""

    NOT_RETURNED = "not_returned"
    LATE = "late"
    VALIDATED_BELOW = "validated_below"
    UNEVIDENCED = "unevidenced"
    VOICES_BELOW = "voices_below"
    DOWN = "down"
    LONG_SINCE_VISIT = "long_since_visit"
    OVERDUE_ACTIONS = "overdue_actions"
    IDENTICAL = "identical"
    HASTY = "hasty"
    ALL_GREEN = "all_green"
    FAR_FROM_PEERS = "far_from_peers"
    UNCHANGED = "unchanged"
    OLD_EVIDENCE = "old_evidence"
    NEW_LEADERS = "new_leaders"
    CONVERTED = "converted"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the answers of a signed return measure, without any of their text.

    `alike` are groups of standards with the same or nearly the same comment, the largest first; `unchanged`
    the standards whose comment is last year's, of `compared` that have one in both years. `minutes` lie
    between the first and the last of `saves`, by `people`. `evidence` is the newest day that a standard's
    evidence shows; a standard whose evidence shows none is not in it.
    """

    rated: int = 0
    greens: int = 0
    actions: int = 0
    alike: tuple[tuple[str, ...], ...] = ()
    unchanged: tuple[str, ...] = ()
    compared: int = 0
    people: int = 0
    saves: int = 0
    minutes: int = 0
    evidence: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """A domain that has one colour on one side and a worse one on the other."""

    domain_key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Peers:
    """The others of the same kind and phase in the round: how many, and the middle share of points."""

    count: int
    median: int


@dataclass(frozen=True, slots=True)
class VoicesGap:
    """A standard that staff see worse than their leaders, by so many points of a hundred."""

    standard_key: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about one organisation and its return.

    `owed` is False where no answer is owed any more. `standing` says that the facts of the register, of
    visits and of actions belong to this return: it is the newest. `titles` names domains and standards.
    `voices` stays empty while staff are not asked.
    """

    return_id: int
    organisation_id: int
    due_on: date
    owed: bool = True
    signed_on: date | None = None
    measured: Measured | None = None
    greens: int = 0
    unevidenced: int = 0
    share: int | None = None
    peers: Peers | None = None
    down: tuple[Moved, ...] = ()
    below: tuple[Moved, ...] = ()
    voices: tuple[VoicesGap, ...] = ()
    standing: bool = True
    overdue: int = 0
    overdue_since: date | None = None
    new_leaders: Mapping[str, date] = field(default_factory=dict)
    academy: bool = False
    was_academy: bool = False
    converted_on: date | None = None
    bounced: int = 0
    contacts: int = 0
    section_11: bool = False
    last_visit: date | None = None
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says when it fires: the sentence, and the facts that fired it (no text of an answer)."""

    sentence: str
    fired: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal as a person reads it."""

    kind: SignalKind
    weight: int
    sentence: str
    fired: Mapping[str, Any]


def months_before(day: date, months: int) -> date:
    """Return the day so many months earlier; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError  # every month has a 28th


# --- the return itself -----------------------------------------------------------------------------


def not_returned(facts: Facts, _limit: int, today: date) -> Found | None:
    """Fire when there is no signed return although it was due and is owed."""
    if facts.signed_on is not None or not facts.owed or facts.due_on >= today:
        return None
    days = (today - facts.due_on).days
    return Found(
        f"There is no return. It was due on {short_date(facts.due_on)}, {counted(days, 'day')} ago",
        {"due_on": facts.due_on, "days": days},
    )


def late(facts: Facts, _limit: int, _today: date) -> Found | None:
    """Fire when the return was signed after its due date; time that was added counts."""
    if facts.signed_on is None or facts.signed_on <= facts.due_on:
        return None
    days = (facts.signed_on - facts.due_on).days
    return Found(
        f"The return came {counted(days, 'day')} late: due {short_date(facts.due_on)}, "
        f"signed {short_date(facts.signed_on)}",
        {"due_on": facts.due_on, "signed_on": facts.signed_on, "days": days},
    )


def unevidenced(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when more than the limit, in percent, of the greens have no evidence."""
    if 100 * facts.unevidenced <= limit * facts.greens:
        return None
    return Found(
        f"{facts.unevidenced} of {counted(facts.greens, 'green')} {are(facts.unevidenced)} without evidence, "
        f"more than {limit}%",
        {"unevidenced": facts.unevidenced, "greens": facts.greens},
    )


def identical(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when the limit of standards, or more, share the same or nearly the same comment."""
    groups = [group for group in (facts.measured.alike if facts.measured else ()) if len(group) >= limit]
    if not groups:
        return None
    others = f" The same goes for {counted(len(groups) - 1, 'other text')}" if len(groups) > 1 else ""
    return Found(
        f"The same or nearly the same text stands beside {len(groups[0])} standards: "
        f"{named(groups[0], facts.titles)}.{others}".removesuffix("."),
        {"standards": [list(group) for group in groups]},
    )


def unchanged(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when at least the limit, in percent, of the comments are word for word last year's."""
    this = facts.measured
    if this is None or this.compared < FEWEST_TEXTS or 100 * len(this.unchanged) < limit * this.compared:
        return None
    return Found(
        f"{len(this.unchanged)} of {counted(this.compared, 'comment')} {are(len(this.unchanged))} "
        f"word for word last year’s: {named(this.unchanged, facts.titles)}",
        {"standards": list(this.unchanged), "compared": this.compared},
    )


def hasty(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when one person wrote all, in fewer minutes than the limit from the first save to the last."""
    this = facts.measured
    if this is None or this.people != 1 or this.saves < FEWEST_SAVES or this.minutes >= limit:
        return None
    return Found(
        f"One person gave all answers in {counted(this.minutes, 'minute')}: "
        f"{counted(this.saves, 'save')} from the first to the last",
        {"people": 1, "minutes": this.minutes, "saves": this.saves},
    )


def all_green(facts: Facts, _limit: int, _today: date) -> Found | None:
    """Fire when every rated standard is green and no action is planned."""
    this = facts.measured
    if this is None or not this.rated or this.greens < this.rated or this.actions:
        return None
    return Found(
        f"All {counted(this.rated, 'rated standard')} {are(this.rated)} green, and no action is planned",
        {"rated": this.rated, "actions": 0},
    )


def old_evidence(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when evidence of a standard is older than so many months on the day of the signature."""
    if facts.measured is None or facts.signed_on is None:
        return None
    since = months_before(facts.signed_on, limit)
    dated = sorted((day, key) for key, day in facts.measured.evidence.items() if day < since)
    if not dated:
        return None
    keys = [key for _, key in dated]
    return Found(
        f"Evidence of {counted(len(keys), 'standard')} was older than {counted(limit, 'month')} when the "
        f"return was signed; the oldest is of {dated[0][0].year}: {named(keys, facts.titles)}",
        {"standards": keys, "oldest": dated[0][0]},
    )


# --- how it is rated -------------------------------------------------------------------------------


def validated_below(facts: Facts, _limit: int, _today: date) -> Found | None:
    """Fire when the validated rating of a domain is a level or more below the self-rating."""
    if not facts.below:
        return None
    return Found(
        f"Rated lower by the partnership than by themselves: {_moves(facts.below, facts.titles)}",
        {"domains": [each.domain_key for each in facts.below]},
    )


def down(facts: Facts, _limit: int, _today: date) -> Found | None:
    """Fire when a domain is a level or more down since last year."""
    if not facts.down:
        return None
    told = _moves(facts.down, facts.titles)
    return Found(
        told[:1].upper() + told[1:],
        {"domains": [each.domain_key for each in facts.down]},
    )


def _moves(moves: tuple[Moved, ...], titles: Mapping[str, str]) -> str:
    return "; ".join(
        f"{titles.get(each.domain_key, each.domain_key)} from {each.before} to {each.after}" for each in moves
    )


def far_from_peers(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when the share of points is the limit or more away from the middle of the same kind and phase."""
    if facts.share is None or facts.peers is None or facts.peers.count <= FEWEST_PEERS:
        return None
    gap = facts.share - facts.peers.median
    if abs(gap) < limit:
        return None
    return Found(
        f"Their own rating reaches {facts.share}% of the points. The middle of {facts.peers.count} "
        f"organisations of the same kind is {facts.peers.median}%: "
        f"{counted(abs(gap), 'point')} {'below' if gap < 0 else 'above'}",
        {"share": facts.share, "median": facts.peers.median, "organisations": facts.peers.count},
    )


def voices_below(facts: Facts, limit: int, _today: date) -> Found | None:
    """Fire when staff see a standard the limit of points, or more, below their leaders."""
    gaps = sorted((each for each in facts.voices if each.points >= limit), key=lambda each: -each.points)
    if not gaps:
        return None
    keys = [each.standard_key for each in gaps]
    return Found(
        f"Staff are up to {counted(gaps[0].points, 'point')} below their leaders: "
        f"{named(keys, facts.titles)}",
        {"standards": keys, "points": [each.points for each in gaps]},
    )


# --- the organisation ------------------------------------------------------------------------------


def overdue_actions(facts: Facts, _limit: int, _today: date) -> Found | None:
    """Fire when open actions are past their date."""
    if not facts.standing or not facts.overdue:
        return None
    since = f", the first since {short_date(facts.overdue_since)}" if facts.overdue_since else ""
    return Found(
        f"{counted(facts.overdue, 'action')} {are(facts.overdue)} overdue{since}",
        {"overdue": facts.overdue, "since": facts.overdue_since},
    )


LEADERS: Final[Mapping[str, str]] = {
    "head_teacher": "head teacher",
    "designated_safeguarding_lead": "designated safeguarding lead",
    "trust_safeguarding_lead": "trust safeguarding lead",
    "agency_lead": "agency lead",
    "chief_officer": "chief officer",
}


def new_leaders(facts: Facts, limit: int, today: date) -> Found | None:
    """Fire when a head or safeguarding lead took over from another within so many months."""
    since = months_before(today, limit)
    new = {role: day for role, day in facts.new_leaders.items() if role in LEADERS and since <= day <= today}
    if not facts.standing or not new:
        return None
    said = [f"a new {LEADERS[role]} since {short_date(day)}" for role, day in sorted(new.items())]
    return Found(f"There is {' and '.join(said)}", dict(sorted(new.items())))


def converted(facts: Facts, limit: int, today: date) -> Found | None:
    """Fire when the school became an academy within so many months, and did not answer as one before."""
    if not facts.standing or not facts.academy or facts.was_academy or facts.converted_on is None:
        return None
    if not months_before(today, limit) <= facts.converted_on <= today:
        return None
    return Found(
        f"It became an academy on {short_date(facts.converted_on)}", {"converted_on": facts.converted_on}
    )


def bounced(facts: Facts, _limit: int, _today: date) -> Found | None:
    """Fire when mails to a contact do not arrive."""
    if not facts.standing or not facts.bounced:
        return None
    return Found(
        f"Mails to {facts.bounced} of {counted(facts.contacts, 'contact')} do not arrive",
        {"bounced": facts.bounced, "contacts": facts.contacts},
    )


def long_since_visit(facts: Facts, limit: int, today: date) -> Found | None:
    """Fire when the last visit was so many months ago, or a section 11 agency was never visited."""
    if not facts.standing:
        return None
    if facts.last_visit is None:
        if not facts.section_11:
            return None
        return Found("It was never visited, and has a duty under section 11", {"last_visit": None})
    if facts.last_visit > months_before(today, limit):
        return None
    return Found(
        f"The last visit was on {short_date(facts.last_visit)}, {counted(limit, 'month')} ago or more",
        {"last_visit": facts.last_visit},
    )
