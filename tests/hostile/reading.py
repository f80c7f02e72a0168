"""Reading replies as a browser and a spreadsheet do, and saying what is wrong with them."""

import io
from html.parser import HTMLParser

from openpyxl import load_workbook


class Reply(HTMLParser):
    """A page taken apart: its texts, its fields, and each tag and attribute that no page of ours has."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.fields: dict[str, str] = {}
        self.strange: list[str] = []
        self._area: str | None = None
        self._held: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note fields, and what may not be there: scripts in the page, handlers, foreign frames."""
        named = {name: value or "" for name, value in attrs}
        own_script = tag == "script" and named.get("src", "").startswith("/static/")
        if tag in {"iframe", "base", "img", "style", "plaintext", "object"} or (
            tag == "script" and not own_script
        ):
            self.strange.append(tag)
        self.strange += [f"{tag} {name}" for name in named if name.startswith("on")]
        if named.get("hx-get", named.get("hx-post", "")).endswith("/sign-out"):
            self.strange.append(f"{tag} hx-get")
        if tag == "input" and named.get("type", "text") in {"text", "email", "search"}:
            self.fields[named.get("name", "")] = named.get("value", "")
        if tag == "textarea":
            self._area, self._held = named.get("name", ""), []

    def handle_endtag(self, tag: str) -> None:
        """Close a text area: one line end right after its beginning is not part of it."""
        if tag == "textarea" and self._area is not None:
            self.fields[self._area] = "".join(self._held).removeprefix("\n")
            self._area = None

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)
        if self._area is not None:
            self._held.append(data)

    @property
    def text(self) -> str:
        """All text of the page in one line."""
        return flat("".join(self.texts))


def flat(text: str) -> str:
    """Return a text with every run of white space as one space, as a browser shows it."""
    return " ".join(text.split())


def odd_cells(workbook: bytes) -> list[str]:
    """Return every cell that a spreadsheet would compute or show as an error, headings included."""
    book = load_workbook(io.BytesIO(workbook))
    found = [
        f"{sheet.title}!{cell.coordinate} is {cell.data_type}"
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type in {"f", "e"}
    ]
    return found + [title for title in book.sheetnames if len(title) > 31 or set(title) & set("[]:*?/\\")]


def cell_texts(workbook: bytes) -> set[str]:
    """Return the text of every cell, as a spreadsheet shows it."""
    from tests.exports.package_checks import reread  # noqa: PLC0415 - only workbooks need it

    return {
        value for rows in reread(workbook).values() for row in rows for value in row if isinstance(value, str)
    }
