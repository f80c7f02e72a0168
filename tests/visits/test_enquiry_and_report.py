"""What lines of enquiry are drafted from, and what the notes become in the report."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisations.rules import KINDS as ORGANISATION_KINDS
from app.visits.enquiry import Ask, Material, Said, Source, StandardFact, drafts
from app.visits.report import Note, Shows, drafted
from app.visits.rules import (
    Partner,
    Seat,
    all_said_yes,
    may_endorse,
    may_take_part,
    partner_visited,
)

pytestmark = pytest.mark.visits

TEXT = st.text(max_size=300)
FACT = st.builds(
    StandardFact,
    domain_key=st.sampled_from(["leadership", "culture"]),
    domain=st.just("A domain"),
    key=st.integers(0, 99).map(lambda number: f"standard-{number}"),
    title=st.just("A title"),
    rag=st.sampled_from(["red", "amber", "green", ""]),
    was=st.sampled_from(["red", "amber", "green", ""]),
    comment=TEXT,
    evidence=TEXT,
)


PLAIN: dict[str, Any] = {"domain_key": "a", "domain": "A", "key": "k", "title": "T", "rag": ""}


def one(**facts: Any) -> tuple[Source, ...]:
    fact = StandardFact(**{**PLAIN, **facts})
    return tuple(
        draft.source for draft in drafts(Material(standards=[fact])) if draft.ask is not Ask.CHILDREN
    )


def test_each_source_gives_its_question() -> None:
    assert one(rag="red") == (Source.RED,)
    assert one(rag="amber") == (Source.AMBER,)
    assert one(rag="green", evidence="Minutes") == ()
    assert one(rag="green", evidence="  ") == (Source.UNEVIDENCED,)
    assert one(rag="green", evidence="Minutes", was="red") == (Source.CHANGED,)
    assert one(rag="") == ()


def test_everything_else_that_is_known_is_asked_about() -> None:
    said = Said("1", "a", "A", "Said so")
    found = drafts(Material(signals=[said], voices=[said], actions=[said], last_report=[said]))
    assert [draft.source for draft in found] == [Source.SIGNAL, Source.VOICE, Source.ACTION, Source.REPORT]
    assert all(draft.why == "Said so" for draft in found)


@given(st.lists(FACT, unique_by=lambda fact: fact.key))
def test_drafting_twice_gives_the_same_and_every_red_is_asked(facts: list[StandardFact]) -> None:
    found = drafts(Material(standards=facts))
    assert found == drafts(Material(standards=facts))
    keys = [draft.key for draft in found]
    assert len(keys) == len(set(keys))
    reds = {f"red:{fact.key}" for fact in facts if fact.rag == "red"}
    assert reds == {key for key in keys if key.startswith("red:")}
    domains = [draft.domain_key for draft in found]
    assert sum(a != b for a, b in pairwise(domains)) <= len(set(domains))


NOTE = st.builds(
    Note, st.sampled_from(["", "Culture"]), TEXT, TEXT, st.sampled_from(Shows), young=st.booleans()
)


@given(st.lists(NOTE, max_size=12))
def test_every_note_that_shows_something_is_in_the_report_once(notes: list[Note]) -> None:
    text = drafted(notes)
    for shows, part in zip((Shows.STRENGTH, Shows.DEVELOPMENT, Shows.CONSIDERATION), text.parts, strict=True):
        wanted = [note for note in notes if note.shows is shows and f"{note.heard} {note.seen}".split()]
        lines = part[1].split("\n") if part[1] else []
        assert len(lines) == len(wanted)


def test_stars_are_part_of_the_draft() -> None:
    assert (
        "4 of 5 stars: They\u00a0listened".replace("\u00a0", " ")
        in drafted([], stars=4, young_comment="They listened").strengths
    )
    assert "2 of 5 stars" in drafted([], stars=2).development
    assert drafted([]).parts == (
        ("Strengths", ""),
        ("Areas for development", ""),
        ("Areas for consideration and action", ""),
    )


# --- the three partners ----------------------------------------------------------------------------

# The framework's appendix 2 (a) lists these under the council; (c) to (k) are bodies of their own.
COUNCIL = (
    "children_social_care",
    "adult_social_care",
    "youth_justice",
    "public_health",
    "housing",
    "leisure_and_culture",
    "licensing",
    "youth_service",
)
OTHERS = (
    "nhs_trust",
    "ambulance",
    "police_commissioner",
    "transport_police",
    "probation",
    "district_council",
)


@pytest.mark.parametrize("kind", [*COUNCIL, *OTHERS])
def test_the_services_of_the_council_are_the_council_and_nobody_else_is(kind: str) -> None:
    assert partner_visited(kind) is (Partner.LOCAL_AUTHORITY if kind in COUNCIL else None)
    assert kind in ORGANISATION_KINDS


KINDS = st.sampled_from(
    ["police", "integrated_care_board", "children_social_care", "housing", "nhs_trust", "academy"]
)


@given(KINDS, st.dictionaries(st.sampled_from(Partner), st.booleans()))
def test_a_visit_is_endorsed_by_all_who_have_a_say(kind: str, said: dict[Partner, bool]) -> None:
    needed = may_endorse(kind)
    assert len(needed) == (
        2 if kind in {"police", "integrated_care_board", "children_social_care", "housing"} else 3
    )
    assert all_said_yes(kind, said) is all(said.get(partner) is True for partner in needed)


@pytest.mark.parametrize(
    ("kind", "own", "may"),
    [
        ("police", False, False),
        ("nhs_trust", False, True),
        ("nhs_trust", True, False),
        ("academy", False, True),
    ],
)
def test_whoever_speaks_for_the_visited_agency_takes_no_part(kind: str, own: bool, may: bool) -> None:
    seats = [Seat(Partner.POLICE, 7, "An officer")]
    assert may_take_part(7, kind, seats, own=own) is may
    assert may_take_part(8, "police", seats, own=False)
