"""Working on a return together: opening it, colleagues, domains given to one of them."""

from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit, outbox
from app.core.access import OrganisationRole, Work
from app.core.clock import long_date
from app.core.errors import NotFoundError, RefusedError
from app.core.rendering import render_text
from app.core.settings import settings
from app.people import queries as people
from app.people import service as people_service
from app.people.links import invitation_link
from app.people.rules import normal_address
from app.returns.models import DomainColleague, Return, ReturnState
from app.returns.queries import ReturnHead, head, questionnaire_of
from app.returns.service import visible_to_own


def mark_opened(work: Work, return_id: int) -> None:
    """Note that somebody of the organisation has looked at the return for the first time.

    Raises NotFoundError for a return that is not theirs.
    """
    changed = work.session.execute(
        update(Return)
        .where(col(Return.id) == return_id, col(Return.state) == ReturnState.ISSUED, visible_to_own(work))
        .values(state=ReturnState.OPENED, opened_at=work.now)
        .returning(col(Return.organisation_id))
    ).scalar()
    if changed is not None:
        audit.record(work, "return.opened", ("return", return_id), organisation_id=changed)
    elif not work.actor.holds(head(work.session, work.actor, return_id).organisation_id):
        raise NotFoundError


def must_lead(work: Work, organisation_id: int) -> None:
    """Leads look after who works on the return; a signatory may too, since they answer for it."""
    if not work.actor.holds(organisation_id, OrganisationRole.LEAD, OrganisationRole.SIGNATORY):
        raise RefusedError("Only the lead or the person who signs can do this. Ask one of them.")


def invite(
    work: Work, this: ReturnHead, *, name: str, address: str, roles: Sequence[OrganisationRole]
) -> int:
    """Bring a colleague to the return, mail them where it is, and return who they are.

    A lead may name themselves signatory, for in a small organisation one person does both: the audit trail
    says so in its own words.
    """
    must_lead(work, this.organisation_id)
    user_id = people_service.invite_colleague(
        work, organisation_id=this.organisation_id, name=name, address=address, roles=roles
    )
    if user_id == work.actor.user_id:
        signed_before = work.actor.holds(this.organisation_id, OrganisationRole.SIGNATORY)
        if OrganisationRole.SIGNATORY in roles and not signed_before:
            audit.record(
                work, "signatory.named_self", ("return", this.id), organisation_id=this.organisation_id
            )
        return user_id
    config = settings()
    body = render_text(
        "mails/colleague.txt",
        name=name,
        inviter=work.actor.name,
        organisation=this.organisation_name,
        title=this.round_title,
        due=long_date(this.due_on),
        signs=OrganisationRole.SIGNATORY in roles,
        link=invitation_link(config, user_id=user_id, to=f"/returns/{this.id}", now=work.now),
        partnership_name=config.partnership_name,
        phone=config.partnership_phone,
    )
    mail = outbox.Mail(
        f"colleague:{this.id}:{user_id}:{work.now.isoformat()}",
        "colleague",
        normal_address(address),
        f"{work.actor.name} asks for your help: {this.round_title}",
        body,
        this.organisation_id,
    )
    outbox.enqueue(work.session, [mail], work.now)
    return user_id


def who_leaves(work: Work, this: ReturnHead, user_id: int) -> people.Colleague:
    """Return the colleague who could be removed.

    Raises NotFoundError for somebody who is no colleague, and RefusedError for the last lead and for people
    who may not remove anybody.
    """
    must_lead(work, this.organisation_id)
    team = people.colleagues(work.session, this.organisation_id)
    leaving = next((each for each in team if each.user_id == user_id), None)
    if leaving is None:
        raise NotFoundError
    if [each for each in team if OrganisationRole.LEAD in each.roles] == [leaving]:
        raise RefusedError("You cannot remove the only lead. Give another colleague the lead first.")
    return leaving


def remove(work: Work, this: ReturnHead, user_id: int) -> None:
    """Take a colleague's rights away; what they wrote stays. The last lead cannot be removed."""
    must_lead(work, this.organisation_id)
    people_service.lock_team(work, this.organisation_id)
    who_leaves(work, this, user_id)
    work.session.execute(
        delete(DomainColleague).where(
            col(DomainColleague.return_id) == this.id, col(DomainColleague.user_id) == user_id
        )
    )
    people_service.revoke_memberships(work, user_id=user_id, organisation_id=this.organisation_id)


def give_domain(work: Work, this: ReturnHead, *, domain_key: str, user_id: int | None) -> None:
    """Give a domain to a colleague, or to nobody; everybody of the organisation can still answer it."""
    must_lead(work, this.organisation_id)
    questionnaire = questionnaire_of(work.session, this)
    if domain_key not in {domain.key for domain in questionnaire.domains}:
        raise NotFoundError
    team = {each.user_id for each in people.colleagues(work.session, this.organisation_id)}
    if user_id is not None and user_id not in team:
        raise NotFoundError
    work.session.execute(
        delete(DomainColleague).where(
            col(DomainColleague.return_id) == this.id, col(DomainColleague.domain_key) == domain_key
        )
    )
    if user_id is not None:
        work.session.execute(
            insert(DomainColleague).values(
                return_id=this.id,
                domain_key=domain_key,
                organisation_id=this.organisation_id,
                user_id=user_id,
            )
        )
    audit.record(
        work,
        "domain.given",
        ("return", this.id),
        organisation_id=this.organisation_id,
        domain=domain_key,
        user=user_id,
    )
