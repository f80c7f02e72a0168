"""The `eleven` command."""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from app.core.settings import UnsafeSettingsError


def serve(args: argparse.Namespace) -> int:
    """Serve the pages."""
    import uvicorn  # noqa: PLC0415 - each command loads only what it needs

    from app.core.faults import keep_values_out_of_the_servers_log  # noqa: PLC0415
    from app.core.logs import configure  # noqa: PLC0415
    from app.core.settings import settings  # noqa: PLC0415
    from app.main import build_app  # noqa: PLC0415

    configure(settings())
    keep_values_out_of_the_servers_log()
    uvicorn.run(
        build_app(),
        host=args.host,
        port=args.port,
        proxy_headers=args.behind_proxy,
        server_header=False,
        log_config=None,
        log_level="warning",
    )
    return 0


def worker(args: argparse.Namespace) -> int:
    """Do what runs beside the pages, mails first, and go on until stopped."""
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.logs import configure  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415
    from app.core.settings import settings  # noqa: PLC0415
    from app.worker import jobs  # noqa: PLC0415

    configure(settings())
    engine = build_engine(database_address(), 2, scope=Scope.SYSTEM)
    turns = jobs(engine, settings(), daily=not args.once)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    while not stopping.is_set():
        try:
            left = sum(job(system_clock()) for job in turns)
        except DBAPIError as problem:
            logging.getLogger("eleven").warning("the database does not answer: %s", type(problem).__name__)
            left = 0
        if args.once and not left:
            return 0
        if not left:
            stopping.wait(2)
    return 0


def migrate(_args: argparse.Namespace) -> int:
    """Bring the database to the newest revision, and make the user that the program signs in as."""
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.migrate import WebUserError, let_web_sign_in  # noqa: PLC0415
    from app.core.migrate import migrate as upgrade  # noqa: PLC0415
    from app.core.settings import settings  # noqa: PLC0415

    address = database_address()
    upgrade(address)
    if password := settings().database_web_password:
        try:
            let_web_sign_in(address, password)
        except WebUserError as problem:
            print(problem, file=sys.stderr)
            return 1
    return 0


def demo(args: argparse.Namespace) -> int:
    """Fill a realistic partnership (once) and serve it."""
    from app.demo.run import run  # noqa: PLC0415

    return run(port=args.port, reset=args.reset)


def check_questionnaire(args: argparse.Namespace) -> int:
    """Tell every mistake of questionnaire files, with line and mending."""
    from app.questionnaires.checker import check_file  # noqa: PLC0415

    found = 0
    for name in args.files:
        problems = check_file(Path(name))
        found += len(problems)
        for problem in problems:
            print(problem)
        if not problems:
            print(f"{name}: no mistake found")
    return 1 if found else 0


def import_files(args: argparse.Namespace) -> int:
    """Import a register file."""
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415
    from app.organisations.commands import run  # noqa: PLC0415

    return run(args, build_engine(database_address(), 2, scope=Scope.SYSTEM), system_clock())


def retention(args: argparse.Namespace) -> int:
    """Take away what has been kept for long enough, or say what is due."""
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415
    from app.people.commands import retention as run  # noqa: PLC0415

    engine = build_engine(database_address(), 2, scope=Scope.SYSTEM)
    try:
        return run(args, engine, system_clock())
    finally:
        engine.dispose()


def audit(args: argparse.Namespace) -> int:
    """Seal the audit trail, say where it ends, or verify it."""
    from app.core.audit_commands import run  # noqa: PLC0415
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415

    return run(args, build_engine(database_address(), 2, scope=Scope.SYSTEM), system_clock)


def add_user(args: argparse.Namespace) -> int:
    """Make a person of the partnership, or give one another role: how the first board manager comes in."""
    from sqlmodel import Session  # noqa: PLC0415

    from app.core.access import PartnershipRole, Work  # noqa: PLC0415
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415
    from app.people import service as people  # noqa: PLC0415
    from app.people.rules import is_address, normal_address  # noqa: PLC0415

    if not is_address(args.email):
        print(f"{args.email} is not an email address, such as name@example.org", file=sys.stderr)
        return 1
    with Session(build_engine(database_address(), 1, scope=Scope.SYSTEM)) as session:
        work = Work(session, people.NOBODY, system_clock())
        user_id = people.ensure_users(work, [(args.email, args.name)])[normal_address(args.email)]
        people.grant_partnership_role(work, user_id=user_id, role=PartnershipRole(args.role))
        session.commit()
    print(f"{args.name} can sign in with {normal_address(args.email)}")
    return 0


