"""Gathering what signals are made from, for many organisations at once: three statements, however many.

No answer is read here: what answers measure is stored when they are signed (see `measuring`). Visits belong
to a room below, so their table is named and not imported; a test holds the states against that room's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlmodel import Session

from app.actions.rules import LIVE
from app.core.clock import london_date
from app.questionnaires.queries import questionnaire
from app.ratings.rules import COLOURS
from app.signals.measuring import BEFORE, measured_from
from app.signals.rules import LEADERS, Facts, Moved, Peers

# A visit counts as held from the day on, whatever is left to write.
HELD_STATES: Final = (
    "visited",
    "reporting",
    "circulated",
    "agreed",
    "released",
    "closed",
)
# How far back the audit trail is searched for a new head: the longest limit that can be set.
_LOOK_BACK: Final = timedelta(days=5 * 366)

_EXEMPT: Final = "EXISTS (SELECT 1 FROM exemption e WHERE e.return_id = r.id AND e.lifted_at IS NULL)"
_OF_ROUND: Final = """
    WITH picked AS (
        SELECT r.id, NOT EXISTS (
            SELECT 1 FROM "return" n JOIN questionnaire_version nv ON nv.id = n.version_id
            JOIN questionnaire_version v ON v.id = r.version_id
            WHERE n.organisation_id = r.organisation_id AND n.due_on > r.due_on AND nv.key = v.key
        ) AS standing
        FROM "return" r WHERE r.round_id = :round_id
    ),
"""
# The newest return that says something: signed, or due and missing; where there is none, the newest of all.
_NEWEST: Final = (
    """
    WITH picked AS (
        SELECT DISTINCT ON (r.organisation_id) r.id, true AS standing
        FROM "return" r JOIN questionnaire_version v ON v.id = r.version_id
        WHERE right(v.key, 6) <> '-visit' AND (:everybody OR r.organisation_id = ANY(:organisations))
        ORDER BY r.organisation_id, (r.state = 'signed' OR (r.due_on < :today AND NOT """
    + _EXEMPT
    + """)) DESC, r.due_on DESC, r.id DESC
    ),
"""
)
_CHOSEN: Final = (
    """
    chosen AS (
        SELECT r.*, p.standing, (
    """
    + BEFORE.format(previous="d.previous_round_id", organisation="r.organisation_id")
    + """) AS before_id
        FROM picked p JOIN "return" r ON r.id = p.id JOIN round d ON d.id = r.round_id
    )
