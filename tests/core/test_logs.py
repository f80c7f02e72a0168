"""The log: one line a request, with a reference that error pages tell, and nothing that people wrote."""

import json
import logging
import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core import logs
from app.core.access import PartnershipRole
from app.core.settings import Settings, settings
from tests.conftest import ORIGIN, ClientAs

pytestmark = pytest.mark.faults
CANARY = "canary-4711"


@pytest.fixture
def quiet(app: FastAPI) -> TestClient:
    """A browser that sees faults as people do."""
    return TestClient(app, headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False)


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the program logged, as it would be written in production."""
    return [
        json.loads(logs.JsonLines().format(each)) for each in caplog.records if each.name.startswith("eleven")
    ]


def test_a_request_is_one_line_with_pattern_status_time_and_number(
    client_as: ClientAs, caplog: pytest.LogCaptureFixture
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    caplog.set_level(logging.INFO, "eleven.requests")
    manager.get(f"/people?q={CANARY}", headers={"X-Canary": CANARY})
    manager.post("/people", data={"name": CANARY, "email": CANARY})
    manager.get("/static/eleven.css")
    first, second = lines(caplog)
    assert (first["method"], first["route"], first["status"]) == ("GET", "/people", 200)
    assert (second["method"], second["route"], second["status"]) == ("POST", "/people", 422)
    assert isinstance(first["user"], int)
    assert first["ms"] > 0
    assert re.fullmatch(r"[0-9a-f]{8}", first["reference"])
    assert first["reference"] != second["reference"]
    assert CANARY not in json.dumps([first, second])
    assert CANARY not in caplog.text


def test_an_address_with_a_secret_is_logged_as_its_pattern(
    client_as: ClientAs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "eleven.requests")
    client_as().get(f"/sign-in/{CANARY}?to={CANARY}")
    client_as().get(f"/no-such-page/{CANARY}")
    first, second = lines(caplog)
    assert (first["route"], first["user"]) == ("/sign-in/{token}", None)
    assert (second["route"], second["status"]) == (None, 404)
    assert CANARY not in caplog.text


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make inviting people fail with a message that quotes what was typed."""

    def fails(*_: Any, **typed: Any) -> None:
        raise RuntimeError(f"planted: {typed}")

    monkeypatch.setattr("app.people.managing.invite", fails)


@pytest.mark.usefixtures("broken")
def test_a_fault_gives_a_reference_and_the_typed_text_back(
    app: FastAPI, client_as: ClientAs, caplog: pytest.LogCaptureFixture
) -> None:
    signed_in = client_as(PartnershipRole.BOARD_MANAGER)
    quiet = TestClient(app, headers=ORIGIN, cookies=dict(signed_in.cookies), raise_server_exceptions=False)
    text = f"<script>{CANARY}</script>\nsecond line"
    reply = quiet.post("/people", data={"name": text, "email": "a@b.cd", "roles": "pso", "code": "123456"})
    assert reply.status_code == 500
    assert f"&lt;script&gt;{CANARY}&lt;/script&gt;\nsecond line</textarea>" in reply.text
    assert "<script>" + CANARY not in reply.text
    assert "123456" not in reply.text
    assert "planted" not in reply.text
    told = re.search(r"<strong>([0-9a-f]{8})</strong>", reply.text)
    assert told is not None
    fault, request = lines(caplog)
    assert told[1] in fault["message"]
    assert (request["reference"], request["status"], request["level"]) == (told[1], 500, "error")
    assert CANARY not in json.dumps(lines(caplog))


def test_the_log_of_a_fault_that_told_its_message_would_be_noticed(caplog: pytest.LogCaptureFixture) -> None:
    # The control: the ordinary way of logging an exception quotes what was typed.
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("eleven").exception("planted")
    assert CANARY in caplog.text
    assert CANARY not in json.dumps(lines(caplog))


def test_production_writes_json_and_the_demo_plain() -> None:
    assert Settings(mode="demo").logs_json is False
    assert Settings(mode="demo", log_format="json").logs_json is True
    production = settings().model_copy(update={"mode": "production"})
    assert production.logs_json is True
    assert production.model_copy(update={"log_format": "plain"}).logs_json is False


def test_configuring_sets_form_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger().handlers)
    try:
        logs.configure(Settings(mode="test", log_format="json"))
        logging.getLogger("eleven").info("all %s", "well")
        line = json.loads(capsys.readouterr().err)
    finally:
        logging.getLogger().handlers[:] = before
        logs.REQUESTS.setLevel(logging.NOTSET)
    assert (line["level"], line["message"]) == ("info", "all well")
