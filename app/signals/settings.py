"""Which signals a partnership uses, how much each weighs, and from which limit it fires. Pure.

`signals_from` puts the rules and the settings together: an organisation's signals, the weightiest first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from app.signals import rules
from app.signals.rules import Facts, Found, Signal, SignalKind

MOST_WEIGHT: Final = 10
_K = SignalKind


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of a signal: what it is called, in which unit, its default and its bounds."""

    label: str
    unit: str
    default: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A signal: its title, its rule, its default weight, and its limit if it has one.

    `adds_points` says that its weight counts in the selection of visits; that room has points of its own for
    the others.
    """

    title: str
    fires: Callable[[Facts, int, date], Found | None]
    weight: int
    limit: Limit | None = None
    adds_points: bool = False


RULES: Final[Mapping[SignalKind, Rule]] = MappingProxyType(
    {
        _K.NOT_RETURNED: Rule("No return", rules.not_returned, 6),
        _K.LATE: Rule("Late return", rules.late, 1),
        _K.VALIDATED_BELOW: Rule("Self-rating above the validated rating", rules.validated_below, 3),
        _K.UNEVIDENCED: Rule(
            "Greens without evidence",
            rules.unevidenced,
            3,
            Limit("More than this share of the greens", "%", 25, 0, 99),
        ),
        _K.VOICES_BELOW: Rule(
            "Staff see it otherwise",
            rules.voices_below,
            3,
            Limit("At least so far below the leaders", "points", 20, 1, 100),
        ),
        _K.DOWN: Rule("Down since last year", rules.down, 3),
        _K.LONG_SINCE_VISIT: Rule(
            "Long since the last visit",
            rules.long_since_visit,
            3,
            Limit("Last visited so long ago", "months", 24, 1, 120),
        ),
        _K.OVERDUE_ACTIONS: Rule("Overdue actions", rules.overdue_actions, 2),
        _K.IDENTICAL: Rule(
            "Identical text",
            rules.identical,
            2,
            Limit("Beside at least so many standards", "standards", 3, 2, 50),
            adds_points=True,
        ),
        _K.HASTY: Rule(
            "One person in a hurry",
            rules.hasty,
            2,
            Limit("All answers in less than", "minutes", 20, 1, 240),
            adds_points=True,
        ),
        _K.ALL_GREEN: Rule("All green without an action", rules.all_green, 2, adds_points=True),
        _K.FAR_FROM_PEERS: Rule(
            "Far from others of the same kind",
            rules.far_from_peers,
            2,
            Limit("At least so far from the middle", "points", 25, 5, 100),
            adds_points=True,
        ),
        _K.UNCHANGED: Rule(
            "Unchanged since last year",
            rules.unchanged,
            1,
            Limit("At least this share of the comments", "%", 50, 1, 100),
            adds_points=True,
        ),
        _K.OLD_EVIDENCE: Rule(
            "Old evidence", rules.old_evidence, 1, Limit("Older than", "months", 24, 1, 120), adds_points=True
        ),
        _K.NEW_LEADERS: Rule(
            "New head or safeguarding lead",
            rules.new_leaders,
            1,
            Limit("Within the last", "months", 12, 1, 60),
            adds_points=True,
        ),
        _K.CONVERTED: Rule(
            "Became an academy",
            rules.converted,
            1,
            Limit("Within the last", "months", 12, 1, 60),
            adds_points=True,
        ),
        _K.BOUNCED: Rule("Mails do not arrive", rules.bounced, 1, adds_points=True),
    }
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a partnership has set for one signal; `limit` is 0 where the signal has none."""

    on: bool
    weight: int
    limit: int


Settings = Mapping[SignalKind, Setting]
DEFAULTS: Final[Settings] = MappingProxyType(
    {
        kind: Setting(on=True, weight=rule.weight, limit=rule.limit.default if rule.limit else 0)
        for kind, rule in RULES.items()
    }
)


def signals_from(facts: Facts, settings: Settings, today: date) -> tuple[Signal, ...]:
    """Return the signals of an organisation that are switched on, the weightiest first."""
    found = []
    for kind, rule in RULES.items():
        setting = settings[kind]
        if setting.on and (fired := rule.fires(facts, setting.limit, today)) is not None:
            found.append(Signal(kind, setting.weight, fired.sentence, fired.fired))
    # The rules stand in the order of the kinds, and sorting keeps the order of equal weights.
    return tuple(sorted(found, key=lambda signal: -signal.weight))


def said(kind: SignalKind, setting: Setting) -> str:
    """Return a setting in words, for the audit trail."""
    rule = RULES[kind]
    limit = f", {rule.limit.label.lower()} {setting.limit} {rule.limit.unit}" if rule.limit else ""
    return f"{rule.title}: {'used' if setting.on else 'not used'}, weight {setting.weight}{limit}"


# --- what a board manager typed --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """Settings as somebody typed them; `settings` is None when something is wrong, `problems` says what."""

    settings: Settings | None
    problems: Mapping[str, str]


def settings_from(
    switched_on: frozenset[str], weights: Mapping[str, int | None], limits: Mapping[str, int | None]
) -> Typed:
    """Read settings, each kind's name being the key; a signal without a limit needs none."""
    problems: dict[str, str] = {}
    read = {}
    for kind, rule in RULES.items():
        weight, limit = weights.get(kind.value), limits.get(kind.value)
        if weight is None or not 0 <= weight <= MOST_WEIGHT:
            problems[f"weight-{kind.value}"] = (
                f"Enter a whole number from 0 to {MOST_WEIGHT} as the weight of “{rule.title}”"
            )
        if rule.limit is None:
            limit = 0
        elif limit is None or not rule.limit.least <= limit <= rule.limit.most:
            problems[f"limit-{kind.value}"] = (
                f"Enter a whole number from {rule.limit.least} to {rule.limit.most} as the limit of "
                f"“{rule.title}”"
            )
        read[kind] = Setting(kind.value in switched_on, weight or 0, limit or 0)
    return Typed(None if problems else read, problems)
