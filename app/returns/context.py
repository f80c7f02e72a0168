"""What the pages of a return show: plain objects, made from one read of the answers."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar

from app.core.clock import short_date
from app.core.forms import Form, whole_number
from app.questionnaires.definition import Domain, Questionnaire, Standard
from app.questionnaires.rules import display_fact
from app.ratings.rules import DomainRating, explain
from app.returns.evidence_queries import FileLine
from app.returns.queries import AnswerLine
from app.returns.reading import NOT_APPLICABLE
from app.returns.reading import field as field_name
from app.returns.rules import CLOSING, FIELD_WORDS, NOTHING, AnswerValues, answered_in
from app.returns.service import Conflict
from app.returns.signing import titles_of

CLOSING_DOMAIN_TITLE = "Closing questions"


@dataclass(frozen=True, slots=True)
class Shown:
    """The fields of an answer as the form shows them: stored, or just as they were typed."""

    choice: str = ""
    not_applicable_reason: str = ""
    comment: str = ""
    evidence: str = ""
    strength: bool = False
    fact: str = ""
    fact_parts: tuple[str, str] = ("", "")
    action_what: str = ""
    action_owner: str = ""
    action_due: str = ""


def shown(standard: Standard, values: AnswerValues) -> Shown:
    """Return stored values as the form shows them."""
    first, _, second = values.fact.partition(" of ")
    return Shown(
        choice=NOT_APPLICABLE if values.not_applicable else values.level or "",
        not_applicable_reason=values.not_applicable_reason,
        comment=values.comment,
        evidence=values.evidence,
        strength=values.strength,
        fact=display_fact(standard, values.fact) if standard.type == "date" and values.fact else values.fact,
        fact_parts=(first, second),
        action_what=values.action_what,
        action_owner=values.action_owner,
        action_due=short_date(values.action_due) if values.action_due else "",
    )


def typed(form: Form, standard: Standard) -> Shown:
    """Return the fields of an answer just as a person typed them, so that nothing they wrote is lost."""

    def raw(name: str) -> str:
        return form.get(field_name(standard.key, name), "")

    return Shown(
        choice=raw("level"),
        not_applicable_reason=raw("not_applicable_reason"),
        comment=raw("comment"),
        evidence=raw("evidence"),
        strength=raw("strength") == "yes",
        fact=raw("fact"),
        fact_parts=(raw("fact-1"), raw("fact-2")),
        action_what=raw("action_what"),
        action_owner=raw("action_owner"),
        action_due=raw("action_due"),
    )


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A field on which two colleagues disagree."""

    words: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class StandardView:
    """One standard on the page, with its answer and what is wrong with it."""

    standard: Standard
    shown: Shown
    version: int
    save_key: str
    line: AnswerLine | None
    problems: Mapping[str, str] = field(default_factory=dict)
    conflict: tuple[ConflictLine, ...] = ()
    merged_with: str = ""
    whole: bool = False
    just_saved: bool = False
    files: tuple[FileLine, ...] = ()
    mixing: bool = False
    undecided: bool = False
    kept_theirs: bool = False

    @property
    def blank(self) -> "Blank":
        """The standard as it looks when nobody has answered it."""
        return Blank(self.standard)

    @property
    def display(self) -> str:
        """Return a stored fact as people read it."""
        return display_fact(self.standard, self.line.values.fact if self.line else "")

    @property
    def action_open(self) -> bool:
        """Say whether the action's fields are shown at once: they hold something, or it is wrong."""
        return bool(self.shown.action_what or self.shown.action_owner or self.shown.action_due) or any(
            ".action_" in name for name in self.problems
        )

    @property
    def more_open(self) -> bool:
        """Say whether the comment and the strength are shown at once."""
        return bool(self.shown.comment or self.shown.strength)


@dataclass(frozen=True, slots=True)
class Blank:
    """A standard that nobody has answered: two blanks of one standard are equal, and look alike."""

    standard: Standard
    shown: ClassVar[Shown] = Shown()
    problems: ClassVar[Mapping[str, str]] = {}
    action_open: ClassVar[bool] = False
    more_open: ClassVar[bool] = False


def view(standard: Standard, line: AnswerLine | None) -> StandardView:
    """Return a standard with its stored answer."""
    return StandardView(
        standard,
        shown(standard, line.values if line else NOTHING),
        line.version if line else 0,
        secrets.token_hex(8),
        line,
    )


