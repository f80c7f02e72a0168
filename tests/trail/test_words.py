"""Every event that the program records has words, and every word says something."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.core.readings import READS
from app.trail.words import (
    EVENTS,
    GROUPS,
    READINGS,
    choices,
    detail_lines,
    event_name,
    events_of,
    people_in,
    reading_name,
)

pytestmark = pytest.mark.access

APP = Path(__file__).resolve().parent.parent.parent / "app"
NAME = re.compile(r"[a-z_]+\.[a-z_]+")


def texts(node: ast.expr) -> list[str]:
    """Return the texts that an expression can be, as far as they stand in it."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        found = [""]
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            found = [before + after for before in found for after in texts(inner)]
        return found
    return []


def event_of(call: ast.Call) -> ast.expr | None:
    """Return the event of audit.record(work, EVENT), audit.Event(EVENT), the demo's trail.add(.., EVENT)."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    place = {"record": 1, "event_row": 1, "Event": 0, "add": 2}.get(name)
    owner = call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else ""  # fmt: skip # noqa: E501
    if place is None or owner not in {"audit", "trail"} or len(call.args) <= place:
        return None
    return call.args[place]


def recorded(tree: ast.Module) -> Iterator[str]:
    """Yield a module's events; where a name is passed on, each of its texts that looks like one."""
    passed_on = False
    for node in ast.walk(tree):
        event = event_of(node) if isinstance(node, ast.Call) else None
        if event is not None:
            found = texts(event)
            passed_on = passed_on or not found
            yield from found
    if passed_on:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                yield node.value


def every_event(folder: Path = APP) -> set[str]:
    return {
        event
        for path in sorted(folder.rglob("*.py"))
        for event in recorded(ast.parse(path.read_text("utf-8")))
    }


def test_every_event_that_is_recorded_anywhere_has_words() -> None:
    found = every_event()
    assert len(found) > 35
    assert {"round.closed", "round.reopened", "organisation.gone", "contacts.imported"} <= found
    assert found - set(EVENTS) == set(), "give it words in app/trail/words.py"


@pytest.mark.parametrize(
    "line",
    [
        'audit.record(work, "visit.moved", ("visit", 1))',
        "audit.record(work, f\"visit.{'moved' if late else 'kept'}\", (\"visit\", 1))",
        'audit.record_many(work, [audit.Event("visit.moved", ("visit", 1))])',
        'def tell(event): audit.Event(event, ("visit", 1))\ntell("visit.moved")',
    ],
)
def test_control_an_event_without_words_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "service.py").write_text(line)
    assert "visit.moved" in every_event(tmp_path) - set(EVENTS)


def test_everything_that_can_be_read_has_words() -> None:
    assert {(read.subject, read.what) for read in READS.values()} == set(READINGS)


def test_words_are_told_apart() -> None:
    assert len(set(EVENTS.values())) == len(EVENTS)
    assert sum(len(events) for _, events in GROUPS.values()) == len(EVENTS)
    offered = dict(choices())
    assert set(offered) == {*GROUPS, *EVENTS}
    assert events_of("returns") == tuple(GROUPS["returns"][1])
    assert events_of("return.signed") == ("return.signed",)
    assert events_of("no such thing") == ()


@pytest.mark.parametrize(
    ("event", "detail", "lines"),
    [
        ("answer.saved", {"version": 3, "standard": "a-policy"}, ["Question: A policy", "Version: 3"]),
        ("return.sent_back", {"reason": "=1+1"}, ["Reason: =1+1"]),
        ("user.roles_changed", {"before": [], "after": ["pso"]}, ["Now: Professional scrutiny officer"]),
        ("domain.given", {"domain": "leadership", "user": 7}, ["Part: Leadership", "Colleague: Robin Marsh"]),
        ("domain.given", {"user": 8}, ["Colleague: 8"]),
        ("round.created", {"title": "A", "due_on": "2027-01-29"}, ["Title: A", "Due on: 29 Jan 2027"]),
        ("call.logged", {"outcome": "no_answer", "note": ""}, ["What came of it: No answer"]),
        ("visit.moved", {"new_thing": "x", "next_on": "soon"}, ["Next call on: soon", "New thing: x"]),
        ("visit.endorsed", {"partner": "local_authority"}, ["Safeguarding partner: Local authority"]),
        ("visit.move_date", {"before": "dated", "day": "2027-02-19"},
         ["Before: Date proposed", "Day: 19 Feb 2027"]),
        ("action.reviewed", {"outcome": "accepted", "after": "accepted"},
         ["What came of it: Accepted: it is done", "Now: Done, accepted"]),
        ("action.changed", {"before": ["Robin", "2027-03-22"]}, ["Before: Robin, 22 Mar 2027"]),
        ("moderation.judged", {"own": "green", "after": "not_applicable", "second_opinion": False},
         ["Their own rating: Green", "Waits for a second officer: no", "Now: Not applicable"]),
        ("moderation.shared", {"officer": 7, "domains": ["a-b"]}, ["Parts: A b", "Officer: Robin Marsh"]),
        ("planner.changed", {"which": "one", "before": ["kind: board_report", "first on: 2027-03-22"]},
         ["Before: kind: Reports to the board, first on: 22 Mar 2027", "Which ones: This one only"]),
        ("planner.changed", {"title": "done"}, ["Title: done"]),
        ("action.progress", {"note": "board_report"}, ["Note: board_report"]),
        ("round.audience_set", {"kinds": ["housing"]}, ["Kinds: Housing services"]),
        ("visit.noted", {"before": {"heard": "", "shows": "strength"}}, ["Before: Shows: A strength"]),
        ("organisation.gone", {"import": 1, "closed_on": None}, ["Marked as gone"]),
    ],
)  # fmt: skip
def test_details_are_said_in_plain_words(event: str, detail: Mapping[str, Any], lines: list[str]) -> None:
    assert detail_lines(event, detail, {7: "Robin Marsh"}) == lines


def test_what_a_newer_program_recorded_is_shown_by_its_own_name() -> None:
    assert event_name("visit.moved_on") == "Visit: moved on"
    assert reading_name("meeting", "report") == "Read meeting (report)"
    assert people_in({"user": 7, "leaver": "8", "version": 9}) == {7}
