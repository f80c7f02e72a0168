"""What was: the versions of an answer, and a return as it was signed, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.actions.rules import STATUS_WORDS, ActionStatus
from app.core.clock import short_date
from app.questionnaires.definition import Questionnaire, Standard
from app.questionnaires.rules import display_fact
from app.returns.context import closing_domain, in_words
from app.returns.evidence_queries import size_words
from app.returns.queries import HistoryLine, Signed
from app.returns.rules import FIELD_WORDS, FIELDS, NOTHING

EARLIER_ACTIONS = "What became of earlier actions"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One save of an answer in words: what changed against the version before.

    `id` names the save, so that it can be restored; `stands` says that the answer is just this now.
    """

    id: int
    who: str
    when: datetime
    accepted: bool
    changes: tuple[tuple[str, str], ...]
    whole: tuple[tuple[str, str], ...]
    stands: bool


def history_lines(
    questionnaire: Questionnaire, standard: Standard, history: tuple[HistoryLine, ...]
) -> tuple[HistoryEntry, ...]:
    """Return an answer's history in words, the newest first."""
    entries = []
    before: Mapping[str, Any] = NOTHING.stored()
    now = next((line.values for line in history if line.accepted), None)
    for line in reversed(history):
        changes = tuple(
            (FIELD_WORDS[name], in_words(questionnaire, standard, name, line.values.get(name)))
            for name in FIELDS
            if line.values.get(name) != before.get(name)
        )
        whole = tuple(
            (FIELD_WORDS[name], in_words(questionnaire, standard, name, line.values.get(name)))
            for name in FIELDS
            if line.values.get(name) or (name == "level" and standard.rated)
        )
        entries.append(
            HistoryEntry(
                line.id,
                line.saved_by_name,
                line.saved_at,
                line.accepted,
                changes,
                whole,
                stands=line.values == now,
            )
        )
        if line.accepted:
            before = line.values
    return tuple(reversed(entries))


@dataclass(frozen=True, slots=True)
class SignedLine:
    """One answer as it was signed, in words."""

    title: str
    level: str
    fields: tuple[tuple[str, str], ...]


def signed_sections(
    questionnaire: Questionnaire, signed: Signed
) -> tuple[tuple[str, str, tuple[SignedLine, ...]], ...]:
    """Return what was signed, by domain: title, reason of the rating, and the answers."""
    reasons = {rating["domain_key"]: rating["reason"] for rating in signed.content["ratings"]}
    files = signed.content.get("files", {})
    sections = []
    for domain in (*questionnaire.domains, closing_domain(questionnaire)):
        lines = tuple(
            _signed_line(
                questionnaire,
                standard,
                signed.content["answers"].get(standard.key, {}),
                files.get(standard.key, ()),
            )
            for standard in domain.standards
        )
        if lines:
            sections.append((domain.title, reasons.get(domain.key, ""), lines))
    if older := tuple(_earlier_action(each) for each in signed.content.get("earlier_actions", ())):
        sections.append((EARLIER_ACTIONS, "", older))
    return tuple(sections)


def _earlier_action(stored: Mapping[str, Any]) -> SignedLine:
    due = short_date(date.fromisoformat(stored["due_on"])) if stored["due_on"] else ""
    shown = (("Action", stored["what"]), ("Who", stored["owner"]), ("By when", due), ("Said", stored["said"]))
    return SignedLine(
        stored["about"],
        STATUS_WORDS[ActionStatus(stored["status"])],
        tuple((name, text) for name, text in shown if text),
    )


def _signed_line(
    questionnaire: Questionnaire,
    standard: Standard,
    stored: Mapping[str, Any],
    files: Iterable[Mapping[str, Any]],
) -> SignedLine:
    if not standard.rated:
        return SignedLine(standard.title, display_fact(standard, stored.get("fact", "")), ())
    level = questionnaire.level(stored["level"]).word if stored.get("level") else "Not answered"
    if stored.get("not_applicable"):
        level = "Not applicable"
    shown_fields = (
        "not_applicable_reason",
        "evidence",
        "comment",
        "action_what",
        "action_owner",
        "action_due",
    )
    return SignedLine(
        standard.title,
        level,
        (
            *(
                (FIELD_WORDS[name], in_words(questionnaire, standard, name, stored[name]))
                for name in shown_fields
                if stored.get(name)
            ),
            *(
                ("File", f"{each['name']}, {size_words(each['size'])}, fingerprint {each['sha256']}")
                for each in files
            ),
        ),
    )
