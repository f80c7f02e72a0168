"""Health: live without a database, ready with one, and everything well only while mails leave."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine
from sqlmodel import Session

from app.core import outbox
from app.core.settings import settings
from app.main import build_app
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.faults


def test_a_well_installation_says_so(client_as: ClientAs) -> None:
    for path in ("/health", "/health/ready", "/health/live"):
        assert client_as().get(path).status_code == 200
    found = client_as().get("/health").json()
    assert found["status"] == "ready"
    assert found["database"] == "answers"
    assert found["mail"] == {"oldest_due_seconds": 0, "late": False}
    assert found["disk"]["free_mb"] > 0


def test_late_mails_are_told_but_take_no_pages_away(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    with Session(engine) as session:
        mail = outbox.Mail("health", "receipt", "secret.person@example.org", "Canary subject", "Canary body")
        outbox.enqueue(session, [mail], clock())
        session.commit()
    clock.move(minutes=29)
    assert client_as().get("/health").status_code == 200
    clock.move(minutes=2)
    reply = client_as().get("/health")
    assert reply.status_code == 503
    assert reply.json()["status"] == "not ready"
    assert reply.json()["mail"] == {"oldest_due_seconds": 31 * 60, "late": True}
    assert "anary" not in reply.text
    assert "example.org" not in reply.text
    assert client_as().get("/health/ready").status_code == 200
    clock.move(minutes=-31)


def test_a_full_disk_is_not_ready(client_as: ClientAs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "health_free_mb", 10**12)
    reply = client_as().get("/health/ready")
    assert reply.status_code == 503
    assert reply.json()["disk"]["short"] is True


def test_without_its_database_the_program_lives_and_is_not_ready(clock: MovableClock) -> None:
    away = create_engine(
        "postgresql+psycopg://nobody:canary-password@127.0.0.1:9/none", connect_args={"connect_timeout": 2}
    )
    client = TestClient(build_app(away, clock))
    assert client.get("/health/live").json() == {"status": "live"}
    for path in ("/health", "/health/ready"):
        reply = client.get(path)
        assert reply.status_code == 503
        assert reply.json()["database"] == "does not answer"
        assert "canary" not in reply.text
