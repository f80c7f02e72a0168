"""The container image: its build steps give a program that serves, and nothing else goes in.

No container engine is needed. The Dockerfile is read, its COPY and RUN steps are done in an empty
folder that stands for the image's, and its commands are run there.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from sqlalchemy.engine import URL, make_url

from app.core.migrate import WEB_USER
from tests.packaging.compose_file import compose, own_services

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
WORKING_FOLDER = "/srv/eleven"
PORT = "8000"
IN_THE_IMAGE = {
    ".venv",
    "alembic.ini",
    "app",
    "exports",
    "migrations",
    "questionnaires",
    "scripts",
    "templates",
}


# --- reading the Dockerfile and the ignore files


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the Dockerfile, its continued lines joined."""

    keyword: str
    text: str

    @property
    def options(self) -> dict[str, str]:
        """The --name=value words."""
        return dict(word[2:].split("=", 1) for word in shlex.split(self.text) if word.startswith("--"))

    @property
    def words(self) -> list[str]:
        """The words that are not options."""
        return [word for word in shlex.split(self.text) if not word.startswith("--")]

    @property
    def command(self) -> list[str]:
        """The command of a CMD or HEALTHCHECK in its exec form."""
        command: list[str] = json.loads(self.text[self.text.index("[") :])
        return command


def read_dockerfile() -> list[list[Instruction]]:
    """Return the stages of the Dockerfile, each a list of instructions that begins with FROM."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    stages: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        keyword, text = line.split(maxsplit=1)
        if keyword == "FROM":
            stages.append([])
        stages[-1].append(Instruction(keyword, text))
    return stages


BUILD, FINAL = read_dockerfile()


def of(stage: list[Instruction], keyword: str) -> list[Instruction]:
    """Return the instructions of one kind."""
    return [instruction for instruction in stage if instruction.keyword == keyword]


def patterns(name: str) -> list[str]:
    """Return the patterns of an ignore file."""
    lines = (line.strip() for line in (ROOT / name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def ignored(path: PurePosixPath, rules: Iterable[str]) -> bool:
    """Say whether rules in .dockerignore's language leave a path out; the last rule that fits decides."""
    verdict = False
    for rule in rules:
        glob = re.escape(rule.lstrip("!").strip("/"))
        glob = glob.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(glob, str(part)) for part in (path, *path.parents)):
            verdict = not rule.startswith("!")
    return verdict


def git_patterns() -> list[str]:
    """Return .gitignore's patterns in .dockerignore's language, where a bare name is at the top only."""
    return [rule if "/" in rule.strip("/") else f"**/{rule}" for rule in patterns(".gitignore")]


def context_files(source: str) -> list[Path]:
    """Return the files that a COPY of this source takes from the checkout."""
    path = ROOT / source
    files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
    rules = patterns(".dockerignore")
    return [file for file in files if not ignored(PurePosixPath(file.relative_to(ROOT)), rules)]


# --- doing its steps


