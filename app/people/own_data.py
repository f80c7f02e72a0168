"""What Eleven holds about one person: every column that the register marks as exported, and nobody else's."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.core.access import ROLE_WORDS
from app.core.clock import date_and_time, short_date
from app.core.held.register import REGISTER
from app.core.held.words import Held
from app.core.scope import seeing_everything
from app.core.settings import Settings
from app.people import queries
from app.people.erasing import whose
from app.people.retention_rules import kept_words

SHOWN = 12
# What only machines need; the file has it.
NOT_ON_PAGES = frozenset(
    {"id", "subject", "subject_id", "content_hash", "declaration", "round_id", "version", "accepted"}
)
_CODE = re.compile("[a-z]+(_[a-z]+)+")


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one table that are about a person: the columns that are theirs, newest row first.

    `count` is how many there are; `rows` may be fewer, where only a page is wanted.
    """

    table: str
    what: str
    why: str
    kept: str
    columns: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    count: int

    def headings(self) -> list[str]:
        """Return the headings of the columns that a page shows."""
        return [
            title for title, name in zip(self.titles, self.columns, strict=True) if name not in NOT_ON_PAGES
        ]

    def lines(self, places: Mapping[int, str]) -> list[list[str]]:
        """Return the rows in words, for a page."""
        return [
            [
                places.get(value, "") if column == "organisation_id" else _in_words(column, value)
                for column, value in zip(self.columns, row, strict=True)
                if column not in NOT_ON_PAGES
            ]
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is held about one person, and what is held but not told, with the reason.

    `places` are the names of the organisations whose numbers occur.
    """

    user_id: int
    name: str
    email: str
    made_at: datetime
    sections: tuple[Section, ...]
    places: Mapping[int, str]
    not_told: Mapping[str, tuple[str, ...]]


def _in_words(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column == "event":  # user.signed_in
        return str(value).replace(".", ": ").replace("_", " ").capitalize()
    if isinstance(value, datetime):
        return date_and_time(value)
    if isinstance(value, date):
        return short_date(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = ROLE_WORDS.get(str(value), str(value))
    return words.replace("_", " ") if _CODE.fullmatch(words) else words


def _title(held: Held, column: str) -> str:
    if column in held.personal:
        return held.personal[column].words.capitalize()
    return column.removesuffix("_id").replace("_", " ").capitalize()


def _rows(
    session: Session, held: Held, owner: str, columns: Sequence[str], *, bound: dict[str, Any]
) -> tuple[int, list[tuple[Any, ...]]]:
    condition = f'FROM "{held.table}" WHERE {whose(held.owners[owner])}'
    count = int(session.execute(text(f"SELECT count(*) {condition}"), bound).scalar_one())
    names = ", ".join(f'"{column}"' for column in columns)
    order = ", ".join(f"{number} DESC NULLS LAST" for number in _order(columns))
    rows = session.execute(text(f"SELECT {names} {condition} ORDER BY {order} LIMIT :most"), bound)
    return count, [tuple(row) for row in rows]


def _order(columns: Sequence[str]) -> list[int]:
    """Return the numbers of the columns to order by: moments first, then all, to be the same always."""
    moments = [number for number, name in enumerate(columns, 1) if name == "at" or name.endswith("_at")]
    return [*moments, *(number for number in range(1, len(columns) + 1) if number not in moments)]


def own_data(
    session: Session, config: Settings, user_id: int, now: datetime, *, most: int | None = None
) -> OwnData:
    """Return what is held about a person, of each table at most so many rows, or raise NotFoundError."""
    # A person may ask for what is theirs at places that they have left, too.
    with seeing_everything(session):
        return _own_data(session, config, user_id, now, most=most)


def _own_data(
    session: Session, config: Settings, user_id: int, now: datetime, *, most: int | None
) -> OwnData:
    person = queries.person(session, user_id)
    bound = {"person": user_id, "address": person.email, "most": most}
    sections = []
    for held in REGISTER:
        for owner in held.owners:
            columns = held.exported_for(owner)
            if columns:
                count, rows = _rows(session, held, owner, columns, bound=bound)
                sections.append(
                    Section(
                        table=held.table,
                        what=held.owners[owner].what or held.what,
                        why=held.basis.value,
                        kept=kept_words(held.kept, config),
                        columns=tuple(columns),
                        titles=tuple(_title(held, column) for column in columns),
                        rows=tuple(rows),
                        count=count,
                    )
                )
    return OwnData(
        user_id=user_id,
        name=person.name,
        email=person.email,
        made_at=now,
        sections=tuple(sections),
        places=_places(session, sections),
        not_told=_not_told(),
    )


def _places(session: Session, sections: Sequence[Section]) -> dict[int, str]:
    numbers = {
        row[each.columns.index("organisation_id")]
        for each in sections
        if "organisation_id" in each.columns
        for row in each.rows
    }
    rows = session.execute(
        text("SELECT id, name FROM organisation WHERE id = ANY(:numbers)"),
        {"numbers": sorted(numbers - {None})},
    )
    return {row[0]: row[1] for row in rows}


def _not_told() -> dict[str, tuple[str, ...]]:
    """Return what is held about people in general that no file tells, under the reason why."""
    told: dict[str, tuple[str, ...]] = {}
    for held in REGISTER:
        for each in held.personal.values():
            if not each.exported:
                told[each.because] = (*told.get(each.because, ()), f"{held.what}: {each.words}")
    return told


def as_json(data: OwnData) -> str:
    """Return what is held about a person as a JSON file, for machines."""
    content = {
        "about": {"number": data.user_id, "name": data.name, "email": data.email},
        "made_at": data.made_at.isoformat(),
        "organisations": data.places,
        "held": [
            {
                "table": each.table,
                "what": each.what,
                "why": each.why,
                "kept": each.kept,
                "rows": [dict(zip(each.columns, row, strict=True)) for row in each.rows],
            }
            for each in data.sections
        ],
        "held_but_not_in_this_file": [
            {"because": because, "what": what} for because, what in data.not_told.items()
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
