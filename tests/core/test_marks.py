"""`pytest -m access` and `pytest -m faults` select every test of what their names promise."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROMISED = {"access": ("tests/access",), "faults": ("tests/faults", "tests/hostile")}
_FOR_THE_MODULE = re.compile(r"^pytestmark = .*$", re.MULTILINE)


def marks_of(path: Path) -> set[str]:
    """Return the marks of all tests of a file."""
    found = _FOR_THE_MODULE.search(path.read_text("utf-8"))
    return set(re.findall(r"pytest\.mark\.(\w+)", found[0])) if found else set()


@pytest.mark.parametrize("mark", PROMISED)
def test_every_test_of_a_folder_is_selected_by_its_mark(mark: str) -> None:
    files = [path for place in PROMISED[mark] for path in (ROOT / place).glob("test_*.py")]
    assert len(files) >= 9
    assert [path.name for path in files if mark not in marks_of(path)] == []


def test_every_test_of_files_and_backups_is_a_test_of_faults() -> None:
    files = {path: marks_of(path) for path in (ROOT / "tests").rglob("test_*.py")}
    assert [path.name for path, marks in files.items() if "files" in marks and "faults" not in marks] == []


def test_control_a_file_without_its_mark_is_seen(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("pytestmark = [pytest.mark.files, pytest.mark.journey]\n")
    assert marks_of(tmp_path / "test_x.py") == {"files", "journey"}
