"""Secrets stay where they belong: in no log, no subject of a mail, no address after signing in."""

import logging
import re
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from uvicorn.config import LOGGING_CONFIG

from app import cli
from app.core import routes as table
from app.core.access import Access, OrganisationRole, Work
from app.core.database import SessionDep
from app.core.faults import keep_values_out_of_the_servers_log
from app.core.models import OutboxMessage
from app.people import second_factor
from app.people.cookies import cookie_name
from tests.access.world import World
from tests.conftest import ORIGIN, ClientAs, MovableClock
from tests.people import steps

pytestmark = pytest.mark.access

ANSWER = "canary-answer-5521"
ADDRESS = "robin@ashgrove.example.org"


def everything_logged(caplog: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter("%(levelname)s %(name)s %(message)s")
    # The browser of these tests keeps a log of its own.
    return "\n".join(formatter.format(each) for each in caplog.records if not each.name.startswith("httpx"))


def newest_link(engine: Engine) -> str:
    with Session(engine) as session:
        body = session.execute(
            select(col(OutboxMessage.body))
            .where(col(OutboxMessage.kind) == "sign-in")
            .order_by(col(OutboxMessage.id).desc())
            .limit(1)
        ).scalar_one()
    found = re.search(r"/sign-in/([\w-]{20,})", body)
    assert found
    return found[1]


def test_a_full_run_tells_no_secret(
    app: FastAPI, world: World, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = TestClient(app, headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
    places = []
    home = world.path("GET /returns/{return_id}", "own")
    browser.post("/sign-in", data={"email": ADDRESS, "to": home})
    link = newest_link(engine)
    browser.get(f"/sign-in/{link}")
    reply = browser.post(f"/sign-in/{link}")
    places.append(reply.headers["location"])
    session_token = browser.cookies[cookie_name()]
    reply = browser.get(places[0])
    assert reply.status_code == 200
    places.extend(re.findall(r'(?:href|action)="([^"]*)"', reply.text))
    path = world.path("POST /returns/{return_id}/{domain}/{standard}", "own")
    standard = str(world.ids["own"]["standard"])
    reply = browser.post(path, data={f"{standard}.level": "green", f"{standard}.comment": ANSWER})
    assert reply.status_code in {200, 409}
    browser.post("/sign-out")
    logged = everything_logged(caplog)
    with Session(engine) as session:
        subjects = " ".join(session.execute(select(col(OutboxMessage.subject))).scalars())
        kept = " ".join(str(row) for row in session.execute(text("SELECT * FROM login_session")))
        kept += " ".join(str(row) for row in session.execute(text("SELECT * FROM sign_in_link")))
    for secret in (link, session_token):
        assert secret not in logged
        assert secret not in subjects
        assert secret not in kept, "tokens are kept as hashes only"
        assert all(secret not in place for place in places)
    for word in (ANSWER, ADDRESS):
        assert word not in logged
        assert word not in subjects
        assert all(word not in place for place in places)


def test_the_second_factor_tells_no_secret(
    app: FastAPI, work: Work, engine: Engine, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    second_factor.forget(work, work.actor.user_id)
    work.session.commit()
    browser = TestClient(app, headers=ORIGIN, follow_redirects=False)
    asked = browser.post("/sign-in", data={"email": steps.MANAGER})
    browser.post(steps.newest_link(engine))
    setting_up = browser.get("/second-factor").text
    secret, sealed = steps.secret_on(setting_up)
    first_code = steps.code_of(secret, clock())
    done = browser.post("/second-factor/set-up", data={"sealed": sealed, "code": first_code})
    recovery = re.findall(r"<code>([\w-]+)</code>", done.text)
    assert len(recovery) == 10
    browser.post("/sign-out")
    browser.post("/sign-in", data={"email": steps.MANAGER})
    browser.post(steps.newest_link(engine))
    assert browser.post("/second-factor", data={"code": recovery[0]}).status_code == 303
    secrets = [secret, sealed, steps.shown_code(asked.text), *recovery, browser.cookies[cookie_name()]]
    assert [each for each in secrets if each in everything_logged(caplog)] == []
    with Session(engine) as session:
        mails = " ".join(
            f"{mail.subject} {mail.body}" for mail in session.execute(select(OutboxMessage)).scalars()
        )
        kept = " ".join(
            str(tuple(row))
            for name in ("second_factor", "recovery_code", "login_session", "sign_in_request", "audit_event")
            for row in session.execute(text(f"SELECT * FROM {name}"))
        )
    assert [each for each in secrets if each in mails] == []
    plain = [secret, *recovery, browser.cookies[cookie_name()]]
    assert [each for each in plain if each in kept or each.replace("-", "") in kept] == []


def served_with(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> uvicorn.Config:
    """Return the web server's settings as `eleven serve` hands them over, with some of them changed."""
    handed: dict[str, Any] = {}
    monkeypatch.setattr("app.main.build_app", lambda: "the program")
    monkeypatch.setattr(uvicorn, "run", lambda _app, **options: handed.update(options))
    before = list(logging.getLogger("uvicorn.error").filters)
    cli.serve(cli.parser().parse_args(["serve"]))
    logging.getLogger("uvicorn.error").filters[:] = before
    return uvicorn.Config("app.main:build_app", **{**handed, **changes})


def told_of_a_request(config: uvicorn.Config, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the web server's log says of a request, as the server itself words it."""
    config.configure_logging()
    log = logging.getLogger("uvicorn.access")
    log.info('%s - "%s %s HTTP/%s" %d', "192.0.2.1:1", "GET", f"/sign-in/{ANSWER}", "1.1", 200)
    heard = capsys.readouterr()
    return heard.out + heard.err


def test_the_web_server_logs_no_addresses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ANSWER not in told_of_a_request(served_with(monkeypatch), capsys)


def test_control_a_log_of_requests_would_tell_links(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ANSWER in told_of_a_request(
        served_with(monkeypatch, log_level="info", log_config=LOGGING_CONFIG), capsys
    )


def failing(app: FastAPI, client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Ask for a page that fails in the database while it holds secrets, and return the reply's status."""

    def fails(session: SessionDep, secret: str) -> str:
        session.execute(
            text("INSERT INTO user_account (email, name, created_at) VALUES (:email, :name, now())"),
            {"email": ADDRESS, "name": secret},
        )
        return "never"

    route = "/failing/{secret}"
    monkeypatch.setattr(table, "ACCESS", {**table.ACCESS, f"GET {route}": Access.SIGNED_IN})
    app.add_api_route(route, fails, methods=["GET"])
    status = TestClient(
        app, cookies=client.cookies, follow_redirects=False, raise_server_exceptions=False
    ).get(path)
    app.router.routes.pop()
    return status.status_code


def test_a_fault_is_logged_without_what_people_wrote(
    app: FastAPI,
    world: World,
    client_as: ClientAs,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    assert failing(app, lead, f"/failing/{ANSWER}", monkeypatch) == 500
    logged = everything_logged(caplog)
    assert "GET /failing/{secret}" in logged
    assert "UniqueViolation" in logged, "the fault itself is told"
    assert "test_secrets.py" in logged, "and where it happened"
    assert ANSWER not in logged
    assert ADDRESS not in logged


def test_the_web_server_does_not_print_the_fault_again(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("uvicorn.error")
    before = list(log.filters)
    keep_values_out_of_the_servers_log()
    uvicorn.Config("app.main:build_app", log_level="warning")  # sets up its log, as the server does
    problem = ValueError(ADDRESS)
    log.error("Exception in ASGI application", exc_info=problem)
    log.filters[:] = before
    told = capsys.readouterr().err
    assert "Exception in ASGI application" in told
    assert ADDRESS not in told


def test_control_a_log_of_addresses_and_values_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("eleven").info("saved %s", ANSWER)
    logging.getLogger("eleven").error("failed", exc_info=ValueError(ADDRESS))
    logged = everything_logged(caplog)
    assert ANSWER in logged
    assert ADDRESS in logged
