"""Upgrades on a filled database lose nothing, from every released revision (QUALITY 11)."""

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL

from app.core.migrate import alembic_config
from tests.faults.filled import columns_of, contents, new_database, run
from tests.faults.scale import SOAK, figures

pytestmark = pytest.mark.faults

# From the newest to the oldest. Each step is walked from the oldest on; the others are for rows of tables
# that came later, and every one of them is tried in a soak.
REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config(None)).walk_revisions()]


def changed_by_upgrade(address: URL, newest: dict[str, list[str]], *afterwards: str) -> set[str]:
    """Upgrade to the newest revision and return the tables of which rows or values are no longer the same.

    What is compared is what both revisions have; `newest` names the tables and columns of the newest.
    """
    before = columns_of(address)
    del before["alembic_version"]
    common = {
        name: [each for each in columns if each in newest.get(name, ())] for name, columns in before.items()
    }
    kept = contents(address, {name: columns for name, columns in common.items() if columns})
    command.upgrade(alembic_config(address), "head")
    if afterwards:
        run(address, *afterwards)
    found = contents(address, {name: common[name] for name in kept})
    return {name for name in kept if found[name] != kept[name]} | (before.keys() - kept.keys())


def test_there_are_released_revisions_and_one_head() -> None:
    assert len(REVISIONS) >= 2
    assert len(ScriptDirectory.from_config(alembic_config(None)).get_heads()) == 1


@pytest.mark.parametrize("revision", REVISIONS if SOAK else [*REVISIONS[1:-1:4], REVISIONS[-1]])
def test_an_upgrade_of_a_filled_database_keeps_every_row_and_value(
    server: URL, filled: str, revision: str
) -> None:
    with new_database(server, filled) as address:
        command.downgrade(alembic_config(address), revision)
        newest = columns_of(server.set(database=filled))
        changed = changed_by_upgrade(address, newest)
        figures("11 upgrades of a filled database", revisions=1, most_tables=len(newest), wrong=len(changed))
        assert changed == set()
        command.check(alembic_config(address))


def test_an_upgrade_that_shortened_names_or_lost_a_row_would_be_noticed(server: URL, filled: str) -> None:
    # The control: an upgrade to which a careless step is added.
    with new_database(server, filled) as address:
        command.downgrade(alembic_config(address), "0001")
        changed = changed_by_upgrade(
            address,
            columns_of(server.set(database=filled)),
            "UPDATE organisation SET name = left(name, 12)",
            "DELETE FROM call WHERE id = (SELECT min(id) FROM call)",
        )
    figures("11 control: a careless upgrade", noticed=len(changed))
    assert changed == {"organisation", "call"}
