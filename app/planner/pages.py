"""The home page of each role, and the pages that every site owes its visitors."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.actions.queries import own_count, waiting_for_review
from app.actions.service import REVIEWERS
from app.chasing.exempting import exempt_among
from app.core.access import RATINGS, READERS, REGISTER, OrganisationRole, PartnershipRole
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.rendering import page
from app.core.settings import settings
from app.moderation.queries import open_questions
from app.moderation.waiting import alerts as moderation_alerts
from app.organisations.handing_over import waiting_count
from app.people.guard import ActorDep, GuardDep, NowDep
from app.people.retention_rules import kept_for_people
from app.planner import queries
from app.planner.year_queries import agency_dates
from app.returns.models import ReturnState
from app.returns.queries import returns_of
from app.visits.outlook import alerts
from app.visits.queries import framework_rounds, own_visits

router = APIRouter()
# How far ahead agencies see what the partnership shares with them.
DAYS_AHEAD = 365


@router.get("/")
def home(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, show: str = "") -> Response:
    """Show what needs the person now; somebody with one open return goes there, unless `show` is all."""
    today = london_date(at)
    returns = returns_of(session, actor, tuple(actor.organisations)) if actor.organisations else ()
    spared = exempt_among(session, [each.id for each in returns if each.open_for_answers])
    waiting = [each for each in returns if each.open_for_answers and each.id not in spared]
    if actor.is_partnership:
        return page(
            request,
            "planner/home.html",
            cards=queries.open_rounds(session, actor, at, but_not=framework_rounds(session)),
            others=queries.other_rounds(session, but_not=framework_rounds(session)),
            visits=alerts(session, actor, today),
            moderation=moderation_alerts(session, actor.user_id) if actor.has(PartnershipRole.PSO) else (),
            asked=open_questions(session, actor),
            chases=actor.has(*REGISTER),
            reads_ratings=actor.has(*RATINGS),
            reads_returns=actor.has(*READERS),
            actions_to_review=waiting_for_review(session) if actor.has(*REVIEWERS) else 0,
            own_actions=own_count(session, actor, today),
            hand_overs=waiting_count(session) if actor.has(PartnershipRole.BOARD_MANAGER) else 0,
            today=today,
            # Somebody can work for the partnership and for an organisation: both need them.
            own=waiting or returns[:1],
            spared=spared,
        )
    visits, asked = own_visits(session, actor), open_questions(session, actor)
    actions = own_count(session, actor, today)
    dates = agency_dates(session, actor, today, today + timedelta(days=DAYS_AHEAD))
    alone = len(waiting) == 1 and len(actor.organisations) == 1 and not (visits or asked or dates)
    if alone and show != "all":
        return RedirectResponse(f"/returns/{waiting[0].id}", status_code=303)
    return page(
        request,
        "planner/own-home.html",
        waiting=waiting,
        to_sign=[
            each.id for each in waiting if actor.holds(each.organisation_id, OrganisationRole.SIGNATORY)
        ],
        visits=visits,
        asked=asked,
        dates=dates,
        own_actions=actions,
        begins=queries.first_parts(session, actor, waiting, today),
        done=[each for each in returns if each not in waiting],
        spared=spared,
        signed_state=ReturnState.SIGNED,
        today=today,
    )


@router.get("/accessibility")
def accessibility(request: Request, _actor: GuardDep) -> Response:
    """Say how accessible the pages are, and whom to tell."""
    return page(request, "planner/accessibility.html")


@router.get("/privacy")
def privacy(request: Request, _actor: GuardDep) -> Response:
    """Say what personal data is held, why, and for how long."""
    config = settings()
    return page(request, "planner/privacy.html", law=config.statutory_paragraph, kept=kept_for_people(config))


@router.get("/contact")
def contact(request: Request, _actor: GuardDep) -> Response:
    """Say whom to ring and write to."""
    return page(request, "planner/contact.html")
