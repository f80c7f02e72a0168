"""Two people with a row in every table that can be about somebody, each text and moment a mark of its own."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Enum, Integer, Table, Time, insert, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import SQLModel

from app.core.access import Work
from app.core.held.register import REGISTER
from app.people import service
from tests import builders

BEGIN = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
# Each world has people of its own, so that a module's tests can share a database.
WORLDS = count(1)
HELD = {held.table: held for held in REGISTER}
# Those are made by hand: they are there already, or a row of theirs is about two people.
ONE_A_ROUND = {"chase_plan"}
BY_HAND = {"planner_entry", "user_account", "return", "hand_over", "audit_event"}


@dataclass
class Somebody:
    """One person: what of theirs an export must tell, and what it must not."""

    key: str
    user_id: int
    name: str
    email: str
    place_id: int
    return_id: int
    telephone: str = ""
    exported: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    @property
    def all_marks(self) -> set[str]:
        """Everything that says something about this person: no other's export may tell it."""
        return self.exported | self.hidden | {self.name, self.email}

    def note(self, table: str, column: str, value: Any) -> None:
        """Note a mark under what the register says of its column."""
        held = HELD[table]
        mark = value if isinstance(value, str) else value.isoformat()
        personal = held.personal.get(column)
        told = column in held.context or (personal is not None and personal.exported)
        (self.exported if told else self.hidden).add(mark)


@dataclass
class Everything:
    """Ann and Bob, and where Ann works."""

    ann: Somebody
    bob: Somebody
    place: str
    place_id: int


class Filling:
    """Puts rows into tables, with a mark wherever the column's type allows one."""

    def __init__(self, work: Work, round_id: int, world: int) -> None:
        self.work = work
        self.begin = BEGIN + timedelta(days=world)
        self.links = {"round": round_id}
        self.moments = 0

    def moment(self) -> datetime:
        """Return a moment that no other row has."""
        self.moments += 1
        return self.begin + timedelta(minutes=self.moments, seconds=7)

    def put(self, table_name: str, who: Somebody, **given: Any) -> None:
        """Insert a row about somebody, and note its marks."""
        table = SQLModel.metadata.tables[table_name]
        values = {**self.values(table, who), **given}
        self.work.session.connection().execute(insert(table).values(values))
        for name, value in values.items():
            if name not in given and (isinstance(value, datetime) or str(value).startswith("mark-")):
                who.note(table_name, name, value)
        for name, value in values.items():
            if isinstance(value, dict):
                who.hidden.add(value["x"])
            del name

    def values(self, table: Table, who: Somebody) -> dict[str, Any]:
        """Return a value for each column that needs one."""
        owners = {owner.column: owner.by for owner in HELD[table.name].owners.values()}
        values: dict[str, Any] = {}
        for column in table.columns:
            if column.name in owners:
                values[column.name] = who.user_id if owners[column.name] == "number" else who.email
            elif column.foreign_keys:
                parent = next(iter(column.foreign_keys)).column.table.name
                known = {**self.links, "organisation": who.place_id, "return": who.return_id}
                known["user_account"] = self.work.actor.user_id
                values[column.name] = known.get(parent) if column.nullable else known[parent]
            elif column.name != "id":
                values[column.name] = self.of_type(table.name, column.name, column.type, who)
        return values

    def of_type(self, table: str, column: str, kind: Any, who: Somebody) -> Any:
        """Return a mark, or for types that hold none any value."""
        kind = getattr(kind, "impl", kind) if isinstance(getattr(kind, "impl", None), DateTime) else kind
        mark = f"mark-{who.key}-{table}-{column}-end"
        plain: dict[Any, Any] = {
            Boolean: False,
            Integer: 1,
            Date: date(2024 if column.endswith("before") else 2025, 1, 1),
            Time: time(17, 0) if column.endswith("until") else time(9, 0),
            JSONB: {"x": mark},
            ARRAY: [],
        }
        if isinstance(kind, Enum):
            return kind.enums[0]
        if isinstance(kind, DateTime):
            return self.moment()
        return next((value for each, value in plain.items() if isinstance(kind, each)), mark)


def _somebody(work: Work, key: str, round_places: dict[str, int], round_id: int) -> Somebody:
    email, name = f"{key}.canary@example.org", f"{key.title()} Canary"
    user_id = service.ensure_users(work, [(email, name)])[email]
    place = round_places[key]
    this = Somebody(key, user_id, name, email, place, builders.return_of(work, round_id, place).id)
    this.telephone = f"mark-{key}-contact-telephone-end"
    return this


def fill(work: Work) -> Everything:
    """Make two people and their rows."""
    world = next(WORLDS)
    keys = (f"ann{world}", f"bob{world}")
    places = {key: builders.organisation(work, f"{key.title()}'s own school") for key in keys}
    version = work.session.execute(text("SELECT max(id) FROM questionnaire_version")).scalar()
    round_id = builders.open_round(work, places.values(), version_id=version)
    filling = Filling(work, round_id, world)
    ann, bob = (_somebody(work, key, places, round_id) for key in places)
    for who, other in ((ann, bob), (bob, ann)):
        filling.put("visit", who)
        filling.links["visit"] = work.session.execute(text("SELECT max(id) FROM visit")).scalar_one()
        filling.put("action", who)
        filling.links["action"] = work.session.execute(text("SELECT max(id) FROM action")).scalar_one()
        for held in REGISTER:
            if held.owners and held.table not in BY_HAND and not (held.table in ONE_A_ROUND and who is bob):
                filling.put(held.table, who)
        filling.put("login_session", who, token_hash=f"another {who.key}")
        _by_hand(filling, who, other)
    return Everything(ann, bob, "own school", places[ann.key])


def _by_hand(filling: Filling, who: Somebody, other: Somebody) -> None:
    session, ready = filling.work.session, filling.moment()
    session.execute(
        text('UPDATE "return" SET ready_at = :at, ready_by = :who WHERE id = :id'),
        {"at": ready, "who": who.user_id, "id": who.return_id},
    )
    who.note("return", "ready_at", ready)
    filling.put("planner_entry", who, own_kind="", repeats_until=None)
    named = f"mark-{other.key}-hand_over-name-end"
    filling.put("hand_over", who, name=named, email=other.email, state="waiting", decided_by=None)
    other.note("hand_over", "name", named)
    common = {"subject_id": who.return_id, "subject": "return"}
    filling.put("audit_event", who, **common)
    boss = f"mark-boss-{who.key}-audit_event-actor_name-end"
    about = {"subject": "user", "subject_id": who.user_id, "actor_id": filling.work.actor.user_id}
    filling.put("audit_event", who, **about, actor_name=boss, event=f"mark-{who.key}-done-to-them-end")
    who.hidden.add(boss)
    who.exported.add(f"mark-{who.key}-done-to-them-end")
