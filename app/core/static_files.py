"""The page assets, which the set-up puts in place: the program does not start without them."""

from app.core.settings import ROOT

STATIC = ROOT / "app" / "core" / "static"
FILES = (
    "vendor/govuk-frontend.min.css",
    "vendor/htmx.min.js",
    "eleven.css",
    "pictures.css",
    "eleven.js",
    "autosave.js",
)


class MissingAssetsError(RuntimeError):
    """Pages would be bare; the message says what to run."""


def require_assets() -> None:
    """Raise MissingAssetsError when a file that every page uses is not there."""
    missing = [name for name in FILES if not (STATIC / name).is_file()]
    if missing:
        raise MissingAssetsError(f"Page assets are missing ({', '.join(missing)}). Run: make setup")
