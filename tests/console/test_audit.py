"""The audit log as an auditor reads it."""

from datetime import UTC, datetime

import pytest

from core import audit, clock, db
from core.actor import Actor, ActorKind, Door
from tests.console.conftest import Console


async def write(console: Console) -> None:
    """Three lines on three days, by alice, by admin and by the clock."""
    alice, admin = await console.house.actor("alice"), await console.house.actor("admin")
    nobody = Actor(ActorKind.SYSTEM, None, "系统", Door.CLOCK)
    for day, by, action, subject, number in (
        (1, alice, "test.sign", "ticket", 12),
        (2, admin, "test.change", "parameter", None),
        (3, nobody, "test.sign", "ticket", 13),
    ):
        with clock.frozen(datetime(2026, 3, day, 15, 59, tzinfo=UTC)):  # 23:59 in Shanghai
            await audit.record(by, action, subject, number, note="<i>备注</i>")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("what=test.", ["test.sign ticket:13", "test.change parameter", "test.sign ticket:12"]),
        ("what=test.sign", ["test.sign ticket:13", "test.sign ticket:12"]),
        ("what=test.&who=alice", ["test.sign ticket:12"]),
        ("what=test.&who=测试admin", ["test.change parameter"]),
        ("subject=ticket", ["test.sign ticket:13", "test.sign ticket:12"]),
        ("subject=ticket:12", ["test.sign ticket:12"]),
        ("from=2026-03-02&to=2026-03-02", ["test.change parameter"]),
        ("to=2026-03-01", ["test.sign ticket:12"]),
        ("what=test%25", []),
        ("who=nobody' or 1=1", []),
    ],
)
async def test_lines_are_found_by_who_what_and_when(console: Console, query: str, found: list[str]) -> None:
    await write(console)
    page = await (await console.enter("auditor")).get(f"/audit?{query}")
    what, which = page.words("//tbody//td[@data-label='操作']"), page.words("//tbody//td[@data-label='对象']")
    assert [f"{action} {subject}" for action, subject in zip(what, which, strict=True)] == found


async def test_a_day_that_is_none_is_told_beside_its_field(console: Console) -> None:
    page = await (await console.enter("auditor")).get("/audit?from=2026-02-30")
    assert (page.status, page.one("//*[@class='fault']")) == (422, "日期格式应为 2026-11-21")


async def test_a_long_log_comes_in_pages_that_keep_the_filters(console: Console) -> None:
    alice = await console.house.actor("alice")
    for number in range(1, 113):
        await audit.record(alice, "test.many", "ticket", number)
    auditor = await console.enter("auditor")
    found: list[str] = []
    path = "/audit?what=test.many"
    while path:
        page = await auditor.get(path)
        found += page.words("//tbody//td[@data-label='对象']")
        path = next(iter(page.tree.xpath("//*[@class='more']/a/@href")), "")
    assert found == [f"ticket:{number}" for number in range(112, 0, -1)]


async def test_the_chain_is_proven_and_a_changed_line_is_found(console: Console) -> None:
    await write(console)
    alice = await console.house.actor("alice")
    assert await audit.seal() >= 3
    auditor = await console.enter("auditor")
    sound = await auditor.post("/audit/verify", part=True)
    assert sound.one("//b") == "审计链完整"

    await db.execute("alter table audit disable trigger user")
    await db.execute(
        "update audit set actor_name = '别人' where actor_id = $1 and action = 'test.sign'", alice.id
    )
    broken = await auditor.post("/audit/verify", part=True)
    assert broken.one("//b") == "审计链已断裂：封印 1：内容与摘要不符"
    asked = await db.fetchval("select count(*) from audit where action = 'audit.verify'")
    assert asked == 2


async def test_who_may_not_read_the_log_may_not_prove_it_either(console: Console) -> None:
    assert (await (await console.enter("admin")).post("/audit/verify", part=True)).status == 403
