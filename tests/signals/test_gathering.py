"""Facts of signals come from where they are kept, and cost the same however many organisations there are."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.actions.models import Action
from app.chasing.models import Exemption, ExemptionKind
from app.core import audit
from app.core.access import Work
from app.core.addresses import mark_undeliverable
from app.core.models import AddressFault
from app.organisations.contacts import add_contact, end_contact
from app.organisations.models import Identifier, Succession
from app.ratings.models import RatingSource
from app.returns.models import EvidenceFile, ScanState
from app.signals import measuring
from app.signals.facts import HELD_STATES, facts_of_round
from app.signals.measuring import Measurer, measure, measure_all
from app.signals.queries import signals_now
from app.signals.rules import SignalKind
from app.visits.lifecycle import HELD, VisitState
from app.visits.models import Visit
from tests import builders
from tests.chasing.scenes import Scene, counted, put
from tests.scrutiny.scenes import issued, rate
from tests.signals.scenes import (
    ALL_GREEN,
    TEXT,
    TODAY,
    keys_of,
    kinds,
    said,
    say,
    set_organisation,
    signed,
    year,
)

pytestmark = pytest.mark.visits
K = SignalKind


def test_a_quiet_school_signals_nothing(work: Work) -> None:
    this = year(work, "Oak")
    signed(work, this, "Oak")
    assert kinds(work, this, "Oak") == set()


# --- the return and its texts ----------------------------------------------------------------------


def test_no_return_late_and_exempt(work: Work) -> None:
    this = year(work, "Silent", "Late", "Exempt", "Gone")
    signed(work, this, "Late", on=date(2026, 11, 13))
    work.session.add(
        Exemption(
            return_id=this.returns["Exempt"], organisation_id=this.places["Exempt"], kind=ExemptionKind.OTHER,
            reason="Agreed", made_at=work.now, made_by=work.actor.user_id,
        )
    )  # fmt: skip
    set_organisation(work, this.places["Gone"], status="gone")
    assert kinds(work, this, "Silent") == {K.NOT_RETURNED}
    assert kinds(work, this, "Late") == {K.LATE}
    assert kinds(work, this, "Exempt") == kinds(work, this, "Gone") == set()


def test_more_time_counts(work: Work) -> None:
    this = year(work, "Oak")
    put(work, this.returns["Oak"], due_on=date(2026, 11, 20))
    assert kinds(work, this, "Oak") == set()


def test_texts_are_measured_when_signed_and_no_text_is_stored(work: Work) -> None:
    this = year(work, "Oak")
    keys = keys_of(work, this)
    green = {"level": "green", "evidence": "Seen"}
    say(work, this, "Oak", {key: {**green, "comment": TEXT} for key in keys[:12]})
    signed(work, this, "Oak")
    assert kinds(work, this, "Oak") == {K.IDENTICAL, K.HASTY, K.ALL_GREEN}
    assert "12 standards" in said(work, this, "Oak", K.IDENTICAL)
    assert "in 11 minutes" in said(work, this, "Oak", K.HASTY)
    stored = work.session.execute(text("SELECT measured::text FROM signal_measure")).scalars().all()
    assert stored
    assert not any("understood" in each or "Seen" in each for each in stored)


def test_two_people_and_an_action_are_neither_hasty_nor_all_green(work: Work) -> None:
    this = year(work, "Oak")
    other = builders.contact(work, this.places["Oak"], "second@example.org")
    answers = {key: {"level": "green"} for key in keys_of(work, this)[:12]}
    answers[keys_of(work, this)[0]]["action_what"] = "Ask the children"
    say(work, this, "Oak", answers, by=(work.actor.user_id, other))
    signed(work, this, "Oak")
    assert kinds(work, this, "Oak") == set()


def test_last_years_texts_are_found_again_also_at_the_only_predecessor(work: Work) -> None:
    before = year(work, "Old", due=date(2026, 10, 12))
    texts = {key: {"comment": f"{TEXT} number {key}"} for key in keys_of(work, before)[:6]}
    say(work, before, "Old", texts, minutes=9)
    signed(work, before, "Old", on=date(2026, 10, 10))
    this = year(work, "New", previous=before.round_id)
    work.session.add(Succession(predecessor_id=before.places["Old"], successor_id=this.places["New"]))
    say(work, this, "New", texts, minutes=9)
    signed(work, this, "New")
    assert "6 of 6 comments" in said(work, this, "New", K.UNCHANGED)


def test_a_file_that_was_carried_over_is_as_old_as_its_first_upload(work: Work) -> None:
    this = year(work, "Oak")
    old, new = (_file(work, this, day) for day in (datetime(2023, 5, 1, tzinfo=UTC), work.now))
    work.session.execute(
        text("UPDATE evidence_file SET carried_from = :old WHERE id = :new"), {"old": old, "new": new}
    )
    work.session.execute(
        text("UPDATE evidence_file SET removed_at = :at, removed_by = :by WHERE id = :old"),
        {"at": work.now, "by": work.actor.user_id, "old": old},
    )
    signed(work, this, "Oak")
    assert "the oldest is of 2023" in said(work, this, "Oak", K.OLD_EVIDENCE)


def _file(work: Work, this: Scene, at: datetime) -> int:
    made = EvidenceFile(
        organisation_id=this.places["Oak"], return_id=this.returns["Oak"],
        standard_key=keys_of(work, this)[0],
        name="Policy.pdf", type_key="pdf", size=1, sha256="0", stored_as="0", uploaded_at=at,
        uploaded_by=work.actor.user_id, scan_state=ScanState.CLEAN,
    )  # fmt: skip
    work.session.add(made)
    work.session.flush()
    return made.id or 0


def test_a_return_is_measured_once_for_each_edition(work: Work, engine: Engine) -> None:
    measure_all(engine, work.now)
    this = year(work, "Oak", "Open")
    signed(work, this, "Oak")
    step = Measurer(engine)
    assert [step(work.now), step(work.now)] == [1, 0]
    put(work, this.returns["Oak"], edition=2)
    waits = signals_now(work.session, TODAY, (this.places["Oak"],))[this.places["Oak"]]
    assert waits.waits, "an edition that was not measured is not taken for another one"
    work.session.commit()
    assert [step(work.now), step(work.now)] == [1, 0]


# --- ratings ---------------------------------------------------------------------------------------


def test_ratings_are_compared_with_last_year_and_with_the_validated_ones(work: Work) -> None:
    before = year(work, "Oak", due=date(2026, 10, 12))
    signed(work, before, "Oak", on=date(2026, 10, 10))
    this = issued(work, before.places, previous=before.round_id, due=date(2026, 11, 12))
    rate(work, this, "Oak", "Re R G G", ALL_GREEN)
    assert kinds(work, this, "Oak") == {K.DOWN, K.UNEVIDENCED} - {K.UNEVIDENCED}
    assert " from green to " in said(work, this, "Oak", K.DOWN)
    rate(work, this, "Oak", "Re R G G", "A A A A", ALL_GREEN, source=RatingSource.VALIDATED)
    assert kinds(work, this, "Oak") == {K.DOWN, K.VALIDATED_BELOW}
    assert said(work, this, "Oak", K.DOWN).count(" from green to ") == 2


def test_greens_without_evidence_are_counted_over_all_domains(work: Work) -> None:
    this = year(work, "Oak")
    signed(work, this, "Oak", "G G Ge Ge", "G Ge Ge Ge", "G G G Ge")
    assert kinds(work, this, "Oak") <= {K.UNEVIDENCED}


def test_far_from_peers_needs_five_others_of_the_same_kind_and_phase(work: Work) -> None:
    names = [f"School {number}" for number in range(6)]
    this = year(work, *names)
    for name in names[:5]:
        signed(work, this, name)
    signed(work, this, names[5], "A A A A")
    assert K.FAR_FROM_PEERS in kinds(work, this, names[5])
    assert K.FAR_FROM_PEERS not in kinds(work, this, names[0])
    few = year(work, *(f"Nursery {number}" for number in range(5)), phase="nursery")
    for number in range(4):
        signed(work, few, f"Nursery {number}")
    signed(work, few, "Nursery 4", "A A A A")
    assert K.FAR_FROM_PEERS not in kinds(work, few, "Nursery 4")


# --- the organisation ------------------------------------------------------------------------------


@pytest.fixture
def oak(work: Work) -> Scene:
    this = year(work, "Oak")
    signed(work, this, "Oak")
    return this


def test_overdue_actions(work: Work, oak: Scene) -> None:
    for number, day in enumerate((date(2026, 11, 15), date(2026, 11, 16))):
        work.session.add(
            Action(
                organisation_id=oak.places["Oak"], return_id=oak.returns["Oak"], round_id=oak.round_id,
                domain_key="a", standard_key=str(number), level="red", what="Do", owner="Us", due_on=day,
                created_at=work.now,
            )
        )  # fmt: skip
    assert said(work, oak, "Oak", K.OVERDUE_ACTIONS) == "1 action is overdue, the first since 15 Nov 2026"


def test_a_new_lead_is_one_that_followed_another(work: Work, oak: Scene) -> None:
    place, role = oak.places["Oak"], "designated_safeguarding_lead"
    long_ago = Work(work.session, work.actor, work.now - timedelta(days=400))
    first = add_contact(long_ago, place, name="Ann First", email="ann@oak.example.org", role=role)
    add_contact(work, place, name="Bo Deputy", email="bo@oak.example.org", role="deputy_safeguarding_lead")
    assert kinds(work, oak, "Oak") == set()
    end_contact(work, place, first)
    add_contact(work, place, name="Cy Second", email="cy@oak.example.org", role=role)
    assert "a new designated safeguarding lead since 16 Nov 2026" in said(work, oak, "Oak", K.NEW_LEADERS)


def test_a_new_head_in_the_register_is_a_new_head(work: Work, oak: Scene) -> None:
    place = oak.places["Oak"]
    audit.record(
        work, "organisation.changed", ("organisation", place), organisation_id=place,
        fields=[["pupils", 200, 210], ["head_name", "", "Ann First"]],
    )  # fmt: skip
    assert kinds(work, oak, "Oak") == set()
    audit.record(
        work, "organisation.changed", ("organisation", place), organisation_id=place,
        fields=[["head_name", "Ann First", "Cy Second"]],
    )  # fmt: skip
    sentence = said(work, oak, "Oak", K.NEW_LEADERS)
    assert sentence == "There is a new head teacher since 16 Nov 2026"


def test_a_new_number_as_an_academy_is_a_conversion(work: Work, oak: Scene) -> None:
    place = oak.places["Oak"]
    for value, first, last in (("100", None, date(2026, 8, 31)), ("200", date(2026, 9, 1), None)):
        work.session.add(
            Identifier(organisation_id=place, scheme="urn", value=value, valid_from=first, valid_to=last)
        )
    work.session.flush()
    assert kinds(work, oak, "Oak") == set()
    set_organisation(work, place, governance="academy")
    assert said(work, oak, "Oak", K.CONVERTED) == "It became an academy on 1 Sep 2026"


def test_an_academy_that_follows_a_school_converted_and_one_that_follows_an_academy_did_not(
    work: Work,
) -> None:
    this = year(work, "School", "Academy", "From school", "From academy")
    for name in ("Academy", "From school", "From academy"):
        set_organisation(work, this.places[name], governance="academy")
    for before, after in (("School", "From school"), ("Academy", "From academy")):
        work.session.add(
            Succession(
                predecessor_id=this.places[before], successor_id=this.places[after], on_date=date(2026, 9, 1)
            )
        )
        signed(work, this, after)
    assert kinds(work, this, "From school") == {K.CONVERTED}
    assert kinds(work, this, "From academy") == set()


def test_mails_that_do_not_arrive(work: Work, oak: Scene) -> None:
    for number in range(2):
        builders.contact(work, oak.places["Oak"], f"oak-{number}-{oak.round_id}@example.org")
    mark_undeliverable(
        work.session, f"oak-1-{oak.round_id}@example.org", AddressFault.REFUSED, "No such user", work.now
    )
    assert said(work, oak, "Oak", K.BOUNCED) == "Mails to 1 of 2 contacts do not arrive"


def test_the_last_visit_that_was_held(work: Work) -> None:
    this = year(work, "Agency", duty="section_11", governance="agency")
    signed(work, this, "Agency")
    assert kinds(work, this, "Agency") == {K.LONG_SINCE_VISIT}
    for state, day in ((VisitState.CLOSED, date(2024, 5, 1)), (VisitState.DATED, date(2026, 12, 1))):
        work.session.add(
            Visit(
                organisation_id=this.places["Agency"], state=state, selected_at=work.now, visit_on=day,
                framework_due=day, return_due=day,
            )
        )  # fmt: skip
    assert "on 1 May 2024" in said(work, this, "Agency", K.LONG_SINCE_VISIT)


def test_the_states_of_a_visit_that_was_held_are_those_of_its_room() -> None:
    assert set(HELD_STATES) == {state.value for state in HELD}


# --- which return, and what it costs ---------------------------------------------------------------


def test_last_years_heat_map_is_not_marked_with_what_stands_now(work: Work) -> None:
    before = year(work, "Agency", due=date(2026, 10, 12), duty="section_11")
    signed(work, before, "Agency", on=date(2026, 10, 10))
    (then,) = facts_of_round(work.session, before.round_id, TODAY)
    assert then.standing
    later = issued(work, before.places, previous=before.round_id, due=date(2027, 1, 12))
    (then,), (now,) = (facts_of_round(work.session, each.round_id, TODAY) for each in (before, later))
    assert (then.standing, now.standing) == (False, True)
    # The return that says something is last year's, and what stands now belongs to the organisation.
    found = signals_now(work.session, TODAY, (before.places["Agency"],))[before.places["Agency"]]
    assert found.return_id == before.returns["Agency"]
    assert [each.kind for each in found.signals] == [K.LONG_SINCE_VISIT]


@pytest.fixture
def grown(work: Work) -> tuple[Scene, Scene]:
    """A round of two schools and one of twelve, both with a year behind them."""
    made = []
    for size in (2, 12):
        names = [f"School {size}-{number}" for number in range(size)]
        before = year(work, *names, due=date(2026, 10, 12))
        this = issued(work, before.places, previous=before.round_id, due=date(2026, 11, 12))
        for scene in (before, this):
            for name in names:
                rate(work, scene, name, "R G A G", ALL_GREEN)
        made.append(this)
    return made[0], made[1]


def test_gathering_and_measuring_cost_the_same_for_two_and_for_twelve(
    work: Work, engine: Engine, grown: tuple[Scene, Scene]
) -> None:
    costs = []
    for this in grown:
        with Session(engine) as session, counted(engine) as statements:
            facts_of_round(session, this.round_id, TODAY)
            signals_now(session, TODAY, this.places.values())
        costs.append(len(statements))
    assert costs == [7, 7], "three for a round, three and the settings for organisations"
    measured = []
    for most in (2, 12):
        with Session(engine) as session, counted(engine) as statements:
            assert measure(session, work.now, most=most) == most
        measured.append(len([each for each in statements if not each.startswith(("BEGIN", "COMMIT"))]))
    assert measured[0] == measured[1]


def test_control_a_statement_for_each_return_is_noticed(
    work: Work, engine: Engine, grown: tuple[Scene, Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert grown
    whole = measuring.measured_of

    def one_by_one(*given: object) -> object:
        session.connection().execute(text("SELECT 1"))
        return whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "measured_of", one_by_one)
    costs = []
    for most in (2, 12):
        with Session(engine) as session, counted(engine) as statements:
            measure(session, work.now, most=most)
        costs.append(len(statements))
    assert costs[1] == costs[0] + 10
