"""Visits in the states to begin a test from, built by the room's own services."""

from dataclasses import replace
from datetime import date, timedelta

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.people import service as people
from app.returns import queries as returns
from app.returns import signoff
from app.visits import framework, preparing, queries, reporting, service, setting_up
from app.visits.enquiry import Ask
from app.visits.report import Shows
from app.visits.rules import Partner
from app.visits.service import Word
from tests import builders

FAR_DAY = date(2027, 3, 16)


def staff(work: Work, role: PartnershipRole, address: str, name: str) -> Work:
    """Return the piece of work of somebody of the partnership."""
    user_id = people.ensure_users(work, [(address, name)])[address]
    people.grant_partnership_role(work, user_id=user_id, role=role)
    return Work(work.session, Actor(user_id, name, address, roles=frozenset({role})), work.now)


def officer(work: Work) -> Work:
    """Return a professional scrutiny officer's piece of work."""
    return staff(work, PartnershipRole.PSO, "pso@partnership.example.org", "Sam Whitlock")


def partners(work: Work) -> dict[Partner, Work]:
    """Seat three people, one for each safeguarding partner."""
    made = {}
    for partner in Partner:
        address = f"{partner.value}@partners.example.org"
        who = staff(work, PartnershipRole.SAFEGUARDING_PARTNER, address, f"Voice of {partner.value}")
        setting_up.set_seat(work, who.actor.user_id, partner)
        made[partner] = who
    return made


def agency(work: Work, name: str = "Emberwick Probation Service", kind: str = "probation") -> int:
    """Put a section 11 agency with a lead and a signatory into the register."""
    place = builders.organisation(
        work, name, kind=kind, phase="not_applicable", duty="section_11", governance="agency"
    )
    for right in (OrganisationRole.LEAD, OrganisationRole.SIGNATORY):
        builders.contact(
            work, place, f"{right.value}-{place}@example.org", role="agency_lead", rights=(right,)
        )
    return place


def answered_before(work: Work, place: int, **special: object) -> returns.ReturnHead:
    """Let an agency have signed last year's return, with a red, an amber and a green without evidence."""
    round_id = builders.open_round(
        work, [place], version_id=builders.published(work, "section-11"), title=f"Section 11 of {place}"
    )
    return builders.signed_return(
        work,
        round_id,
        place,
        accountability_line=builders.RED,
        board_report=builders.AMBER,
        safeguarding_policy=replace(builders.GREEN, evidence=""),
        **special,  # type: ignore[arg-type]
    )


def selected(work: Work, place: int) -> int:
    """Select an organisation for a visit."""
    return service.choose(work, place, "Two reds in leadership")


def endorsed(work: Work, place: int) -> int:
    """Have a visit endorsed by everybody who has a say."""
    visit_id = selected(work, place)
    this = queries.visit_head(work.session, visit_id)
    for partner, who in partners(work).items():
        if service.seats_to_speak(who, this):
            service.endorse(who, visit_id, Word(partner, yes=True, comment=""))
    return visit_id


def announced(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have a date proposed and the agency told."""
    visit_id = endorsed(work, place)
    service.set_date(work, visit_id, day)
    framework.send_letter(work, visit_id)
    return visit_id


def issued(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the framework issued."""
    visit_id = announced(work, place, day)
    framework.issue_framework(work, visit_id, framework.Framework())
    return visit_id


def sign_framework(work: Work, visit_id: int) -> None:
    """Let the agency answer what is open and sign."""
    this = queries.visit_head(work.session, visit_id)
    head = returns.head(work.session, work.actor, this.visit.return_id or 0)
    person = builders.as_person(
        work, this.organisation_id, address=f"signs-{this.organisation_id}@example.org"
    )
    questionnaire = returns.questionnaire_of(work.session, head)
    answered = returns.answers(work.session, work.actor, head.id)
    for question in questionnaire.questions:
        if question.key not in answered:
            builders.save(person, head.id, question.key, builders.default_answer(questionnaire, question.key))
    signoff.sign(person, head, declared=True)


def preparing_visit(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the return back and the lines of enquiry drafted."""
    visit_id = issued(work, place, day)
    sign_framework(work, visit_id)
    preparing.prepare(work, visit_id)
    return visit_id


def programmed(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the programme agreed, with a young scrutineer's question."""
    visit_id = preparing_visit(work, place, day)
    new = preparing.NewQuestion("Do you feel safe here?", Ask.CHILDREN, young=True)
    preparing.add_question(work, visit_id, new)
    preparing.add_slot(work, visit_id, preparing.NewSlot("9.30", "10:15", "Meet the leaders", "Sam, Robin"))
    preparing.agree_programme(work, visit_id)
    return visit_id


def later(work: Work, day: date) -> Work:
    """Return the same person's work on another day."""
    return Work(work.session, work.actor, work.now + timedelta(days=(day - work.now.date()).days))


def visited(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the visit held, with a note that shows a strength and one that shows something to develop."""
    visit_id = programmed(work, place, day)
    then = later(work, day)
    for number, line in enumerate(queries.questions(work.session, visit_id)[:2]):
        shows = Shows.DEVELOPMENT if number else Shows.STRENGTH
        noted = preparing.Noted(line.text, line.ask, heard=f"Heard about {line.domain} {number}", shows=shows)
        preparing.note(then, visit_id, line.id, noted)
    preparing.hold(then, visit_id, preparing.Day("A warm welcome", 4, "They listened"))
    return visit_id


def circulated(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the report with the partners."""
    visit_id = visited(work, place, day)
    then = later(work, day)
    reporting.draft(then, visit_id)
    reporting.circulate(then, visit_id)
    return visit_id


def agreed(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the report agreed by everybody who has a say."""
    visit_id = circulated(work, place, day)
    this = queries.visit_head(work.session, visit_id)
    for partner, who in partners(work).items():
        if service.seats_to_speak(who, this):
            reporting.say(later(who, day), visit_id, Word(partner, yes=True, comment=""))
    return visit_id


def released(work: Work, place: int, day: date = FAR_DAY) -> int:
    """Have the report released to the agency."""
    visit_id = agreed(work, place, day)
    reporting.release(later(work, day), visit_id)
    return visit_id
