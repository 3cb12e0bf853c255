"""Commands for whoever runs the system: `python manage.py --help`. Each does one thing and says what it did."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

import sample
from core import audit, audit_commands, audit_rights, bell, db, everything, everything_acts, jobs, rotation
from core.actor import Door, system
from core.errors import HuiyinError
from core.migrations import MigrationError, migrate, pending
from core.settings import SettingsError, settings
from reports import cubes
from sample import cases as sample_cases
from sample import feeds as sample_feeds
from sample import portal as sample_portal
from sample import questionnaires as sample_questionnaires
from sample import records as sample_records
from sample import responses as sample_responses
from sample import survey_year
from sample.cast import cast
from sample.logins import table
from staff import people
from staff.roles import APART, Role
from wiring import wire

Command = Callable[[argparse.Namespace], Awaitable[int]]


def say(text: str) -> None:
    """One line to standard output."""
    sys.stdout.write(f"{text}\n")


async def _migrate(_: argparse.Namespace) -> int:
    using = settings()
    owner = using.owner_database_url or using.database_url
    ran = await migrate(owner)
    say("\n".join(f"ran {name}" for name in ran) or "nothing to do")
    if using.owner_database_url:
        await audit_rights.apply(owner, audit_rights.role_of(using.database_url))
    if ran and await rotation.ask_if_needed():
        say("values that this version seals in another way: the worker seals them anew, see `manage.py keys`")
    if ran:
        await audit.record(system("命令行", Door.COMMAND), "system.migrate", "database", None, ran=ran)
    return 0


async def _pending(_: argparse.Namespace) -> int:
    names = await pending(settings().owner_database_url or settings().database_url)
    say("\n".join(names) or "nothing is pending")
    return 1 if names else 0


async def _verify_audit(_: argparse.Namespace) -> int:
    return await audit_commands.verify(say)


async def _audit(given: argparse.Namespace) -> int:
    return await audit_commands.run(given, say)


async def _keys(given: argparse.Namespace) -> int:
    for one in await rotation.standing():
        say(f"{one.place.name:<32}{one.whole:>12,} values{one.old:>12,} not under the present key")
    if given.rotate:
        await rotation.ask()
        await audit.record(system("命令行", Door.COMMAND), "keys.rotate", "database", None)
        say("asked for; the worker seals them anew and tells on the operator page how far it is")
    return 0


async def _statistics(_: argparse.Namespace) -> int:
    say(f"{await cubes.rebuild()} cases: facts derived from history, cubes made of them")
    return 0


async def _export_everything(given: argparse.Namespace) -> int:
    """All the hospital owns, into an empty folder; sealed columns open only by an agreed request."""
    folder, by = Path(given.folder).absolute(), system("命令行", Door.COMMAND)
    reason = given.reason.strip()
    if given.verify:
        faults = await everything.verify(folder)
        say("\n".join(faults) or "as its manifest says")
        return 1 if faults else 0
    if len(reason) < 5:
        sys.stderr.write("--reason: say what it is for\n")
        return 1
    try:
        approved_by = await everything_acts.agreed(given.request) if given.request else ""
        taken = await everything.export(
            folder, by=by.name, reason=reason, opened=bool(given.request), tell=_export_progress
        )
    except HuiyinError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    await everything_acts.note(taken, by, folder, by.name, approved_by, reason, bool(given.request))
    say(f"{len(taken.tables)} tables, {taken.rows:,} rows, {len(taken.files):,} files, {taken.bytes:,} bytes")
    say(f"manifest.json sha256 {taken.manifest_sha256}")
    if taken.missing:
        sys.stderr.write(
            f"{len(taken.missing)} kept files could not be read: see missing_files in manifest.json\n"
        )
    return 0


async def _export_progress(done: int, total: int, what: str) -> None:
    if done % 20 == 0:
        say(f"{done}/{total} {what}")


async def _seed(given: argparse.Namespace) -> int:
    if not await sample.is_empty():
        if not given.if_empty:
            sys.stderr.write("the database is not empty; `make reset` starts over\n")
            return 1
        say("the sample hospital is there already")
    else:
        await sample.seed(_progress, password=_sample_password())
    await sample_cases.seed(_progress)
    await sample_feeds.seed()
    await sample_portal.seed()
    await sample_records.seed()
    await sample_questionnaires.seed()
    await sample_responses.seed()
    await survey_year.seed()
    await _show_phones()
    return 0


async def _progress(text: str) -> None:
    say(text)


def _sample_password() -> str:
    password = os.environ.get("HUIYIN_SAMPLE_PASSWORD", "")
    if not password:
        raise SettingsError("HUIYIN_SAMPLE_PASSWORD: needed for the sample hospital's log-ins")
    return password


async def _show_phones() -> None:
    """Tell the sandbox, where there is one, whose phones it shall show."""
    base = os.environ.get("SANDBOX_URL", "")
    if not base:
        return
    try:
        patience = aiohttp.ClientTimeout(total=20)
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.post(f"{base}/control/cast", json=cast()) as answer,
        ):
            answer.raise_for_status()
    except aiohttp.ClientError as error:
        sys.stderr.write(f"the sandbox did not take the cast: {error}\n")


async def _logins(_: argparse.Namespace) -> int:
    say(table(os.environ.get("HUIYIN_SAMPLE_PASSWORD", "")))
    return 0


async def _appoint(given: argparse.Namespace) -> int:
    """The first of the three administrators, and a security administrator where the last one is gone."""
    by = system("命令行", Door.COMMAND)
    try:
        staff_id = await people.appoint(given.number, Role(given.role), given.name, by=by)
        password = await people.one_time_password(staff_id, by=by) if given.password else ""
    except HuiyinError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    say(f"{given.number}: {given.role}")
    if password:
        say(f"one-time password, shown once: {password}")
    return 0


COMMANDS: dict[str, tuple[Command, str]] = {
    "migrate": (_migrate, "bring the schema up to date"),
    "pending": (_pending, "list migrations that have not run; exit 1 if any"),
    "seed": (_seed, "fill an empty database with the sample hospital"),
    "logins": (_logins, "print the sample log-ins"),
    "appoint": (_appoint, "make somebody administrator, security or auditor of the whole group"),
    "keys": (_keys, "encrypted values by column; --rotate seals them anew under the present key"),
    "export-everything": (_export_everything, "all tables, files and the schema into an empty folder"),
    "statistics": (_statistics, "rebuild: derive all facts of statistics from history again"),
    "audit": (_audit, "the audit log: verify, archive, restore, rights …"),
    "verify-audit": (_verify_audit, "recompute the audit hash chain; exit 1 where it is broken"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py", description="Huiyin 回音")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        if name == "seed":
            command.add_argument(
                "--if-empty", action="store_true", help="do nothing when there are staff already"
            )
        if name == "audit":
            audit_commands.add_to(command)
        if name == "appoint":
            command.add_argument("number", help="staff number, the log-in name")
            command.add_argument("role", choices=sorted(APART))
            command.add_argument("--name", default="", help="for an account that does not exist yet")
            command.add_argument(
                "--password", action="store_true", help="set a one-time password and print it"
            )
        if name == "export-everything":
            command.add_argument("folder", help="where; made when it is not there")
            command.add_argument(
                "--reason", default="", help="what it is for; stands in the manifest and the log"
            )
            command.add_argument(
                "--request",
                type=int,
                default=0,
                help="open sealed columns by this agreed request of the page",
            )
            command.add_argument("--verify", action="store_true", help="compare an export with its manifest")
        if name == "statistics":
            command.add_argument("what", choices=["rebuild"])
        if name == "keys":
            command.add_argument("--rotate", action="store_true", help="have the worker seal old values anew")
    return parser


async def _run(given: argparse.Namespace) -> int:
    using = settings()
    wire()
    await db.open_db(using.database_url)
    bell.open_redis(using.redis_url)
    await jobs.open_jobs(using.redis_url)
    try:
        return await COMMANDS[given.command][0](given)
    finally:
        await jobs.close_jobs()
        await bell.close_redis()
        await db.close_db()


def main() -> int:
    """Run one command; its exit code."""
    given = _parser().parse_args()
    try:
        return asyncio.run(_run(given))
    except (SettingsError, MigrationError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
