"""A visit from selection to close through the room's services, and what is refused on the way."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.actions.models import Action, ActionSource, ActionStatus
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.core.models import AuditEvent, OutboxMessage
from app.returns import queries as returns
from app.returns import signoff
from app.visits import framework, preparing, queries, reporting, service, set_up, sources
from app.visits.enquiry import Ask, Source
from app.visits.framework import Framework
from app.visits.lifecycle import VisitState
from app.visits.models import VisitDraw
from app.visits.report import ReportText
from app.visits.rules import Partner
from app.visits.selection import calibration_draw
from app.visits.service import Word
from tests import builders
from tests.visits import scenes

pytestmark = pytest.mark.visits


def state(work: Work, visit_id: int) -> VisitState:
    return queries.visit_head(work.session, visit_id).state


def kinds_of_mail(work: Work, place: int) -> list[str]:
    rows = work.session.execute(
        select(col(OutboxMessage.kind)).where(col(OutboxMessage.organisation_id) == place)
    )
    return list(dict.fromkeys(rows.scalars()))


def test_a_visit_goes_from_selection_to_close(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.released(work, place)
    then = scenes.later(work, scenes.FAR_DAY)
    due = scenes.FAR_DAY + timedelta(days=60)
    reporting.add_action(
        then, visit_id, reporting.NewAction("leadership-and-governance", "Draw the chart", "Chief", due)
    )
    person = builders.as_person(work, place, OrganisationRole.LEAD)
    reporting.reply(person, visit_id, "We have three sites, not two.")
    service.close(then, visit_id)
    assert state(work, visit_id) is VisitState.CLOSED
    mails = {"visit-selected", "visit-programme", "visit-highlights", "visit-report"}
    assert mails <= set(kinds_of_mail(work, place))
    found = queries.report(work.session, visit_id)
    assert found is not None
    assert "Heard about" in found.text.strengths
    assert "4 of 5 stars" in found.text.strengths
    assert [each.text for each in queries.replies(work.session, visit_id)] == [
        "We have three sites, not two."
    ]
    assert sources.last_visits(work.session)[place] == scenes.FAR_DAY
    events = set(
        work.session.execute(
            select(col(AuditEvent.event)).where(
                col(AuditEvent.subject) == "visit", col(AuditEvent.subject_id) == visit_id
            )
        ).scalars()
    )
    assert {
        "visit.selected",
        "visit.endorse",
        "visit.issue_framework",
        "visit.release",
        "visit.close",
    } <= events


def test_the_visited_partner_stands_back_and_two_suffice(work: Work) -> None:
    place = scenes.agency(work, "Emberwick Constabulary", kind="police")
    seated = scenes.partners(work)
    visit_id = scenes.selected(work, place)
    with pytest.raises(RefusedError, match="take no part"):
        service.endorse(seated[Partner.POLICE], visit_id, Word(Partner.POLICE, yes=True, comment=""))
    service.endorse(seated[Partner.HEALTH], visit_id, Word(Partner.HEALTH, yes=True, comment=""))
    assert state(work, visit_id) is VisitState.SELECTED
    own = Partner.LOCAL_AUTHORITY
    service.endorse(seated[own], visit_id, Word(own, yes=True, comment=""))
    assert state(work, visit_id) is VisitState.ENDORSED


def test_one_partner_cannot_speak_for_another(work: Work) -> None:
    visit_id = scenes.selected(work, scenes.agency(work))
    seated = scenes.partners(work)
    with pytest.raises(RefusedError, match="do not speak"):
        service.endorse(seated[Partner.HEALTH], visit_id, Word(Partner.POLICE, yes=True, comment=""))
    with pytest.raises(RefusedError) as caught:
        service.endorse(seated[Partner.HEALTH], visit_id, Word(Partner.HEALTH, yes=False, comment=" "))
    assert "comment" in caught.value.problems


def test_somebody_of_the_agency_takes_no_part(work: Work) -> None:
    place = scenes.agency(work)
    visit_id = scenes.endorsed(work, place)
    officer = scenes.officer(work)
    member = replace(officer.actor, organisations={place: frozenset({OrganisationRole.LEAD})})
    with pytest.raises(RefusedError, match="take no part"):
        service.set_date(Work(work.session, member, work.now), visit_id, scenes.FAR_DAY)
    service.set_date(officer, visit_id, scenes.FAR_DAY)
    assert state(work, visit_id) is VisitState.DATED


def test_the_scrutineer_reads_and_writes_nothing(work: Work) -> None:
    place = scenes.agency(work)
    visit_id = scenes.selected(work, place)
    address = "scrutineer@partnership.example.org"
    scrutineer = scenes.staff(work, PartnershipRole.INDEPENDENT_SCRUTINEER, address, "Ines Calder")
    with pytest.raises(RefusedError):
        service.drop(scrutineer, visit_id, "Because")
    with pytest.raises(RefusedError):
        service.choose(scrutineer, place, "Because")
    with pytest.raises(RefusedError):
        preparing.draft_again(scrutineer, visit_id)


def test_an_organisation_has_one_visit_at_a_time(work: Work) -> None:
    place = scenes.agency(work)
    visit_id = scenes.selected(work, place)
    with pytest.raises(RefusedError, match="under way"):
        scenes.selected(work, place)
    service.drop(work, visit_id, "They are being inspected")
    assert scenes.selected(work, place) != visit_id


def test_the_framework_is_filled_with_the_last_answers(work: Work) -> None:
    place = scenes.agency(work)
    last = scenes.answered_before(work, place)
    visit_id = scenes.issued(work, place)
    this = queries.visit_head(work.session, visit_id)
    head = returns.head(work.session, work.actor, this.visit.return_id or 0)
    assert head.due_on == this.visit.return_due
    before = returns.values_of(returns.answers(work.session, work.actor, last.id))
    now = returns.values_of(returns.answers(work.session, work.actor, head.id))
    assert now == before
    assert head.answered == head.total
    assert returns.history(work.session, work.actor, head.id, "accountability-line")[0].version == 1
    assert queries.framework_rounds(work.session) == {head.round_id} | queries.framework_rounds(work.session)
    # What follows is compared with the agency's own last return.
    assert returns.previous_signed_return_id(work.session, head) == last.id


def test_a_framework_can_ask_chosen_domains_and_one_of_our_own(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.announced(work, place)
    with pytest.raises(RefusedError) as caught:
        framework.issue_framework(work, visit_id, Framework("chosen"))
    assert "domains" in caught.value.problems
    wanted = Framework(
        "bespoke",
        ("leadership-and-governance",),
        "Transport",
        ("Every driver is checked before the first journey.", "Children know whom to tell."),
    )
    framework.issue_framework(work, visit_id, wanted)
    this = queries.visit_head(work.session, visit_id)
    head = returns.head(work.session, work.actor, this.visit.return_id or 0)
    domains = returns.questionnaire_of(work.session, head).domains
    assert [(each.title, each.bespoke) for each in domains] == [
        ("Leadership and governance", False),
        ("Transport", True),
    ]
    scenes.sign_framework(work, visit_id)
    assert preparing.prepare(work, visit_id) > 0


def test_short_notice_needs_a_waiver(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    soon = london_date(work.now) + timedelta(days=28)
    visit_id = scenes.announced(work, place, soon)
    with pytest.raises(RefusedError, match="waiver"):
        framework.issue_framework(work, visit_id, Framework())
    service.waive(work, visit_id, "A child was hurt; all three partners agreed on 12 November")
    framework.issue_framework(work, visit_id, Framework())
    assert state(work, visit_id) is VisitState.ISSUED


def test_a_moved_visit_has_new_deadlines_and_no_old_waiver(work: Work) -> None:
    place = scenes.agency(work)
    visit_id = scenes.announced(work, place)
    service.waive(work, visit_id, "Agreed")
    service.set_date(work, visit_id, date(2027, 4, 13), "The chief is away")
    this = queries.visit_head(work.session, visit_id)
    assert (this.visit.framework_due, this.visit.return_due) == (date(2027, 3, 2), date(2027, 3, 23))
    assert this.visit.waiver == ""
    assert "visit-moved" in kinds_of_mail(work, place)
    with pytest.raises(RefusedError) as caught:
        service.set_date(work, visit_id, date(2027, 5, 3), "It suits")
    assert "bank holiday" in caught.value.problems["visit_on"]


def test_lines_of_enquiry_come_from_the_return_and_stay_as_edited(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.preparing_visit(work, place)
    lines = queries.questions(work.session, visit_id)
    assert {Source.RED, Source.AMBER, Source.UNEVIDENCED, Source.ACTION} <= {line.source for line in lines}
    first = lines[0]
    preparing.note(work, visit_id, first.id, preparing.Noted("Our own words", first.ask))
    preparing.note(work, visit_id, lines[1].id, preparing.Noted(lines[1].text, lines[1].ask, left_out=True))
    preparing.draft_again(work, visit_id)
    again = {line.id: line for line in queries.questions(work.session, visit_id)}
    assert len(again) == len(lines)
    assert again[first.id].text == "Our own words"
    assert again[lines[1].id].left_out


def test_lines_of_enquiry_move_up_and_down(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.preparing_visit(work, place)
    for text in ("First", "Second"):
        preparing.add_question(work, visit_id, preparing.NewQuestion(text, Ask.LEADERS))
    second = queries.questions(work.session, visit_id)[-1]
    preparing.shift(work, visit_id, second.id, up=True)
    assert [line.text for line in queries.questions(work.session, visit_id)][-2:] == ["Second", "First"]
    preparing.shift(work, visit_id, second.id, up=True)  # it is at the top of its group already


def test_a_visit_is_recorded_from_its_day_on(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.programmed(work, place)
    with pytest.raises(RefusedError, match="from that day on"):
        preparing.hold(work, visit_id, preparing.Day("Good"))


def test_a_returned_report_is_a_new_edition_that_all_agree_again(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.circulated(work, place)
    seated = {key: scenes.later(who, scenes.FAR_DAY) for key, who in scenes.partners(work).items()}
    then = scenes.later(work, scenes.FAR_DAY)
    reporting.say(seated[Partner.POLICE], visit_id, Word(Partner.POLICE, yes=True, comment=""))
    reporting.say(seated[Partner.HEALTH], visit_id, Word(Partner.HEALTH, yes=False, comment="Name the team"))
    assert state(work, visit_id) is VisitState.REPORTING
    found = queries.report(work.session, visit_id)
    assert found is not None
    assert found.edition == 2
    assert [each.comment for each in reporting.last_comments(work.session, visit_id, 2)] == ["Name the team"]
    reporting.write(then, visit_id, ReportText("The intake team listens"))
    reporting.circulate(then, visit_id)
    with pytest.raises(RefusedError, match="cannot be changed"):
        reporting.write(then, visit_id, ReportText("Changed after the fact"))
    for partner in (Partner.HEALTH, Partner.LOCAL_AUTHORITY):
        reporting.say(seated[partner], visit_id, Word(partner, yes=True, comment=""))
    assert state(work, visit_id) is VisitState.CIRCULATED  # the police agreed the edition before
    reporting.say(seated[Partner.POLICE], visit_id, Word(Partner.POLICE, yes=True, comment=""))
    assert state(work, visit_id) is VisitState.AGREED


def test_only_the_agency_replies_and_only_to_a_released_report(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.agreed(work, place)
    person = builders.as_person(work, place, OrganisationRole.LEAD)
    with pytest.raises(RefusedError):
        reporting.reply(person, visit_id, "Too early")
    reporting.release(scenes.later(work, scenes.FAR_DAY), visit_id)
    stranger = Actor(1, "Somebody", "", organisations={place + 1_000: frozenset(OrganisationRole)})
    with pytest.raises(NotFoundError):
        reporting.reply(Work(work.session, stranger, work.now), visit_id, "Not mine")


def test_actions_of_a_visit_outlive_signing_again(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.visited(work, place)
    then = scenes.later(work, scenes.FAR_DAY)
    due = scenes.FAR_DAY + timedelta(days=60)
    for what in ("Draw the chart", "Tell everybody"):
        reporting.add_action(then, visit_id, reporting.NewAction("", what, "Chief", due))
    this = queries.visit_head(work.session, visit_id)
    head = returns.head(work.session, work.actor, this.visit.return_id or 0)
    signoff.send_back(work, head.id, "Look again")
    scenes.sign_framework(work, visit_id)
    rows = work.session.execute(
        select(col(Action.what), col(Action.status)).where(
            col(Action.source) == ActionSource.VISIT, col(Action.source_id) == visit_id
        )
    ).all()
    assert sorted((what, status) for what, status in rows) == [
        ("Draw the chart", ActionStatus.OPEN),
        ("Tell everybody", ActionStatus.OPEN),
    ]


def test_the_draw_is_recorded_and_can_be_repeated(work: Work) -> None:
    places = [scenes.agency(work, f"Green agency {number}") for number in range(3)]
    round_id = builders.open_round(
        work, places, version_id=builders.published(work, "section-11"), title="All green"
    )
    for place in places:
        builders.signed_return(work, round_id, place)
    service.draw(work, 7)
    row = work.session.execute(select(VisitDraw).order_by(col(VisitDraw.id).desc())).scalars().first()
    assert row is not None
    assert set(places) <= set(row.pool)
    assert calibration_draw(row.pool, 7).chosen == tuple(row.chosen)
    drawn = set_up.last_draw(work.session)
    assert drawn is not None
    assert drawn.seed == 7
    assert queries.under_way(work.session) >= set(row.chosen)


def test_a_framework_that_is_with_the_agency_moves_with_the_visit(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.issued(work, place)
    service.set_date(work, visit_id, date(2027, 4, 13), "The chief is away")
    this = queries.visit_head(work.session, visit_id)
    head = returns.head(work.session, work.actor, this.visit.return_id or 0)
    assert head.due_on == this.visit.return_due == date(2027, 3, 23)


def test_the_next_visit_asks_about_the_last_report(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    first = scenes.released(work, place)
    then = scenes.later(work, scenes.FAR_DAY)
    service.close(then, first)
    visit_id = scenes.preparing_visit(work, place, date(2027, 6, 15))
    asked = [line for line in queries.questions(work.session, visit_id) if line.source is Source.REPORT]
    assert asked
    assert all(line.why.startswith("The last report says: ") for line in asked)
