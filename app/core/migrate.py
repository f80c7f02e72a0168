"""Bring a database to the newest revision, and make the user that the program signs in as."""

from typing import Final

from alembic import command
from alembic.config import Config
from psycopg import errors, sql
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from app.core.recovery.copied_tables import Driver, driver_of
from app.core.scope import APP_ROLE
from app.core.settings import ROOT

WEB_USER: Final = "eleven_web"
"""The database user of `serve` and `worker` in compose.yaml: it owns nothing."""


class WebUserError(RuntimeError):
    """The user of the database that the program signs in as could do more than it should."""


def alembic_config(address: URL | None) -> Config:
    """Return Alembic's configuration for a database."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["address"] = address
    return config


def migrate(address: URL) -> None:
    """Upgrade a database to the newest revision."""
    command.upgrade(alembic_config(address), "head")


def let_web_sign_in(address: URL, password: str) -> None:
    """Make or change the user whose only right is to take on the program's confined role.

    Whoever breaks into the program cannot get from there to the rights of the tables' owner. Raises
    WebUserError for a user who may do more, and where the owner may make none.
    """
    engine = create_engine(address)
    try:
        with engine.begin() as connection:
            _make_web_user(driver_of(connection), password)
    except errors.InsufficientPrivilege as problem:
        raise WebUserError(
            f"The owner of the tables may not make the database user {WEB_USER}. Let an administrator make "
            "it, as docs/deploy.md says, and leave ELEVEN_DATABASE_WEB_PASSWORD empty."
        ) from problem
    finally:
        engine.dispose()


def _make_web_user(driver: Driver, password: str) -> None:
    """Tell the server a verifier of the password, never the password itself."""
    there = driver.execute(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = %s",
        (WEB_USER,),
    ).fetchone()
    if there is not None and there[0]:
        raise WebUserError(f"The database user {WEB_USER} has rights of its own. Take them away first.")
    user, role = sql.Identifier(WEB_USER), sql.Identifier(APP_ROLE)
    verifier = driver.pgconn.encrypt_password(password.encode(), WEB_USER.encode(), b"scram-sha-256")
    driver.execute(
        sql.SQL("{} ROLE {} LOGIN NOINHERIT PASSWORD {}").format(
            sql.SQL("CREATE" if there is None else "ALTER"), user, sql.Literal(verifier.decode())
        )
    )
    driver.execute(sql.SQL("GRANT {} TO {}").format(role, user))