"""
)

# Everything that grows with the years is looked up for each organisation or return by an index (LATERAL with
# an aggregate keeps the planner from reading the whole table instead).
_FACTS: Final = (
    """
    SELECT r.id, r.organisation_id, r.round_id, r.version_id, r.due_on, r.signed_at, r.standing,
        r.facts ->> 'kind' AS kind, r.facts ->> 'phase' AS phase,
        o.status <> 'gone' AND NOT """
    + _EXEMPT
    + """ AS owed,
        m.measured, s.greens, s.unevidenced, s.share,
        o.duty = 'section_11' AS section_11, o.governance = 'academy' AS academy,
        coalesce(b.facts ->> 'governance' = 'academy', false) OR coalesce(t.academy, false) AS was_academy,
        greatest(u.renumbered_on, t.on_date) AS converted_on,
        a.overdue, a.since AS overdue_since, l.leaders, h.new_head, c.contacts, c.bounced, w.last_visit
    FROM chosen r
    JOIN organisation o ON o.id = r.organisation_id
    LEFT JOIN "return" b ON b.id = r.before_id
    LEFT JOIN signal_measure m ON m.return_id = r.id AND m.edition = r.edition AND r.state = 'signed'
    LEFT JOIN LATERAL (
        SELECT sum(greens) AS greens, sum(unevidenced) AS unevidenced,
            100 * sum(points) / nullif(sum(possible), 0) AS share
        FROM domain_rating WHERE return_id = r.id AND source = 'self'
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS overdue, min(due_on) AS since FROM action
        WHERE organisation_id = r.organisation_id AND status = ANY(:live) AND due_on < :today
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(n.role, n.created_at ORDER BY n.created_at) AS leaders FROM contact n
        WHERE n.organisation_id = r.organisation_id AND n.ended_at IS NULL AND n.role = ANY(:leaders)
        AND EXISTS (
            SELECT 1 FROM contact e WHERE e.organisation_id = n.organisation_id AND e.role = n.role
            AND e.user_id <> n.user_id AND e.ended_at IS NOT NULL AND e.created_at < n.created_at)
    ) l ON true
    LEFT JOIN (
        SELECT organisation_id, max(at) AS new_head FROM audit_event
        WHERE event IN ('organisation.changed', 'organisation.renumbered') AND at >= :look_back
        AND jsonb_path_exists(detail,
            'strict $.fields[*] ? (@[0] == "head_name" && @[1] != "" && @[1] != null && @[2] != "")',
            '{}', true)
        GROUP BY organisation_id
    ) h ON h.organisation_id = r.organisation_id
    LEFT JOIN LATERAL (
        SELECT max(coalesce(n.valid_from, e.valid_to)) AS renumbered_on
        FROM identifier n JOIN identifier e ON e.organisation_id = n.organisation_id AND e.id <> n.id
        WHERE n.organisation_id = r.organisation_id AND n.scheme = 'urn' AND n.valid_to IS NULL
        AND e.scheme = 'urn' AND e.valid_to IS NOT NULL
    ) u ON true
    LEFT JOIN LATERAL (
        SELECT max(f.on_date) AS on_date, bool_or(p.governance = 'academy') AS academy
        FROM succession f JOIN organisation p ON p.id = f.predecessor_id
        WHERE f.successor_id = r.organisation_id
    ) t ON true
    LEFT JOIN (
        SELECT n.organisation_id, count(DISTINCT n.user_id) AS contacts,
            count(DISTINCT n.user_id) FILTER (WHERE x.address IS NOT NULL) AS bounced
        FROM contact n JOIN user_account p ON p.id = n.user_id
        LEFT JOIN undeliverable_address x ON x.address = p.email
        WHERE n.ended_at IS NULL AND n.organisation_id IN (
            SELECT i.organisation_id FROM undeliverable_address j
            JOIN user_account k ON k.email = j.address JOIN contact i ON i.user_id = k.id)
        GROUP BY n.organisation_id
    ) c ON c.organisation_id = r.organisation_id
    LEFT JOIN LATERAL (
        SELECT max(visit_on) AS last_visit FROM visit
        WHERE organisation_id = r.organisation_id AND state = ANY(:held) AND visit_on <= :today
    ) w ON true
    ORDER BY r.id
"""
)
# What counts is the validated rating where there is one. Only domains with a colour on both sides compare.
_MOVES: Final = """
    SELECT id, domain_key, own, checked, now, was, now_level < was_level AS down, checked_level < own_level
    FROM (
        SELECT r.id, n.domain_key, n.position, n.own, n.checked, coalesce(n.checked, n.own) AS now, l.was,
            array_position(:colours, n.own) AS own_level,
            array_position(:colours, n.checked) AS checked_level,
            array_position(:colours, coalesce(n.checked, n.own)) AS now_level,
            array_position(:colours, l.was) AS was_level
        FROM chosen r
        CROSS JOIN LATERAL (
            SELECT domain_key, min(position) AS position, max(outcome) FILTER (WHERE source = 'self') AS own,
                max(outcome) FILTER (WHERE source = 'validated') AS checked
            FROM domain_rating WHERE return_id = r.id GROUP BY domain_key
        ) n
        LEFT JOIN LATERAL (
            SELECT coalesce(
                max(outcome) FILTER (WHERE source = 'validated'), max(outcome) FILTER (WHERE source = 'self')
            ) AS was
            FROM domain_rating WHERE return_id = r.before_id AND domain_key = n.domain_key
        ) l ON true
    ) each
    WHERE now_level < was_level OR checked_level < own_level
    ORDER BY id, position
