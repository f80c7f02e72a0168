"""The register of personal data knows every column, the document says what the register says."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import app.main
from app.core.held.document import replaced, section
from app.core.held.register import REGISTER, differences
from app.core.held.words import Erasure, Owner, Personal
from app.core.settings import Settings
from app.people.retention_rules import NEVER_ENDS, RULES, kept_in_docs, kept_words

pytestmark = pytest.mark.access
DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "data-protection.md"
assert app.main  # every room's tables are loaded


def tables() -> dict[str, list[str]]:
    return {
        table.name: [column.name for column in table.columns] for table in SQLModel.metadata.tables.values()
    }


def test_every_column_of_every_table_is_in_the_register() -> None:
    assert differences(REGISTER, tables()) == []


def test_a_new_column_or_table_is_found() -> None:
    """The control: what somebody adds without saying what it says about whom."""
    more = tables()
    more["user_account"].append("shoe_size")
    more["diary"] = ["id", "text"]
    assert differences(REGISTER, more) == [
        "diary: not in the register of personal data",
        "user_account.shoe_size: not in the register of personal data",
    ]


def test_what_is_not_there_any_more_is_found() -> None:
    fewer = tables()
    fewer["user_account"].remove("disabled_at")
    del fewer["call"]
    assert differences(REGISTER, fewer) == [
        "call: in the register, but there is no such table",
        "user_account.disabled_at: there is no such column",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owners": {"person": Owner("nobody_id")}}, "user_account.nobody_id: an owner's column"),
        ({"removed_with": ("stranger",)}, "user_account: no owner is called stranger"),
        ({"context": ("email",)}, "user_account.email: context must be plain"),
        ({"personal": {"email": Personal("x", ("person",), exported=False)}}, "say why it is not exported"),
        ({"personal": {"email": Personal("x")}}, "exported, but it belongs to nobody"),
    ],
)
def test_a_careless_entry_is_found(change: dict[str, object], said: str) -> None:
    broken = [
        replace(held, **change) if held.table == "user_account" else held  # type: ignore[arg-type]
        for held in REGISTER
    ]
    assert any(said in each for each in differences(broken, tables()))


def test_the_document_is_what_the_register_says() -> None:
    """To mend it: ELEVEN_MODE=test .venv/bin/python -m scripts.data_protection."""
    document = DOCUMENT.read_text("utf-8")
    assert document == replaced(document, section(REGISTER, kept_in_docs()))


def test_a_document_that_says_something_else_is_found() -> None:
    """The control: one word of the table changed by hand."""
    document = DOCUMENT.read_text("utf-8").replace("| `user_account.email` |", "| `user_account.mail` |")
    assert document != replaced(document, section(REGISTER, kept_in_docs()))


def test_every_table_says_how_long_it_is_kept() -> None:
    known = {rule.key for rule in RULES} | NEVER_ENDS.keys()
    assert {held.kept for held in REGISTER} <= known
    assert known - {"sign_in_mails"} <= {held.kept for held in REGISTER}, "no rule is there for nothing"
    config = Settings()
    assert kept_words("sessions", config) == "90 days after signing out"


def test_a_table_that_says_something_about_people_ends_or_says_why_not() -> None:
    for held in REGISTER:
        if held.kept == "nothing":
            assert not held.personal, held.table


def test_what_is_replaced_or_emptied_has_an_owner_or_is_done_by_hand() -> None:
    by_hand = {("register_import", "rows"), ("register_import", "preview")}
    for held in REGISTER:
        for name, each in held.personal.items():
            if each.erasure is not Erasure.STAYS and (held.table, name) not in by_hand:
                assert each.owners, f"{held.table}.{name}"
            if each.erasure is Erasure.REMOVED:
                assert set(each.owners) & set(held.removed_with), f"{held.table}.{name}"
