"""A served program and real browsers for journeys."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import Engine

from app.core.settings import settings
from app.main import build_app
from tests.conftest import MovableClock

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
AXE_RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']}"
# What passes is most of the result: it stays in the browser.
FIND = f"axe.run({AXE_RULES}).then((found) => found.violations)"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start Debian's Chromium; as root it needs to run without its sandbox."""
    if not Path(CHROMIUM).exists():
        pytest.fail("Browser tests need Chromium: sudo apt-get install chromium")
    quiet = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": [*quiet, *sandbox]}


@pytest.fixture(scope="module")
def address(page_engine: Engine, clock: MovableClock) -> Iterator[str]:
    """The program in demo mode, served on a free port; its people sign in with one click."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = settings()
    before = (config.mode, config.public_address)
    config.mode, config.public_address = "demo", f"http://127.0.0.1:{port}"
    app: FastAPI = build_app(page_engine, clock)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield config.public_address
    server.should_exit = True
    thread.join(10)
    config.mode, config.public_address = before


class Visitor:
    """A person at a browser: goes places, and looks at each with the eyes of an accessibility engine."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        # Refused saves answer 409, 422 and so on: Chromium logs them, but they are no fault of the page.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, name: str) -> None:
        """Be one of the demo's people."""
        self.context.clear_cookies()
        self.go("/sign-in")
        self.page.get_by_role("button", name=name, exact=True).click()

    def go(self, path: str) -> None:
        """Open an address of the program."""
        self.page.goto(self.address + path)

    def go_to_download(self, path: str) -> None:
        """Open an address that answers with a file, inside expect_download."""
        self.page.evaluate("(address) => { window.location.href = address; }", self.address + path)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        """Follow a link."""
        self.page.get_by_role("link", name=name).first.click()

    def sees(self, text: str) -> None:
        """Expect a text on the page."""
        self.page.get_by_text(text).first.wait_for(timeout=8_000)

    def look(self, name: str = "") -> None:
        """Check the page at the widths of a telephone and a desktop: no violation, nothing sideways."""
        for width in (320, 1280):
            self.page.set_viewport_size({"width": width, "height": 900})
            if not self.page.evaluate("typeof axe === 'object'"):
                self.page.evaluate(AXE.read_text())
            found = self.page.evaluate(FIND)
            faults = [(fault["id"], fault["nodes"][0]["html"][:160]) for fault in found]
            assert not faults, f"{name or self.page.url} at {width}: {faults}"
            sideways = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert sideways <= 0, f"{name or self.page.url} at {width}: {sideways} pixels too wide"


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[NewVisitor]:
    """Return a new person at a browser; at the end nobody's page may have complained."""
    visitors: list[Visitor] = []

    def arrive(name: str = "", *, scripts: bool = True) -> Visitor:
        context = browser.new_context(java_script_enabled=scripts)
        context.set_default_timeout(15_000)
        new = Visitor(context, address)
        visitors.append(new)
        if name:
            new.sign_in(name)
        return new

    yield arrive
    complaints = [complaint for each in visitors for complaint in each.complaints]
    for each in visitors:
        each.context.close()
    assert not complaints
