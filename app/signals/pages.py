"""The page on which a board manager chooses signals, with how many organisations each would mark."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import FormDep, whole_number
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.questionnaires.models import FRAMEWORK_SUFFIX
from app.rounds.queries import RoundLine, rounds
from app.signals import queries, service
from app.signals.settings import MOST_WEIGHT, RULES, Settings, Typed, settings_from

router = APIRouter()


@router.get("/signals")
def show(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Show the signals; with `try` those that were typed, without storing anything."""
    typed = request.query_params
    if "try" not in typed:
        return _page(request, session, at, None)
    tried = _Tried(typed, frozenset(typed.getlist("on")))
    read = tried.read()
    problem = RefusedError("Nothing was tried.", dict(read.problems)) if read.problems else None
    return _page(request, session, at, tried, problem=problem)


@router.post("/signals")
def change(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Set which signals are used, their weights and limits."""
    typed = _Tried(form, frozenset(form.values_of("on")))
    try:
        service.set_signals(work, typed.read())
    except RefusedError as problem:
        return _page(request, work.session, work.now, typed, problem=problem)
    number = whole_number(form.get("round", ""))
    chosen = f"&round={number}" if number is not None else ""
    return RedirectResponse(f"/signals?saved=1{chosen}", status_code=303)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What somebody typed, and which signals they ticked."""

    fields: Mapping[str, str]
    on: frozenset[str]

    def read(self) -> Typed:
        """Return it as settings, with what is wrong."""
        return settings_from(self.on, self._numbers("weight"), self._numbers("limit"))

    def _numbers(self, name: str) -> dict[str, int | None]:
        return {
            kind.value: whole_number(self.fields.get(f"{name}-{kind.value}", "").strip()) for kind in RULES
        }


def _page(
    request: Request,
    session: SessionDep,
    at: NowDep,
    typed: _Tried | None,
    *,
    problem: RefusedError | None = None,
) -> Response:
    stored = queries.settings(session)
    tried = typed.read().settings if typed else stored
    fields = typed.fields if typed else {}
    every = _yearly(session)
    wanted = whole_number((fields or request.query_params).get("round", ""))
    this = next((line for line in every if line.id == wanted), every[0] if every else None)
    return page(
        request,
        "signals/signals.html",
        status=422 if problem else 200,
        rules=RULES,
        values=_values(stored, fields),
        on=typed.on if typed else {kind.value for kind, each in stored.items() if each.on},
        most_weight=MOST_WEIGHT,
        rounds=every,
        this=this,
        preview=queries.preview(session, this.id, tried, london_date(at)) if this and tried else None,
        trying=problem is None and tried != stored,
        saved="saved" in request.query_params and typed is None,
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


def _values(stored: Settings, typed: Mapping[str, str]) -> dict[str, str]:
    """Return what stands in each field: what was typed, or what is set."""
    shown = {}
    for kind, each in stored.items():
        shown[f"weight-{kind.value}"] = str(each.weight)
        shown[f"limit-{kind.value}"] = str(each.limit)
    return {name: typed.get(name, value) for name, value in shown.items()}


def _yearly(session: SessionDep) -> list[RoundLine]:
    """Return the rounds that signals are about, the latest first; one visit's framework is none."""
    return [line for line in rounds(session) if not line.questionnaire_key.endswith(FRAMEWORK_SUFFIX)]
