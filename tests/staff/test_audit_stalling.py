"""An audit log that nobody seals is an alarm, told once to who answers for security and to the auditor."""

from datetime import timedelta

from bot import audit_stalled
from console.security_checks import GOOD, LATE, areas
from core import audit, audit_stalling, clock, db
from core.actor import system
from core.audit_stalling import AuditSealedAgain, AuditStalled
from tests.staff.cast import House


async def stalls() -> list[bool]:
    return [
        row["over"]
        for row in await db.fetch("select ended_at is not null as over from audit_stall order by id")
    ]


async def told() -> list[tuple[str, str]]:
    rows = await db.fetch("select receiver_name, lane from message where purpose = 'audit.alarm' order by id")
    return [tuple(row) for row in rows]


async def check() -> tuple[str, str]:
    return next(
        (one.tone, one.told) for area in await areas() for one in area.checks if one.label == "审计日志封印"
    )


async def test_lines_that_wait_for_ten_minutes_are_told_once_and_their_seal_too(house: House) -> None:
    now = clock.now()
    with clock.frozen(now):
        await audit.record(system("测试"), "test.line", "test", None)
    with clock.frozen(now + timedelta(minutes=9)):
        assert (await audit_stalling.look(), await stalls()) == ("", [])
        assert (await check())[0] == GOOD
    with clock.frozen(now + timedelta(minutes=11)):
        assert (await check()) == (LATE, f"{clock.local(now):%Y-%m-%d %H:%M} 起的记录没有封印")
        assert (await audit_stalling.look()).endswith("起的审计记录没有封印")
        await audit_stalling.look()
        assert await stalls() == [False]
        (stall,) = [row["id"] for row in await db.fetch("select id from audit_stall")]
        await audit_stalled.stalled(AuditStalled(stall_id=stall))
        await audit_stalled.sealed_again(AuditSealedAgain(stall_id=stall))  # it is not: nothing is said
        assert await told() == [("测试keeper", "urgent"), ("测试auditor", "urgent")]
        while await audit.seal():
            pass
        assert (await audit_stalling.look(), await stalls()) == ("", [True])
        await audit_stalled.sealed_again(AuditSealedAgain(stall_id=stall))
        assert (await told())[2:] == [("测试keeper", "normal"), ("测试auditor", "normal")]
    actions = await db.fetch("select action from audit where action like 'audit.%' order by id")
    assert [row["action"] for row in actions] == ["audit.stalled", "audit.sealed_again"]
