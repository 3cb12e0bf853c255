"""Terminals of the sample hospital, so that `make run` shows a kiosk whose cards the sandbox puts in; made once."""

import os

from core import db
from core.actor import system
from patients import bindings_terminals as terminals
from patients.bindings_terminals import Described, TerminalKind

KEY_VARIABLE = "SANDBOX_BRIDGE_KEY"
KIOSK = Described("门诊大厅自助机 1 号", TerminalKind.KIOSK, place="门诊一楼东侧")


async def seed() -> None:
    """A kiosk and a bedside screen, unless there is a terminal already; the bridge is the sandbox's."""
    if await db.fetchval("select true from terminal limit 1"):
        return
    by = system("示例数据")
    await terminals.register(KIOSK, by=by, key=os.environ.get(KEY_VARIABLE, ""))
    bed = await db.fetchrow(
        "select ward_id, bed from visit where kind = 'inpatient' and end_on is null and ward_id is not null and bed <> ''"
        " order by id limit 1"
    )
    if bed is not None:
        screen = Described(f"床旁屏 {bed['bed']}", TerminalKind.BEDSIDE, bed["ward_id"], bed["bed"])
        await terminals.register(screen, by=by)
    if base := os.environ.get("SANDBOX_URL", ""):
        await db.execute(
            "insert into parameter (name, value) values ('kiosk.bridge', $1) on conflict (name) do nothing",
            f"{base}/bridge",
        )
