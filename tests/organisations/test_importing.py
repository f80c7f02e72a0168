"""A register file is looked at, then applied as a whole."""

import sys
import time
from datetime import date

import pytest
from sqlalchemy import Engine, event

from app.core.access import Work
from app.core.errors import NotFoundError, RefusedError
from app.organisations import applying, service
from app.organisations.models import ImportState, OrganisationStatus, RegisterImport
from app.organisations.service import Applied, RegisterChangedError
from tests import builders
from tests.organisations import import_steps
from tests.organisations.import_steps import (
    apply,
    events,
    have,
    identifiers,
    look,
    organisations,
    rows_of_register,
    schools,
    second,
)
from tests.organisations.register_builder import as_csv, as_xlsx, register, school
from tests.waiting import backends, waited

empty_register = import_steps.empty_register


# --- schools --------------------------------------------------------------------------------------


def test_looking_at_a_file_changes_nothing_and_applying_it_adds_the_schools(work: Work) -> None:
    import_id = schools(work, school(), second())
    assert organisations(work) == {}
    assert [each.name for each in look(work, import_id).new] == [
        "Wold View Primary School",
        "Humber Road School",
    ]
    assert apply(work, import_id) == Applied(added=2)
    made = organisations(work)["117900"]
    assert (made.kind, made.duty, made.phase, made.pupils) == (
        "maintained_school",
        "section_175",
        "primary",
        212,
    )
    opened = date(1975, 9, 1)
    assert identifiers(work, made.id) == {
        ("urn", "117900", opened, None),
        ("laestab", "812/2000", opened, None),
        ("ukprn", "10070001", opened, None),
    }
    assert {each.organisation_id for each in events(work, "organisation.added")} >= {made.id}


def test_importing_the_same_file_again_changes_nothing(work: Work) -> None:
    have(work, school(), second())
    before = rows_of_register(work)
    again = schools(work, school(), second())
    assert look(work, again).counts == (("Unchanged", 2),)
    assert not look(work, again).changes_anything
    assert apply(work, again) == Applied()
    assert rows_of_register(work) == before


def test_a_changed_school_shows_before_and_after_and_its_history(work: Work) -> None:
    have(work, school(), second())
    import_id = schools(work, school(NumberOfPupils="230", EstablishmentNumber="2050"), second())
    (changed,) = look(work, import_id).changed
    assert changed.fields == [("Pupils", "212", "230"), ("LAESTAB", "812/2000", "812/2050")]
    assert apply(work, import_id) == Applied(changed=1)
    made = organisations(work)["117900"]
    assert made.pupils == 230
    today = date(2026, 11, 16)
    assert ("laestab", "812/2000", date(1975, 9, 1), today) in identifiers(work, made.id)
    assert ("laestab", "812/2050", today, None) in identifiers(work, made.id)
    (told,) = [each for each in events(work, "organisation.changed") if each.organisation_id == made.id]
    assert told.detail["fields"] == [["pupils", 212, 230], ["laestab", "812/2000", "812/2050"]]


def test_a_column_that_the_file_lacks_empties_nothing(work: Work) -> None:
    have(work, school())
    few = (
        "URN",
        "LA (code)",
        "EstablishmentName",
        "TypeOfEstablishment (code)",
        "EstablishmentStatus (code)",
    )
    data = as_csv([school()], columns=few, encoding="utf-8")
    import_id = service.preview_schools(work, data, "few.csv", "812").id or 0
    assert look(work, import_id).counts == (("Unchanged", 1),)


def test_only_open_schools_of_the_authority_in_scope_are_taken_and_the_rest_is_counted(work: Work) -> None:
    import_id = schools(
        work,
        school(),
        second(**{"EstablishmentStatus (code)": "3", "CloseDate": "31-08-2027"}),
        school(**{"URN": "117902", "EstablishmentStatus (code)": "2"}),
        school(**{"URN": "117903", "EstablishmentStatus (code)": "4"}),
        school(**{"URN": "117904", "LA (code)": "919"}),
        school(**{"URN": "117905", "TypeOfEstablishment (code)": "30"}),
        school(**{"URN": "117906", "TypeOfEstablishment (code)": "37"}),
    )
    shown = look(work, import_id)
    assert len(shown.new) == 2
    assert dict(shown.skipped) == {
        "In another local authority": 1,
        "Closed": 1,
        "Proposed to open": 1,
        "A type of establishment that is not asked": 2,
        "Of these: Welsh establishment": 1,
        "Of these: British schools overseas": 1,
    }
    apply(work, import_id)
    assert organisations(work)["117901"].status is OrganisationStatus.CLOSING
    assert organisations(work)["117901"].closes_on == date(2027, 8, 31)


