"""The program: middleware, error pages and the rooms' routes."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app.actions.own_pages import router as own_actions_router
from app.actions.pages import router as actions_router
from app.chasing.closing_pages import router as closing_router
from app.chasing.inviting_pages import router as inviting_router
from app.chasing.pages import router as chasing_router
from app.chasing.schedule_pages import router as schedule_router
from app.chasing.selection_pages import router as selection_router
from app.chasing.settings_pages import router as chase_settings_router
from app.core import health, turned_away
from app.core.clock import Clock, system_clock
from app.core.database import build_engine, check_durability, prepare
from app.core.embedded import database_address
from app.core.errors import (
    NotFoundError,
    RefusedError,
    SecondFactorNeededError,
    SignInNeededError,
    TooLargeError,
)
from app.core.faults import described, where_asked
from app.core.forms import MOST_TEXT
from app.core.kept import kept_form, page_of, reference_of
from app.core.logs import RequestLog
from app.core.outside import file_store
from app.core.readings import NoteReadings
from app.core.rendering import page, query_string
from app.core.routes import TAKES_FILES
from app.core.scope import check_row_security
from app.core.settings import settings
from app.core.static_files import STATIC, StyleSheet, require_assets
from app.core.web import OriginCheck, StrictHeaders
from app.moderation.board_pages import router as moderation_board_router
from app.moderation.own_pages import router as moderation_own_router
from app.moderation.pages import router as moderation_router
from app.moderation.return_pages import router as moderation_return_router
from app.organisations.hand_over_pages import router as hand_over_router
from app.organisations.import_pages import router as import_router
from app.organisations.pages import router as organisations_router
from app.people.account_pages import router as account_router
from app.people.guard import guard
from app.people.managing_pages import router as managing_router
from app.people.own_data_pages import router as own_data_router
from app.people.pages import router as people_router
from app.people.presence import KeepSignedIn
from app.people.second_factor_pages import router as second_factor_router
from app.people.single_sign_on_pages import router as single_sign_on_router
from app.planner.calendar_pages import router as calendar_router
from app.planner.pages import router as planner_router
from app.planner.year_pages import router as year_router
from app.questionnaires.pages import router as questionnaires_router
from app.returns.action_evidence_pages import router as action_evidence_router
from app.returns.asked_pages import router as asked_router
from app.returns.edition_pages import router as editions_router
from app.returns.evidence_pages import router as evidence_router
from app.returns.finishing import router as finishing_router
from app.returns.issue_pages import router as issue_router
from app.returns.pages import router as returns_router
from app.returns.reading import MOST_TEXT as MOST_OF_ANSWER
from app.returns.rules import FIELD_WORDS
from app.returns.together import router as together_router
from app.returns.version_pages import router as versions_router
from app.rounds.pages import router as rounds_router
from app.scrutiny.pages import router as scrutiny_router
from app.scrutiny.you_said_pages import router as you_said_router
from app.signals.pages import router as signals_router
from app.trail.pages import router as trail_router
from app.visits.own_pages import router as own_visits_router
from app.visits.pages import router as visits_router
from app.visits.template_pages import router as visit_template_router
from app.visits.visit_pages import router as visit_router
from app.visits.work_pages import router as visit_work_router
from exports.action_pages import router as action_files_router
from exports.pages import router as exports_router
from exports.visit_pages import router as visit_documents_router

LOG = logging.getLogger("eleven")
MOST_BODY_BYTES = 2 * max(TAKES_FILES.values())

# Matched from the top: those that answer most requests come first. The pages of a return whose last part is
# fixed come before those that take a domain's name there.
ROUTERS = (
    exports_router,
    finishing_router,
    editions_router,
    together_router,
    trail_router,
    evidence_router,
    moderation_own_router,
    asked_router,
    action_evidence_router,
    returns_router,
    versions_router,
    people_router,
    second_factor_router,
    single_sign_on_router,
    account_router,
    managing_router,
    own_data_router,
    planner_router,
    import_router,  # before the pages of one organisation: "import" is no organisation
    organisations_router,
    hand_over_router,
    questionnaires_router,
    rounds_router,
    issue_router,
    chasing_router,
    schedule_router,
    selection_router,
    chase_settings_router,
    calendar_router,
    closing_router,
    inviting_router,
    scrutiny_router,
    moderation_board_router,  # before the pages of one return: "interests" is no return
    moderation_router,
    moderation_return_router,
    signals_router,
    you_said_router,
    actions_router,
    own_actions_router,
    action_files_router,
    visits_router,  # before the pages of one visit: "selection" is no visit
    visit_template_router,
    visit_documents_router,
    visit_router,
    visit_work_router,
    own_visits_router,
    year_router,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refuse to serve without page assets or with a database that could lose an answer."""
    require_assets()
    check_durability(app.state.engine, careless_server=settings().mode == "test")
    check_row_security(app.state.engine)
    yield
    app.state.engine.dispose()


def not_found(request: Request, _problem: Exception) -> Response:
    """Answer that a page is not there, in the same words whoever asks, and with what they were saving.

    Somebody may have lost their access while they were writing.
    """
    changing = request.method not in {"GET", "HEAD"}
    kept = kept_form(request, FIELD_WORDS) if changing else None
    return page(request, "errors/not-found.html", status=404, kept=kept)


