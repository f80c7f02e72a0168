"""Ratings beside each other: what to improve first, what changed since last time, how peers stand."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from app.questionnaires.rules import Level
from app.ratings.rules import (
    COLOURS,
    OUTCOME_WORDS,
    DomainRating,
    Outcome,
    Rated,
    RatedAnswer,
    counted,
    rate_domain,
)

Direction = Literal["better", "worse", "same", "new", "gone", "not_comparable"]

SMALLEST_GROUP: Final = 5


@dataclass(frozen=True, slots=True)
class Gain:
    """One standard worth improving first: moved up one level, what that does to its domain."""

    domain_key: str
    standard_key: str
    title: str
    from_level: Level
    to_level: Level
    before: Outcome
    after: Outcome
    sentence: str

    @property
    def changes_colour(self) -> bool:
        """Tell whether this one step is enough for a better colour."""
        return self.before != self.after


def quickest_gains(
    ratings: Iterable[DomainRating],
    answers: Mapping[str, Sequence[RatedAnswer]],
    scale: Sequence[Level],
    *,
    titles: Mapping[str, str],
    n: int = 3,
) -> tuple[Gain, ...]:
    """Return up to n standards that help most when moved up one level; titles are the domains'.

    First those that change a domain's colour, red domains before amber ones and critical standards
    first; then those that remove an obstacle to the next colour; then those that bring most points.
    A domain whose colour one gain already changes gives no second one: it would change nothing more.
    """
    steps = sorted(scale, key=lambda level: level.points)
    candidates = [
        candidate
        for rating in ratings
        if rating.outcome in ("red", "amber")
        for candidate in _candidates(rating, answers.get(rating.domain_key, ()), steps, titles)
    ]
    chosen: list[Gain] = []
    changed: set[str] = set()
    for _, gain in sorted(candidates, key=lambda candidate: candidate[0]):
        if len(chosen) == n:
            break
        if gain.domain_key not in changed:
            chosen.append(gain)
            if gain.changes_colour:
                changed.add(gain.domain_key)
    return tuple(chosen)


def missing_for_a_colour(ratings: Iterable[DomainRating], titles: Mapping[str, str]) -> tuple[str, ...]:
    """Return, for each domain with too few answers, how many more give it a colour: the first gain of all."""
    found = []
    for rating in ratings:
        more = rating.needed - rating.answered
        if rating.outcome == "insufficient" and more > 0:
            name = titles.get(rating.domain_key, rating.domain_key)
            found.append(f"Answering {counted(more, 'more standard')} in {name} would give it a colour.")
    return tuple(found)


_Rank = tuple[bool, bool, int, bool, int, str, str]


def _candidates(
    rating: DomainRating, answers: Sequence[RatedAnswer], steps: Sequence[Level], titles: Mapping[str, str]
) -> Iterator[tuple[_Rank, Gain]]:
    name = titles.get(rating.domain_key, rating.domain_key)
    for index, answer in enumerate(answers):
        if answer.level is None or answer.level == steps[-1]:
            continue
        higher = steps[steps.index(answer.level) + 1]
        moved = [*answers[:index], replace(answer, level=higher), *answers[index + 1 :]]
        after = rate_domain(rating.domain_key, moved, rating.thresholds, steps)
        removed = _obstacles(rating, answers) - _obstacles(rating, moved)
        gain = Gain(
            domain_key=rating.domain_key,
            standard_key=answer.standard_key,
            title=answer.title,
            from_level=answer.level,
            to_level=higher,
            before=rating.outcome,
            after=after.outcome,
            sentence=_gain_sentence(rating, after, answer, (higher, name, removed)),
        )
        rank = (
            not gain.changes_colour,
            rating.outcome != "red",
            -removed,
            not answer.critical,
            answer.level.points - higher.points,
            rating.domain_key,
            answer.standard_key,
        )
        yield rank, gain


def _obstacles(rating: DomainRating, answers: Sequence[RatedAnswer]) -> int:
    """Count the answers that alone keep the domain from its next colour."""
    if rating.outcome == "red":
        return sum(answer.critical and _rag(answer) == "red" for answer in answers)
    return sum(_rag(answer) == "red" or (answer.critical and _rag(answer) == "amber") for answer in answers)


def _rag(answer: RatedAnswer) -> str | None:
    return answer.level.rag if answer.level else None


def _gain_sentence(
    before: DomainRating, after: DomainRating, answer: RatedAnswer, step: tuple[Level, str, int]
) -> str:
    higher, name, removed = step
    old = answer.level.word.lower() if answer.level else ""
    move = f"Moving “{answer.title}” from {old} to {higher.word.lower()}"
    colour = before.outcome
    if after.outcome != colour:
        return f"{move} would turn {name} from {colour} to {after.outcome}."
    if removed:
        return f"{move} would remove an answer that by itself keeps {name} {colour}."
    if colour == "red":
        goal = f"{before.thresholds.red_below_percent}% is needed for amber"
    else:
        goal = f"{before.thresholds.green_from_percent}% is needed for green"
    return (
        f"{move} would bring {name} from {before.share_percent}% to {after.share_percent}% "
        f"of the points; {goal}."
    )


# --- since last time ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One domain last time and this time; `direction` compares colours only."""

    domain_key: str
    before: Outcome | None
    after: Outcome | None
    direction: Direction
    sentence: str


