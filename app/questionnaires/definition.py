"""What a questionnaire is, as frozen data: levels, rating rule, domains, standards, wording.

Everything here is made once from a checked definition and never changes afterwards, so one object
can serve every request of a process. Standards, domains and questionnaires compare and hash by
identity; the small values (level, rule, routing) compare by content.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, cast

Rag = Literal["red", "amber", "green"]
AnswerType = Literal[
    "rating", "yes_no", "number", "number_of_number", "date", "choice", "short_text", "long_text"
]

RATING: AnswerType = "rating"
DEFAULT_GOVERNANCE = "default"


def _no_texts() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """What the register says about an organisation and routing needs: taken on the day of issue.

    `governance` chooses the wording (maintained, academy, independent, management_committee,
    college, agency); a governance without wording of its own reads the default.
    """

    kind: str
    phase: str
    features: frozenset[str] = frozenset()
    governance: str = DEFAULT_GOVERNANCE


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a scale: what is stored, shown (letter, word, meaning), counted and coloured."""

    key: str
    letter: str
    word: str
    meaning: str
    points: int
    rag: Rag


@dataclass(frozen=True, slots=True)
class RatingRule:
    """The thresholds of a domain's colour, whole percent (the rule itself lives in ratings)."""

    answered_percent: int = 80
    red_below_percent: int = 50
    green_from_percent: int = 85


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """Whom a standard is for: any of each list, all lists together; an empty list asks nothing."""

    kinds: frozenset[str] = frozenset()
    phases: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()

    def matches(self, facts: OrganisationFacts) -> bool:
        """Tell whether an organisation with these facts is asked."""
        return (
            (not self.kinds or facts.kind in self.kinds)
            and (not self.phases or facts.phase in self.phases)
            and (not self.features or not self.features.isdisjoint(facts.features))
        )