def sign_in_needed(request: Request, problem: Exception) -> Response:
    """Lead to the sign-in page, or to the second factor, and back to where the person wanted to go."""
    here = page_of(request)
    door = "/second-factor" if isinstance(problem, SecondFactorNeededError) else "/sign-in"
    target = door + query_string({"to": here if here != "/" else ""})
    if request.headers.get("hx-request") == "true":
        return page(request, "errors/signed-out-fragment.html", status=401, target=target)
    if request.method in {"GET", "HEAD"}:
        return RedirectResponse(target, status_code=303)
    kept = kept_form(request, FIELD_WORDS)
    return page(request, "errors/signed-out.html", status=401, target=target, kept=kept)


def unavailable(request: Request, problem: Exception) -> Response:
    """Answer while the database is away, full or too busy: nothing was changed, and the text comes back."""
    reference = reference_of(request)
    kind = type(getattr(problem, "orig", None) or problem).__name__
    LOG.error("reference %s: the database cannot do its work: %s", reference, kind)
    changing = request.method not in {"GET", "HEAD"}
    fragment = request.headers.get("hx-request") == "true"
    return page(
        request,
        "errors/unavailable-fragment.html" if fragment else "errors/unavailable.html",
        status=503,
        headers={"Retry-After": "10"},
        reference=reference,
        changing=changing,
        kept=kept_form(request, FIELD_WORDS) if changing else None,
    )


def refused(request: Request, problem: Exception) -> Response:
    """Answer a change that the rules do not allow and that no page took care of."""
    told = problem if isinstance(problem, RefusedError) else RefusedError(str(problem))
    return page(
        request,
        "errors/refused.html",
        status=422,
        messages=[*told.problems.values()] or [told.message],
        kept=kept_form(request, FIELD_WORDS),
    )


def bad_request(request: Request, problem: Exception) -> Response:
    """Answer an address or a form that the program does not understand."""
    if isinstance(problem, RequestValidationError):
        return not_found(request, problem)
    status = problem.status_code if isinstance(problem, HTTPException) else 400
    if status == 404:
        return not_found(request, problem)
    if status == 405 and request.method in {"GET", "HEAD"}:
        # Somebody typed, bookmarked or reloaded the address of a button.
        allowed = getattr(problem, "headers", None)
        return page(request, "errors/no-page-here.html", status=status, headers=allowed)
    return _unreadable(request, status)


def _unreadable(request: Request, status: int) -> Response:
    return page(
        request,
        "errors/bad-request.html",
        status=status,
        reference=reference_of(request),
        kept=kept_form(request, FIELD_WORDS),
    )


async def too_large(request: Request, problem: Exception) -> Response:
    """Answer a form or a file that is larger than its page takes."""
    told = problem if isinstance(problem, TooLargeError) else TooLargeError(MOST_BODY_BYTES)
    of_answer = request.scope["route"].path.startswith("/returns/{return_id}/{domain}")
    most_text = MOST_OF_ANSWER if of_answer else MOST_TEXT
    return await turned_away.too_large(request, told, FIELD_WORDS, most_text=most_text)


async def from_elsewhere(request: Request) -> Response:
    """Answer a change that did not come from our own pages."""
    return await turned_away.from_elsewhere(request, FIELD_WORDS)


def not_storable(request: Request, problem: Exception) -> Response:
    """Answer a number or a character that the database cannot hold: no such page, or nothing was changed."""
    if request.method in {"GET", "HEAD"}:
        return not_found(request, problem)
    return _unreadable(request, 400)


def failed(request: Request, problem: Exception) -> Response:
    """Answer a fault of ours with a reference that is also in the log, and with what the person typed."""
    reference = reference_of(request)
    LOG.error("reference %s: %s\n%s", reference, where_asked(request), described(problem))
    return page(
        request, "errors/failed.html", status=500, reference=reference, kept=kept_form(request, FIELD_WORDS)
    )


def build_app(engine: Engine | None = None, clock: Clock = system_clock) -> FastAPI:
    """Build the program on a database and a clock."""
    app = FastAPI(
        title="Eleven",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        # Forms have limits of their own, with better words; this one stands behind them.
        max_body_size=MOST_BODY_BYTES,
        dependencies=[Depends(guard)],
    )
    prepare(app, engine or build_engine(database_address(), settings().pool_size))
    app.state.clock = clock
    app.state.storage = file_store(settings())
    health.add_routes(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_route("/static/eleven.css", StyleSheet().__call__, methods=["GET"])
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(NotFoundError, not_found)
    app.add_exception_handler(SignInNeededError, sign_in_needed)
    app.add_exception_handler(SecondFactorNeededError, sign_in_needed)
    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(TooLargeError, too_large)
    app.add_exception_handler(RequestValidationError, bad_request)
    app.add_exception_handler(HTTPException, bad_request)
    app.add_exception_handler(DataError, not_storable)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(away, unavailable)
    app.add_exception_handler(Exception, failed)
    app.add_middleware(NoteReadings)
    app.add_middleware(KeepSignedIn)
    app.add_middleware(OriginCheck, public_address=settings().public_address, refusal=from_elsewhere)
    _headers_outermost(app)
    return app


def _headers_outermost(app: FastAPI) -> None:
    """Put the strict headers round everything, so that faults and refused bodies have them too."""
    inner = app.build_middleware_stack
    extra = [("Strict-Transport-Security", "max-age=31536000")] if settings().secure_cookies else []

    def outermost() -> ASGIApp:
        return StrictHeaders(RequestLog(inner()), extra=extra)

    app.build_middleware_stack = outermost  # type: ignore[method-assign]