def test_refused_rows_say_why_and_how_to_mend_and_the_others_are_taken(work: Work) -> None:
    import_id = schools(work, school(), second(StatutoryLowAge="four"))
    (refused,) = look(work, import_id).refused
    assert (refused.row, refused.what) == (3, "Humber Road School (URN 117901)")
    assert refused.reason.startswith("StatutoryLowAge is “four”")
    assert refused.mend
    assert apply(work, import_id).added == 1


def test_a_known_school_whose_row_is_refused_has_not_gone(work: Work) -> None:
    have(work, school(), second())
    shown = look(work, schools(work, school(), second(StatutoryLowAge="four")))
    assert shown.gone == ()


def test_schools_that_are_missing_stay_unless_somebody_says_that_they_have_gone(work: Work) -> None:
    many = [second(URN=str(200_000 + n), EstablishmentNumber=str(3000 + n), UKPRN="") for n in range(9)]
    have(work, school(), *many)
    rows = [*many, school(**{"EstablishmentStatus (code)": "2", "CloseDate": "31-08-2026"})]
    import_id = schools(work, *rows)
    (gone,) = look(work, import_id).gone
    assert (gone.name, gone.why) == ("Wold View Primary School", "Closed on 31 Aug 2026")
    assert apply(work, import_id) == Applied()
    assert organisations(work)["117900"].status is OrganisationStatus.OPEN
    assert apply(work, schools(work, *rows), gone=True) == Applied(gone=1)
    made = organisations(work)["117900"]
    assert (made.status, made.closes_on) == (OrganisationStatus.GONE, date(2026, 8, 31))
    assert look(work, schools(work, *rows)).counts == (("Unchanged", 9),)
    assert apply(work, schools(work, school(), *many)).changed == 1
    assert organisations(work)["117900"].status is OrganisationStatus.OPEN


def test_a_wrong_file_does_not_empty_the_register(work: Work) -> None:
    have(work, school(), second())
    import_id = schools(work, school())
    with pytest.raises(RefusedError, match="questions") as refused:
        apply(work, import_id, gone=True)
    assert refused.value.problems["many_gone"].startswith("1 of 2 would go")
    assert organisations(work)["117901"].status is OrganisationStatus.OPEN
    assert apply(work, import_id, gone=True, many_gone=True).gone == 1


def test_schools_of_another_authority_are_not_missed(work: Work) -> None:
    have(work, second(**{"LA (code)": "919"}), la="919")
    assert look(work, schools(work, school())).gone == ()
    have(work, school())
    assert look(work, schools(work, second(**{"LA (code)": "919"}), la="919")).gone == ()


def test_a_school_without_an_establishment_number_is_missed_by_its_authority(work: Work) -> None:
    have(work, school(EstablishmentNumber=""), second())
    assert [each.code for each in look(work, schools(work, second())).gone] == ["117900"]


def test_two_schools_that_claim_one_number_are_both_taken_and_only_one_has_it(work: Work) -> None:
    rows = (school(), second(EstablishmentNumber="2000"))
    import_id = schools(work, *rows)
    assert look(work, import_id).notes == (
        "Humber Road School (117901): LAESTAB 812/2000 belongs to another organisation, which keeps it.",
    )
    apply(work, import_id)
    assert look(work, schools(work, *rows)).counts == (("Unchanged", 2),)
    swapped = (school(EstablishmentNumber="2001"), second(EstablishmentNumber="2000"))
    apply(work, schools(work, *swapped))
    by_urn = organisations(work)
    assert ("laestab", "812/2000", date(2026, 11, 16), None) in identifiers(work, by_urn["117901"].id)
    assert look(work, schools(work, *swapped)).counts == (("Unchanged", 2),)


# --- applying -------------------------------------------------------------------------------------


