"""Run the migrations against the address that the program hands over."""

import importlib

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlmodel import SQLModel

from app.core.embedded import database_address

ROOMS = (
    "core",
    "people",
    "organisations",
    "questionnaires",
    "ratings",
    "actions",
    "rounds",
    "returns",
    "chasing",
    "moderation",
    "signals",
    "visits",
    "planner",
)

for room in ROOMS:
    importlib.import_module(f"app.{room}.models")


def run_on(connection: Connection) -> None:
    """Bring the database to the wanted revision within a connection's transaction, if it has begun one."""
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Bring the database to the wanted revision in one transaction."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        run_on(given)  # a restore: tables and rows are one transaction
        return
    address: URL = context.config.attributes.get("address") or database_address()
    engine = create_engine(address, connect_args={"options": "-c lock_timeout=10s -c eleven.scope=system"})
    with engine.connect() as connection:
        run_on(connection)
    engine.dispose()


run()
