"""What a schools file would do to the register: new, changed, continued under a new number, missing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from app.organisations.difference import (
    Continuation,
    FieldChange,
    ancestry,
    history_chain,
    predecessor_in_register,
)
from app.organisations.plan import (
    Candidate,
    Changed,
    Decision,
    Known,
    Plan,
    Register,
    Unclaimed,
    changes,
    expected,
    known_before,
    missing,
    new_of,
    unclaimed_names,
)
from app.organisations.register_file import Link, SchoolRow, SchoolsFile
from app.organisations.tables import Refusal


def plan_schools(file: SchoolsFile, links: Iterable[Link], register: Register) -> Plan:
    """Return what a schools file would do to the register.

    A URN that an organisation had before is refused: the file is older than the register. A single
    predecessor is continued; where that is not clear, a person decides. What is missing has gone only if a
    person says so.
    """
    older = [_older(row, register) for row in file.rows if row.urn in register.earlier]
    rows = [row for row in file.rows if row.urn not in register.earlier]
    refused = (*file.refused, *older)
    read = {row.urn for row in rows} | {refusal.key for refusal in refused}
    read |= {register.earlier[refusal.key] for refusal in older}
    verdicts = _continuations([row for row in rows if row.urn not in register.current], links, register, read)
    continued = {urn: each.urns[0] for urn, each in verdicts.items() if each.verdict == "continues"}
    before = known_before(rows, register, continued)
    unclaimed = unclaimed_names(rows, register, before, file.given, yielding=register.home)
    found = changes(rows, before, file.given, unclaimed)
    changed = tuple(each for each in found if each.key not in continued)
    return Plan(
        new=tuple(new_of(row) for row in rows if row.urn in verdicts and verdicts[row.urn].verdict == "none"),
        changed=changed,
        continued=tuple(
            replace(
                each,
                before_key=continued[each.key],
                before_name=before[each.key].name,
                reason=verdicts[each.key].reason,
            )
            for each in _with_unchanged(found, rows, before, continued)
        ),
        decisions=tuple(
            _decision(row, verdicts[row.urn], register)
            for row in rows
            if row.urn in verdicts and verdicts[row.urn].needs_confirming
        ),
        gone=missing(register, read | set(continued.values()), file.closed),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.row)),
        unclaimed=tuple(unclaimed.values()),
        unchanged=len(rows) - len(verdicts) - len(changed),
        known=expected(register),
    )


def _older(row: SchoolRow, register: Register) -> Refusal:
    now = register.earlier[row.urn]
    return Refusal(
        row.row,
        f"{row.name[:100]} (URN {row.urn})",
        f"It is in the register as {register.current[now].name}, under the later URN {now}",
        "Download the register again: this file is older than what was imported before",
        row.urn,
    )


def _continuations(
    new: Sequence[SchoolRow], links: Iterable[Link], register: Register, read: Collection[str]
) -> dict[str, Continuation]:
    above = ancestry(links)
    existing = {key: known.facts for key, known in register.current.items()}
    found = {row.urn: predecessor_in_register(row, above, existing, still_open=read) for row in new}
    heirs = Counter(each.urns[0] for each in found.values() if each.verdict == "continues")
    return {urn: _agreed(each, heirs) for urn, each in found.items()}


def _agreed(found: Continuation, heirs: Mapping[str, int]) -> Continuation:
    """Settle what one new school alone cannot tell: whether another one follows the same school."""
    if found.verdict == "continues" and heirs[found.urns[0]] > 1:
        # Two schools that reach the same one by different ways divide it as surely as by one link.
        return Continuation(
            "split", found.urns, "Several schools follow the earlier one: choose which school continues it"
        )
    if found.verdict == "suggested":
        free = tuple(urn for urn in found.urns if urn not in heirs)
        return replace(found, urns=free) if free else Continuation("none", (), found.reason)
    return found


def _with_unchanged(
    found: Sequence[Changed],
    rows: Sequence[SchoolRow],
    before: Mapping[str, Known],
    continued: Mapping[str, str],
) -> list[Changed]:
    """Return those under a new number, also when nothing but the number is new."""
    changed = {each.key: each for each in found}
    return [
        changed.get(row.urn, Changed(row.urn, before[row.urn].organisation_id, row.name, ()))
        for row in rows
        if row.urn in continued
    ]


def _decision(row: SchoolRow, found: Continuation, register: Register) -> Decision:
    candidates = tuple(
        Candidate(urn, register.current[urn].organisation_id, register.current[urn].name)
        for urn in found.urns
    )
    return Decision(row.urn, row.name, found.verdict, found.reason, candidates)


def fields_when_continuing(
    row: SchoolRow, before: Known, given: Collection[str], unclaimed: Iterable[Unclaimed]
) -> tuple[FieldChange, ...]:
    """Return what changes of a known organisation when a person says that a new number continues it."""
    without = {(each.key, each.scheme) for each in unclaimed}
    found = changes([row], {row.urn: before}, given, without)
    return found[0].fields if found else ()


def relevant_links(rows: Iterable[SchoolRow], links: Sequence[Link]) -> tuple[Link, ...]:
    """Return the links that say anything about these schools or those before them."""
    above = ancestry(links)
    reach = {row.urn for row in rows}
    reach |= {urn for row in reach for urn in history_chain(row, above)}
    return tuple(link for link in links if link.urn in reach or link.link_urn in reach)
