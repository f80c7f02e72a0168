"""Kinds of files: good ones of every kind are taken, hostile ones refused in words, in time and in memory."""

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.returns.file_names import ending_of
from app.returns.file_types import TYPES, type_of
from app.returns.refusals import RefusedFileError
from tests.returns.file_makers import GOOD, jpeg, pdf, png, with_parts, word
from tests.returns.hostile_files import every_hostile_file

pytestmark = [pytest.mark.files, pytest.mark.faults]
ROOT = Path(__file__).resolve().parent.parent.parent
MOST_SECONDS = 5
MOST_MEGABYTES = 200


def kind(name: str, content: bytes) -> str:
    return type_of(io.BytesIO(content), len(content), ending_of(name)).key


def outcome(name: str, content: bytes) -> str:
    try:
        return kind(name, content)
    except RefusedFileError as problem:
        return str(problem)


@pytest.mark.parametrize("key", GOOD)
def test_a_good_file_of_each_kind_is_taken(key: str) -> None:
    name, content = GOOD[key]
    assert kind(name, content) == key


def test_every_kind_that_is_promised_has_a_good_file_here() -> None:
    assert GOOD.keys() == TYPES.keys()


@pytest.mark.parametrize("key", GOOD)
def test_the_same_file_from_the_disk_is_the_same_kind(key: str) -> None:
    name, content = GOOD[key]
    with tempfile.TemporaryFile() as file:
        file.write(content)
        assert type_of(file, len(content), ending_of(name)).key == key


def test_a_document_with_a_workbook_built_in_as_charts_have_is_taken() -> None:
    charted = with_parts(word(), {"word/embeddings/Microsoft_Excel_Sheet.xlsx": GOOD["xlsx"][1]})
    assert kind("chart.docx", charted) == "docx"


def test_a_template_on_the_school_s_own_drive_is_no_harm() -> None:
    near = (
        b'<Relationships><Relationship Id="r" Type="x/attachedTemplate" '
        b'Target="file:///s/t.dotx" TargetMode="External"/></Relationships>'
    )
    assert kind("letter.docx", with_parts(word(), {"word/_rels/settings.xml.rels": near})) == "docx"


def test_every_hostile_file_is_refused_in_words_within_5_seconds_and_200_megabytes() -> None:
    """Each is looked at in a process of its own family, whose greatest memory is then read."""
    code = "import tests.returns.test_file_types as t; t.refuse_all()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["count"] >= 80
    assert result["wrong"] == []
    assert result["slowest"][0] < MOST_SECONDS, result["slowest"]
    assert result["most_megabytes"] < MOST_MEGABYTES, result
    sys.stdout.write(f"{result}\n")


def refuse_all() -> None:
    """Look at each hostile file on the disk, as uploads are, and print how that went."""
    count, wrong, slowest, most = 0, [], (0.0, ""), (0.0, "")
    for name, content, word_of_refusal in every_hostile_file():
        count += 1
        with tempfile.TemporaryFile() as file:
            file.write(content)
            size = len(content)
            del content
            tracemalloc.start()
            begun = time.process_time()
            try:
                type_of(file, size, ending_of(name))
                wrong.append(f"{name}: taken")
            except RefusedFileError as problem:
                if word_of_refusal not in str(problem):
                    wrong.append(f"{name}: {problem}")
            slowest = max(slowest, (round(time.process_time() - begun, 2), name))
            most = max(most, (round(tracemalloc.get_traced_memory()[1] / 1e6, 1), name))
            tracemalloc.stop()
    sys.stdout.write(
        json.dumps(
            {
                "count": count,
                "wrong": wrong,
                "slowest": slowest,
                "most_megabytes": most[0],
                "largest": most[1],
                "process_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            }
        )
    )


def test_without_looking_at_content_most_of_them_would_get_in() -> None:
    """The control: a broken variant that goes by the name alone takes what the real one refuses."""
    by_name = {ending for each in TYPES.values() for ending in each.endings}
    taken = [name for name, _, _ in every_hostile_file() if ending_of(name) in by_name]
    assert len(taken) >= 60


def test_harmless_twins_of_the_hostile_ones_are_taken() -> None:
    """The control of the refusals: they come from what is hostile, not from how the files are made."""
    assert kind("a.docx", with_parts(word(), {"word/media/image1.png": png()})) == "docx"
    assert kind("a.pdf", pdf(b"<< /Encrypted (no) /Launched (no) >>")) == "pdf"
    assert kind("a.jpg", jpeg(comment=b"Taken by the school")) == "jpg"
    assert kind("a.csv", b"Name,Count\n-5,=A1+3\n+44 1632 960123,a|b\n") == "csv"
    assert kind("a.txt", b"5 < 6, a <b> c, see https://example.org/?a=1|2\n") == "txt"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(GOOD)))
def test_no_content_makes_the_checks_stumble(noise: bytes, key: str) -> None:
    """Whatever follows or replaces the middle of a good file, it is a kind or a refusal, never a fault."""
    name, content = GOOD[key]
    for mangled in (noise, content[:8] + noise, content[: len(content) // 2] + noise, content + noise):
        assert outcome(name, mangled) in TYPES or outcome(name, mangled).endswith(".")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_good_file_with_one_byte_changed_is_a_kind_or_a_refusal(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(["docx", "odt", "pdf", "png", "jpg"]))
    name, content = GOOD[key]
    place = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[place] = data.draw(st.integers(0, 255))
    assert outcome(name, bytes(changed)) == key or outcome(name, bytes(changed)).endswith(".")