def with_files(
    views: Iterable[StandardView], files: Mapping[str, tuple[FileLine, ...]]
) -> list[StandardView]:
    """Return standards with their evidence files."""
    return [replace(view, files=files.get(view.standard.key, ())) for view in views]


def page_mark(views: Iterable[StandardView]) -> str:
    """Return a mark of the versions that a page shows.

    Browsers put typed text back into a page that they fetch again only while its fields have the same
    names: with this mark as a name, never into a page that shows somebody's newer answers.
    """
    versions = ",".join(f"{view.standard.key}:{view.version}" for view in views)
    return hashlib.sha256(versions.encode()).hexdigest()[:12]


def saved_view(
    standard: Standard, line: AnswerLine, merged_with: str, *, whole: bool = False
) -> StandardView:
    """Return a standard whose answer was taken; `whole` when the page must show more than was sent."""
    return StandardView(
        standard,
        shown(standard, line.values),
        line.version,
        secrets.token_hex(8),
        line,
        merged_with=merged_with,
        whole=whole,
        just_saved=True,
    )


def refused_view(
    standard: Standard, line: AnswerLine | None, form: Form, problems: Mapping[str, str]
) -> StandardView:
    """Return a standard whose answer could not be read: the text stays, each problem beside its field."""
    version = form.get(field_name(standard.key, "version"), "0")
    return StandardView(
        standard,
        typed(form, standard),
        whole_number(version) or 0,
        secrets.token_hex(8),
        line,
        problems=problems,
        undecided=bool(form.get(field_name(standard.key, "undecided")))
        and not form.get(field_name(standard.key, "choice")),
    )


def conflict_view(questionnaire: Questionnaire, standard: Standard, conflict: Conflict) -> StandardView:
    """Return a standard on which two people disagree: my text in the fields, theirs beside it.

    Saving from here on is a decision: it starts from their version.
    """
    return StandardView(
        standard,
        shown(standard, conflict.mine),
        conflict.theirs.version,
        secrets.token_hex(8),
        conflict.theirs,
        conflict=tuple(
            ConflictLine(
                FIELD_WORDS[name],
                in_words(questionnaire, standard, name, getattr(conflict.mine, name)),
                in_words(questionnaire, standard, name, getattr(conflict.theirs.values, name)),
            )
            for name in conflict.fields
        ),
    )


def in_words(questionnaire: Questionnaire, standard: Standard, name: str, value: Any) -> str:
    """Return the value of an answer's field as people read it."""
    if name == "level":
        return questionnaire.level(value).word if value else "Not rated"
    if name == "fact":
        return display_fact(standard, value or "")
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value is None or value == "":
        return "Nothing"
    if name == "action_due":
        return short_date(value if isinstance(value, date) else date.fromisoformat(value))
    return str(value)


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain in the task list and beside its questions."""

    key: str
    title: str
    summary: str
    total: int
    answered: int
    colleague: str = ""
    rating: DomainRating | None = None
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Say whether every question of the domain has an answer."""
        return self.answered == self.total


def domain_lines(
    questionnaire: Questionnaire,
    answers: Mapping[str, AnswerValues],
    colleagues: Mapping[str, tuple[int, str]],
    ratings: Mapping[str, DomainRating],
) -> tuple[DomainLine, ...]:
    """Return the domains of a return with their progress, and the closing questions after them."""
    titles = titles_of(questionnaire)
    lines = []
    for domain in questionnaire.domains:
        if not domain.standards:
            continue
        rating = ratings.get(domain.key)
        lines.append(
            DomainLine(
                domain.key,
                domain.title,
                domain.summary,
                len(domain.standards),
                answered_in(domain.standards, answers),
                colleagues[domain.key][1] if domain.key in colleagues else "",
                rating,
                explain(rating, titles) if rating else "",
            )
        )
    if questionnaire.closing:
        lines.append(
            DomainLine(
                CLOSING,
                CLOSING_DOMAIN_TITLE,
                "How you see it as a whole.",
                len(questionnaire.closing),
                answered_in(questionnaire.closing, answers),
            )
        )
    return tuple(lines)


def closing_domain(questionnaire: Questionnaire) -> Domain:
    """Return the closing questions as a page of their own, like a domain."""
    return Domain(
        CLOSING,
        CLOSING_DOMAIN_TITLE,
        "How you see it as a whole.",
        bespoke=False,
        standards=questionnaire.closing,
    )