"""
_PEERS: Final = """
    SELECT n.round_id, n.facts ->> 'kind', n.facts ->> 'phase', count(*),
        percentile_disc(0.5) WITHIN GROUP (ORDER BY g.share)
    FROM "return" n
    CROSS JOIN LATERAL (
        SELECT 100 * sum(points) / nullif(sum(possible), 0) AS share
        FROM domain_rating WHERE return_id = n.id AND source = 'self'
    ) g
    WHERE n.round_id = ANY(ARRAY(SELECT DISTINCT round_id FROM chosen)) AND n.state = 'signed'
    AND g.share IS NOT NULL
    GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class _Asking:
    """A statement with the names of its values: the driver refuses others."""

    statement: TextClause
    names: frozenset[str]

    def values(self, every: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that the statement names."""
        return {name: every[name] for name in self.names}


def _asking(which: str) -> tuple[_Asking, ...]:
    statements = [text(which + _CHOSEN + part) for part in (_FACTS, _MOVES, _PEERS)]
    return tuple(_Asking(each, frozenset(each.compile().params)) for each in statements)


_ROUND: Final = _asking(_OF_ROUND)
_NOW: Final = _asking(_NEWEST)


def facts_of_round(session: Session, round_id: int, today: date) -> tuple[Facts, ...]:
    """Return what is known for signals about every return of a round."""
    return _gathered(session, _ROUND, {"round_id": round_id}, today)


def newest_facts(
    session: Session, today: date, organisation_ids: Collection[int] | None = None
) -> tuple[Facts, ...]:
    """Return what is known about organisations (all of them with None) and the newest return of each.

    An organisation that was never asked is left out; a framework that was issued for a visit does not count.
    """
    values = {
        "everybody": organisation_ids is None,
        "organisations": sorted(organisation_ids or ()),
    }
    return _gathered(session, _NOW, values, today)


def _gathered(
    session: Session, asking: tuple[_Asking, ...], which: Mapping[str, Any], today: date
) -> tuple[Facts, ...]:
    every = {
        **which,
        "today": today,
        "colours": list(COLOURS),
        "leaders": list(LEADERS),
        "live": [status.value for status in LIVE],
        "held": list(HELD_STATES),
        "look_back": datetime.combine(today - _LOOK_BACK, time(), UTC),
    }
    connection = session.connection()
    rows, moves, peers = (connection.execute(each.statement, each.values(every)).all() for each in asking)
    moved: dict[tuple[int, str], list[Moved]] = {}
    for return_id, key, own, checked, now, was, is_down, is_below in moves:
        if is_down:
            moved.setdefault((return_id, "down"), []).append(Moved(key, was, now))
        if is_below:
            moved.setdefault((return_id, "below"), []).append(Moved(key, own, checked))
    middle = {(row[0], row[1], row[2]): Peers(row[3], int(row[4])) for row in peers}
    titles = {number: _titles(session, number) for number in {row.version_id for row in rows}}
    return tuple(
        _facts(
            row,
            down=tuple(moved.get((row.id, "down"), ())),
            below=tuple(moved.get((row.id, "below"), ())),
            peers=middle.get((row.round_id, row.kind, row.phase)),
            titles=titles[row.version_id],
        )
        for row in rows
    )


def _titles(session: Session, version_id: int) -> dict[str, str]:
    asked = questionnaire(session, version_id)
    return {domain.key: domain.title for domain in asked.domains} | {
        standard.key: standard.title for standard in asked.questions
    }


def _facts(row: Any, **more: Any) -> Facts:
    leaders = {role: london_date(datetime.fromisoformat(at)) for role, at in (row.leaders or {}).items()}
    if row.new_head is not None:
        head = london_date(row.new_head)
        leaders["head_teacher"] = max(head, leaders.get("head_teacher", head))
    return Facts(
        return_id=row.id,
        organisation_id=row.organisation_id,
        due_on=row.due_on,
        owed=row.owed,
        signed_on=london_date(row.signed_at) if row.signed_at else None,
        measured=measured_from(row.measured) if row.measured else None,
        greens=int(row.greens or 0),
        unevidenced=int(row.unevidenced or 0),
        share=int(row.share) if row.share is not None else None,
        standing=row.standing,
        overdue=row.overdue or 0,
        overdue_since=row.overdue_since,
        new_leaders=leaders,
        academy=row.academy,
        was_academy=row.was_academy,
        converted_on=row.converted_on,
        bounced=row.bounced or 0,
        contacts=row.contacts or 0,
        section_11=row.section_11,
        last_visit=row.last_visit,
        **more,
    )
