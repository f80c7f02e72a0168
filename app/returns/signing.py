"""What is signed: a snapshot of a whole return, complete in itself, with a hash that proves it unchanged."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from app.questionnaires.definition import Questionnaire
from app.ratings.rules import DomainRating, explain, rate_domain
from app.returns.rules import NOTHING, AnswerValues, rated_answers

DECLARATION = (
    "I have read this self-assessment. It is a true account of how we keep children safe, "
    "and the actions in it will be done."
)


def domain_ratings(
    questionnaire: Questionnaire, answers: Mapping[str, AnswerValues]
) -> tuple[DomainRating, ...]:
    """Return the rating of each domain as the answers stand now."""
    return tuple(
        rate_domain(
            domain.key,
            rated_answers(domain.rated, answers, questionnaire),
            questionnaire.rating_rule,
            questionnaire.scale,
        )
        for domain in questionnaire.domains
    )


def titles_of(questionnaire: Questionnaire) -> dict[str, str]:
    """Return the titles of all standards by key, for sentences about them."""
    return {standard.key: standard.title for standard in questionnaire.questions}


def snapshot(
    *,
    organisation_name: str,
    facts: Mapping[str, Any],
    round_title: str,
    due_on: date,
    questionnaire: Questionnaire,
    version_hash: str,
    answers: Mapping[str, AnswerValues],
    ratings: Sequence[DomainRating],
    files: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    earlier_actions: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a return as it is signed: what was asked, each answer, each rating with its reason.

    `files` are the evidence files by standard, each with its name and the SHA-256 of its content;
    `earlier_actions` what was said about the actions of years before, where there were any.
    """
    titles = titles_of(questionnaire)
    more = {"earlier_actions": [dict(each) for each in earlier_actions]} if earlier_actions else {}
    return {
        "organisation": organisation_name,
        "facts": dict(facts),
        "round": round_title,
        "due_on": due_on.isoformat(),
        "questionnaire": {
            "key": questionnaire.key,
            "title": questionnaire.title,
            "school_year": questionnaire.school_year,
            "content_hash": version_hash,
        },
        "answers": {
            question.key: answers.get(question.key, NOTHING).stored() for question in questionnaire.questions
        },
        "ratings": [
            {**asdict(rating), "deciding": list(rating.deciding), "reason": explain(rating, titles)}
            for rating in ratings
        ],
        "files": {key: [dict(each) for each in some] for key, some in (files or {}).items()},
        **more,
    }


def snapshot_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a snapshot's canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
