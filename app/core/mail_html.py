"""The HTML half of a mail, made from its text: paragraphs, lists and our own links; nothing is loaded."""

import re
from html import escape
from typing import Final

_URL: Final = re.compile(r"https?://[^\s<>\"]+")
_STYLE: Final = "font-family:Arial,sans-serif;font-size:16px;line-height:1.5;color:#0b0c0c;max-width:38em"


def as_html(text: str, subject: str, our_address: str) -> str:
    """Return a mail's text as simple HTML that screen readers and old mail programs read well.

    Only addresses of our own pages become links: what people typed stays text.
    """
    blocks = "\n".join(_block(each, our_address) for each in re.split(r"\n\s*\n", text.strip()))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head>\n"
        f'<body><div style="{_STYLE}">\n{blocks}\n</div></body></html>\n'
    )


def _block(block: str, our_address: str) -> str:
    made: list[str] = []
    points: list[str] = []
    lines: list[str] = []

    def close() -> None:
        if lines:
            made.append(f"<p>{'<br>'.join(lines)}</p>")
            lines.clear()
        if points:
            made.append("<ul>" + "".join(f"<li>{point}</li>" for point in points) + "</ul>")
            points.clear()

    for line in block.splitlines():
        is_point = line.startswith("- ")
        if (is_point and lines) or (not is_point and points):
            close()
        (points if is_point else lines).append(_linked(line.removeprefix("- "), our_address))
    close()
    return "".join(made)


def _linked(line: str, our_address: str) -> str:
    made, end = [], 0
    for found in _URL.finditer(line):
        if not found[0].startswith(f"{our_address}/"):
            continue
        href = escape(found[0])
        made += [escape(line[end : found.start()]), f'<a href="{href}">{href}</a>']
        end = found.end()
    return "".join([*made, escape(line[end:])])
