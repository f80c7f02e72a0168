"""compose.yaml as the tests of the image and of the services read it."""

from typing import Any

import yaml

from tests.conftest import ROOT


def compose() -> dict[str, Any]:
    """Return compose.yaml, its anchors and merges resolved."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return document


def own_services() -> list[dict[str, Any]]:
    """Return the services that run the program's image."""
    return [service for service in compose()["services"].values() if "build" in service]