def run(command: Sequence[str | Path], **how: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it wrote and its exit code."""
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, **how)


def copy_from_checkout(instruction: Instruction, folder: Path) -> None:
    """Do a COPY from the checkout."""
    *sources, target = instruction.words
    for source in sources:
        files = context_files(source)
        assert files, f"COPY {instruction.text}: {source} brings no file"
        for file in files:
            inner = file.relative_to(ROOT / source) if file != ROOT / source else Path()
            into = folder / target / (Path(source).name if target.endswith("/") else "") / inner
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, into)


def copy_from_stage(instruction: Instruction, built: Path, folder: Path) -> None:
    """Do a COPY from the build stage, whose folder has been moved aside."""
    source, target = instruction.words
    found = built / PurePosixPath(source).relative_to(WORKING_FOLDER)
    if found.is_dir():
        shutil.copytree(found, folder / target, symlinks=True)
    else:
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(found, folder / target)


def run_in(folder: Path, command: str) -> None:
    """Do a RUN with the Python of the tests in the place of the base image's."""
    environment = {**os.environ, "PATH": TOOLS}
    done = run(["sh", "-c", command], cwd=folder, env=environment)
    assert done.returncode == 0, f"RUN {command}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the image's working folder, made by the Dockerfile's own steps."""
    root = tmp_path_factory.mktemp("image")
    folder, built = root / "eleven", root / "built"
    folder.mkdir()
    for instruction in BUILD:
        if instruction.keyword == "COPY":
            copy_from_checkout(instruction, folder)
        elif instruction.keyword == "RUN":
            run_in(folder, instruction.text)
    folder.rename(built)
    folder.mkdir()
    for instruction in of(FINAL, "COPY"):
        copy_from_stage(instruction, built, folder)
    shutil.rmtree(built)
    return folder


def image_environment(image: Path) -> dict[str, str]:
    """Return the environment that the image gives its commands, and nothing of ours."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    for instruction in of(FINAL, "ENV"):
        for word in instruction.words:
            name, value = word.split("=", 1)
            environment[name] = value.replace("$PATH", environment["PATH"]).replace(
                WORKING_FOLDER, str(image)
            )
    return environment


def command_of(keyword: str) -> list[str]:
    """Return the image's CMD or HEALTHCHECK command."""
    return of(FINAL, keyword)[-1].command


def on(port: int, command: list[str]) -> list[str]:
    """Return a command with another port, and with this machine only in the place of every interface."""
    local = (word.replace("0.0.0.0", "127.0.0.1") for word in command)  # noqa: S104 - the image's own address
    return [re.sub(rf"\b{PORT}\b", str(port), word) for word in local]


def is_healthy(port: int) -> bool:
    """Say what the image's health check finds; -I and -S leave it the standard library only."""
    program, *arguments = on(port, command_of("HEALTHCHECK"))
    assert program == "python", (
        "the base image's own Python, which is there whatever happens to the program's"
    )
    return run([sys.executable, "-I", "-S", *arguments]).returncode == 0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file of a folder with its size and time of change."""
    found = (path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@dataclass(frozen=True, slots=True)
class Served:
    """What a visitor of the running image saw, and what it left behind."""

    status: int
    body: str
    healthy: bool
    exit_code: int
    log: str


def wait_for_answer(port: int, server: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the status and text of /health as soon as the server answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    return 0, ""


def serve(command: list[str], environment: dict[str, str], log: Path) -> Served:
    """Run a command of the image on a free port until it answers, ask for its health, and end it."""
    port = free_port()
    command = on(port, command)
    with log.open("w") as output:
        # The launcher is looked up on the image's PATH, so that the ENV line is tried as well.
        found = shutil.which(command[0], path=environment["PATH"])
        assert found, f"{command[0]} is not on the image's PATH"
        server = subprocess.Popen(
            [found, *command[1:]], cwd="/", env=environment, stdout=output, stderr=output, text=True
        )
        try:
            status, body = wait_for_answer(port, server)
            healthy = status != 0 and is_healthy(port)
        finally:
            server.terminate()
            exit_code = server.wait(timeout=20)
    return Served(status, body, healthy, exit_code, log.read_text())


# --- what goes into the image


def test_the_image_holds_the_program_and_nothing_else(image: Path) -> None:
    assert {path.name for path in image.iterdir()} == IN_THE_IMAGE
    assert [path.name for path in (image / "scripts").iterdir()] == ["eleven"]
    own = [path.relative_to(image) for path in image.rglob("*") if ".venv" not in path.parts]
    assert not [path for path in own if re.match(r"(test_|tests$|conftest)", path.name)]


def test_the_image_holds_the_locked_packages_of_the_program_and_no_others(image: Path) -> None:
    listing = "import importlib.metadata as m; print(*{d.name for d in m.distributions()})"
    done = run([image / ".venv/bin/python", "-c", listing], cwd="/")
    installed = {re.sub(r"[-_.]+", "-", name).lower() for name in done.stdout.split()}
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/app.txt").read_text(), re.MULTILINE))
    assert installed <= locked
    assert {"fastapi", "sqlmodel", "uvicorn"} <= installed


def test_no_file_that_git_ignores_goes_to_the_build() -> None:
    rules = git_patterns()
    sent = [
        file.relative_to(ROOT)
        for copy in of(BUILD, "COPY")
        for name in copy.words[:-1]
        for file in context_files(name)
    ]
    assert len(sent) > 50
    assert not [path for path in sent if ignored(PurePosixPath(path), rules)]


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "app/core/__pycache__/clock.cpython-311.pyc",
        "app/core/static/vendor/htmx.min.js",
        "backups/2026-11-20",
        "requirements/dev.txt",
        "tests/conftest.py",
    ],
)
def test_what_does_not_belong_in_the_image_is_kept_from_the_build(path: str) -> None:
    assert ignored(PurePosixPath(path), patterns(".dockerignore"))


@pytest.mark.parametrize(
    "path", ["app/main.py", ".npmrc", "templates/layouts/page.html", "requirements/app.txt"]
)
def test_what_the_build_needs_is_sent_to_it(path: str) -> None:
    assert not ignored(PurePosixPath(path), patterns(".dockerignore"))


# --- what the image does


@pytest.fixture
def environment(image: Path, database: URL) -> dict[str, str]:
    """Return what a container of the tests gets: the image's environment and a database."""
    address = database.render_as_string(hide_password=False)
    return image_environment(image) | {"ELEVEN_MODE": "test", "DATABASE_URL": address}


def as_its_own_user(image: Path, environment: dict[str, str]) -> dict[str, str]:
    """Upgrade as the owner of the tables, as compose.yaml does, and return how the web service signs in."""
    program = image / "scripts/eleven"
    done = run([program, "migrate"], env=environment | {"ELEVEN_DATABASE_WEB_PASSWORD": "a password"})
    assert done.returncode == 0, done.stderr
    address = make_url(environment["DATABASE_URL"]).set(username=WEB_USER)
    return {"DATABASE_URL": address.render_as_string(hide_password=False)}


@pytest.mark.parametrize("who", ["the image alone", "the web service of compose.yaml"])
def test_the_image_serves_healthy_answers_and_writes_nothing_into_its_folder(
    image: Path, environment: dict[str, str], tmp_path: Path, who: str
) -> None:
    command, before = command_of("CMD"), files_of(image)
    if who != "the image alone":
        command = compose()["services"]["web"]["command"]
        environment |= as_its_own_user(image, environment)
    served = serve(command, environment, tmp_path / "log")
    assert (served.status, json.loads(served.body or "{}").get("status")) == (200, "ready"), served.log
    assert served.healthy
    assert served.exit_code in {0, -15}, served.log
    assert files_of(image) == before


def test_the_image_does_not_serve_real_returns_with_unsafe_settings(image: Path, tmp_path: Path) -> None:
    served = serve(command_of("CMD"), image_environment(image), tmp_path / "log")
    assert served.status == 0
    assert served.exit_code not in {0, -15}
    assert "Eleven does not start" in served.log
    assert "DATABASE_URL is not set" in served.log


def test_the_eleven_command_knows_every_service_that_runs_it(
    image: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    done = run([image / "scripts/eleven", "--help"], cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    wanted = {command_of("CMD")[1]} | {service["command"][1] for service in own_services()}
    assert wanted == {"serve", "migrate", "worker"}
    assert not [word for word in wanted if not re.search(rf"\b{word}\b", done.stdout)]


def test_the_image_brings_the_migrations(image: Path, environment: dict[str, str], tmp_path: Path) -> None:
    (command,) = (service["command"] for service in own_services() if "migrate" in service["command"])
    done = run([image / "scripts" / command[0], *command[1:]], cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr


def test_the_eleven_command_reads_the_callers_files_and_not_the_callers_modules(
    image: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").write_text("raise SystemExit('the wrong program')")
    shutil.copy(image / "questionnaires/section-11.yaml", tmp_path / "ours.yaml")
    check = ("questionnaire", "check", "ours.yaml")
    done = run([image / "scripts/eleven", *check], cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout) == (0, "ours.yaml: no mistake found\n"), done.stderr


def test_the_health_check_fails_where_nobody_answers() -> None:
    assert not is_healthy(free_port())


@pytest.fixture
def unready_port() -> Iterator[int]:
    """Return the port of a server that answers 503 like a program without its database."""

    class Unready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503)

        def log_message(self, *_parts: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Unready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_health_check_fails_when_the_program_is_not_ready(unready_port: int) -> None:
    assert not is_healthy(unready_port)


def test_the_final_stage_runs_as_a_numbered_user_on_a_slim_image() -> None:
    assert [instruction.text for instruction in of(FINAL, "FROM")] == [of(BUILD, "FROM")[0].words[0]]
    assert re.fullmatch(r"python:3\.11-slim-\w+", of(FINAL, "FROM")[0].text)
    assert of(FINAL, "USER")[-1].text == "10001:10001"
    (make_user,) = of(FINAL, "RUN")
    assert re.findall(r"(?:^|&& )(\w+)", make_user.text) == ["groupadd", "useradd", "install"]
    assert {of(stage, "WORKDIR")[0].text for stage in (BUILD, FINAL)} == {WORKING_FOLDER}
    assert all(copy.options == {"from": "build"} for copy in of(FINAL, "COPY"))


def test_one_port_is_served_exposed_and_checked() -> None:
    assert of(FINAL, "EXPOSE")[-1].text == PORT
    web = compose()["services"]["web"]["command"]
    assert command_of("CMD")[-2:] == ["--port", PORT]
    # The program believes X-Forwarded-* headers only where the proxy is the one who sets them.
    assert web == [*command_of("CMD"), "--behind-proxy"]
    assert PORT in command_of("HEALTHCHECK")[-1]
    assert f"reverse_proxy web:{PORT}" in (ROOT / "docs/Caddyfile").read_text()
