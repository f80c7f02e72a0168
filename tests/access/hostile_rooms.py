"""Hostile text in what officers, organisations and board managers write to each other in every room."""

from dataclasses import replace
from datetime import timedelta

from app.actions import service as actions
from app.actions.models import ActionSource
from app.actions.rules import ActionStatus
from app.core.access import PartnershipRole, Work
from app.core.clock import london_date
from app.moderation import asking, interests, releasing, service, sharing
from app.moderation.service import Verdict
from app.people import service as people
from app.planner import entries
from app.planner.entry_rules import NewEntry
from app.planner.year import EntryKind
from app.returns import queries as returns
from tests import builders


def written_everywhere(work: Work, this: returns.ReturnHead, text: str) -> dict[str, object]:
    """Let a thread, a judgement, an action and entries of the year hold a text; return their numbers."""
    people.grant_partnership_role(work, user_id=work.actor.user_id, role=PartnershipRole.PSO)
    roles = frozenset({PartnershipRole.PSO, PartnershipRole.BOARD_MANAGER})
    officer = Work(work.session, replace(work.actor, roles=roles), work.now)
    domain = returns.questionnaire_of(work.session, this).domains[0]
    keys = [each.key for each in domain.rated]
    sharing.take(officer, this.id, domain.key)
    service.judge(officer, this.id, domain.key, keys[0], Verdict("amber", text))
    asking.ask(officer, this.id, domain.key, keys[1], text)
    person = builders.as_person(work, this.organisation_id, name=text)
    asking.answer(person, this, keys[1], text)
    service.validate_rest(officer, this.id, domain.key)
    # What was asked about is judged by hand.
    service.judge(officer, this.id, domain.key, keys[1], Verdict("red"))
    releasing.release(officer, this.id)
    day = london_date(work.now) + timedelta(days=30)
    action = actions.add(
        officer,
        actions.NewAction(
            source=ActionSource.MODERATION, source_id=this.id, organisation_id=this.organisation_id,
            domain_key=domain.key, what=text, owner=text, due_on=day,
        ),
    )  # fmt: skip
    actions.say(person, action, actions.Said(ActionStatus.UNDER_WAY, text, text))
    actions.comment(officer, action, text)
    elsewhere = builders.organisation(work, "Elsewhere School")
    interests.declare(officer, elsewhere, text)
    number = entries.add(
        officer,
        NewEntry(EntryKind.OWN, text[:30].strip(), text[:120].strip(), text, day, day, for_agencies=True),
    )
    return {"action_id": action, "entry_id": number, "number": 0}
