"""Reads behind selection and lines of enquiry: stored ratings, answers, actions, the last report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.actions.models import Action
from app.actions.rules import LIVE
from app.chasing.exempting import is_exempt
from app.core.access import Actor
from app.core.clock import london_date
from app.organisations.models import Organisation, OrganisationStatus
from app.organisations.rules import KINDS
from app.questionnaires.models import FRAMEWORK_SUFFIX, QuestionnaireVersion
from app.questionnaires.queries import questionnaire
from app.ratings.comparison import change_since
from app.ratings.models import RatingSource, StoredRating
from app.ratings.rules import WORST_FIRST
from app.ratings.validated import judged_of_many
from app.returns import queries as returns
from app.returns.models import Return, ReturnState
from app.scrutiny.heatmap import Stored
from app.scrutiny.queries import stored_ratings
from app.visits.enquiry import Material, Said, StandardFact
from app.visits.lifecycle import HELD, VisitState
from app.visits.models import Visit, VisitReport
from app.visits.selection import Facts
from app.visits.signals import adding_points, noticed, signals_of, voices_below, voices_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organisation that could be visited."""

    id: int
    name: str
    kind: str
    kind_words: str
    section_11: bool


def candidates(session: Session) -> tuple[Candidate, ...]:
    """Return all organisations that there still are, by name."""
    rows = session.execute(
        select(col(Organisation.id), col(Organisation.name), col(Organisation.kind), col(Organisation.duty))
        .where(col(Organisation.status) != OrganisationStatus.GONE)
        .order_by(col(Organisation.name), col(Organisation.id))
    )
    return tuple(
        Candidate(
            row[0], row[1], row[2], KINDS[row[2]].title if row[2] in KINDS else row[2], row[3] == "section_11"
        )
        for row in rows
    )


@dataclass(slots=True)
class _Standing:
    """The returns of one organisation to the yearly rounds, the newest first."""

    signed: list[tuple[int, int, date, datetime | None]] = field(default_factory=list)
    due: tuple[bool, bool] = (False, False)


def _standings(session: Session, today: date) -> dict[int, _Standing]:
    rows = session.execute(
        select(
            col(Return.organisation_id),
            col(Return.id),
            col(Return.version_id),
            col(Return.due_on),
            col(Return.signed_at),
            col(Return.state),
            is_exempt(),
        )
        .join(QuestionnaireVersion, col(QuestionnaireVersion.id) == col(Return.version_id))
        .where(~col(QuestionnaireVersion.key).endswith(FRAMEWORK_SUFFIX))
        .order_by(col(Return.due_on).desc(), col(Return.id).desc())
    )
    found: dict[int, _Standing] = {}
    judged = set()
    for organisation_id, return_id, version_id, due_on, signed_at, state, exempt in rows:
        this = found.setdefault(organisation_id, _Standing())
        signed = state is ReturnState.SIGNED
        if signed:
            this.signed.append((return_id, version_id, due_on, signed_at))
        if organisation_id not in judged and not exempt and (signed or due_on < today):
            late = bool(signed and signed_at and london_date(signed_at) > due_on)
            this.due = (late, not signed)
            judged.add(organisation_id)
    return found


_Ratings = Mapping[tuple[int, RatingSource], Mapping[str, Stored]]


def last_visits(session: Session) -> dict[int, date]:
    """Return when each organisation was last visited."""
    rows = session.execute(
        select(col(Visit.organisation_id), func.max(col(Visit.visit_on)))
        .where(col(Visit.state).in_(HELD), col(Visit.visit_on).is_not(None))
        .group_by(col(Visit.organisation_id))
    )
    return {row[0]: row[1] for row in rows if row[1]}


def _overdue_actions(session: Session, today: date) -> dict[int, int]:
    rows = session.execute(
        select(col(Action.organisation_id), func.count())
        .where(col(Action.status).in_(LIVE), col(Action.due_on) < today)
        .group_by(col(Action.organisation_id))
    )
    return {row[0]: row[1] for row in rows}


def selection_facts(session: Session, today: date) -> dict[int, Facts]:
    """Return what is known about each organisation that was ever asked, by organisation."""
    standings = _standings(session, today)
    wanted = [each[0] for this in standings.values() for each in this.signed[:2]]
    ratings = stored_ratings(session, col(StoredRating.return_id).in_(sorted(set(wanted))))
    visited, overdue = last_visits(session), _overdue_actions(session, today)
    signals = noticed(session, today)
    facts = {}
    for organisation_id, this in standings.items():
        late, not_returned = this.due
        rated = _rated(session, this, ratings) if this.signed else {}
        facts[organisation_id] = Facts(
            organisation_id=organisation_id,
            voices_below=voices_below(signals.get(organisation_id)),
            noticed=adding_points(signals.get(organisation_id)),
            overdue_actions=overdue.get(organisation_id, 0),
            late=late,
            not_returned=not_returned,
            last_visit=visited.get(organisation_id),
            **rated,
        )
    return facts


