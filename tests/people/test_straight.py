"""The straight way: the same doors and the same transaction as everywhere, in one thread."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import Access, PartnershipRole
from app.core.database import build_engine, prepare
from app.core.errors import RefusedError
from app.core.forms import FormDep
from app.core.routes import ACCESS, TAKES_FILES
from app.main import build_app
from app.people.guard import WorkDep
from app.people.models import User
from app.people.straight import StraightRoute
from tests.conftest import ORIGIN, ClientAs, MovableClock

pytestmark = pytest.mark.access
ROUTE = "/straight/{number}/{word}"
MANAGER = PartnershipRole.BOARD_MANAGER
Visit = Callable[..., TestClient]


def rename(request: Request, work: WorkDep, form: FormDep, number: int, word: str) -> Response:
    """Give whoever asks another name, and say what was understood."""
    user = work.session.get_one(User, work.actor.user_id)
    user.name = form.get("name", "Only Read")
    work.session.flush()
    if word == "refuse":
        raise RefusedError("This is refused.")
    return Response(f"{request.method} {number + 1} {word}")


def with_rename(app: FastAPI) -> FastAPI:
    """The program with one more route."""
    router = APIRouter(route_class=StraightRoute)
    router.add_api_route(ROUTE, rename, methods=["GET", "POST"], response_model=None)
    app.include_router(router)
    return app


class Lost(Session):
    """A session that loses what it is to commit."""

    def commit(self) -> None:
        """Take it back."""
        self.rollback()


@pytest.fixture
def visit(
    page_engine: Engine, clock: MovableClock, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visit]:
    """Return a browser on a program with the route above and one connection: signed in, or a stranger's."""
    for method in ("GET", "POST"):
        monkeypatch.setitem(ACCESS, f"{method} {ROUTE}", Access.BOARD_MANAGER)
    pool = build_engine(page_engine.url, 1)

    def build(*roles: PartnershipRole, kind: type[Session] = Session) -> TestClient:
        app = with_rename(build_app(pool, clock))
        prepare(app, pool, kind)
        client = TestClient(app, headers=ORIGIN, follow_redirects=False)
        client.cookies = client_as(*roles).cookies
        return client

    yield build
    pool.dispose()


def name_in(engine: Engine) -> str:
    """The name that the database has for the board manager."""
    asked = select(col(User.name)).where(col(User.email).like("board_manager-%"))
    with Session(engine) as session:
        return str(session.execute(asked).scalar_one())


def test_a_change_is_kept_and_what_a_get_did_is_not(visit: Visit, engine: Engine) -> None:
    manager = visit(MANAGER)
    assert manager.post("/straight/7/word", data={"name": "Kept"}).text == "POST 8 word"
    assert name_in(engine) == "Kept"
    assert manager.get("/straight/7/word").text == "GET 8 word"
    assert name_in(engine) == "Kept"


def test_what_a_refused_request_did_is_taken_back(visit: Visit, engine: Engine) -> None:
    manager = visit(MANAGER)
    before = name_in(engine)
    reply = manager.post("/straight/7/refuse", data={"name": "Refused"})
    assert reply.status_code == 422
    assert "This is refused." in reply.text
    assert name_in(engine) == before


def test_control_a_session_that_loses_its_commit_is_noticed(visit: Visit, engine: Engine) -> None:
    manager = visit(MANAGER, kind=Lost)
    assert manager.post("/straight/7/word", data={"name": "Lost"}).status_code == 200
    assert name_in(engine) != "Lost"


def test_the_doors_are_the_same(visit: Visit) -> None:
    stranger, officer = visit(), visit(PartnershipRole.PSO)
    assert stranger.get("/straight/7/word").headers["location"].startswith("/sign-in")
    assert stranger.post("/straight/7/word", data={"name": "x"}).status_code == 401
    assert officer.get("/straight/7/word").status_code == 404
    assert officer.post("/straight/7/word", data={"name": "x"}).status_code == 404


def test_what_is_no_number_leads_to_no_page(visit: Visit) -> None:
    manager = visit(MANAGER)
    for number in ("x", "-1", "1.5", "1234567890123", "%C2%B2"):
        assert manager.get(f"/straight/{number}/word").status_code == 404


def test_an_endpoint_that_asks_for_something_else_is_refused_at_once() -> None:
    def strange(work: WorkDep, page: float) -> Response:
        raise NotImplementedError

    with pytest.raises(TypeError, match="page"):
        APIRouter(route_class=StraightRoute).add_api_route("/x", strange, response_model=None)


def test_only_routes_for_people_who_are_signed_in_and_send_no_files_go_straight(app: FastAPI) -> None:
    straight = {
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        if isinstance(getattr(context, "original_route", context), StraightRoute)
        for method in context.methods or ()
    }
    assert "POST /returns/{return_id}/{domain}/{standard}" in straight
    assert not straight & TAKES_FILES.keys()
    assert {ACCESS[route] for route in straight} <= {Access.OWN_READ, Access.OWN_WRITE}