EVERYONE = AppliesTo()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standard:
    """One thing to be rated or, with another type, one fact to be given.

    The key is stable over years, so that answers can be compared and carried forward.
    """

    key: str
    title: str
    text: str
    help: str = ""
    type: AnswerType = RATING
    critical: bool = False
    not_applicable: bool = False
    applies_to: AppliesTo = EVERYONE
    descriptors: Mapping[str, str] = field(default_factory=_no_texts)
    evidence: str = ""
    source: str = ""
    changed: str = ""
    labels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    # For a date: it asks for a day that has been, so a day to come is a slip.
    past: bool = False

    @property
    def rated(self) -> bool:
        """Tell whether the answer is a level of the scale rather than a fact."""
        return self.type == RATING


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """A group of standards that gets one colour; a bespoke domain is reported apart from the six."""

    key: str
    title: str
    summary: str
    bespoke: bool
    standards: tuple[Standard, ...]
    rated: tuple[Standard, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rated", tuple(each for each in self.standards if each.rated))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Questionnaire:
    """A whole questionnaire, either as written or routed to one organisation.

    `standards` are those of the domains, `rated` the rated ones among them, `questions` the
    standards followed by the closing questions: all that an answer can belong to.
    """

    key: str
    title: str
    school_year: str
    statutory_basis: str
    guidance_edition: str
    duties: tuple[str, ...]
    introduction: str
    wording: Mapping[str, Mapping[str, str]]
    scale: tuple[Level, ...]
    rating_rule: RatingRule
    domains: tuple[Domain, ...]
    closing: tuple[Standard, ...]
    standards: tuple[Standard, ...] = field(init=False, repr=False)
    rated: tuple[Standard, ...] = field(init=False, repr=False)
    questions: tuple[Standard, ...] = field(init=False, repr=False)
    _standards_by_key: Mapping[str, Standard] = field(init=False, repr=False)
    _domains_by_key: Mapping[str, Domain] = field(init=False, repr=False)
    _domains_by_standard: Mapping[str, Domain] = field(init=False, repr=False)
    _levels_by_key: Mapping[str, Level] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        standards = tuple(each for domain in self.domains for each in domain.standards)
        questions = standards + self.closing
        derived: dict[str, object] = {
            "standards": standards,
            "rated": tuple(each for each in standards if each.rated),
            "questions": questions,
            "_standards_by_key": {each.key: each for each in questions},
            "_domains_by_key": {domain.key: domain for domain in self.domains},
            "_domains_by_standard": {
                each.key: domain for domain in self.domains for each in domain.standards
            },
            "_levels_by_key": {level.key: level for level in self.scale},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def standard(self, key: str) -> Standard:
        """Return a standard or closing question; KeyError if this questionnaire does not ask it."""
        return self._standards_by_key[key]

    def asks(self, key: str) -> bool:
        """Tell whether a standard or closing question is in this questionnaire."""
        return key in self._standards_by_key

    def domain(self, key: str) -> Domain:
        """Return a domain; KeyError if there is none with this key."""
        return self._domains_by_key[key]

    def domain_of(self, standard_key: str) -> Domain | None:
        """Return the domain of a standard, None for a closing question; KeyError if unknown."""
        self.standard(standard_key)
        return self._domains_by_standard.get(standard_key)

    def level(self, key: str) -> Level:
        """Return a level of the scale; KeyError if there is none with this key."""
        return self._levels_by_key[key]


def from_content(content: Mapping[str, Any]) -> Questionnaire:
    """Make a questionnaire from a definition that the checker found no problem in.

    An unchecked definition may raise KeyError, TypeError or ValueError: check first.
    """
    return Questionnaire(
        key=content["key"],
        title=content["title"],
        school_year=content["school_year"],
        statutory_basis=content["statutory_basis"],
        guidance_edition=content["guidance_edition"],
        duties=tuple(content["audience"]["duties"]),
        introduction=content["introduction"].strip(),
        wording=MappingProxyType(
            {term: MappingProxyType(dict(words)) for term, words in content.get("wording", {}).items()}
        ),
        scale=tuple(Level(**level) for level in content["scale"]),
        rating_rule=RatingRule(**content.get("rating_rule", {})),
        domains=tuple(_domain(domain) for domain in content["domains"]),
        closing=_standards(content.get("closing", ())),
    )


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a definition's canonical JSON, as 64 hexadecimal digits.

    The order of a mapping's keys does not count (a database's JSON column does not keep it), the
    order of lists does. TypeError for values that JSON does not have, which the checker refuses.
    """
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _domain(content: Mapping[str, Any]) -> Domain:
    return Domain(
        key=content["key"],
        title=content["title"],
        summary=_text(content, "summary"),
        bespoke=content.get("bespoke", False),
        standards=_standards(content["standards"]),
    )


def _standards(contents: Iterable[Mapping[str, Any]]) -> tuple[Standard, ...]:
    return tuple(_standard(content) for content in contents)


def _standard(content: Mapping[str, Any]) -> Standard:
    return Standard(
        key=content["key"],
        title=content["title"],
        text=_text(content, "text"),
        help=_text(content, "help"),
        type=cast("AnswerType", content.get("type", RATING)),
        critical=content.get("critical", False),
        not_applicable=content.get("not_applicable", False),
        applies_to=_applies_to(content.get("applies_to")),
        descriptors=MappingProxyType(
            {level: text.strip() for level, text in content.get("descriptors", {}).items()}
        ),
        evidence=_text(content, "evidence"),
        source=_text(content, "source"),
        changed=_text(content, "changed"),
        labels=tuple(content.get("labels", ())),
        choices=tuple(content.get("choices", ())),
        past=content.get("past", False),
    )


def _applies_to(content: Mapping[str, Any] | None) -> AppliesTo:
    if not content:
        return EVERYONE
    return AppliesTo(
        kinds=frozenset(content.get("kinds", ())),
        phases=frozenset(content.get("phases", ())),
        features=frozenset(content.get("features", ())),
    )


def _text(content: Mapping[str, Any], name: str) -> str:
    return str(content.get(name, "")).strip()
