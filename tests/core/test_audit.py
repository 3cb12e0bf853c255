"""The audit log cannot be changed in silence."""

import asyncpg
import pytest

from core import audit, db
from core.actor import system


async def test_a_sealed_log_is_sound_and_any_tampering_shows(database: object) -> None:
    for number in range(5):
        await audit.record(system("测试"), "test.step", "thing", number, note="备注")
    assert await audit.seal() == 5
    await audit.record(system("测试"), "test.step", "thing", 6)
    assert await audit.seal() == 1
    assert await audit.verify() == audit.Verdict(lines=6, seals=2, broken="")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await db.execute("update audit set actor_name = '别人' where subject_id = 3")
    await db.execute("alter table audit disable trigger all")
    await db.execute("update audit set actor_name = '别人' where subject_id = 3")
    assert (await audit.verify()).broken == "封印 1：内容与摘要不符"
    await db.execute("update audit set actor_name = '测试' where subject_id = 3")
    await db.execute("delete from audit where subject_id = 6")
    assert (await audit.verify()).broken == "封印 2：缺少 1 行审计记录"


async def test_a_line_smuggled_in_beside_the_seals_shows(database: object) -> None:
    await audit.record(system("测试"), "test.step", "thing", 1)
    await audit.seal()
    await db.execute(
        "insert into audit (at, actor_kind, actor_name, door, action, subject)"
        " values (now(), 'staff', '假', 'web', 'x', 'y')"
    )
    assert (await audit.verify()).broken == "有 1 行审计记录不在任何封印之内"
