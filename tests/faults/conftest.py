"""What the fault tests share."""

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import URL

from tests.faults.filled import demo_partnership


@pytest.fixture(scope="session")
def filled(server: URL, template: str) -> Iterator[str]:
    """The name of a database with the demo partnership; tests that change it take a copy."""
    with demo_partnership(server, template) as name:
        yield name
