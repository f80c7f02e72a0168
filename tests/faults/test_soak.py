"""The soak runs both its steps, writes down what came of them, and is loud when something is wrong."""

import json
from pathlib import Path

import pytest

from tests.faults import scale, soak, table
from tests.faults.table import EXPECTED, merged, missing, tables

pytestmark = pytest.mark.faults
REPORT = '<testsuites><testsuite tests="{}" failures="{}" errors="0"/></testsuites>'
WHOLE = [
    {"test": f"{number} {kind}", "wrong" if kind == "test" else "noticed": int(kind != "test")}
    for number in EXPECTED
    for kind in ("test", "control: planted")
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of figures of this test's own."""
    place = tmp_path / "soak.jsonl"
    for module in (scale, soak):
        monkeypatch.setattr(module, "FILE", place)
    return place


class Pretended:
    """Stands in for pytest: writes its report and the figures, and fails where it is told to."""

    def __init__(self, failing: str = "", lines: list[dict[str, object]] = WHOLE) -> None:
        self.failing, self.lines, self.ran = failing, lines, list[str]()

    def __call__(self, arguments: list[str]) -> int:
        """Run one step."""
        self.ran.append(arguments[0])
        fails = arguments[0] == self.failing
        report = arguments[-1].removeprefix("--junitxml=")
        Path(report).write_text(REPORT.format(3, int(fails)), "utf-8")
        for line in self.lines if arguments[0] == "one" else ():
            scale.write(line)
        return int(fails)


STEPS = (("First", ("one",)), ("Second", ("two",)))


def test_a_whole_soak_passes_and_notes_its_time_cores_and_outcome(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('{"test": "1 of an earlier run"}\n', "utf-8")
    assert soak.soak(Pretended(), STEPS) == 0
    runs = [line for line in scale.lines_of(file) if "run" in line]
    assert [(run["run"], run["outcome"], run["tests"], run["failed"]) for run in runs] == [
        ("First", "passed", 3, 0),
        ("Second", "passed", 3, 0),
        ("The whole soak", "passed", 6, 0),
    ]
    assert all(run["cores"] >= 1 and run["seconds"] >= 0 and run["at"].startswith("20") for run in runs)
    told = capsys.readouterr()
    assert "- The whole soak: passed; 6 tests, 0 failed, 0 min 0 s; begun 20" in told.out
    assert "an earlier run" not in told.out
    assert "an earlier run" in file.with_name("soak-before.jsonl").read_text("utf-8")
    assert told.err == ""


@pytest.mark.parametrize("failing", ["one", "two"])
def test_a_step_that_fails_is_loud_and_the_other_runs_all_the_same(
    file: Path, capsys: pytest.CaptureFixture[str], failing: str
) -> None:
    del file
    pretended = Pretended(failing)
    assert soak.soak(pretended, STEPS) == 1
    assert pretended.ran == ["one", "two"]
    told = capsys.readouterr()
    assert f"THE SOAK FAILED: {'First' if failing == 'one' else 'Second'}\n" in told.err
    assert "- The whole soak: FAILED; 6 tests, 1 failed" in told.out


def test_a_step_that_runs_no_test_has_failed(file: Path) -> None:
    del file
    assert soak.soak(lambda _arguments: 0, STEPS) == 1


@pytest.mark.parametrize(
    ("lost", "told"), [(2, "no figures of test 2"), (3, "no figures of the control of test 2")]
)
def test_a_test_without_figures_fails_the_soak(
    file: Path, capsys: pytest.CaptureFixture[str], lost: int, told: str
) -> None:
    del file
    lines = [line for number, line in enumerate(WHOLE) if number != lost]
    assert soak.soak(Pretended(lines=lines), STEPS) == 1
    assert told in capsys.readouterr().err


def test_lines_of_one_test_are_added_up_and_times_are_the_greatest() -> None:
    lines = [
        {"test": "24 files", "files": 1, "wrong": 0, "most_megabytes": 7, "scale": 1.0},
        {"test": "9 away", "lost": 0, "recovery_seconds": 0.25, "mounted": True},
        {"test": "24 files", "files": 1, "wrong": 1, "most_megabytes": 3, "scale": 1.0},
        {"test": "9 control: says so", "lost": 13},
    ]
    assert [line["test"] for line in merged(lines)] == ["9 away", "9 control: says so", "24 files"]
    shown = tables(lines)
    assert "| 24 files | files: 2, most megabytes: 7 | 1 |  |" in shown
    assert "| 9 away | mounted: yes |  | 0 |  |  | 0.25 s |" in shown
    assert missing(lines)[0] == "no figures of test 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 23, 25, 26, 27"
    assert "\n**N" + missing(lines)[0][1:] + ".**" in shown


def test_the_tool_reads_what_the_tests_write(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "SOAK", 1.0)
    scale.figures("5 identical sign-offs at once", sign_offs=200, wrong=0)
    (line,) = [json.loads(each) for each in file.read_text("utf-8").splitlines()]
    assert line["test"] == "5 identical sign-offs at once"
    assert line["scale"] == 1.0
    assert "| 5 identical sign-offs at once | sign offs: 200, wrong: 0 |  |  |  |  |  |" in tables([line])


def test_every_step_names_tests_that_exist() -> None:
    for _, arguments in soak.STEPS:
        assert all(Path(each.removeprefix("--ignore=")).exists() for each in arguments if "tests" in each)
    assert set(EXPECTED) == {*range(1, 12), *range(23, 28)}
    assert table.number_of("10 control: no seal") == 10
