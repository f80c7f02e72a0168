"""What if: a round's signed returns under other thresholds. Nothing is stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.questionnaires.definition import Questionnaire
from app.questionnaires.rules import RatingRule
from app.ratings.rules import WORST_FIRST, DomainRating, Outcome
from app.scrutiny.queries import RatedLine, critical_ambers, rated_lines
from app.scrutiny.rules import Shift, critical_amber, needs_answers, recoloured, why_then

MOST_CHANGES = 500


@dataclass(frozen=True, slots=True)
class Recoloured:
    """A domain of a return that would have another colour."""

    return_id: int
    organisation_id: int
    organisation: str
    domain_title: str
    before: Outcome
    after: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class DomainShift:
    """One domain's counts before and after, worst outcome first; those that nobody has are left out."""

    title: str
    shifts: tuple[Shift, ...]
    changed: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A round under other thresholds; `changes` are the first of `changed`, gravest first."""

    returns: int
    domains: tuple[DomainShift, ...]
    changes: tuple[Recoloured, ...]
    changed: int


def what_if(session: Session, round_id: int, questionnaire: Questionnaire, rule: RatingRule) -> WhatIf:
    """Return what other thresholds would make of a round's self-ratings.

    One statement reads the stored ratings. Where a domain had too few answers to be coloured, would now be
    green, and its rating does not tell whether a critical standard is amber, one more reads just that.
    """
    lines = rated_lines(session, round_id)
    critical = frozenset(each.key for each in questionnaire.standards if each.critical)
    unclear = [line for line in lines if needs_answers(line.rating, rule, critical)]
    ambers = set()
    if unclear and critical:
        ambers = critical_ambers(
            session,
            [line.return_id for line in unclear],
            critical=critical,
            amber_levels=[level.key for level in questionnaire.scale if level.rag == "amber"],
        )
    by_domain = {
        domain.key: frozenset(each.key for each in domain.rated if each.critical)
        for domain in questionnaire.domains
    }

    def has_critical_amber(line: RatedLine) -> bool:
        known = critical_amber(line.rating, critical)
        if known is not None:
            return known
        keys = by_domain.get(line.rating.domain_key, frozenset())
        return any((line.return_id, key) in ambers for key in keys)

    after = [recoloured(line.rating, rule, has_critical_amber=has_critical_amber(line)) for line in lines]
    return _compared(questionnaire, lines, after)


def _compared(
    questionnaire: Questionnaire, lines: Sequence[RatedLine], after: Sequence[DomainRating]
) -> WhatIf:
    titles = {domain.key: domain.title for domain in questionnaire.domains}
    pairs = list(zip(lines, after, strict=True))
    changed = [(line, then) for line, then in pairs if line.rating.outcome != then.outcome]
    changed.sort(
        key=lambda pair: (WORST_FIRST.index(pair[1].outcome), WORST_FIRST.index(pair[0].rating.outcome))
    )
    return WhatIf(
        returns=len({line.return_id for line in lines}),
        domains=tuple(
            _shift(title, [pair for pair in pairs if pair[0].rating.domain_key == key])
            for key, title in titles.items()
        ),
        changes=tuple(
            Recoloured(
                line.return_id,
                line.organisation_id,
                line.organisation,
                titles.get(then.domain_key, then.domain_key),
                line.rating.outcome,
                then.outcome,
                why_then(then),
            )
            for line, then in changed[:MOST_CHANGES]
        ),
        changed=len(changed),
    )


def _shift(title: str, pairs: Sequence[tuple[RatedLine, DomainRating]]) -> DomainShift:
    before = Counter(line.rating.outcome for line, _ in pairs)
    after = Counter(then.outcome for _, then in pairs)
    return DomainShift(
        title=title,
        shifts=tuple(
            Shift(outcome, before[outcome], after[outcome])
            for outcome in WORST_FIRST
            if before[outcome] or after[outcome]
        ),
        changed=sum(line.rating.outcome != then.outcome for line, then in pairs),
    )