def test_a_register_that_changed_since_the_look_is_not_overwritten(work: Work) -> None:
    have(work, school())
    import_id = schools(work, school(NumberOfPupils="230"))
    have(work, school(NumberOfPupils="240"))
    with pytest.raises(RegisterChangedError, match="has changed since"):
        apply(work, import_id)
    assert organisations(work)["117900"].pupils == 240
    service.renew(work, import_id)
    assert look(work, import_id).changed[0].fields == [("Pupils", "240", "230")]
    apply(work, import_id)
    assert organisations(work)["117900"].pupils == 230


def test_a_change_elsewhere_in_the_register_does_not_stop_an_import(work: Work) -> None:
    import_id = schools(work, school())
    builders.organisation(work, "An agency", kind="police")
    assert apply(work, import_id).added == 1


def test_applying_twice_applies_once(work: Work) -> None:
    import_id = schools(work, school())
    apply(work, import_id)
    before = rows_of_register(work)
    assert service.apply(work, import_id) is None
    assert rows_of_register(work) == before


def test_a_discarded_import_keeps_no_rows_and_cannot_be_applied(work: Work) -> None:
    import_id = schools(work, school())
    service.discard(work, import_id)
    service.discard(work, import_id)
    stored = work.session.get_one(RegisterImport, import_id)
    assert (stored.state, stored.rows, stored.preview) == (ImportState.DISCARDED, [], {})
    with pytest.raises(RefusedError, match="discarded"):
        apply(work, import_id)
    applied = schools(work, school())
    apply(work, applied)
    with pytest.raises(RefusedError, match="applied already"):
        service.discard(work, applied)
    with pytest.raises(NotFoundError):
        service.apply(work, 10**6)


@pytest.mark.faults
@pytest.mark.parametrize("step", ["_change", "_mark_gone", "_begin", "_succeed", "_tell"])
def test_a_failure_in_the_middle_leaves_nothing(
    work: Work, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = schools(work, school(), second())
    before = rows_of_register(work)

    def fail(*_args: object) -> None:
        raise ConnectionError("the database went away")

    monkeypatch.setattr(applying, step, fail)
    inside = work.session.begin_nested()
    with pytest.raises(ConnectionError):
        apply(work, import_id)
    inside.rollback()
    assert rows_of_register(work) == before
    assert work.session.get_one(RegisterImport, import_id).state is ImportState.PREVIEW
    monkeypatch.undo()
    assert apply(work, import_id).added == 2


# --- wrong files and size -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "la", "field"),
    [
        (b"", "s.csv", "812", "file"),
        (b"%PDF-1.7", "s.csv", "812", "file"),
        (b"URN,Name\n1,x\n", "s.csv", "812", "file"),
        (as_csv([school()]), "s.csv", "8", "la_code"),
        (as_csv([school()]), "s.csv", "919", "file"),
        (as_csv([school()]), "s.exe", "812", "file"),
        (as_xlsx([school()])[:900], "s.xlsx", "812", "file"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(
    work: Work, data: bytes, name: str, la: str, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        service.preview_schools(work, data, name, la)
    assert list(refused.value.problems) == [field]
    assert refused.value.problems[field]
    with pytest.raises(RefusedError) as refused:
        service.preview_schools(work, as_csv([school()]), "s.csv", "812", b"nonsense\n")
    assert list(refused.value.problems) == ["links"]


def statements_of(engine: Engine) -> list[str]:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return seen


def test_the_whole_register_of_50_000_rows_is_imported_in_seconds(work: Work, engine: Engine) -> None:
    """The first import, the same again, and a change of every school, at the size of the real register."""
    data = as_csv(register(50_000))
    times = {}
    at_work = backends(engine)
    queue = waited(at_work)
    for name in ("first", "again"):
        began = time.perf_counter()
        import_id = service.preview_schools(work, data, "edubasealldata.csv", "812").id or 0
        looked = time.perf_counter()
        seen = statements_of(engine)
        applied = apply(work, import_id)
        times[name] = (looked - began, time.perf_counter() - looked, applied, len(seen))
    sys.stdout.write(f"\n50,000 rows, seconds to look and to apply: {times}\n")
    assert times["first"][2].added > 2_000
    assert times["again"][2] == Applied()
    # Bulk inserts are cut into pieces, so statements grow with thousands, not with schools.
    assert times["first"][3] < 60
    # Seconds without the waiting for others on the machine.
    assert sum(each[0] + each[1] for each in times.values()) - (waited(at_work) - queue) < 20