def reset_second_factor(args: argparse.Namespace) -> int:
    """Let a person set up their second factor anew: the way back for the only board manager."""
    from sqlmodel import Session  # noqa: PLC0415

    from app.core.access import Work  # noqa: PLC0415
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415
    from app.people import queries, second_factor, service  # noqa: PLC0415
    from app.people.rules import normal_address  # noqa: PLC0415

    address = normal_address(args.email)
    engine = build_engine(database_address(), 1, scope=Scope.SYSTEM)
    try:
        with Session(engine) as session:
            user_id = queries.users_by_email(session, [address]).get(address)
            if user_id is None:
                print(f"Nobody has the address {address}", file=sys.stderr)
                return 1
            second_factor.forget(Work(session, service.NOBODY, system_clock()), user_id)
            session.commit()
    finally:
        engine.dispose()
    print(f"{address} is signed out everywhere and sets up a new app at the next sign-in")
    return 0


def backup(args: argparse.Namespace) -> int:
    """Make a backup of the database and its files."""
    from app.core.clock import system_clock  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.recovery.commands import run_backup  # noqa: PLC0415

    return run_backup(args, database_address(), system_clock())


def restore(args: argparse.Namespace) -> int:
    """Restore a backup into an empty database."""
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.recovery.commands import run_restore  # noqa: PLC0415

    return run_restore(args, None if args.check else database_address())


def bench(args: argparse.Namespace) -> int:
    """Measure the goals of performance and print JSON lines."""
    from app.bench.run import run  # noqa: PLC0415

    return run(args)


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    main = argparse.ArgumentParser(prog="eleven", description=__doc__)
    commands = main.add_subparsers(dest="command", required=True)

    each = commands.add_parser("serve", help="serve the pages")
    each.add_argument("--host", default="127.0.0.1")
    each.add_argument("--port", type=int, default=8011)
    each.add_argument("--behind-proxy", action="store_true", help="trust the proxy's X-Forwarded headers")
    each.set_defaults(run=serve)

    each = commands.add_parser("worker", help="send the outbox's mails, scan and sweep evidence files")
    each.add_argument("--once", action="store_true", help="stop when nothing is due")
    each.set_defaults(run=worker)

    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=migrate)

    each = commands.add_parser("demo", help="fill a realistic partnership and serve it")
    each.add_argument("--port", type=int, default=8011)
    each.add_argument("--reset", action="store_true", help="throw away what was entered and start anew")
    each.set_defaults(run=demo)

    questionnaire = commands.add_parser("questionnaire", help="questionnaire files").add_subparsers(
        dest="what", required=True
    )
    each = questionnaire.add_parser("check", help="tell every mistake with its line")
    each.add_argument("files", nargs="+", metavar="FILE")
    each.set_defaults(run=check_questionnaire)

    _user_parser(commands)
    _retention_parser(commands)
    _import_parser(commands)
    _audit_parser(commands)
    _recovery_parsers(commands)
    _bench_parser(commands)
    return main


def _user_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from app.core.access import PartnershipRole  # noqa: PLC0415

    user = commands.add_parser("user", help="people of the partnership").add_subparsers(
        dest="what", required=True
    )
    each = user.add_parser("add", help="make a person who works for the partnership")
    each.add_argument("email")
    each.add_argument("--name", required=True)
    each.add_argument("--role", required=True, choices=[role.value for role in PartnershipRole])
    each.set_defaults(run=add_user)
    each = user.add_parser("reset-second-factor", help="let a person set up a new authenticator app")
    each.add_argument("email")
    each.set_defaults(run=reset_second_factor)


def _retention_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    each = commands.add_parser("retention", help="take away what was kept for long enough")
    each.add_argument("--dry-run", action="store_true", help="say what is due and change nothing")
    each.set_defaults(run=retention)


def _import_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from app.organisations.commands import add_arguments  # noqa: PLC0415

    importing = commands.add_parser("import", help="import schools, contacts or agencies")
    add_arguments(importing.add_subparsers(dest="what", required=True))
    importing.set_defaults(run=import_files)


def _audit_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from app.core.audit_commands import add_arguments  # noqa: PLC0415

    add_arguments(commands).set_defaults(run=audit)


def _recovery_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from app.core.recovery.commands import add_backup_arguments, add_restore_arguments  # noqa: PLC0415

    each = commands.add_parser("backup", help="back up the database and its files")
    add_backup_arguments(each)
    each.set_defaults(run=backup)
    each = commands.add_parser("restore", help="restore a backup into an empty database")
    add_restore_arguments(each)
    each.set_defaults(run=restore)


def _bench_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from app.bench.arguments import add_arguments  # noqa: PLC0415

    each = commands.add_parser("bench", help="measure the goals of performance")
    add_arguments(each)
    each.set_defaults(run=bench)


def main() -> int:
    """Run the command that was asked for."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("eleven").setLevel(logging.INFO)
    args = parser().parse_args()
    try:
        status: int = args.run(args)
    except UnsafeSettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
