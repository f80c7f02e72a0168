"""Pages of scrutiny: the heat map, an organisation's profile, and other thresholds tried out."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from app.chasing.exempting import exempt_returns
from app.chasing.pages import PHASE_WORDS
from app.core.access import READERS, PartnershipRole
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.rendering import page, wants_fragment
from app.organisations.rules import KINDS, PHASES
from app.people.guard import ActorDep, NowDep
from app.questionnaires.queries import questionnaire, questionnaire_for
from app.rounds.queries import round_line
from app.scrutiny import queries
from app.scrutiny.heatmap import OUTCOME_CHOICES, apart, chosen, counts, grouped, shown, wanted_from
from app.scrutiny.profile import profile_of
from app.scrutiny.rules import LEAST_PERCENT, MOST_PERCENT, thresholds_from
from app.scrutiny.whatif import MOST_CHANGES, what_if
from app.signals.queries import signal_counts, signals_seen
from app.signals.settings import RULES

router = APIRouter()


@router.get("/rounds/{round_id}/ratings")
def ratings(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Show the heat map: organisations by domains, worst first within each kind."""
    line = round_line(session, round_id)
    # The partnership's own domains stand apart, after the six that are comparable over years.
    domains = sorted(questionnaire(session, line.version_id).domains, key=lambda domain: domain.bespoke)
    keys = [domain.key for domain in domains]
    marks = signal_counts(session, actor, round_id, london_date(at))
    every = [
        shown(row, keys, marks.get(row.organisation_id, 0))
        for row in queries.heat_rows(session, round_id, line.previous_round_id)
    ]
    wanted = wanted_from(request.query_params, keys)
    if line.previous_round_id is None:
        wanted = replace(wanted, changed=False)
    if not actor.has(*READERS):
        wanted = replace(wanted, signals=False)
    found = chosen(every, wanted)
    kinds, phases = {each.row.kind for each in every}, {each.row.phase for each in every}
    return page(
        request,
        "scrutiny/_list.html" if wants_fragment(request) else "scrutiny/ratings.html",
        round=line,
        domains=domains,
        groups=grouped(found, [domain.key for domain in domains if not domain.bespoke]),
        counts=counts(found, keys),
        found=len(found),
        exempt=apart(exempt_returns(session, round_id), wanted),
        of=len(every),
        signed=sum(each.row.signed for each in every),
        looks={cell.look for each in found for cell in each.cells},
        wanted=wanted,
        parameters=wanted.parameters(),
        reads_answers=actor.has(*READERS),
        sets_signals=actor.has(PartnershipRole.BOARD_MANAGER),
        kinds={key: kind.plural for key, kind in KINDS.items() if key in kinds},
        phases={key: words for key, words in PHASE_WORDS.items() if key in phases},
        districts=sorted({each.row.district for each in every if each.row.district}),
        outcomes=OUTCOME_CHOICES,
    )


@router.get("/organisations/{organisation_id}/profile")
def profile(
    request: Request, actor: ActorDep, session: SessionDep, at: NowDep, organisation_id: int
) -> Response:
    """Show one organisation: this year beside last, self beside validated, and why."""
    organisation = queries.organisation_line(session, organisation_id)
    years = queries.years(session, organisation_id)
    stored = queries.ratings_of_returns(session, [each.id for each in years])
    asked = {each.id: questionnaire_for(session, each.version_id, each.facts) for each in years}
    keys = dict.fromkeys(each.questionnaire_key for each in years)
    return page(
        request,
        "scrutiny/profile.html",
        organisation=organisation,
        kind=KINDS[organisation.kind].title if organisation.kind in KINDS else organisation.kind,
        phase=PHASES.get(organisation.phase, organisation.phase),
        profiles=[
            profile_of(
                organisation_id, [each for each in years if each.questionnaire_key == key], stored, asked
            )
            for key in keys
        ],
        years=years,
        predecessors=queries.predecessors(session, organisation_id),
        reads_answers=actor.has(*READERS),
        signals=signals_seen(session, actor, organisation_id, london_date(at)),
        rules=RULES,
        sets_signals=actor.has(PartnershipRole.BOARD_MANAGER),
    )


@router.get("/rounds/{round_id}/what-if")
def other_thresholds(request: Request, _actor: ActorDep, session: SessionDep, round_id: int) -> Response:
    """Show a round's ratings under other thresholds; nothing is stored."""
    line = round_line(session, round_id)
    asked = questionnaire(session, line.version_id)
    tried = thresholds_from(request.query_params, asked.rating_rule)
    errors = [{"text": text, "href": f"#{field}"} for field, text in tried.problems.items()]
    return page(
        request,
        "scrutiny/what-if.html",
        status=422 if errors else 200,
        round=line,
        usual=asked.rating_rule,
        typed=tried.typed,
        problems=tried.problems,
        errors=errors,
        bounds=(LEAST_PERCENT, MOST_PERCENT),
        seen=what_if(session, round_id, asked, tried.rule) if tried.rule else None,
        most=MOST_CHANGES,
        same=tried.rule == asked.rating_rule,
    )
