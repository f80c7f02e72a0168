"""`eleven demo`: fill the demo partnership once, then serve it with its mails going to the outbox page."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

PARTNERSHIP = "Wolds and Coast Safeguarding Children Partnership"


def run(*, port: int, reset: bool) -> int:
    """Serve the demo partnership on this machine only; what was entered before is kept unless reset."""
    os.environ["ELEVEN_MODE"] = "demo"
    os.environ.setdefault("ELEVEN_PUBLIC_ADDRESS", f"http://127.0.0.1:{port}")
    os.environ.setdefault("ELEVEN_PARTNERSHIP_NAME", PARTNERSHIP)
    os.environ.pop("DATABASE_URL", None)
    import uvicorn  # noqa: PLC0415 - settings are read on import, after the lines above

    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415
    from app.main import build_app  # noqa: PLC0415

    database = _database(reset=reset)
    _fill(database)
    engine = build_engine(database, 2, scope=Scope.SYSTEM)
    _announce(engine, port)
    threading.Thread(target=_send_mails, args=(engine,), daemon=True).start()
    pages = build_engine(database)
    uvicorn.run(build_app(pages), host="127.0.0.1", port=port, log_level="warning", server_header=False)
    return 0


def _database(*, reset: bool) -> URL:
    from app.core.embedded import ensure_database, start_server  # noqa: PLC0415
    from app.core.migrate import migrate  # noqa: PLC0415
    from app.core.settings import settings  # noqa: PLC0415

    server = start_server(settings().data_dir / "postgres")
    name = "eleven_demo"
    if reset:
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()
    address = ensure_database(server, name)
    migrate(address)
    return address


def _fill(database: URL) -> None:
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import owner_engine  # noqa: PLC0415
    from app.core.outside import file_store  # noqa: PLC0415
    from app.core.settings import settings  # noqa: PLC0415
    from app.demo.load import is_loaded, load  # noqa: PLC0415
    from app.demo.moderation import add_moderation  # noqa: PLC0415
    from app.demo.planner import add_planner  # noqa: PLC0415
    from app.demo.visits import add_visits  # noqa: PLC0415
    from app.signals.measuring import measure_all  # noqa: PLC0415

    engine = owner_engine(database)  # rows are copied in bulk, which row-level security rules out
    with Session(engine) as session:
        loaded = is_loaded(session)
    if not loaded:
        print("Making the demo partnership: 535 schools, its agencies, two years of returns ...", flush=True)
        began = time.monotonic()
        load(engine, now=system_clock(), storage=file_store(settings()))
        add_moderation(engine, system_clock())
        add_visits(engine, system_clock())
        measure_all(engine, system_clock())
        add_planner(engine, system_clock())
        print(f"Done in {time.monotonic() - began:.0f} seconds.", flush=True)
    engine.dispose()


def _announce(engine: Engine, port: int) -> None:
    from app.people.queries import demo_people  # noqa: PLC0415

    with Session(engine) as session:
        people = demo_people(session)
    print(f"\nEleven is at http://127.0.0.1:{port}  (stop it with Ctrl+C)\n")
    print("Sign in there with one click, as one of:")
    for person in people:
        print(f"  {person.name:<24} {person.role}{', ' + person.place if person.place else ''}")
    print(f"\nMails go to http://127.0.0.1:{port}/demo/outbox\n", flush=True)


def _send_mails(engine: Engine, wait: Callable[[float], None] = time.sleep) -> None:
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.settings import settings  # noqa: PLC0415
    from app.worker import jobs  # noqa: PLC0415

    turns = jobs(engine, settings())
    while True:
        with suppress(DBAPIError):
            for job in turns:
                job(system_clock())
        wait(2)
