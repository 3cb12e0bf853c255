"""A schedule that fails is told to whoever is on duty, once, and that it runs well again."""

from dataclasses import replace

import pytest

from core import db, schedules_acts
from core import schedules_running as running
from core.actor import system
from core.schedules import REGISTER
from tests.console.desk import settle
from tests.tickets.conftest import Cast

NAME = "channels.tidy"


async def run_now() -> None:
    await schedules_acts.run_now(NAME, by=system())
    await db.execute("update schedule set next_at = now() + interval '1 day' where name <> $1", NAME)
    for taken in await running.claim():
        await running.run(taken)
    await settle()


async def told() -> list[tuple[str, str, str]]:
    rows = await db.fetch(
        "select s.number, m.lane, split_part(m.text, E'\\n', 1) as said from message m"
        " join staff s on s.id = m.receiver_id where m.receiver_kind = 'staff' and m.purpose = 'schedule.alarm' order by m.id"
    )
    return [tuple(row) for row in rows]


async def test_the_centres_head_is_told_once_that_it_fails_and_once_that_it_is_well(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise OSError("磁盘已满")

    well = REGISTER[NAME]
    monkeypatch.setitem(REGISTER, NAME, replace(well, work=broken))
    await run_now()
    await run_now()
    failed = ("chief", "urgent", "计划任务报警：“清理消息回执”连续运行失败。")
    assert await told() == [failed]
    monkeypatch.setitem(REGISTER, NAME, well)
    await run_now()
    (first, second) = await told()
    assert (first, second[:2], second[2].startswith("计划任务“清理消息回执”已恢复正常")) == (
        failed,
        ("chief", "normal"),
        True,
    )