def _rated(session: Session, this: _Standing, ratings: _Ratings) -> dict[str, Any]:
    """Return the facts that come from the newest signed return and the one before it."""
    own = ratings.get((this.signed[0][0], RatingSource.SELF), {})
    validated = ratings.get((this.signed[0][0], RatingSource.VALIDATED), {})
    now = {**own, **validated}
    before: dict[str, Stored] = {}
    if len(this.signed) > 1:
        for source in (RatingSource.SELF, RatingSource.VALIDATED):
            before |= ratings.get((this.signed[1][0], source), {})
    titles = {each.key: each.title for each in questionnaire(session, this.signed[0][1]).domains}
    changes = change_since(before.values(), now.values())
    coloured = [each for each in now.values() if each.outcome in {"red", "amber", "green"}]

    def named(keys: Iterable[str]) -> tuple[str, ...]:
        wanted = set(keys)
        return tuple(title for key, title in titles.items() if key in wanted)

    return {
        "critical_reds": sum(each.critical_reds for each in now.values()),
        "red_domains": named(each.domain_key for each in now.values() if each.outcome == "red"),
        "domains_down": named(key for key, change in changes.items() if change.direction == "worse"),
        "validated_below": named(key for key in validated if key in own and _below(validated[key], own[key])),
        "greens": sum(each.greens for each in own.values()),
        "unevidenced": sum(each.unevidenced for each in own.values()),
        "all_green": bool(coloured) and all(each.outcome == "green" for each in now.values()),
    }


def _below(validated: Stored, own: Stored) -> bool:
    colours = {"red", "amber", "green"}
    both = validated.outcome in colours and own.outcome in colours
    return both and WORST_FIRST.index(validated.outcome) < WORST_FIRST.index(own.outcome)


# --- lines of enquiry ------------------------------------------------------------------------------


def newest_signed(session: Session, actor: Actor, organisation_id: int) -> returns.ReturnHead | None:
    """Return the organisation's newest signed return, a visit's framework included."""
    every = returns.returns_of(session, actor, (organisation_id,))
    signed = [head for head in every if head.signed_at is not None]
    return max(signed, key=lambda head: (head.signed_at is not None, head.signed_at), default=None)


def material(session: Session, actor: Actor, visit: Visit, today: date) -> Material:
    """Return what lines of enquiry of a visit are drafted from."""
    this = None
    if visit.return_id is not None:
        this = returns.head(session, actor, visit.return_id)
    titles = {}
    if this is not None:
        titles = {each.key: each.title for each in returns.questionnaire_of(session, this).domains}
    return Material(
        standards=_standards(session, actor, this) if this else (),
        signals=signals_of(session, visit.organisation_id, today),
        voices=voices_of(session, visit.organisation_id, today),
        actions=open_actions(session, visit.organisation_id, titles, today),
        last_report=_last_report(session, visit),
    )


def _standards(session: Session, actor: Actor, this: returns.ReturnHead) -> tuple[StandardFact, ...]:
    asked = returns.questionnaire_of(session, this)
    levels = {level.key: level.rag for level in asked.scale}
    now = returns.values_of(returns.answers(session, actor, this.id))
    before_id = returns.previous_signed_return_id(session, this)
    before = returns.values_of(returns.answers(session, actor, before_id)) if before_id else {}
    # What officers validated counts where there is any; not applicable has no colour.
    judged = judged_of_many(session, [this.id, *([before_id] if before_id else [])])
    checked, checked_before = judged.get(this.id, {}), judged.get(before_id or 0, {})
    facts = []
    for domain in asked.domains:
        for standard in domain.rated:
            values, was = now.get(standard.key), before.get(standard.key)
            own = levels.get(values.level or "", "") if values else ""
            rag = levels.get(checked[standard.key], "") if standard.key in checked else own
            last = levels.get(checked_before.get(standard.key) or (was.level if was else "") or "", "")
            facts.append(
                StandardFact(
                    domain_key=domain.key,
                    domain=domain.title,
                    key=standard.key,
                    title=standard.title,
                    rag=rag,
                    was=last,
                    said=own if own and rag != own else "",
                    critical=standard.critical,
                    comment=values.comment if values else "",
                    evidence=values.evidence if values else "",
                )
            )
    return tuple(facts)


def open_actions(
    session: Session, organisation_id: int, titles: Mapping[str, str], today: date
) -> tuple[Said, ...]:
    """Return an organisation's open actions as sentences, the first due first."""
    rows = session.execute(
        select(
            col(Action.id), col(Action.domain_key), col(Action.what), col(Action.owner), col(Action.due_on)
        )
        .where(col(Action.organisation_id) == organisation_id, col(Action.status).in_(LIVE))
        .order_by(col(Action.due_on).asc().nulls_last(), col(Action.id))
    )
    said = []
    for number, key, what, owner, due_on in rows:
        title = titles.get(key, key.replace("-", " ").capitalize())
        kind = "Overdue action" if due_on and due_on < today else "Open action"
        said.append(Said(f"action-{number}", key, title, f"{kind}: {what} ({owner or 'nobody named'})"))
    return tuple(said)


def _last_report(session: Session, visit: Visit) -> tuple[Said, ...]:
    row = session.execute(
        select(col(VisitReport.visit_id), col(VisitReport.development), col(VisitReport.consideration))
        .join(Visit, col(Visit.id) == col(VisitReport.visit_id))
        .where(
            col(Visit.organisation_id) == visit.organisation_id,
            col(Visit.id) != visit.id,
            col(Visit.state).in_((VisitState.RELEASED, VisitState.CLOSED)),
        )
        .order_by(col(Visit.visit_on).desc())
        .limit(1)
    ).first()
    if row is None:
        return ()
    lines = [line for text in row[1:] for line in text.splitlines() if line.strip()]
    return tuple(
        Said(f"report-{row[0]}-{number}", "last-report", "Our last visit", f"The last report says: {line}")
        for number, line in enumerate(lines, 1)
    )
