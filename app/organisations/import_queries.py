"""Reads of imports: what was uploaded, and what a file would do, for pages and for the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.core.errors import NotFoundError
from app.organisations.models import ImportState, RegisterImport
from app.organisations.plan import MOST_GONE_PERCENT
from app.organisations.register_file import SKIPPED
from app.organisations.rules import CONTACT_ROLES
from app.organisations.words import FIELD_WORDS, field_words, value_words
from app.people.models import User


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One file that was uploaded."""

    id: int
    kind: str
    file_name: str
    la_code: str
    uploaded_at: datetime
    uploaded_by: str
    state: ImportState
    applied_at: datetime | None


_COLUMNS: Final[list[Any]] = [
    getattr(RegisterImport, name) for name in ("id", "kind", "file_name", "la_code", "uploaded_at")
]
_LINE: Final[Any] = select(
    *_COLUMNS,
    func.coalesce(col(User.name), "the command line"),
    col(RegisterImport.state),
    col(RegisterImport.applied_at),
).join(User, col(User.id) == col(RegisterImport.uploaded_by), isouter=True)


def recent_imports(session: Session, most: int = 10) -> tuple[ImportLine, ...]:
    """Return the newest uploads."""
    rows = session.execute(_LINE.order_by(col(RegisterImport.id).desc()).limit(most))
    return tuple(ImportLine(*row) for row in rows)


def usual_authority(imports: Sequence[ImportLine]) -> str:
    """Return the code of the authority whose schools were uploaded last, or nothing."""
    return next((each.la_code for each in imports if each.kind == "schools"), "")


# --- one import -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewLine:
    """An organisation or contact that would be added: its name, and what is said of it, by column."""

    name: str
    cells: tuple[str, ...]
    address: str = ""


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """An organisation or contact that would change: (fact, before, after); for a new number, from which."""

    name: str
    code: str
    organisation_id: int
    fields: list[tuple[str, str, str]]
    before_code: str = ""
    before_name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A question about a new number; each choice is an earlier number and the name behind it."""

    code: str
    name: str
    verdict: str
    reason: str
    choices: tuple[tuple[str, str, int], ...]

    @property
    def must_answer(self) -> bool:
        """Whether the import cannot be applied while this is open."""
        return self.verdict == "suggested"


@dataclass(frozen=True, slots=True)
class GoneLine:
    """An organisation, or contact, that the file does not have."""

    name: str
    code: str
    organisation_id: int
    why: str


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A row that was left out."""

    row: int
    what: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """What a file would do (or, once applied, did), in words."""

    line: ImportLine
    columns: tuple[str, ...]
    new: tuple[NewLine, ...]
    changed: tuple[ChangedLine, ...]
    continued: tuple[ChangedLine, ...]
    decisions: tuple[DecisionLine, ...]
    gone: tuple[GoneLine, ...]
    many_gone: bool
    refused: tuple[RefusedLine, ...]
    notes: tuple[str, ...]
    successions: tuple[str, ...]
    skipped: tuple[tuple[str, int], ...]
    unchanged: int
    known: int
    applied: Mapping[str, int] | None

    @property
    def changes_anything(self) -> bool:
        """Whether there is something to apply at all."""
        return bool(
            self.new
            or self.changed
            or self.continued
            or self.decisions
            or self.successions
            or (self.gone and self.line.kind != "contacts")
        )

    @property
    def read(self) -> int:
        """How many rows could be read."""
        return self.unchanged + len(self.new) + len(self.changed) + len(self.continued) + len(self.decisions)

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """The summary: what happens to how many, most telling first; nothing is left out but zeros."""
        if self.applied is not None:
            done = tuple((words, self.applied[key]) for key, words in _DONE.items())
            found: tuple[tuple[str, int], ...] = (*done, ("Rows refused", len(self.refused)))
        else:
            found = (
                ("New", len(self.new)),
                ("Changed", len(self.changed)),
                ("Under a new number", len(self.continued)),
                ("To decide", len(self.decisions)),
                ("Not in this file" + (", kept" if self.line.kind == "contacts" else ""), len(self.gone)),
                ("Rows refused", len(self.refused)),
            )
        return (*(each for each in found if each[1]), ("Unchanged", self.unchanged))


_DONE: Final[Mapping[str, str]] = {
    "added": "Added",
    "changed": "Changed",
    "continued": "Under a new number",
    "gone": "Marked as gone",
}


