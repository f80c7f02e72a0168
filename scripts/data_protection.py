#!/usr/bin/env python3
"""Make the tables of docs/data-protection.md anew from the register of personal data.

usage: ELEVEN_MODE=test .venv/bin/python -m scripts.data_protection
"""

from pathlib import Path

from app.core.held.document import replaced, section
from app.core.held.register import REGISTER
from app.people.retention_rules import kept_in_docs

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "data-protection.md"


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(replaced(DOCUMENT.read_text("utf-8"), section(REGISTER, kept_in_docs())), "utf-8")


if __name__ == "__main__":
    main()
