"""Bring a database to the newest revision."""

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import URL

from app.core.settings import ROOT


def alembic_config(address: URL | None) -> Config:
    """Return Alembic's configuration for a database."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["address"] = address
    return config


def migrate(address: URL) -> None:
    """Upgrade a database to the newest revision."""
    command.upgrade(alembic_config(address), "head")
