"""The page of schedules: what each does, pausing with a reason, running now, times within bounds, its history; the operator page."""

import pytest

from core import db, schedules_running
from tests.console.conftest import Console

PAGE = "/settings/schedules"
SEAL = f"{PAGE}/audit.seal"
SCAN = f"{PAGE}/files.scan"
ROW = "//tr[.//button[. = '审计日志封印']]"


async def row(name: str) -> tuple[object, ...]:
    found = await db.fetchrow(
        "select paused_reason, asked_by, every_seconds, daily_at::text from schedule where name = $1", name
    )
    assert found is not None
    return tuple(found)


async def test_every_schedule_is_listed_in_words_with_its_interval(console: Console) -> None:
    await schedules_running.open_schedules()
    page = await (await console.enter("admin")).get(PAGE)
    titles = page.words("//tbody//button[contains(@class, 'row-title')]")
    assert {"时限审计", "审计日志封印", "后台作业补发", "清理消息回执"} <= {*titles}
    assert page.words(f"{ROW}/td[position() = 2 or position() = 3]") == ["正常", "每 2 秒"]
    assert page.one("//tr[.//button[. = '清理消息回执']]/td[3]") == "每天 03:10"


async def test_before_any_worker_ran_the_page_says_so(console: Console) -> None:
    page = await (await console.enter("admin")).get(PAGE)
    assert "还没有后台进程登记过" in page.one("//section[@role='alert']")
    assert page.words(f"{ROW}/td[2]") == ["没有运行"]


async def test_an_important_one_is_paused_with_a_reason_red_on_the_operator_page_and_resumed(
    console: Console,
) -> None:
    await schedules_running.open_schedules()
    admin = await console.enter("admin")
    refused = await admin.post(f"{SCAN}/pause", {"reason": " "}, part=True)
    assert (refused.status, refused.one("//*[@id='reason-fault']")) == (422, "请写明原因，2 至 200 个字")
    done = await admin.post(f"{SCAN}/pause", {"reason": "数据库维护"}, part=True)
    assert done.headers["HX-Redirect"] == PAGE
    operate = await admin.get("/operate")
    card = "//section[contains(@class, 'tile-late')][.//h2//a[normalize-space() = '计划任务']]"
    assert operate.one(f"{card}//p").startswith("已暂停 病毒检查补漏 测试admin，")
    assert operate.one(f"{card}//p").endswith("：数据库维护")
    assert "异常任务" in (await admin.get("/home/machine", part=True)).words(
        "//*[contains(@class, 'figure-late')]/span"
    )

    await admin.post(f"{SCAN}/resume", part=True)
    assert (await admin.get("/operate")).words(card) == []
    assert await row("files.scan") == ("", "", None, None)


async def test_one_that_a_law_asks_for_is_paused_by_nobody_and_moved_within_bounds(console: Console) -> None:
    await schedules_running.open_schedules()
    admin = await console.enter("admin")
    refused = await admin.post(f"{SEAL}/pause", {"reason": "数据库维护"}, part=True)
    assert (refused.status, refused.one("//*[@role='alert']")) == (
        409,
        "“审计日志封印”不能暂停：GB/T 22239-2019 8.1.4.3 c) 安全审计：应对审计记录进行保护，避免受到未预期的删除、修改或覆盖",
    )
    assert await db.fetchval("select paused_at from schedule where name = 'audit.seal'") is None
    drawer = await admin.get(f"{PAGE}/audit.archive", part=True)
    assert drawer.tree.xpath("//*[@name='reason']") == []
    assert "《网络安全法》第二十三条" in drawer.one("//*[@class='st-guard']")
    moved = await admin.post(f"{PAGE}/audit.archive/change", {"when": "10:00"}, part=True)
    assert (moved.status, moved.one("//*[@id='when-fault']")) == (422, "只能在 22:00 至 06:00 之间")
    assert (await admin.post(f"{PAGE}/audit.archive/change", {"when": "23:30"}, part=True)).status == 200


