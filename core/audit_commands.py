"""`manage.py audit …`: prove, archive, fetch back, and the rights of the database's roles; each says what it did.

Prints for people at a terminal; the pages of the console show the same to the auditor.
"""

import argparse
from collections.abc import Callable
from datetime import date

from core import (
    audit,
    audit_archive,
    audit_archiving,
    audit_keeping,
    audit_restoring,
    audit_rights,
    parameters,
)
from core.actor import Actor, Door, system
from core.audit_archive import month_of
from core.errors import HuiyinError
from core.settings import settings

Say = Callable[[str], None]
ACTS = {
    "verify": "recompute the hash chain; exit 1 where it is broken",
    "list": "the archived months",
    "archive": "archive a month and let the table go of it; without a month all that are older than audit.keep_days",
    "verify-archive": "read archives again and prove them; exit 1 if one is not whole",
    "restore": "lay a copy of an archived month out for reading on the page",
    "forget": "throw that copy away; the archive stays",
    "rights": "print the grants of the application's role; --apply grants them as the owner",
}


def add_to(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    command.add_argument(
        "act", choices=list(ACTS), help="; ".join(f"{name}: {text}" for name, text in ACTS.items())
    )
    command.add_argument("month", nargs="?", default="", help="like 2026-01")
    command.add_argument("--apply", action="store_true", help="with rights: grant them")


async def run(given: argparse.Namespace, say: Say) -> int:
    """Do it; the exit code."""
    try:
        match given.act:
            case "verify":
                return await verify(say)
            case "list":
                return await _list(say)
            case "archive":
                return await _archive(given.month, say)
            case "verify-archive":
                return await _prove(given.month, say)
            case "restore":
                lines = await audit_restoring.restore(month_of(given.month), by=_who())
                say(f"{lines} lines lie ready for reading")
                return 0
            case "forget":
                lines = await audit_restoring.forget(month_of(given.month), by=_who())
                say(f"a copy of {lines} lines was thrown away; the archive stays")
                return 0
            case _:
                return await _rights(say, apply=given.apply)
    except HuiyinError as error:
        say(error.message)
        return 1


def _who() -> Actor:
    return system("命令行", Door.COMMAND)


async def verify(say: Say) -> int:
    """Prove the chain, as a row that the page shows too."""
    found = await audit_keeping.prove_now(_who())
    archived = f", {found.archived} archived" if found.archived else ""
    say(f"{found.lines} lines under {found.seals} seals{archived}: {found.broken or 'sound'}")
    return 1 if found.broken else 0


async def _list(say: Say) -> int:
    for one in await audit_archive.archives():
        where = (
            "in the table too"
            if one.online
            else f"{one.restored} laid out"
            if one.restored
            else "archive only"
        )
        say(f"{one.month:%Y-%m}{one.lines:>12,} lines{one.bytes:>14,} bytes  {one.manifest[:16]}  {where}")
    return 0


async def _archive(text: str, say: Say) -> int:
    months = [month_of(text)] if text else await audit_keeping.old_months()
    for month in months:
        if text:
            await _old_enough(month)
        made = await audit_archiving.write(month, by=_who())
        gone = await audit_archiving.release(month, by=_who())
        say(
            f"{month:%Y-%m}: {made.lines} lines in {made.bytes} bytes, manifest {made.manifest}; {gone} left the table"
        )
    if not months:
        say("no month is old enough")
    return 0


async def _old_enough(month: date) -> None:
    if month not in await audit_keeping.old_months():
        days = await parameters.number(audit_keeping.KEEP_DAYS)
        raise HuiyinError(
            f"{month:%Y-%m} 结束不满 {days} 天（系统参数“{audit_keeping.KEEP_DAYS.label}”），不能归档"
        )


async def _prove(text: str, say: Say) -> int:
    broken = 0
    for one in await audit_archive.archives():
        if text and one.month != month_of(text):
            continue
        proof = await audit_restoring.prove(one.month)
        say(f"{proof.month}: {proof.lines} lines under {proof.seals} seals: {proof.broken or 'sound'}")
        await audit.record(_who(), "audit.verify", "audit", None, month=proof.month, lines=proof.lines)
        if proof.broken:
            await audit.record(_who(), "audit.broken", "audit", None, month=proof.month, broken=proof.broken)
        broken += bool(proof.broken)
    return 1 if broken else 0


async def _rights(say: Say, *, apply: bool) -> int:
    using = settings()
    role = audit_rights.role_of(using.database_url)
    if apply:
        if not using.owner_database_url:
            say("HUIYIN_OWNER_DATABASE_URL: needed to grant rights")
            return 1
        await audit_rights.apply(using.owner_database_url, role)
        await audit.record(_who(), "audit.rights", "database", None, role=role)
    else:
        say(";\n".join(audit_rights.statements(role)) + ";")
    found = await audit_rights.standing()
    say(
        f"-- {found.role}: "
        + ("can only read and add to the audit log" if found.apart else "CAN ALTER the audit log")
    )
    return 0 if found.apart else 1
