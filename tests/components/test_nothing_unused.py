"""What no page uses is deleted: components, macros, and the classes of our styles."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = {path: path.read_text("utf-8") for path in (ROOT / "templates").rglob("*") if path.is_file()}
STYLES = [path.read_text("utf-8") for path in (ROOT / "app" / "core" / "styles").glob("*.css")]
# Pages, and the scripts and modules that name a class too.
PAGES = "\n".join(TEMPLATES.values())
NAMES = PAGES + "\n".join(
    path.read_text("utf-8")
    for path in [*(ROOT / "app").rglob("*.py"), *(ROOT / "app" / "core" / "static").glob("*.js")]
)


def unused_classes(styles: Iterable[str], names: str) -> set[str]:
    """Return the classes that nothing bears; pages write the end of some, as in `bar__part--{{ level }}`."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", "{}", "\n".join(styles), flags=re.DOTALL)
    written = set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))
    return {name for name in written if not any(each in names for each in _ways_to_write(name))}


def _ways_to_write(name: str) -> list[str]:
    joints = [found.end() for found in re.finditer(r"--|__|-", name)]
    return [name, *(f"{name[:joint]}{{{{" for joint in joints)]


def unused_macros(templates: Iterable[str]) -> set[str]:
    """Return the macros that are defined and never named again."""
    every = "\n".join(templates)
    defined = re.findall(r"{%-?\s*macro (\w+)", every)
    return {name for name in defined if len(re.findall(rf"\b{name}\b", every)) == 1}


def test_every_component_is_on_a_page() -> None:
    components = {f"components/{path.name}" for path in TEMPLATES if path.parent.name == "components"}
    assert {each for each in components if f'"{each}"' not in PAGES} == set()


def test_every_macro_is_called() -> None:
    assert unused_macros(TEMPLATES.values()) == set()
    assert unused_macros(["{% macro forgotten(a) %}{% endmacro %}"]) == {"forgotten"}


def test_every_class_of_the_styles_is_borne_by_something() -> None:
    assert unused_classes(STYLES, NAMES) == set()
    forgotten = [".tall, .bar--red > a { margin: 0.5em }"]
    assert unused_classes(forgotten, '<b class="bar--{{ level }}">') == {"tall"}