async def test_what_rested_before_a_rule_forbade_it_runs_again_with_the_next_start(console: Console) -> None:
    await schedules_running.open_schedules()
    await db.execute(
        "update schedule set paused_at = now(), paused_by = '测试甲', paused_reason = '旧' where name in ('audit.seal', 'files.scan')"
    )
    await schedules_running.open_schedules()
    rows = await db.fetch("select name from schedule where paused_at is not null")
    assert [row["name"] for row in rows] == ["files.scan"]
    assert (
        await db.fetchval("select detail->>'name' from audit where action = 'schedule.resume'")
        == "audit.seal"
    )


async def test_a_run_now_is_asked_for_and_told(console: Console) -> None:
    admin = await console.enter("admin")
    await admin.post(f"{PAGE}/channels.tidy/run", part=True)
    assert await row("channels.tidy") == ("", "测试admin", None, None)
    page = await admin.get(PAGE)
    assert page.one("//tr[.//button[. = '清理消息回执']]/td[5]") == "马上运行"


@pytest.mark.parametrize(
    ("name", "when", "fault"),
    [
        ("audit.seal", "0", "应在 1 到 60 秒之间（1 秒 至 1 分钟）"),
        ("audit.seal", "x", "必须是整数，应在 1 到 60 秒之间（1 秒 至 1 分钟）"),
        ("channels.tidy", "26:00", "应为 24 小时制的时刻，例如 03:10"),
    ],
)
async def test_a_time_out_of_bounds_is_refused_beside_the_field_and_kept_there(
    console: Console, name: str, when: str, fault: str
) -> None:
    page = await (await console.enter("admin")).post(f"{PAGE}/{name}/change", {"when": when}, part=True)
    assert (page.status, page.one("//*[@id='when-fault']")) == (422, fault)
    assert page.tree.xpath("//input[@id='when']/@value") == [when]
    assert (await row(name))[2:] == (None, None)


async def test_times_are_changed_and_set_back(console: Console) -> None:
    admin = await console.enter("admin")
    await admin.post(f"{SEAL}/change", {"when": "10"}, part=True)
    await admin.post(f"{PAGE}/channels.tidy/change", {"when": "04:30"}, part=True)
    assert [await row("audit.seal"), await row("channels.tidy")] == [
        ("", "", 10, None),
        ("", "", None, "04:30:00"),
    ]
    drawer = await admin.get(SEAL, part=True)
    assert "每 10 秒（默认每 2 秒）" in drawer.words("//dd")
    await admin.post(f"{SEAL}/change", {"when": "10", "default": "1"}, part=True)
    assert await row("audit.seal") == ("", "", None, None)


async def test_the_history_names_what_a_run_did_and_why_it_failed(console: Console) -> None:
    await db.execute(
        "insert into schedule_run (name, started_at, ended_at, took_ms, runs, outcome, result, error, process, asked_by) values"
        " ('audit.seal', '2026-11-21T01:00Z', '2026-11-21T01:59Z', 42, 1700, 'done', '处理 3 项', '', 'worker:1', ''),"
        " ('audit.seal', '2026-11-21T02:00Z', '2026-11-21T02:00Z', 1500, 1, 'failed', '', '<b>磁盘满</b>', 'worker:2', '测试甲')"
    )
    admin = await console.enter("admin")
    drawer = await admin.get(SEAL, part=True)
    assert drawer.words("//ol/li") == [
        "失败2026-11-21 10:00用时 1.5 秒 <b>磁盘满</b> worker:2 · 测试甲 手动运行",
        "完成2026-11-21 09:00至 2026-11-21 09:59 共 1700 次最长用时 42 毫秒 处理 3 项 worker:1",
    ]
    failed = await admin.get(f"{SEAL}?failed=1", part=True)
    assert len(failed.words("//ol/li")) == 1


async def test_nobody_but_an_operator_opens_or_touches_them(console: Console) -> None:
    for name in ("alice", "auditor"):
        browser = await console.enter(name)
        asked = [await browser.get(PAGE), await browser.get(SEAL)]
        asked += [
            await browser.post(f"{SEAL}/{act}", {"reason": "原因", "when": "5"})
            for act in ("pause", "resume", "run", "change")
        ]
        assert [page.status for page in asked] == [403] * 6
    admin = await console.enter("admin")
    unknown = [await admin.get(f"{PAGE}/no.such"), await admin.post(f"{SEAL}/explode")]
    assert [page.status for page in unknown] == [404, 404]
    assert await db.fetchval("select count(*) from schedule") == 0
