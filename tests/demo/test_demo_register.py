"""The demo's register and people: believable, and made up throughout."""

import re
from collections import Counter

from sqlalchemy import Engine
from sqlmodel import Session

from app.people.queries import demo_people
from tests.demo.looking import fetch, only, tables

_SCHOOLS = "FROM organisation WHERE status <> 'gone' AND governance <> 'agency'"


def test_there_are_535_schools_and_60_of_them_are_independent(demo: Engine) -> None:
    assert only(demo, f"SELECT count(*) {_SCHOOLS}") == 535
    independent = "AND duty = 'section_157' AND governance = 'independent'"
    assert only(demo, f"SELECT count(*) {_SCHOOLS} {independent}") == 60


def test_the_mix_of_schools_is_believable(demo: Engine) -> None:
    kinds = Counter(dict(fetch(demo, f"SELECT kind, count(*) {_SCHOOLS} GROUP BY kind")))
    assert kinds["special_school"] == 24 + 8
    assert kinds["alternative_provision"] == 9
    assert kinds["nursery_school"] == 6
    assert kinds["college"] == 5
    assert kinds["special_post_16"] == 3
    assert 190 <= kinds["academy"] <= 215
    assert 220 <= kinds["maintained_school"] <= 245
    assert only(demo, f"SELECT count(*) {_SCHOOLS} AND phase = 'secondary'") >= 60
    sizes = [
        count
        for (count,) in fetch(
            demo,
            "SELECT count(*) FROM organisation WHERE trust_code <> '' "
            "GROUP BY trust_code HAVING count(*) > 1",
        )
    ]
    assert len(sizes) == 25
    assert max(sizes) == 18


def test_agencies_of_all_kinds_are_there(demo: Engine) -> None:
    rows = fetch(demo, "SELECT kind, count(*) FROM organisation WHERE governance = 'agency' GROUP BY kind")
    assert 45 <= sum(count for _, count in rows) <= 60
    assert len(rows) == 22
    assert dict(rows)["district_council"] == 8
    assert dict(rows)["general_practice"] == 12


def test_conversions_keep_the_old_number_and_mergers_their_predecessors(demo: Engine) -> None:
    converted = fetch(
        demo,
        "SELECT o.kind, r.facts->>'kind' FROM identifier i JOIN organisation o ON o.id = i.organisation_id "
        'JOIN "return" r ON r.organisation_id = o.id AND r.round_id = 2 '
        "WHERE i.scheme = 'urn' AND i.valid_to IS NOT NULL AND o.status = 'open'",
    )
    assert len(converted) == 9
    assert set(converted) == {("academy", "maintained_school")}
    assert only(demo, "SELECT count(*) FROM succession WHERE merged") == 4
    assert only(demo, "SELECT count(DISTINCT successor_id) FROM succession") == 2


def test_some_names_are_very_long(demo: Engine) -> None:
    assert only(demo, "SELECT count(*) FROM organisation WHERE length(name) >= 90") >= 3


def test_nearly_everybody_has_a_contact(demo: Engine) -> None:
    without = fetch(
        demo,
        "SELECT governance = 'agency', count(*) FROM organisation o WHERE status <> 'gone' AND NOT EXISTS "
        "(SELECT FROM contact c WHERE c.organisation_id = o.id AND c.ended_at IS NULL) GROUP BY 1",
    )
    assert dict(without) == {False: 7, True: 1}
    served = fetch(
        demo, "SELECT count(*) FROM contact WHERE role = 'trust_safeguarding_lead' GROUP BY user_id"
    )
    assert len(served) == 4
    assert max(served) == (12,)


def test_every_address_and_number_is_made_up(demo: Engine) -> None:
    address = re.compile(r"[\w.+'-]+@[\w.-]+\w")
    number = re.compile(r"\b0\d{4} ?\d{6}\b")
    for table in tables(demo):
        for (row,) in fetch(demo, f'SELECT x::text FROM "{table}" x'):
            assert all(found.endswith("example.org") for found in address.findall(row)), row
            if table not in {"answer_version", "signed_return"}:
                assert all(found.startswith("01632 960") for found in number.findall(row)), row
    typed = fetch(demo, "SELECT telephone FROM organisation UNION SELECT telephone FROM contact")
    assert all(re.fullmatch(r"01632 960\d{3}", telephone) for (telephone,) in typed)
    assert only(demo, "SELECT bool_and(postcode LIKE 'ZW%') FROM organisation")


def test_one_person_of_each_role_is_offered_for_signing_in(looking: Session) -> None:
    people = demo_people(looking)
    assert people[0].name == "Morgan Ellery"
    assert [person.role for person in people] == [
        "Board manager", "Administrator", "Professional scrutiny officer", "Safeguarding partner",
        "Independent scrutineer", "Lead", "Contributor", "Signatory", "Lead", "Signatory",
    ]  # fmt: skip
    assert people[5].place == "Ashgrove Primary School"
