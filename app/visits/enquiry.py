"""Lines of enquiry: what to ask on a visit, of whom, and because of what.

Drafted from what the agency said and did not show; each names its source, so that an officer can judge
whether to ask it. What an officer has written or changed is never drafted over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_LONGEST_QUOTE: Final = 240


class Ask(StrEnum):
    """Whom to ask: the framework meets leaders, practitioners, and children and families."""

    LEADERS = "leaders"
    PRACTITIONERS = "practitioners"
    CHILDREN = "children"


ASK_WORDS: Final[Mapping[Ask, str]] = MappingProxyType(
    {
        Ask.LEADERS: "Leaders",
        Ask.PRACTITIONERS: "Practitioners",
        Ask.CHILDREN: "Children and families",
    }
)


class Source(StrEnum):
    """What a line of enquiry comes from."""

    RED = "red"
    UNEVIDENCED = "unevidenced"
    AMBER = "amber"
    CHANGED = "changed"
    SIGNAL = "signal"
    VOICE = "voice"
    ACTION = "action"
    REPORT = "report"
    OWN = "own"
    YOUNG = "young"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardFact:
    """One standard as the agency answered it, this year and last."""

    domain_key: str
    domain: str
    key: str
    title: str
    rag: str
    was: str = ""
    critical: bool = False
    comment: str = ""
    evidence: str = ""
    # What they said themselves, where an officer validated the standard as another colour.
    said: str = ""

    @property
    def rated(self) -> str:
        """Say who rated it how: the agency, or an officer otherwise than the agency."""
        what = f"this{' critical' if self.critical else ''} standard"
        if self.said:
            return f"They said {self.said}; an officer validated {what} as {self.rag}"
        return f"They rated {what} {self.rag}"


@dataclass(frozen=True, slots=True)
class Said:
    """Something else that gives a question: a signal, a voice, an open action, or the last report.

    Without a `question` of its own it is asked about as others of its source are.
    """

    key: str
    domain_key: str
    domain: str
    text: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted line of enquiry; `key` is the same whenever it is drafted from the same thing."""

    key: str
    source: Source
    domain_key: str
    domain: str
    ask: Ask
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that lines of enquiry are drafted from."""

    standards: Sequence[StandardFact] = ()
    signals: Sequence[Said] = ()
    voices: Sequence[Said] = ()
    actions: Sequence[Said] = ()
    last_report: Sequence[Said] = ()


def drafts(material: Material) -> tuple[Draft, ...]:
    """Return the lines of enquiry, the gravest source first within each domain, domains as they come."""
    every = [
        *(draft for fact in material.standards for draft in _of_standard(fact)),
        *_of_children(material.standards),
        *_said(
            material.signals, Source.SIGNAL, Ask.LEADERS, "What lies behind this, and what have you done?"
        ),
        *_said(material.voices, Source.VOICE, Ask.PRACTITIONERS, "How does this look from where you work?"),
        *_said(material.actions, Source.ACTION, Ask.LEADERS, "What has become of this, and what got better?"),
        *_said(material.last_report, Source.REPORT, Ask.LEADERS, "What changed after our last visit?"),
    ]
    domains = list(dict.fromkeys(draft.domain_key for draft in every))
    gravity = list(Source)
    return tuple(
        sorted(every, key=lambda draft: (domains.index(draft.domain_key), gravity.index(draft.source)))
    )


def _of_standard(fact: StandardFact) -> Iterator[Draft]:
    def draft(source: Source, ask: Ask, text: str, why: str) -> Draft:
        return Draft(f"{source}:{fact.key}", source, fact.domain_key, fact.domain, ask, text, why)

    quoted = f" They wrote: “{_short(fact.comment)}”" if fact.comment.strip() else ""
    if fact.rag == "red":
        text = f"{fact.title}: what stands in the way, who is at risk meanwhile, and what happens next?"
        why = f"{fact.rated}.{quoted}"
        yield draft(Source.RED, Ask.LEADERS, text, why)
    if fact.rag == "amber":
        text = f"{fact.title}: which part is not in place yet, and how do you notice in your work?"
        why = f"{fact.rated}.{quoted}"
        yield draft(Source.AMBER, Ask.PRACTITIONERS, text, why)
    if fact.rag == "green" and not fact.evidence.strip():
        text = f"{fact.title}: show us how it works. When did you last use it?"
        why = f"{fact.rated} and named no evidence."
        yield draft(Source.UNEVIDENCED, Ask.PRACTITIONERS, text, why)
    if fact.was and fact.rag and fact.was != fact.rag:
        text = f"{fact.title}: what changed since last year, and how do you know?"
        yield draft(Source.CHANGED, Ask.LEADERS, text, f"It was {fact.was} last year and is {fact.rag} now.")


def _of_children(standards: Sequence[StandardFact]) -> Iterator[Draft]:
    """Ask children and families once in each domain that has a red or an amber."""
    doubtful: dict[str, list[StandardFact]] = {}
    for fact in standards:
        if fact.rag in {"red", "amber"}:
            doubtful.setdefault(fact.domain_key, []).append(fact)
    for key, facts in doubtful.items():
        first = facts[0]
        names = ", ".join(f"“{fact.title}”" for fact in facts[:3])
        yield Draft(
            f"children:{key}",
            Source.AMBER,
            key,
            first.domain,
            Ask.CHILDREN,
            "What is it like for you here? When you were worried, who listened, and what changed?",
            f"Red or amber in this domain: {names}.",
        )


def _said(every: Iterable[Said], source: Source, ask: Ask, question: str) -> Iterator[Draft]:
    for said in every:
        key = f"{source}:{said.key}"
        asked = said.question or question
        yield Draft(key, source, said.domain_key, said.domain, ask, asked, _short(said.text))


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_QUOTE else words[: _LONGEST_QUOTE - 1].rstrip() + "…"
