"""The answers of one return: levels after the organisation's quality, texts that fit the standards."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.demo.facts import fact
from app.demo.phrases import (
    GENERAL,
    LISTS,
    LONG,
    NOT_APPLICABLE,
    ODD,
    PASTED,
    REMARKS,
    STRENGTH,
    TERSE,
    topic_of,
)
from app.demo.quality import Quality, level_key
from app.demo.wording import Wording, later
from app.questionnaires.definition import Questionnaire, Standard
from app.returns.rules import AnswerValues

Answers = dict[str, AnswerValues]

_NOT_APPLICABLE_SHARE = {
    "alternative-provision": 0.55,
    "lettings": 0.35,
    "group-oversight": 0.45,
    "host-families": 0.7,
    "clubs": 0.15,
    "work-experience": 0.2,
    "looked-after-children": 0.12,
    "was-not-brought": 0.3,
    "placed-out-of-area": 0.35,
    "subcontracting": 0.35,
    "premises-and-licences": 0.3,
    "joint-teams": 0.35,
}
_USUAL_SHARE = 0.14


@dataclass(frozen=True, slots=True)
class Making:
    """What the answers of one return are made from: who answers, in which words, how well."""

    questionnaire: Questionnaire
    quality: Quality
    wording: Wording
    shift: float
    last_year: Mapping[str, AnswerValues]

    @property
    def rng(self) -> random.Random:
        """The chance of this return."""
        return self.wording.rng


def complete(made: Making) -> Answers:
    """Return a full set of answers: nothing stops the signature; few questions stay open."""
    answers: Answers = {}
    rng = made.rng
    sparse = rng.randrange(len(made.questionnaire.domains)) if rng.random() < 0.035 else None
    for position, domain in enumerate(made.questionnaire.domains):
        for standard in domain.standards:
            if position == sparse and rng.random() < 0.4:
                continue
            answers[standard.key] = _answer(made, standard, position)
    for question in made.questionnaire.closing:
        if rng.random() < 0.93:
            answers[question.key] = AnswerValues(fact=fact(made.wording, question))
    if made.quality.style == "pasted":
        _paste(answers, rng)
    return answers


def partly(made: Making, share: float) -> Answers:
    """Return the answers of somebody who got so far: in order, with some left for later."""
    whole = complete(made)
    wanted = max(1, round(share * len(made.questionnaire.questions)))
    keys = list(whole)[: round(wanted * 1.12) + 1]
    for key in made.rng.sample(keys, max(0, len(keys) - wanted)):
        keys.remove(key)
    return {key: _unfinished(made.rng, whole[key]) for key in keys}


def _unfinished(rng: random.Random, values: AnswerValues) -> AnswerValues:
    if values.has_action and rng.random() < 0.35:
        return replace(values, action_what="", action_owner="", action_due=None)
    return values


def _answer(made: Making, standard: Standard, position: int) -> AnswerValues:
    if not standard.rated:
        return AnswerValues(fact=fact(made.wording, standard))
    before = made.last_year.get(standard.key)
    if made.quality.style == "copied" and before is not None and not before.fact and made.rng.random() < 0.9:
        return before
    # What does not apply seldom changes from one year to the next: the organisation's own number decides.
    usual = (made.quality.standards.get(standard.key, 0.0) * 7919) % 1
    if standard.not_applicable and usual < _NOT_APPLICABLE_SHARE.get(standard.key, _USUAL_SHARE):
        return AnswerValues(not_applicable=True, not_applicable_reason=_reason(made.wording, standard))
    level = level_key(made.rng, made.quality, standard, position, made.questionnaire.scale, shift=made.shift)
    return _JUDGED[made.questionnaire.level(level).rag](made, standard, level)


def _reason(wording: Wording, standard: Standard) -> str:
    return wording.fill(
        next(reason for pattern, reason in NOT_APPLICABLE if re.search(pattern, standard.key))
    )


def _evidence(made: Making, standard: Standard) -> str:
    rng, topic = made.rng, topic_of(standard.key)
    if made.quality.style == "brief" and rng.random() < 0.55:
        return rng.choice(TERSE)
    chance = rng.random()
    if chance < 0.015:
        return made.wording.fill(rng.choice(LONG))
    if chance < 0.06:
        return made.wording.fill(rng.choice(LISTS))
    if chance < 0.14:
        return made.wording.pick(standard, GENERAL.evidence)
    first = made.wording.choose(standard, topic.evidence)
    written = [first]
    if rng.random() < (0.55 if made.quality.style == "wordy" else 0.18):
        others = tuple(each for each in topic.evidence + GENERAL.evidence if each != first)
        written.append(made.wording.choose(standard, others))
    return made.wording.fill(rng.choice((" ", "\n")).join(written))


def _green(made: Making, standard: Standard, level: str) -> AnswerValues:
    rng = made.rng
    evidenced = 0.3 if made.quality.style in {"whitewash", "rushed"} else made.quality.evidenced
    strength = rng.random() < 0.035
    comment = ""
    if strength and rng.random() < 0.6:
        comment = made.wording.fill(STRENGTH)
    elif rng.random() < (0.35 if made.quality.style == "wordy" else 0.07):
        comment = made.wording.fill(rng.choice(REMARKS))
    return AnswerValues(
        level=level,
        comment=comment,
        evidence=_evidence(made, standard) if rng.random() < evidenced else "",
        strength=strength,
    )


def _amber(made: Making, standard: Standard, level: str) -> AnswerValues:
    rng, topic = made.rng, topic_of(standard.key)
    comment = made.wording.pick(standard, topic.amber * 3 + GENERAL.amber) if rng.random() < 0.85 else ""
    evidence = _evidence(made, standard) if rng.random() < 0.5 else ""
    values = AnswerValues(level=level, comment=comment, evidence=evidence)
    return _with_action(made, standard, values, (60, 260)) if rng.random() < 0.5 else values


def _red(made: Making, standard: Standard, level: str) -> AnswerValues:
    topic = topic_of(standard.key)
    values = AnswerValues(level=level, comment=made.wording.pick(standard, topic.red * 4 + GENERAL.red))
    return _with_action(made, standard, values, (21, 120))


def _with_action(
    made: Making, standard: Standard, values: AnswerValues, days: tuple[int, int]
) -> AnswerValues:
    topic = topic_of(standard.key)
    return replace(
        values,
        action_what=made.wording.pick(standard, topic.actions * 3 + GENERAL.actions),
        action_owner=made.wording.owner(),
        action_due=later(made.wording, *days),
    )


_JUDGED = {"green": _green, "amber": _amber, "red": _red}


def _paste(answers: Answers, rng: random.Random) -> None:
    """Put the same text under many standards, as people do who are short of time."""
    for key, values in answers.items():
        if values.level is not None and rng.random() < 0.75:
            answers[key] = replace(values, evidence=PASTED)


def typed_oddly(answers: Answers) -> Answers:
    """Return answers into which somebody typed marks, formulas, tabs and signs."""
    odd = iter(ODD)
    typed = dict(answers)
    for key, values in answers.items():
        if values.level is not None:
            text = next(odd, None)
            if text is None:
                break
            typed[key] = replace(values, comment=text)
    return typed
