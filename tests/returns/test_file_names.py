"""Names of files: harmless everywhere, and still recognisable."""

import re
import unicodedata
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.returns.file_names import LONGEST, attachment, distinct, ending_of, safe_name

pytestmark = [pytest.mark.files, pytest.mark.faults]


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("Policy.pdf", "Policy.pdf"),
        ("C:\\Users\\Robin\\Policy 2026.pdf", "Policy 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("Père’s naïve résumé.docx", "Père’s naïve résumé.docx"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        ("a\x00b\nc\t.txt", "abc.txt"),
        ("CON.pdf", "_CON.pdf"),
        ("aux.txt", "_aux.txt"),
        (".htaccess", "file.htaccess"),
        ("", "file"),
        ("...", "file"),
        (".pdf", "file.pdf"),
        ('<img src=x onerror="alert(1)">.png', "_img src=x onerror=_alert(1)__.png"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("  spaces   all over .txt ", "spaces all over.txt"),
        ("Minutes; rm -rf *.txt", "Minutes_ rm -rf _.txt"),
    ],
)
def test_names_are_made_harmless(given_name: str, shown: str) -> None:
    assert safe_name(given_name) == shown


@given(st.text(max_size=400))
def test_every_name_is_safe_everywhere_and_stays_so(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= LONGEST
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', safe)
    assert not safe.startswith((".", " "))
    assert not safe.endswith((".", " "))
    assert all(unicodedata.category(letter) not in {"Cc", "Cf", "Cs"} for letter in safe)
    assert safe_name(safe) == safe


@given(st.text(max_size=200))
def test_the_header_is_plain_ascii_on_one_line_and_gives_the_name_back(name: str) -> None:
    safe = safe_name(name)
    header = attachment(safe)
    header.encode("ascii")
    assert "\n" not in header
    assert "\r" not in header
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    assert header.count('"') == 2
    from urllib.parse import unquote  # noqa: PLC0415

    assert unquote(header.split("filename*=UTF-8''", 1)[1]) == safe


@given(st.lists(st.sampled_from(["a.pdf", "A.pdf", "a (2).pdf", "b", "b.tar.gz"]), max_size=12))
def test_names_beside_each_other_differ_even_where_capitals_do_not_count(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(distinct(name, taken))
    assert len({name.casefold() for name in taken}) == len(names)
    assert all(len(name) <= LONGEST for name in taken)


def test_endings_are_read_in_lower_case() -> None:
    assert [ending_of(name) for name in ("A.PDF", "b.tar.gz", "none", "dot.")] == ["pdf", "gz", "", ""]
