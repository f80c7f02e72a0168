"""Evidence files of the demo: a few real, small documents, so that visitors find something to open."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import docx

from app.core.clock import LONDON, long_date
from app.core.storage import Storage
from app.demo.chance import chance
from app.demo.returns import Made
from app.returns.models import ScanState

_EVERY: Final = 37
"""Beside the organisations whose people visitors can be, one return in so many has files."""

_LINES: Final = (
    "Policy read and agreed by all staff.",
    "Two records were looked at more closely; both were complete.",
    "The governor who is responsible for safeguarding visited and spoke with six pupils.",
    "Next look: the start of the summer term.",
)


def _text(title: str, lines: Sequence[str]) -> bytes:
    return ("\r\n".join((title, "", *lines)) + "\r\n").encode()


def _table(title: str, _lines: Sequence[str]) -> bytes:
    rows = ("Group,Staff,Trained", "Teachers,24,24", "Support staff,18,17", "Governors,11,9")
    return ("\r\n".join((title.replace(",", " "), *rows)) + "\r\n").encode()


def _word(title: str, lines: Sequence[str]) -> bytes:
    document, out = docx.Document(), io.BytesIO()
    # python-docx dates its template years back; the same moment each time keeps the demo the same.
    document.core_properties.author = "Eleven's demo"
    document.add_heading(title, 1)
    for line in lines:
        document.add_paragraph(line)
    document.save(out)
    return out.getvalue()


def _pdf(title: str, lines: Sequence[str]) -> bytes:
    """Return a PDF of one page, written by hand: five objects and where each begins."""
    shown = [title, "", *lines]
    moves = "".join(f"({_escaped(line)}) Tj 0 -20 Td " for line in shown)
    stream = f"BT /F1 12 Tf 60 780 Td {moves}ET".encode("cp1252", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    begin = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + table
    out += b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % begin
    return bytes(out)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


_Maker = Callable[[str, Sequence[str]], bytes]
_DOCUMENTS: Final[tuple[tuple[str, str, _Maker], ...]] = (
    ("Minutes of the governing body, {day}.docx", "docx", _word),
    ("Safeguarding audit {day}.pdf", "pdf", _pdf),
    ("Training record {day}.csv", "csv", _table),
    ("Note for the file {day}.txt", "txt", _text),
)


def give_files(every: Sequence[Made], storage: Storage, seed: int) -> None:
    """Put a few files into the store and beside the answers of some returns that say how they know."""
    for made in every:
        if made.asked.forced is None and made.id % _EVERY:
            continue
        rng = chance(seed, "files", made.id)
        told = [key for key, values in made.answers.items() if values.evidence.strip()]
        # This year's return still has room for last year's files: that is how visitors see them used again.
        most = 6 if made.issue.last_year else 3
        for key in sorted(rng.sample(told, min(most, len(told)))):
            saved = min((save for save in made.saves if save.standard_key == key), key=lambda save: save.at)
            made.files[key] = [_row(storage, made, key, rng.choice(_DOCUMENTS), saved.at, saved.by)]


def _row(
    storage: Storage,
    made: Made,
    key: str,
    document: tuple[str, str, _Maker],
    at: datetime,
    by: int,
) -> dict[str, Any]:
    name, type_key, make = document
    day = long_date(at.astimezone(LONDON).date()).split(" ", 1)[1]
    title = f"{made.asked.listed.organisation.name}: {name.split(' {')[0].strip(',')}"
    kept = storage.put(io.BytesIO(make(title, (day, *_LINES))))
    return {
        "id": 0,
        "organisation_id": made.organisation_id,
        "return_id": made.id,
        "standard_key": key,
        "name": name.format(day=day),
        "type_key": type_key,
        "size": kept.size,
        "sha256": kept.sha256,
        "stored_as": kept.name,
        "uploaded_at": at,
        "uploaded_by": by,
        "scan_state": ScanState.NOT_SCANNED,
        "scan_attempts": 0,
        "scan_detail": "",
        "signed_edition": len(made.editions) or None,
    }


def number_files(every: Sequence[Made], first_id: int) -> int:
    """Give each file its id and return the next one that is free."""
    for made in every:
        for some in made.files.values():
            for row in some:
                row["id"] = first_id
                first_id += 1
    return first_id


def file_rows(every: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table of files."""
    for made in every:
        for some in made.files.values():
            yield from some
