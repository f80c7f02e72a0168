"""Reads behind the agreement page: counted pairs of self and validated, never single organisations."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.moderation.agreement import Agreement, Pair, agreement
from app.organisations.rules import KINDS
from app.questionnaires.definition import Level
from app.questionnaires.queries import questionnaire
from app.ratings.models import COUNTING, ValidatedStandard
from app.returns.models import Return
from app.rounds.queries import round_line


@dataclass(frozen=True, slots=True)
class DomainAgreement:
    """Agreement in one domain; `bespoke` domains stand apart from the six."""

    key: str
    title: str
    bespoke: bool
    found: Agreement


@dataclass(frozen=True, slots=True)
class KindChoice:
    """A kind of organisation that has moderated standards, and how many."""

    key: str
    words: str
    standards: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The agreement of a round for one kind, or for all: over all domains, and in each."""

    kind: str
    who: str
    levels: tuple[Level, ...]
    whole: Agreement
    domains: tuple[DomainAgreement, ...]
    kinds: tuple[KindChoice, ...]


def agreement_of(session: Session, round_id: int, kind: str) -> Seen:
    """Return the agreement of a round; an unknown kind means all kinds."""
    asked = questionnaire(session, round_line(session, round_id).version_id)
    by_kind = _pairs(session, round_id)
    kind = kind if kind in by_kind else ""
    pairs = by_kind[kind] if kind else [pair for found in by_kind.values() for pair in found]
    levels = tuple(sorted(asked.scale, key=lambda level: level.points))
    keys = [level.key for level in levels]
    titles = {each.key: each.title for each in asked.rated}
    who = _words(kind).lower() if kind else "organisations"
    return Seen(
        kind=kind,
        who=who,
        levels=levels,
        whole=agreement(pairs, keys, titles, who),
        domains=tuple(
            DomainAgreement(
                domain.key,
                domain.title,
                domain.bespoke,
                agreement([pair for pair in pairs if pair.domain_key == domain.key], keys, titles, who),
            )
            for domain in asked.domains
            if domain.rated
        ),
        kinds=tuple(
            KindChoice(key, _words(key), sum(pair.count for pair in found))
            for key, found in sorted(by_kind.items(), key=lambda each: _words(each[0]))
        ),
    )


def _words(kind: str) -> str:
    return KINDS[kind].plural if kind in KINDS else kind.replace("_", " ").capitalize()


def _pairs(session: Session, round_id: int) -> Mapping[str, list[Pair]]:
    """Return how often each standard was rated and judged how, by kind of organisation."""
    kind = func.coalesce(col(Return.facts)["kind"].astext, "")
    found = session.execute(
        select(
            kind,
            col(ValidatedStandard.domain_key),
            col(ValidatedStandard.standard_key),
            col(ValidatedStandard.own),
            col(ValidatedStandard.judged),
            func.count(),
        )
        .join(Return, col(Return.id) == col(ValidatedStandard.return_id))
        .where(
            col(Return.round_id) == round_id,
            col(ValidatedStandard.opinion).in_(COUNTING),
            ~col(ValidatedStandard.outdated),
        )
        .group_by(
            kind,
            col(ValidatedStandard.domain_key),
            col(ValidatedStandard.standard_key),
            col(ValidatedStandard.own),
            col(ValidatedStandard.judged),
        )
    )
    pairs: dict[str, list[Pair]] = {}
    for row in found:
        pairs.setdefault(row[0], []).append(Pair(*row[1:]))
    return pairs
