"""Evidence files: given, shown, opened, taken away, used again, and frozen with the signature."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlmodel import col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.models import AuditEvent
from app.core.settings import settings
from app.core.storage import LocalFolder
from app.organisations.models import Organisation, OrganisationStatus
from app.returns import queries, signoff
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import RoundState
from tests import builders
from tests.conftest import ClientAs
from tests.returns.evidence_scenes import School, asked, file_rows, lead_of, school, send
from tests.returns.file_makers import GOOD, pdf

pytestmark = [pytest.mark.files, pytest.mark.faults]


@pytest.fixture
def store(app: FastAPI, tmp_path: Path) -> Iterator[LocalFolder]:
    """The program's files, in a folder of this test."""
    before, app.state.storage = app.state.storage, LocalFolder(tmp_path / "evidence")
    yield app.state.storage
    app.state.storage = before


@pytest.fixture
def place(work: Work, store: LocalFolder) -> School:
    assert store
    return school(work)


def stored(store: LocalFolder) -> int:
    return len(list(store.items()))


def events(work: Work, name: str) -> list[AuditEvent]:
    work.session.rollback()
    return list(
        work.session.execute(
            select(AuditEvent).where(col(AuditEvent.event) == name).order_by(col(AuditEvent.id))
        ).scalars()
    )


@pytest.mark.parametrize("key", GOOD)
def test_each_kind_is_taken_shown_and_opened_unchanged(place: School, client_as: ClientAs, key: str) -> None:
    lead, (name, content) = lead_of(place, client_as), GOOD[key]
    reply = send(lead, place, name, content)
    assert (reply.status_code, reply.headers["location"]) == (303, f"{place.evidence}?done=added")
    shown = lead.get(reply.headers["location"]).text
    assert name in shown
    assert "The file was added" in shown
    opened = lead.get(f"{place.path}/files/{last_id(lead, place)}")
    assert opened.status_code == 200
    assert opened.content == content


def last_id(client: object, place: School) -> int:
    import re  # noqa: PLC0415

    page = client.get(place.evidence).text  # type: ignore[attr-defined]
    return max(int(found) for found in re.findall(rf"{place.path}/files/(\d+)", page))


def test_a_file_is_offered_for_saving_and_can_do_nothing_in_a_browser(
    place: School, client_as: ClientAs
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place, "Bericht über “alles”; x=1.pdf")
    opened = lead.get(f"{place.path}/files/{last_id(lead, place)}")
    assert opened.headers["content-type"] == "application/pdf"
    assert opened.headers["content-length"] == str(len(opened.content))
    assert opened.headers["content-disposition"] == (
        'attachment; filename="Bericht _ber _alles__ x_1.pdf"'
        "; filename*=UTF-8''Bericht%20%C3%BCber%20%E2%80%9Calles%E2%80%9D_%20x%3D1.pdf"
    )
    assert opened.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert opened.headers["x-content-type-options"] == "nosniff"
    assert opened.headers["cache-control"] == "no-store"
    # The control: pages that are shown keep the policy of pages.
    assert "sandbox" not in lead.get(place.evidence).headers["content-security-policy"]


