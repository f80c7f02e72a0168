"""A school that converts, merges or divides: what the register knew goes on where it should."""

from datetime import date

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.core.access import Work
from app.core.errors import RefusedError
from app.organisations.models import Identifier, Succession
from app.organisations.service import Applied
from tests import builders
from tests.organisations import import_steps
from tests.organisations.import_steps import (
    ACADEMY,
    apply,
    events,
    have,
    identifiers,
    link,
    look,
    organisations,
    schools,
    second,
)
from tests.organisations.register_builder import Row, school

empty_register = import_steps.empty_register


def test_a_conversion_keeps_the_organisation_and_its_history_under_the_new_number(work: Work) -> None:
    have(work, school(), second())
    before = organisations(work)["117900"].id
    rows = (school(**ACADEMY), second(), school(**{"EstablishmentStatus (code)": "2"}))
    import_id = schools(work, *rows, links=[link("148000", "117900")])
    shown = look(work, import_id)
    (continued,) = shown.continued
    assert (continued.before_code, continued.code) == ("117900", "148000")
    assert ("Name", "Wold View Primary School", "Wold View Academy") in continued.fields
    assert shown.gone == ()
    assert apply(work, import_id) == Applied(continued=1)
    made = organisations(work)["148000"]
    assert (made.id, made.kind, made.duty) == (before, "academy", "section_157")
    assert ("urn", "117900", date(1975, 9, 1), date(2026, 8, 31)) in identifiers(work, before)
    assert ("urn", "148000", date(2026, 9, 1), None) in identifiers(work, before)
    assert "117900" not in organisations(work)
    assert look(work, schools(work, *rows, links=[link("148000", "117900")])).counts == (("Unchanged", 2),)
    (told,) = [each for each in events(work, "organisation.renumbered") if each.organisation_id == before]
    assert (told.detail["before"], told.detail["after"]) == ("117900", "148000")


def test_an_older_file_after_a_conversion_is_refused_and_marks_nobody_as_gone(work: Work) -> None:
    have(work, school(), second())
    apply(work, schools(work, school(**ACADEMY), second(), links=[link("148000", "117900")]))
    shown = look(work, schools(work, school(), second()))
    (refused,) = shown.refused
    assert refused.reason == "It is in the register as Wold View Academy, under the later URN 148000"
    assert (shown.new, shown.gone) == ((), ())


def test_without_a_link_a_person_says_whether_it_is_the_same_school(work: Work) -> None:
    have(work, school(), second())
    before = organisations(work)["117900"].id
    import_id = schools(work, school(**ACADEMY), second())
    (question,) = look(work, import_id).decisions
    assert question.must_answer
    assert question.choices == (("117900", "Wold View Primary School", before),)
    with pytest.raises(RefusedError) as refused:
        apply(work, import_id)
    assert list(refused.value.problems) == ["same-148000"]
    with pytest.raises(RefusedError):
        apply(work, import_id, same={"148000": "117901"})
    assert apply(work, import_id, same={"148000": "117900"}) == Applied(continued=1)
    assert organisations(work)["148000"].id == before


def test_a_person_may_say_that_it_is_another_school_at_the_same_place(work: Work) -> None:
    have(work, school(), second())
    before = organisations(work)["117900"].id
    import_id = schools(work, school(**ACADEMY), second())
    assert apply(work, import_id, same={"148000": ""}, gone=True, many_gone=True) == Applied(added=1, gone=1)
    assert organisations(work)["148000"].id != before
    assert work.session.execute(select(Succession)).all() == []
    assert ("laestab", "812/2000", date(2026, 9, 1), None) in identifiers(
        work, organisations(work)["148000"].id
    )
    # The register gives a LAESTAB again; the closed school keeps having had it.
    assert ("laestab", "812/2000", date(1975, 9, 1), date(2026, 9, 1)) in identifiers(work, before)


def test_only_a_number_that_the_register_is_kept_by_is_never_given_twice(work: Work) -> None:
    places = [builders.organisation(work, name) for name in ("Old School", "New Academy")]
    for scheme, value in (("laestab", "812/2001"), ("ukprn", "10012345")):
        work.session.add_all(
            [Identifier(organisation_id=place, scheme=scheme, value=value) for place in places]
        )
    work.session.flush()
    for scheme in ("urn", "slug"):
        rows = [{"organisation_id": place, "scheme": scheme, "value": "190001"} for place in places]
        with pytest.raises(IntegrityError), work.session.begin_nested():
            work.session.execute(insert(Identifier), rows)


def merged() -> tuple[tuple[Row, ...], list[Row]]:
    kinds = "Predecessor - merged"
    return (school(**ACADEMY | {"Postcode": "DN40 1ZZ"}),), [
        link("148000", "117900", kinds),
        link("148000", "117901", kinds),
    ]


def test_a_merger_makes_a_new_organisation_that_both_lead_to(work: Work) -> None:
    have(work, school(), second())
    rows, links = merged()
    import_id = schools(work, *rows, links=links)
    (question,) = look(work, import_id).decisions
    assert (question.verdict, question.must_answer) == ("merged", False)
    assert apply(work, import_id, gone=True, many_gone=True) == Applied(added=1, gone=2)
    found = organisations(work)
    rows_found = work.session.execute(select(Succession)).scalars().all()
    assert {(each.predecessor_id, each.successor_id, each.merged) for each in rows_found} == {
        (found["117900"].id, found["148000"].id, True),
        (found["117901"].id, found["148000"].id, True),
    }


def test_a_merger_may_continue_one_of_its_schools(work: Work) -> None:
    have(work, school(), second())
    rows, links = merged()
    before = organisations(work)
    import_id = schools(work, *rows, links=links)
    assert apply(work, import_id, same={"148000": "117900"}) == Applied(continued=1)
    (only,) = work.session.execute(select(Succession)).scalars().all()
    assert (only.predecessor_id, only.successor_id) == (before["117901"].id, before["117900"].id)
    assert organisations(work)["148000"].id == before["117900"].id


def test_two_schools_cannot_both_continue_one_that_was_divided(work: Work) -> None:
    have(work, school(), second())
    other = school(**ACADEMY | {"URN": "148001", "EstablishmentNumber": "2009", "UKPRN": ""})
    links = [
        link("148000", "117900", "Predecessor - Split School"),
        link("148001", "117900", "Predecessor - Split School"),
    ]
    import_id = schools(work, school(**ACADEMY), other, second(), links=links)
    assert {each.verdict for each in look(work, import_id).decisions} == {"split"}
    with pytest.raises(RefusedError) as refused:
        apply(work, import_id, same={"148000": "117900", "148001": "117900"})
    assert list(refused.value.problems) == ["same-148001"]
    assert apply(work, import_id, same={"148000": "117900", "148001": ""}) == Applied(added=1, continued=1)
    (only,) = work.session.execute(select(Succession)).scalars().all()
    assert only.successor_id == organisations(work)["148001"].id
