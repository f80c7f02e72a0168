"""The chain's rules: what is hashed, and what a walk along it finds."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.audit_chain import (
    GENESIS,
    EventText,
    Head,
    HeadError,
    Link,
    Walk,
    canonical,
    head_text,
    link_hash,
    read_head,
    sealed,
)
from app.core.models import AuditEvent

pytestmark = pytest.mark.access

BEGIN = datetime(2026, 11, 16, 10, tzinfo=UTC)
EVENT = EventText(7, BEGIN.isoformat(), 3, "Morgan", "return.signed", "return", 12, 5, '{"edition": 1}')


def at(minutes: int) -> str:
    return (BEGIN + timedelta(minutes=minutes)).isoformat(timespec="microseconds")


def chain(count: int, *, first: int = 1, end: Head | None = None, minute: int = 0) -> list[Link]:
    events = [replace(EVENT, id=first + each, at=at(minute)) for each in range(count)]
    return list(sealed(events, end or Head(0, GENESIS, ""), at(minute)))


def problem_of(links: list[Link], *kept: Head) -> str:
    walk = Walk(kept)
    for link in links:
        if problem := walk.step(link):
            return problem.sentence
    problem = walk.finish()
    return problem.sentence if problem else ""


def test_every_column_of_an_event_is_hashed() -> None:
    assert {each.name for each in fields(EventText)} == set(AuditEvent.__table__.columns.keys())  # type: ignore[attr-defined]
    assert set(json.loads(canonical(1, at(0), GENESIS, EVENT))["event"]) == {
        each.name for each in fields(EventText)
    }


def test_the_canonical_form_is_what_the_docs_say() -> None:
    form = canonical(1, at(0), GENESIS, EVENT).decode()
    assert form.startswith('{"event":{"actor_id":3,"actor_name":"Morgan","at":"2026-11-16T10:00:00+00:00"')
    assert '"detail":"{\\"edition\\": 1}"' in form
    assert form.endswith(
        f'"position":1,"previous":"{GENESIS}","sealed_at":"2026-11-16T10:00:00.000000+00:00"}}'
    )


OTHER: dict[str, Any] = {
    "id": 8,
    "at": at(1),
    "actor_id": None,
    "actor_name": "Morgan ",
    "event": "return.sent_back",
    "subject": "round",
    "subject_id": 13,
    "organisation_id": None,
    "detail": '{"edition": 2}',
}


@pytest.mark.parametrize("column", sorted(OTHER))
def test_a_change_of_any_column_changes_the_hash(column: str) -> None:
    before = link_hash(1, at(0), GENESIS, EVENT)
    assert link_hash(1, at(0), GENESIS, replace(EVENT, **{column: OTHER[column]})) != before


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
_EVENTS = st.builds(
    EventText,
    id=st.integers(1, 2**63 - 1),
    at=st.just(at(0)),
    actor_id=st.none() | st.integers(1, 9),
    actor_name=_TEXT,
    event=_TEXT,
    subject=_TEXT,
    subject_id=st.integers(0, 9),
    organisation_id=st.none() | st.integers(1, 9),
    detail=_TEXT,
)


@given(_EVENTS, _EVENTS)
def test_two_events_have_one_canonical_form_only_if_they_are_equal(one: EventText, other: EventText) -> None:
    same = canonical(1, at(0), GENESIS, one) == canonical(1, at(0), GENESIS, other)
    assert same == (one == other)


@given(st.lists(_EVENTS, max_size=12))
def test_a_sealed_chain_is_whole_and_ends_where_it_says(events: list[EventText]) -> None:
    links = list(sealed(events, Head(0, GENESIS, ""), at(0)))
    walk = Walk()
    assert [walk.step(link) for link in links] == [None] * len(events)
    assert walk.end.position == len(events)
    assert walk.finish() is None


@given(st.integers(2, 12), st.data())
def test_taking_any_link_out_or_swapping_any_two_is_found(count: int, data: st.DataObject) -> None:
    links = chain(count)
    gone = data.draw(st.integers(0, count - 2))
    assert f"At position {gone + 1}" in problem_of(links[:gone] + links[gone + 1 :])
    one, other = sorted(data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)))
    swapped = list(links)
    swapped[one] = replace(links[one], event_id=links[other].event_id, event=links[other].event)
    swapped[other] = replace(links[other], event_id=links[one].event_id, event=links[one].event)
    assert f"At position {one + 1}" in problem_of(swapped)


def test_a_deleted_event_is_named() -> None:
    links = chain(3)
    links[1] = replace(links[1], event=None)
    assert problem_of(links) == "At position 2 the event is missing: event 2 was deleted after it was sealed."


def test_an_end_that_was_cut_off_is_seen_against_a_kept_head_only() -> None:
    links = chain(3)
    kept = Head(3, links[-1].hash, at(0))
    assert problem_of(links, kept) == ""
    assert problem_of(links[:2]) == "", "the control: without a head nothing is missing"
    assert "From position 3 the end of the trail is cut off" in problem_of(links[:2], kept)


def test_a_trail_that_was_written_anew_is_seen_against_a_kept_head_only() -> None:
    kept = Head(3, chain(3)[-1].hash, at(0))
    other = chain(3, minute=1)
    assert problem_of(other) == ""
    assert "it was written anew" in problem_of(other, kept)
    assert "it was written anew" in problem_of(other, Head(1, "0" * 64, at(0)), kept)


def test_an_event_that_claims_to_be_older_than_a_sealing_was_put_in_afterwards() -> None:
    links = chain(2, minute=300)
    end = Head(2, links[-1].hash, links[-1].sealed_at)
    backdated = list(sealed([replace(EVENT, id=9, at=at(200))], end, at(310)))
    assert "put in afterwards: event 9" in problem_of(links + backdated)
    slow = list(sealed([replace(EVENT, id=9, at=at(245))], end, at(310)))
    assert problem_of(links + slow) == "", "a request may take a while"
    first = list(sealed([replace(EVENT, id=9, at=at(-5000))], Head(0, GENESIS, ""), at(310)))
    assert problem_of(first) == "", "what was there before the first sealing may have any age"


def test_a_moment_that_no_calendar_has_does_no_harm() -> None:
    links = list(sealed([replace(EVENT, at="infinity")], Head(0, GENESIS, ""), at(0)))
    assert problem_of(links) == ""


def test_a_head_reads_as_it_was_written() -> None:
    head = Head(12, "ab" * 32, at(0))
    assert read_head(head_text(head)) == head


@pytest.mark.parametrize(
    "text",
    ["", "12", "[]", "{}", '{"position": 1}', '{"position": -1, "hash": "", "time": ""}',
     json.dumps({"position": True, "hash": GENESIS, "time": ""}),
     json.dumps({"position": 1, "hash": "short", "time": ""})],
)  # fmt: skip
def test_a_head_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(HeadError):
        read_head(text)