@pytest.mark.access
def test_only_those_who_may_read_the_answer_find_the_file(
    place: School, client_as: ClientAs, work: Work
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    path = f"{place.path}/files/{last_id(lead, place)}"
    other = school(work, "Another School")
    for role in OrganisationRole:
        assert client_as(role, organisation=place.this.organisation_id).get(path).status_code == 200
        stranger = client_as(role, organisation=other.this.organisation_id)
        for hidden in (path, place.evidence, f"{place.path}/files"):
            refused = stranger.get(hidden)
            assert refused.status_code == 404
            assert "Policy.pdf" not in refused.text
        # Nor under the stranger's own return.
        assert stranger.get(path.replace(place.path, other.path)).status_code == 404
    may = {
        PartnershipRole.BOARD_MANAGER: 200,
        PartnershipRole.PSO: 200,
        PartnershipRole.INDEPENDENT_SCRUTINEER: 200,
        PartnershipRole.SAFEGUARDING_PARTNER: 404,
        PartnershipRole.ADMINISTRATOR: 404,
    }
    for partnership_role, status in may.items():
        assert client_as(partnership_role).get(path).status_code == status, partnership_role
    assert client_as(PartnershipRole.PSO, second_factor=False).get(path).status_code in {303, 404}
    assert client_as().get(path).status_code == 303


@pytest.mark.access
def test_nobody_but_its_own_people_adds_or_removes(place: School, client_as: ClientAs, work: Work) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    remove = f"{place.path}/files/{last_id(lead, place)}/remove"
    other = school(work, "Another School")
    for stranger in (
        client_as(PartnershipRole.BOARD_MANAGER),
        client_as(OrganisationRole.LEAD, organisation=other.this.organisation_id),
    ):
        assert send(stranger, place).status_code == 404
        assert stranger.post(remove).status_code == 404
        assert stranger.post(f"{place.evidence}/last-year").status_code == 404
    assert [row.removed_at for row in file_rows(work, place)] == [None]
    assert lead.post(remove).status_code == 303  # the control


def test_an_organisation_that_is_gone_still_opens_its_files(
    place: School, client_as: ClientAs, work: Work
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    gone = work.session.get_one(Organisation, place.this.organisation_id)
    gone.status = OrganisationStatus.GONE
    rounds.set_state(work, place.this.round_id, RoundState.CLOSED)
    work.session.commit()
    assert lead.get(f"{place.path}/files/{last_id(lead, place)}").status_code == 200
    assert send(lead, place, "Late.pdf", pdf(b"% late")).status_code == 422
    assert len(file_rows(work, place)) == 1


def test_what_is_wrong_is_said_on_the_page_and_nothing_is_kept(
    place: School, client_as: ClientAs, work: Work, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    refused = send(lead, place, "<script>alert(1)</script>.pdf", b"MZ\x90" + b"\0" * 100)
    assert refused.status_code == 422
    assert "This file is a program, or holds one" in refused.text
    assert "<script>alert" not in refused.text
    assert "Choose the file" in lead.post(place.evidence, data={"file": ""}).text
    too_large = send(lead, place, "Large.txt", b"x" * (settings().evidence_file_bytes + 1))
    assert too_large.status_code == 422
    assert "is larger than 10 MB" in too_large.text
    assert send(lead, place, "Just.txt", b"x" * settings().evidence_file_bytes).status_code == 303
    assert len(file_rows(work, place)) == stored(store) == 1


def test_far_too_much_is_not_kept(place: School, client_as: ClientAs, store: LocalFolder) -> None:
    refused = send(lead_of(place, client_as), place, "Huge.txt", b"x" * 31_000_000)
    assert refused.status_code == 422
    assert "is larger than 10 MB, which is the most" in refused.text
    assert stored(store) == 0


def test_the_same_file_twice_is_one_and_another_of_its_name_is_told_apart(
    place: School, client_as: ClientAs, work: Work, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    for content in (pdf(), pdf(), pdf(b"% second"), pdf(b"% second"), pdf(b"% third")):
        assert send(lead, place, "Policy.pdf", content).status_code == 303
    assert [row.name for row in file_rows(work, place)] == [
        "Policy.pdf",
        "Policy (2).pdf",
        "Policy (3).pdf",
    ]
    assert stored(store) == 3
    assert len(events(work, "evidence.added")) >= 3


def test_there_is_room_for_twenty_files_beside_a_standard(
    place: School, client_as: ClientAs, store: LocalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings().evidence_files_per_standard == 20
    monkeypatch.setattr(settings(), "evidence_files_per_standard", 2)
    lead = lead_of(place, client_as)
    replies = [send(lead, place, f"{number}.pdf", pdf(b"%% %d" % number)) for number in range(3)]
    assert [reply.status_code for reply in replies] == [303, 303, 422]
    assert "room for 2 files" in replies[2].text
    assert stored(store) == 2
    lead.post(f"{place.path}/files/{last_id(lead, place)}/remove")
    assert send(lead, place, "2.pdf", pdf(b"% 2")).status_code == 303


def test_a_colleague_s_removal_is_audited_and_the_file_is_gone(
    place: School, client_as: ClientAs, work: Work
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    path = f"{place.path}/files/{last_id(lead, place)}"
    colleague = client_as(OrganisationRole.CONTRIBUTOR, organisation=place.this.organisation_id)
    assert "Remove" in colleague.get(place.evidence).text
    assert colleague.post(f"{path}/remove").status_code == 303
    assert colleague.post(f"{path}/remove").status_code == 404
    assert lead.get(path).status_code == 404
    assert "Policy.pdf" not in lead.get(place.evidence).text
    event = events(work, "evidence.removed")[-1]
    assert event.actor_name.startswith("Contributor")
    assert (event.subject_id, event.detail["name"]) == (place.this.id, "Policy.pdf")


def test_a_file_counts_as_evidence_and_as_work_begun(place: School, client_as: ClientAs, work: Work) -> None:
    lead = lead_of(place, client_as)
    person = builders.as_person(work, place.this.organisation_id)
    builders.save(person, place.this.id, place.key, AnswerValues(level="green"))
    work.session.commit()
    assert "no evidence given" in lead.get(f"{place.path}/check").text
    send(lead, place)
    checked = lead.get(f"{place.path}/check").text
    assert "no evidence given" not in checked
    assert "1 file: Policy.pdf" in checked
    answers = queries.answers(work.session, work.actor, place.this.id)
    assert list(answers[place.key].values.files) == ["Policy.pdf"]
    assert place.again(work).opened_at is not None


def test_it_shows_beside_the_question_to_its_people_and_to_readers(
    place: School, client_as: ClientAs
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    page = f"{place.path}/{place.domain}"
    own = lead.get(page).text
    assert "1 file:" in own
    assert f'href="{place.evidence}" target="_blank"' in own
    read = client_as(PartnershipRole.PSO).get(page).text
    assert f"{place.path}/files/" in read
    assert "Policy.pdf" in read
    fragment = lead.get(f"{place.path}/files?domain={place.domain}").text
    assert "Policy.pdf" in fragment
    assert "<html" not in fragment
    assert "Policy.pdf" in lead.get(f"{place.path}/files").text


def test_questions_that_are_not_rated_take_no_files(place: School, client_as: ClientAs) -> None:
    lead = lead_of(place, client_as)
    closing = place.questionnaire.closing[0].key
    assert lead.get(f"{place.path}/closing/{closing}/evidence").status_code == 404
    assert lead.get(f"{place.path}/{place.domain}/no-such/evidence").status_code == 404


@pytest.fixture
def signed(place: School, client_as: ClientAs, work: Work) -> School:
    """The school's return, signed with one file in it."""
    send(lead_of(place, client_as), place)
    person = builders.as_person(work, place.this.organisation_id)
    builders.answer_all(person, place.this, **{place.key.replace("-", "_"): AnswerValues(level="green")})
    signoff.sign(person, place.again(work), declared=True)
    work.session.commit()
    return place


def test_a_signature_freezes_names_and_hashes_and_nothing_is_added_or_removed_after(
    signed: School, client_as: ClientAs, work: Work, store: LocalFolder
) -> None:
    (row,) = file_rows(work, signed)
    edition = queries.latest_signed(work.session, work.actor, signed.this.id)
    assert edition is not None
    (frozen,) = edition.content["files"][signed.key]
    assert (frozen["name"], frozen["sha256"], frozen["size"]) == (row.name, row.sha256, row.size)
    assert row.signed_edition == 1
    lead = lead_of(signed, client_as)
    late = send(lead, signed, "Late.pdf", pdf(b"% late"))
    assert late.status_code == 422
    assert "signed" in late.text
    assert lead.post(f"{signed.path}/files/{row.id}/remove").status_code == 422
    assert lead.post(f"{signed.evidence}/last-year").status_code == 422
    assert [each.removed_at for each in file_rows(work, signed)] == [None]
    assert stored(store) == 1
    assert row.sha256 in lead.get(f"{signed.path}/receipt").text
    assert "We gave 1 file as evidence" in lead.get(f"{signed.path}/governors").text
    # The control: sent back, it can be changed again.
    signoff.send_back(work, signed.this.id, "Look again")
    work.session.commit()
    assert send(lead, signed, "Late.pdf", pdf(b"% late")).status_code == 303


def test_a_file_removed_after_sending_back_stays_open_for_the_edition_that_was_signed(
    signed: School, client_as: ClientAs, work: Work
) -> None:
    signoff.send_back(work, signed.this.id, "Look again")
    work.session.commit()
    lead = lead_of(signed, client_as)
    (row,) = file_rows(work, signed)
    lead.post(f"{signed.path}/files/{row.id}/remove")
    assert "Policy.pdf" not in lead.get(signed.evidence).text
    assert lead.get(f"{signed.path}/files/{row.id}").status_code == 200


def test_a_signatory_signs_the_files_that_they_saw(place: School, client_as: ClientAs, work: Work) -> None:
    person = builders.as_person(work, place.this.organisation_id)
    builders.answer_all(person, place.this)
    work.session.commit()
    seen = signoff.seen_mark(queries.values_of(queries.answers(work.session, work.actor, place.this.id)))
    send(lead_of(place, client_as), place)
    now = signoff.seen_mark(queries.values_of(queries.answers(work.session, work.actor, place.this.id)))
    assert seen != now


def test_last_year_s_files_are_used_again_with_one_click(
    signed: School, client_as: ClientAs, work: Work, store: LocalFolder
) -> None:
    this_year = asked(work, signed.this.organisation_id, previous=signed.this.round_id)
    lead = lead_of(this_year, client_as)
    assert "Files of last year" in lead.get(this_year.evidence).text
    assert lead.post(f"{this_year.evidence}/last-year").status_code == 303
    (before,), (after,) = file_rows(work, signed), file_rows(work, this_year)
    assert (after.stored_as, after.sha256, after.carried_from) == (before.stored_as, before.sha256, before.id)
    assert stored(store) == 1
    again = lead.get(this_year.evidence).text
    assert "Files of last year" not in again
    assert ", from last year" in again
    lead.post(f"{this_year.evidence}/last-year")
    assert len(file_rows(work, this_year)) == 1
    assert lead.get(f"{this_year.path}/files/{after.id}").content == pdf()
    assert events(work, "evidence.carried_over")[-1].detail["carried_from"] == before.id


@pytest.mark.access
def test_nobody_carries_over_what_they_may_not_read(signed: School, client_as: ClientAs, work: Work) -> None:
    """An id of another school's file in the form is ignored."""
    other = school(work, "Another School")
    lead = lead_of(other, client_as)
    (row,) = file_rows(work, signed)
    assert lead.post(f"{other.evidence}/last-year", data={"file_id": str(row.id)}).status_code == 303
    assert file_rows(work, other) == []


def test_the_workbook_names_the_files_of_each_answer(signed: School, client_as: ClientAs, work: Work) -> None:
    lead = lead_of(signed, client_as)
    for client, path in (
        (lead, f"{signed.path}/answers.xlsx"),
        (client_as(PartnershipRole.BOARD_MANAGER), f"/rounds/{signed.this.round_id}/workbook.xlsx"),
    ):
        with zipfile.ZipFile(io.BytesIO(client.get(path).content)) as book:
            texts = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
        assert "Policy.pdf" in texts
        assert "Evidence files" in texts
        if client is lead:
            assert f"Policy.pdf ({file_rows(work, signed)[0].sha256})" in texts


def test_a_file_whose_content_is_lost_is_not_found(
    place: School, client_as: ClientAs, work: Work, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    (row,) = file_rows(work, place)
    store.remove(row.stored_as)
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 404


def test_the_database_holds_no_half_removed_file(place: School, work: Work, client_as: ClientAs) -> None:
    send(lead_of(place, client_as), place)
    with pytest.raises(Exception, match="ck_evidence_file_removed"):
        work.session.execute(text("UPDATE evidence_file SET removed_at = now()"))
    work.session.rollback()
