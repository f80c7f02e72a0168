"""The words in which a table says what it holds about whom, and how its rows find their person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Basis(StrEnum):
    """Why something may be held (UK GDPR Article 6)."""

    PUBLIC_TASK = (
        "public task: section 11 of the Children Act 2004, Working Together, "
        "sections 175 and 157 of the Education Act 2002"
    )
    SECURITY = "public task, and the security of what schools answer (UK GDPR Article 32)"
    ACCOUNTABILITY = "public task, and being able to show who did what (UK GDPR Article 5(2))"


class Erasure(StrEnum):
    """What erasing a person does with a column."""

    REMOVED = "row is removed"
    REPLACED = "replaced by “Former colleague” and a number"
    READDRESSED = "replaced by an address that leads nowhere"
    EMPTIED = "emptied"
    STAYS = "stays"


class Plain(StrEnum):
    """Kinds of columns that say nothing about a person."""

    KEY = "the row's own number"
    PERSON = "number of a person's account, which says nothing once the account is erased"
    LINK = "number of another row"
    ORGANISATION = "fact about an organisation"
    CONTENT = "what was asked, and how it was judged"
    STATE = "where a piece of work stands"
    TECHNICAL = "what the program needs to do its work once"


@dataclass(frozen=True, slots=True)
class Owner:
    """How a row finds the person whom it is about: by the number or the address in a column.

    `only` names another column and the value that it must have; `what` says what such a row is to its person,
    where a table has several kinds of owners.
    """

    column: str
    by: Literal["number", "address"] = "number"
    only: tuple[str, str] | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Personal:
    """A column that says something about a person.

    `owners` are the names of those of the table's owners whom it is about: none for free text and for
    people whom Eleven knows by no number. `because` says why it is not exported, or why it stays.
    """

    words: str
    owners: tuple[str, ...] = ()
    exported: bool = True
    erasure: Erasure = Erasure.STAYS
    because: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What one table holds.

    `kept` is the key of the retention rule that ends it; `context` are plain columns that an export shows
    too, to say which thing a row is about; `removed_with` are owners whose erasure removes the whole row;
    `of_return` is the column by which a row goes when its return is deleted.
    """

    table: str
    what: str
    about: str
    kept: str
    basis: Basis = Basis.PUBLIC_TASK
    owners: Mapping[str, Owner] = field(default_factory=dict)
    personal: Mapping[str, Personal] = field(default_factory=dict)
    plain: Mapping[Plain, str] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    removed_with: tuple[str, ...] = ()
    of_return: str = ""

    def plain_columns(self) -> Iterator[tuple[str, Plain]]:
        """Yield each column that says nothing about a person, with its kind."""
        for kind, names in self.plain.items():
            for name in names.split():
                yield name, kind

    def columns(self) -> list[str]:
        """Return every column that the register knows of this table; one that stands twice comes twice."""
        return [*self.personal, *(name for name, _ in self.plain_columns())]

    def exported_for(self, owner: str) -> list[str]:
        """Return the columns that an export shows of an owner's rows: context first, then what is theirs."""
        own = [name for name, each in self.personal.items() if each.exported and owner in each.owners]
        return [*(name for name in self.context if name not in own), *own] if own else []

    def erased_for(self, owner: str, erasure: Erasure) -> list[str]:
        """Return the columns of an owner's rows that erasure treats in one way."""
        return [
            name for name, each in self.personal.items() if each.erasure is erasure and owner in each.owners
        ]


PERSON = ("person",)
GUARDS = "a secret that guards the account; the file says that it exists"
FREE_TEXT = "written for the organisation; it can name other people"


def mine(words: str, *, exported: bool = True, because: str = "") -> Personal:
    """Return a column of a row that is removed with its person."""
    return Personal(words, PERSON, exported=exported, erasure=Erasure.REMOVED, because=because)


def free_text(words: str, because: str = FREE_TEXT) -> Personal:
    """Return a column of free text, which belongs to the organisation and stays."""
    return Personal(words, exported=False, because=because)