def change_since(last: Iterable[Rated], this: Iterable[Rated]) -> dict[str, Change]:
    """Return what changed in each domain, by domain key: this time's domains first, in their order.

    A domain without a colour on either side is not comparable: too few answers are no step down.
    """
    before = {rating.domain_key: rating.outcome for rating in last}
    after = {rating.domain_key: rating.outcome for rating in this}
    return {key: _change(key, before.get(key), after.get(key)) for key in after | before}


def _change(key: str, before: Outcome | None, after: Outcome | None) -> Change:
    direction = _direction(before, after)
    old, new = (OUTCOME_WORDS[each].lower() if each else "" for each in (before, after))
    sentence = {
        "better": f"Up from {old} to {new}.",
        "worse": f"Down from {old} to {new}.",
        "same": f"Still {new}.",
        "new": f"{new.capitalize()}; not asked last time.",
        "gone": f"Not asked this time; {old} last time.",
        "not_comparable": f"{new.capitalize()}; {old} last time.",
    }[direction]
    return Change(key, before, after, direction, sentence)


def _direction(before: Outcome | None, after: Outcome | None) -> Direction:
    if before is None:
        return "new"
    if after is None:
        return "gone"
    if before not in COLOURS or after not in COLOURS:
        return "not_comparable"
    step = COLOURS.index(after) - COLOURS.index(before)
    return "better" if step > 0 else "worse" if step < 0 else "same"


# --- peers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many organisations of the same kind and phase have each colour in one domain."""

    domain_key: str
    organisations: int
    red: int
    amber: int
    green: int

    @property
    def sentence(self) -> str:
        """Say the distribution in words."""
        total = counted(self.organisations, "organisation")
        return f"Of {total} like yours, {self.red} red, {self.amber} amber, {self.green} green."


def peers(
    outcomes_by_domain: Mapping[str, Sequence[Outcome]], minimum: int = SMALLEST_GROUP
) -> dict[str, Distribution | None]:
    """Return each domain's colours among peers, None where fewer than `minimum` have a colour.

    Hand in one outcome for each organisation of the same kind and phase. ValueError for a minimum
    under five: nobody may be read out of a group that small.
    """
    if minimum < SMALLEST_GROUP:
        message = f"A group of peers has at least {SMALLEST_GROUP} organisations, not {minimum}"
        raise ValueError(message)
    return {key: _distribution(key, outcomes, minimum) for key, outcomes in outcomes_by_domain.items()}


def _distribution(key: str, outcomes: Sequence[Outcome], minimum: int) -> Distribution | None:
    count = Counter(outcome for outcome in outcomes if outcome in COLOURS)
    if count.total() < minimum:
        return None
    return Distribution(key, count.total(), count["red"], count["amber"], count["green"])
