"""What is wrong with a workbook's package: the rules that make Excel offer a repair, checked on the XML."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.utils.escape import unescape

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"


@dataclass
class Package:
    """A workbook's parts, and what is wrong with them."""

    content: bytes
    parts: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, Element] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def faults(content: bytes) -> list[str]:
    """Return what is wrong with a workbook, nothing if it is sound."""
    package = Package(content)
    with ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        package.faults += [f"{name} is there twice" for name, count in Counter(names).items() if count > 1]
        package.parts = {name: archive.read(name) for name in names}
    for name, body in package.parts.items():
        try:
            package.trees[name] = fromstring(body)  # noqa: S314 - written by the test's own program
        except ParseError as problem:
            package.faults.append(f"{name} is no XML: {problem}")
    if package.faults:
        return package.faults
    _check_types(package)
    _check_targets(package)
    if package.faults:
        return package.faults
    for name in sorted(package.trees):
        if name.startswith("xl/worksheets/sheet"):
            _check_sheet(package, name)
    _check_tables(package)
    _check_titles(package)
    if "xl/calcChain.xml" in package.parts:
        package.faults.append("there is a chain of calculations, but nothing to calculate")
    return package.faults


def _check_types(package: Package) -> None:
    types = package.trees["[Content_Types].xml"]
    overrides = [each.get("PartName", "") for each in types.iter(f"{TYPES}Override")]
    defaults = {each.get("Extension") for each in types.iter(f"{TYPES}Default")}
    package.faults += [f"{name} has two types" for name, n in Counter(overrides).items() if n > 1]
    package.faults += [
        f"type of a missing part {name}" for name in overrides if name[1:] not in package.parts
    ]
    for name in package.parts:
        if f"/{name}" not in overrides and name.rpartition(".")[2] not in defaults:
            package.faults.append(f"{name} has no type")


def _check_targets(package: Package) -> None:
    for name, tree in package.trees.items():
        if not name.endswith(".rels"):
            continue
        base = PurePosixPath(name).parent.parent
        for relation in tree.iter(f"{RELATIONS}Relationship"):
            target = relation.get("Target", "")
            place = target[1:] if target.startswith("/") else str(base / target)
            if relation.get("TargetMode") != "External" and place not in package.parts:
                package.faults.append(f"{name} leads to {place}, which is not there")


def _check_sheet(package: Package, name: str) -> None:
    last = 0
    for row in package.trees[name].iter(f"{MAIN}row"):
        number = int(row.get("r", "0"))
        if number <= last:
            package.faults.append(f"{name}: row {number} comes after row {last}")
        last = number
        for cell in row:
            _check_cell(package, name, cell, number)


def _check_cell(package: Package, name: str, cell: Element, row: int) -> None:
    place = cell.get("r", "")
    if not place.endswith(str(row)):
        package.faults.append(f"{name}: cell {place} is in row {row}")
    if cell.find(f"{MAIN}f") is not None:
        package.faults.append(f"{name}: cell {place} is a formula")
    if cell.get("t", "n") not in {"n", "inlineStr", "s"}:
        package.faults.append(f"{name}: cell {place} has type {cell.get('t')}")
    text = "".join(each.text or "" for each in cell.iter(f"{MAIN}t"))
    if len(unescape(text).encode("utf-16-le", "surrogatepass")) // 2 > 32_767:
        package.faults.append(f"{name}: cell {place} holds more than 32,767 characters")


def _check_tables(package: Package) -> None:
    seen: Counter[str] = Counter()
    for number, (part, sheet) in enumerate(_sheets_by_relation(package), start=1):
        cells = {cell.get("r", ""): cell for cell in package.trees[sheet].iter(f"{MAIN}c")}
        last_row = max((int(row.get("r", "0")) for row in package.trees[sheet].iter(f"{MAIN}row")), default=0)
        for table in _tables_of(package, sheet):
            label = table.get("displayName", "")
            seen[label.casefold()] += 1
            seen[f"id {table.get('id')}"] += 1
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", label) or re.fullmatch(
                r"[A-Za-z]{1,3}\d+", label
            ):
                package.faults.append(f"{part}: {label} is no name for a table")
            package.faults += [
                f"{part} (sheet {number}): {each}" for each in _table_faults(table, cells, last_row)
            ]
    package.faults += [f"two tables are called {name}" for name, count in seen.items() if count > 1]


