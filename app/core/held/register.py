"""The register of personal data: every column of every table, and what it says about whom.

Export, erasure and retention work from it, and docs/data-protection.md is compared with it, so that none of
them can drift from the others. Whoever adds a column adds it here: a test holds the register against the
models.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.core.held.actions import ACTIONS
from app.core.held.chasing import CHASING
from app.core.held.moderation import MODERATION
from app.core.held.people import PEOPLE, REGISTER_OF_ORGANISATIONS
from app.core.held.planner import PLANNER
from app.core.held.returns import QUESTIONS_AND_ROUNDS, RETURNS, TRAIL
from app.core.held.signals import SIGNALS
from app.core.held.visits import VISITS
from app.core.held.words import Held

# Parents before the tables that refer to them: rows are removed in the opposite order.
REGISTER: Final[tuple[Held, ...]] = (
    *PEOPLE,
    *REGISTER_OF_ORGANISATIONS,
    *QUESTIONS_AND_ROUNDS,
    *RETURNS,
    *ACTIONS,
    *TRAIL,
    *CHASING,
    *MODERATION,
    *VISITS,
    *SIGNALS,
    *PLANNER,
)


def differences(register: Sequence[Held], tables: Mapping[str, Sequence[str]]) -> list[str]:
    """Return where the register and the program's tables disagree; `tables` maps table to column names."""
    found = []
    by_name = {held.table: held for held in register}
    if len(by_name) != len(register):
        found.append("a table stands in the register twice")
    found += [f"{name}: not in the register of personal data" for name in sorted(tables.keys() - by_name)]
    found += [
        f"{name}: in the register, but there is no such table" for name in sorted(by_name.keys() - tables)
    ]
    for name in sorted(by_name.keys() & tables):
        known, real = by_name[name].columns(), set(tables[name])
        found += [
            f"{name}.{column}: not in the register of personal data" for column in sorted(real - set(known))
        ]
        found += [f"{name}.{column}: there is no such column" for column in sorted(set(known) - real)]
        found += [
            f"{name}.{column}: stands twice" for column in sorted(set(known)) if known.count(column) > 1
        ]
        found += _loose_ends(by_name[name])
    return found


def _loose_ends(held: Held) -> list[str]:
    """Return what a table's entry names without saying what it is."""
    named = {owner for each in held.personal.values() for owner in each.owners} | set(held.removed_with)
    columns = set(held.columns())
    plain = {name for name, _ in held.plain_columns()}
    used = {owner.column for owner in held.owners.values()} | ({held.of_return} if held.of_return else set())
    found = [f"{held.table}: no owner is called {name}" for name in sorted(named - held.owners.keys())]
    found += [f"{held.table}.{name}: an owner's column that is not there" for name in sorted(used - columns)]
    found += [f"{held.table}.{name}: context must be plain" for name in held.context if name not in plain]
    found += [
        f"{held.table}.{name}: say why it is not exported"
        for name, each in held.personal.items()
        if not each.exported and not each.because
    ]
    found += [
        f"{held.table}.{name}: exported, but it belongs to nobody"
        for name, each in held.personal.items()
        if each.exported and not each.owners
    ]
    return found