def import_preview(session: Session, import_id: int) -> ImportPreview:
    """Return one upload with what it would do, in one statement, or raise NotFoundError."""
    found = session.execute(
        _LINE.add_columns(col(RegisterImport.preview)).where(col(RegisterImport.id) == import_id)
    ).first()
    if found is None:
        raise NotFoundError
    line = ImportLine(*found[:-1])
    if line.kind == "contacts":
        return _contacts(line, found[-1])
    return _organisations(line, found[-1])


def _organisations(line: ImportLine, stored: Mapping[str, Any]) -> ImportPreview:
    plan: Mapping[str, Any] = stored.get("plan", {})
    gone, known = plan.get("gone", ()), plan.get("known", 0)
    return ImportPreview(
        line=line,
        columns=("Name", "URN" if line.kind == "schools" else "Code", "Kind", "Phase"),
        new=tuple(
            NewLine(
                each["name"],
                (each["key"], value_words("kind", each["kind"]), value_words("phase", each["phase"])),
            )
            for each in plan.get("new", ())
        ),
        changed=tuple(_changed(each) for each in plan.get("changed", ())),
        continued=tuple(_changed(each) for each in plan.get("continued", ())),
        decisions=tuple(_decision(each) for each in plan.get("decisions", ())),
        gone=tuple(
            GoneLine(each["name"], each["key"], each["organisation_id"], _why_gone(each)) for each in gone
        ),
        many_gone=len(gone) * 100 > known * MOST_GONE_PERCENT,
        refused=_refused(plan),
        notes=tuple(
            f"{each['name']} ({each['key']}): {FIELD_WORDS[each['scheme']]} {each['value']} belongs to "
            "another organisation, which keeps it."
            for each in plan.get("unclaimed", ())
        ),
        successions=tuple(
            f"{after} takes over from {before}" for before, after in plan.get("successions", ())
        ),
        skipped=_skipped(stored.get("file", {})),
        unchanged=plan.get("unchanged", 0),
        known=known,
        applied=stored.get("applied"),
    )


def _changed(each: Mapping[str, Any]) -> ChangedLine:
    fields = field_words((one["field"], one["before"], one["after"]) for one in each["fields"])
    return ChangedLine(
        each["name"],
        each["key"],
        each["organisation_id"],
        fields,
        each["before_key"],
        each["before_name"],
        each["reason"],
    )


def _decision(each: Mapping[str, Any]) -> DecisionLine:
    choices = tuple((one["key"], one["name"], one["organisation_id"]) for one in each["candidates"])
    return DecisionLine(each["key"], each["name"], each["verdict"], each["reason"], choices)


def _why_gone(each: Mapping[str, Any]) -> str:
    if not each["is_closed"]:
        return "Not among the organisations that this file asks for"
    closed = each["closed_on"]
    return f"Closed on {value_words('_on', closed)}" if closed else "Closed"


def _refused(plan: Mapping[str, Any]) -> tuple[RefusedLine, ...]:
    return tuple(
        RefusedLine(each["row"], each["what"], each["reason"], each["mend"])
        for each in plan.get("refused", ())
    )


def _skipped(context: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return the rows that are not for us, types out of scope by their names."""
    counts: dict[str, int] = context.get("skipped", {})
    rows = [(words, counts[key]) for key, words in SKIPPED.items() if counts.get(key)]
    types = context.get("out_of_scope", {})
    return (*rows, *((f"Of these: {name}", count) for name, count in sorted(types.items())))


def _contacts(line: ImportLine, stored: Mapping[str, Any]) -> ImportPreview:
    plan: Mapping[str, Any] = stored.get("plan", {})
    missing = plan.get("missing", ())
    return ImportPreview(
        line=line,
        columns=("Name", "Organisation", "Role"),
        new=tuple(
            NewLine(each["name"], (each["organisation"], _role(each)), each["email"])
            for each in plan.get("new", ())
        ),
        changed=tuple(
            ChangedLine(
                f"{each['name']}, {_role(each).lower()}",
                each["organisation"],
                each["organisation_id"],
                field_words((one["field"], one["before"], one["after"]) for one in each["fields"]),
            )
            for each in plan.get("changed", ())
        ),
        continued=(),
        decisions=(),
        gone=tuple(
            GoneLine(
                f"{each['name']}, {_role(each).lower()}",
                each["organisation"],
                each["organisation_id"],
                each["email"],
            )
            for each in missing
        ),
        many_gone=False,
        refused=_refused(plan),
        notes=tuple(plan.get("notes", ())),
        successions=(),
        skipped=(),
        unchanged=plan.get("unchanged", 0),
        known=len(missing),
        applied=stored.get("applied"),
    )


def _role(each: Mapping[str, Any]) -> str:
    return CONTACT_ROLES.get(each["role"], each["role"])
