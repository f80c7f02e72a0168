"""The page assets: what the set-up puts in place, and our own style sheets bundled into one."""

import gzip
import hashlib

from fastapi import Request, Response

from app.core.settings import ROOT

STATIC = ROOT / "app" / "core" / "static"
STYLES = ROOT / "app" / "core" / "styles"
SHEETS = (
    "base.css",
    "pictures.css",
    "pages.css",
    "desk.css",
    "schedule.css",
    "trail.css",
    "evidence.css",
    "visits.css",
    "moderation.css",
    "signals.css",
    "planner.css",
    "actions.css",
)
FILES = (
    "vendor/govuk-frontend.min.css",
    "vendor/htmx.min.js",
    "eleven.js",
    "autosave.js",
    "evidence.js",
    "session.js",
    "unsent.js",
    "favicon.svg",
)


class MissingAssetsError(RuntimeError):
    """Pages would be bare; the message says what to run."""


def require_assets() -> None:
    """Raise MissingAssetsError when a file that every page uses is not there."""
    missing = [name for name in FILES if not (STATIC / name).is_file()]
    if missing:
        raise MissingAssetsError(f"Page assets are missing ({', '.join(missing)}). Run: make setup")


class StyleSheet:
    """Our style sheets in one reply: three files to write in, one to fetch."""

    def __init__(self) -> None:
        plain = "\n".join((STYLES / name).read_text("utf-8") for name in SHEETS).encode()
        self.plain, self.packed = plain, gzip.compress(plain, 9, mtime=0)
        self.tag = f'"{hashlib.sha256(plain).hexdigest()[:16]}"'

    def __call__(self, request: Request) -> Response:
        """Answer with the sheet, packed for browsers that take it, or 'you have it already'."""
        headers = {"ETag": self.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                self.packed, media_type="text/css", headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(self.plain, media_type="text/css", headers=headers)
