"""compose.yaml's two users of the database: one owns the tables, the other signs in for pages and worker."""

import argparse
import base64
import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping

import psycopg
import pytest
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, text

from app import cli
from app.core.database import build_engine
from app.core.migrate import WEB_USER, WebUserError, let_web_sign_in
from app.core.scope import Scope, check_row_security
from app.core.settings import settings
from tests.faults.filled import run as run_as_owner
from tests.packaging.compose_file import compose, own_services

pytestmark = pytest.mark.access
PASSWORD = 'it\'s "quoted" and 23 characters'
BREAK_OUTS = (
    "SET ROLE postgres",
    "CREATE TABLE mine (n int)",
    "ALTER TABLE audit_event DISABLE TRIGGER USER",
    "ALTER TABLE answer NO FORCE ROW LEVEL SECURITY",
    "SET ROLE NONE; SELECT count(*) FROM answer",
    "SET ROLE NONE; DELETE FROM audit_event",
    "SET ROLE NONE; CREATE ROLE more SUPERUSER",
)


# Users belong to the whole server, so these tests have one of their own.
OWN_USER = f"{WEB_USER}_{os.getpid()}"


@pytest.fixture
def web_user(database: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[URL]:
    """The database, as the program signs in to it."""
    monkeypatch.setattr("app.core.migrate.WEB_USER", OWN_USER)
    let_web_sign_in(database, PASSWORD)
    yield database.set(username=OWN_USER)
    run_as_owner(database, f"DROP ROLE {OWN_USER}")


def test_only_the_upgrade_knows_the_owner_of_the_tables() -> None:
    given: Mapping[str, Mapping[str, str]] = {
        service["command"][1]: service["environment"] for service in own_services()
    }
    assert set(given) == {"migrate", "serve", "worker"}
    for command, environment in given.items():
        owner = command == "migrate"
        assert environment["DATABASE_URL"].startswith(f"postgresql://{'eleven' if owner else WEB_USER}@db:")
        wanted = "POSTGRES_PASSWORD" if owner else "ELEVEN_DATABASE_WEB_PASSWORD"
        assert environment["PGPASSWORD"].startswith("${" + wanted + ":?")
        # What .env gives to every service is taken out again.
        assert environment["POSTGRES_PASSWORD"] == ""
    assert given["migrate"]["ELEVEN_DATABASE_WEB_PASSWORD"].startswith("${ELEVEN_DATABASE_WEB_PASSWORD:?")
    assert compose()["services"]["db"]["environment"]["POSTGRES_USER"] == "eleven"


def works_and_cannot(address: URL) -> list[str]:
    """Use the program's connections as a user and return the ways out of its role that are open."""
    engine = build_engine(address, 1, scope=Scope.SYSTEM)
    check_row_security(engine)
    with Session(engine) as session:
        session.execute(text("SELECT count(*) FROM answer"))
        session.execute(text('UPDATE "return" SET answered = answered'))
    engine.dispose()
    return [attempt for attempt in BREAK_OUTS if succeeds(address, attempt)]


def succeeds(address: URL, attempt: str) -> bool:
    """Say whether statements run on a connection of the program; all but missing rights is a fault."""
    engine = build_engine(address, 1, scope=Scope.SYSTEM)
    try:
        with engine.connect() as connection:
            for statement in attempt.split("; "):
                connection.execute(text(statement))
    except ProgrammingError as problem:
        if not isinstance(problem.orig, psycopg.errors.InsufficientPrivilege):
            raise
        return False
    finally:
        engine.dispose()
    return True


def test_the_programs_user_works_and_does_not_get_past_its_role(web_user: URL) -> None:
    assert works_and_cannot(web_user) == []


def test_control_signed_in_as_the_owner_the_way_out_is_open(database: URL) -> None:
    assert works_and_cannot(database) == [each for each in BREAK_OUTS if each.startswith("SET ROLE")]


def verifier_of(address: URL) -> str:
    """Return what the server keeps of the password."""
    with psycopg.connect(
        address.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        row = connection.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = %s", (OWN_USER,)
        ).fetchone()
    assert row is not None
    return str(row[0])


def opens(verifier: str, password: str) -> bool:
    """Say whether a password fits a verifier, worked out as RFC 5802 says and not as the driver does."""
    _, work, keys = verifier.split("$")
    (rounds, salt), stored = work.split(":"), keys.partition(":")[0]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64encode(hashlib.sha256(key).digest()).decode() == stored


def test_the_password_is_the_one_that_was_set_and_is_set_anew_each_time(web_user: URL, database: URL) -> None:
    assert opens(verifier_of(database), PASSWORD)
    let_web_sign_in(database, "another one")
    assert opens(verifier_of(database), "another one")
    assert not opens(verifier_of(database), PASSWORD)
    assert works_and_cannot(web_user) == []


def test_a_user_of_that_name_with_rights_of_its_own_is_refused(
    database: URL, web_user: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert web_user.username == OWN_USER
    run_as_owner(database, f"ALTER ROLE {OWN_USER} CREATEROLE")
    monkeypatch.setattr(settings(), "database_web_password", PASSWORD)
    monkeypatch.setattr("app.core.embedded.database_address", lambda: database)
    assert cli.migrate(argparse.Namespace()) == 1
    assert "has rights of its own" in capsys.readouterr().err
    run_as_owner(database, f"ALTER ROLE {OWN_USER} NOCREATEROLE")
    assert cli.migrate(argparse.Namespace()) == 0


def test_an_owner_who_may_make_no_users_is_told_what_to_do(database: URL) -> None:
    keeper = f"plain_keeper_{os.getpid()}"
    run_as_owner(database, f"CREATE ROLE {keeper} LOGIN")
    try:
        with pytest.raises(WebUserError, match="Let an administrator make it"):
            let_web_sign_in(database.set(username=keeper), PASSWORD)
    finally:
        run_as_owner(database, f"DROP ROLE {keeper}")