def _sheets_by_relation(package: Package) -> list[tuple[str, str]]:
    relations = package.trees["xl/_rels/workbook.xml.rels"]
    targets = {each.get("Id"): each.get("Target", "").lstrip("/") for each in relations}
    sheets = package.trees["xl/workbook.xml"].iter(f"{MAIN}sheet")
    return [(each.get("name", ""), targets[each.get(LINK)]) for each in sheets]


def _tables_of(package: Package, sheet: str) -> Iterator[Element]:
    relations = package.trees.get(f"xl/worksheets/_rels/{PurePosixPath(sheet).name}.rels")
    targets = {
        each.get("Id"): each.get("Target", "").lstrip("/")
        for each in (() if relations is None else relations)
    }
    for part in package.trees[sheet].iter(f"{MAIN}tablePart"):
        yield package.trees[targets[part.get(LINK)]]


def _table_faults(table: Element, cells: dict[str, Element], sheet_ends: int) -> Iterator[str]:
    reference = table.get("ref", "")
    first_column, header, last_column, last_row = range_boundaries(reference)
    assert first_column
    assert header
    assert last_column
    assert last_row
    columns = [unescape(each.get("name", "")) for each in table.iter(f"{MAIN}tableColumn")]
    label = table.get("displayName")
    if last_row <= header:
        yield f"{label} has no rows"
    if len(columns) != last_column - first_column + 1:
        yield f"{label} has {len(columns)} columns on {reference}"
    if len({each.casefold() for each in columns}) != len(columns):
        yield f"{label} has two columns of one name"
    for offset, column in enumerate(columns):
        place = f"{_letters(first_column + offset)}{header}"
        cell = cells.get(place)
        text = (
            unescape("".join(each.text or "" for each in cell.iter(f"{MAIN}t"))) if cell is not None else ""
        )
        if text != column:
            yield f"{label}: column {column!r} has the header {text!r}"
    if last_row > sheet_ends:
        yield f"{label} goes to row {last_row}, the sheet to {sheet_ends}"
    filtered = table.find(f"{MAIN}autoFilter")
    if filtered is not None and filtered.get("ref") != reference:
        yield f"{label} filters another range"


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _check_titles(package: Package) -> None:
    titles = [each.get("name", "") for each in package.trees["xl/workbook.xml"].iter(f"{MAIN}sheet")]
    if len({title.casefold() for title in titles}) != len(titles):
        package.faults.append("two sheets have one title")
    for title in titles:
        if not 0 < len(title) <= 31 or re.search(r"[\[\]:*?/\\]", title) or title != title.strip("'"):
            package.faults.append(f"{title!r} is no title for a sheet")


# --- reading back ------------------------------------------------------------------------------------


def reread(content: bytes, *, decoded: bool = True) -> dict[str, list[list[Any]]]:
    """Return a workbook's cells by sheet; decoded as Excel does it, which reads _x005F_ as an underscore."""
    workbook = load_workbook(io.BytesIO(content))
    return {
        sheet.title: [[_as_read(cell.value, decoded=decoded) for cell in row] for row in sheet.iter_rows()]
        for sheet in workbook
    }


def _as_read(value: Any, *, decoded: bool) -> Any:
    if isinstance(value, str):
        return unescape(value) if decoded else value
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def records(rows: list[list[Any]], header_row: int = 4) -> list[dict[str, Any]]:
    """Return a table's rows by its headings."""
    headings = rows[header_row - 1]
    return [dict(zip(headings, row, strict=True)) for row in rows[header_row:]]


def chart_words(content: bytes) -> list[tuple[str, str]]:
    """Return each chart's title and its description for those who cannot see it."""
    drawing = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
    text = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
    chart = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
    with ZipFile(io.BytesIO(content)) as archive:
        trees = {
            name: fromstring(archive.read(name))  # noqa: S314 - written by the test's own program
            for name in sorted(archive.namelist())
            if name.startswith(("xl/charts/", "xl/drawings/drawing"))
        }
    titles = [
        "".join(each.text or "" for each in found.iter(text))
        for name, tree in trees.items()
        if name.startswith("xl/charts/") and (found := tree.find(f"{chart}chart/{chart}title")) is not None
    ]
    described = [
        each.get("descr", "")
        for name, tree in trees.items()
        if name.startswith("xl/drawings/")
        for each in tree.iter(f"{drawing}cNvPr")
    ]
    return list(zip(titles, described, strict=True))
