"""The eleven command."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["eleven", *(str(each) for each in arguments)])
    return main()


def test_the_questionnaires_that_come_with_it_have_no_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted((ROOT / "questionnaires").glob("*.yaml"))
    assert run(monkeypatch, "questionnaire", "check", *files) == 0
    assert capsys.readouterr().out.count("no mistake found") == len(files) == 2


def test_a_mistake_is_told_with_file_line_and_mending(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (ROOT / "questionnaires" / "section-11.yaml").read_text("utf-8")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "critical: true" in each)
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace("critical: true", "critcal: true", 1), "utf-8")
    assert run(monkeypatch, "questionnaire", "check", broken) == 1
    told = capsys.readouterr().out
    assert f"broken.yaml:{line}:" in told
    assert "critical" in told


def test_every_command_explains_itself() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "app.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for command in (
        "serve",
        "worker",
        "demo",
        "migrate",
        "questionnaire",
        "import",
        "audit",
        "bench",
        "user",
    ):
        assert command in told
