"""The register of personal data as the tables of docs/data-protection.md, which a test compares with it."""

from collections.abc import Mapping, Sequence

from app.core.held.words import Basis, Held, Plain

BEGIN, END = "<!-- from the register: begin -->", "<!-- from the register: end -->"


def _short(basis: Basis) -> str:
    """Return a basis as the document's own table of bases calls it."""
    return basis.name.lower().replace("_", " ")


def personal_table(register: Sequence[Held], kept: Mapping[str, str]) -> str:
    """Return one row for each column that says something about a person; `kept` has words for each rule."""
    lines = [
        "| column | what it says | about whom | why | kept | in the export | erasure |",
        "|---|---|---|---|---|---|---|",
    ]
    for held in register:
        for name, each in held.personal.items():
            export = "yes" if each.exported else f"no: {each.because}"
            erasure = each.erasure.value
            if each.because and each.exported:
                erasure += f": {each.because}"
            lines.append(
                f"| `{held.table}.{name}` | {each.words} | {held.about} | {_short(held.basis)} "
                f"| {kept[held.kept]} | {export} | {erasure} |"
            )
    return "\n".join(lines)


def plain_table(register: Sequence[Held]) -> str:
    """Return the columns that say nothing about a person, by kind."""
    lines = ["| kind | columns |", "|---|---|"]
    for kind in Plain:
        names = [
            f"`{held.table}.{name}`"
            for held in register
            for name, each in held.plain_columns()
            if each is kind
        ]
        lines.append(f"| {kind.value} | {', '.join(names)} |")
    return "\n".join(lines)


def section(register: Sequence[Held], kept: Mapping[str, str]) -> str:
    """Return the part of the document that is made from the register, between its two marks."""
    return "\n\n".join(
        [
            BEGIN,
            "### Columns that say something about a person",
            personal_table(register, kept),
            "### Columns that do not",
            plain_table(register),
            END,
        ]
    )


def replaced(document: str, made: str) -> str:
    """Return a document with the part between the marks made anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + made + after
