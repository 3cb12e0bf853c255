"""The operator page: what is parked is seen, repaired, replayed or given up; the processes and channels are seen."""

from datetime import timedelta

import orjson
import pytest

from core import clock, crypto, db, inbound
from tests.console.conftest import Console


async def park(payload: str = '{"case_id": 12}', error: str = "平台返回 4001") -> int:
    number: int = await db.fetchval(
        "insert into job (kind, payload, state, attempts, error) values ('hotline.result', $1::jsonb, 'parked', 8, $2)"
        " returning id",
        payload,
        error,
    )
    return number


async def job(number: int) -> tuple[str, int, object]:
    row = await db.fetchrow("select state, attempts, payload from job where id = $1", number)
    assert row is not None
    return row["state"], row["attempts"], orjson.loads(row["payload"])


async def audited() -> list[str]:
    return [
        row["action"]
        for row in await db.fetch("select action from audit where action like 'queue.%' order by id")
    ]


async def test_what_is_parked_stands_first_with_its_reason(console: Console) -> None:
    number = await park()
    await db.execute(
        "insert into due (due_at, kind, ref) values ($1, 'step', 5)", clock.now() - timedelta(hours=1)
    )
    page = await (await console.enter("admin")).get("/operate")
    assert page.words("//a[contains(@class, 'tile')]") == [
        "站内事件 0搁置0延迟0待处理",
        "定时事项 0搁置1延迟1待处理",
        "后台作业 1搁置0延迟0待处理",
        "外来消息 0搁置0延迟0待处理",
    ]
    assert page.words("//section[@id='queue']//tbody//td[position() <= 4]") == [
        f"#{number}",
        "hotline.result",
        "平台返回 4001",
        "8",
    ]
    late = await (await console.enter("admin")).get("/operate?queue=due&state=due")
    assert late.words("//section[@id='queue']//tbody//td[2]") == ["step #5"]


async def test_an_empty_queue_says_so(console: Console) -> None:
    page = await (await console.enter("admin")).get("/operate?queue=inbound")
    assert page.one("//section[@id='queue']//*[@class='nothing']/p") == "没有搁置的条目"


async def test_a_parked_job_is_replayed_as_it_is(console: Console) -> None:
    number = await park()
    done = await (await console.enter("admin")).post(f"/operate/job/parked/{number}/replay", part=True)
    assert done.headers["HX-Redirect"] == "/operate?queue=job"
    assert (await job(number), await audited()) == (("due", 0, {"case_id": 12}), ["queue.replay"])


async def test_a_parked_job_is_repaired_and_replayed(console: Console) -> None:
    number = await park()
    admin = await console.enter("admin")
    drawer = await admin.get(f"/operate/job/parked/{number}", part=True)
    assert orjson.loads(drawer.tree.xpath("//textarea")[0].text) == {"case_id": 12}
    await admin.post(f"/operate/job/parked/{number}/repair", {"payload": '{"case_id": 13}'}, part=True)
    assert (await job(number), await audited()) == (
        ("due", 0, {"case_id": 13}),
        ["queue.view", "queue.repair", "queue.replay"],  # who looked at the row is written too
    )


async def test_what_is_no_json_is_refused_beside_the_box_and_kept_there(console: Console) -> None:
    number = await park()
    page = await (await console.enter("admin")).post(
        f"/operate/job/parked/{number}/repair", {"payload": '{"case_id": '}, part=True
    )
    assert (page.status, page.tree.xpath("//textarea")[0].text) == (422, '{"case_id": ')
    assert page.one("//*[@class='fault']").startswith("不是合法的 JSON")
    assert (await job(number), await audited()) == (("parked", 8, {"case_id": 12}), [])


async def test_a_content_that_is_shown_in_part_cannot_be_saved_over_the_whole(console: Console) -> None:
    number = await park(payload=orjson.dumps({"text": "长" * 5000}).decode())
    admin = await console.enter("admin")
    drawer = await admin.post(f"/operate/job/parked/{number}/reveal", {"reason": "核对过长的内容"}, part=True)
    assert drawer.tree.xpath("//textarea") == []
    assert "只显示开头部分" in drawer.text
    page = await admin.post(f"/operate/job/parked/{number}/repair", {"payload": "{}"}, part=True)
    assert (page.status, page.one("//*[@role='alert']")) == (422, "内容过长")
    assert await job(number) == ("parked", 8, {"text": "长" * 5000})


async def test_a_job_is_given_up_only_with_a_reason(console: Console) -> None:
    number = await park()
    admin = await console.enter("admin")
    refused = await admin.post(f"/operate/job/parked/{number}/drop", {"reason": "  "}, part=True)
    assert (refused.status, refused.one("//*[@class='fault']")) == (422, "必填")
    assert (await job(number))[0] == "parked"
    await admin.post(f"/operate/job/parked/{number}/drop", {"reason": "平台已停用"}, part=True)
    row = (await admin.get("/operate?queue=job&state=dropped")).words("//section[@id='queue']//tbody//td[3]")
    assert (row, await audited()) == (["平台返回 4001｜放弃：平台已停用"], ["queue.drop"])


@pytest.mark.parametrize("act", ["replay", "drop", "repair", "explode"])
async def test_what_another_operator_has_dealt_with_is_not_done_again(console: Console, act: str) -> None:
    number = await park()
    admin = await console.enter("admin")
    await db.execute("update job set state = 'done' where id = $1", number)
    late = await admin.post(
        f"/operate/job/parked/{number}/{act}", {"reason": "x", "payload": "{}"}, part=True
    )
    assert (late.status, await job(number), await audited()) == (404, ("done", 8, {"case_id": 12}), [])


async def test_nobody_but_an_operator_touches_a_queue(console: Console) -> None:
    number = await park()
    for name in ("alice", "auditor"):
        browser = await console.enter(name)
        answered = [
            (
                await browser.post(f"/operate/job/parked/{number}/{act}", {"reason": "x", "payload": "{}"})
            ).status
            for act in ("replay", "drop", "repair")
        ]
        assert answered == [403, 403, 403]
    assert await job(number) == ("parked", 8, {"case_id": 12})


async def test_long_queues_come_in_pages_without_gap_or_double(console: Console) -> None:
    numbers = [await park() for _ in range(103)]
    admin = await console.enter("admin")
    found: list[str] = []
    path = "/operate?queue=job&state=parked"
    pages = 0
    while path:
        page = await admin.get(path)
        found += page.words("//section[@id='queue']//tbody//td[1]")
        path = next(iter(page.tree.xpath("//*[@class='more']/a/@href")), "")
        pages += 1
    assert (pages, found) == (3, [f"#{number}" for number in reversed(numbers)])


async def test_a_process_without_heartbeat_is_told_from_one_that_lives(console: Console) -> None:
    now = clock.now()
    await db.execute("delete from heartbeat")
    await db.executemany(
        "insert into heartbeat (process, kind, started_at, seen_at) values ($1, 'worker', $2, $2)",
        [("worker:1", now), ("worker:2", now - timedelta(minutes=5)), ("worker:3", now - timedelta(days=2))],
    )
    page = await (await console.enter("admin")).get("/operate")
    rows = page.words(
        "//section[.//h2[. = '进程']]//tbody//td[1] | //section[.//h2[. = '进程']]//tbody//td[3]"
    )
    assert [row for row in rows if not row.startswith("web")][-4:] == [
        "worker:1",
        "运行中",
        "worker:2",
        "无心跳",
    ]


async def test_channels_that_are_not_set_up_are_said_to_be_so(console: Console) -> None:
    page = await (await console.enter("admin")).get("/operate")
    rows = page.words("//section[.//h2[. = '外部系统与通道']]//tbody//td[position() <= 2]")
    assert rows[:4] == ["企业微信应用", "未配置", "企业微信智能机器人", "未配置"]


BODY = (
    '{"order_no": "GZ-2026-1", "caller_name": "张测试", "caller_phone": "13800000917", "urgent": true, "at": "2026-03-02 09:00",'
    ' "content": "李医生态度差，我的电话13800000917", "members": [{"id_number": "990000202002290035"}]}'
)


async def came(state: str = "parked") -> int:
    await inbound.refuse("order", "GZ-2026-1#1", BODY.encode(), "电话 13800000917 不合规定")
    await db.execute("update inbound set state = $1", state)
    number: int = await db.fetchval("select id from inbound")
    return number


async def test_what_people_wrote_is_hidden_from_the_operator_who_sees_its_shape(console: Console) -> None:
    number = await came()
    admin = await console.enter("admin")
    drawer = await admin.get(f"/operate/inbound/parked/{number}", part=True)
    assert orjson.loads(drawer.tree.xpath("//pre")[0].text) == {
        "order_no": "GZ-2026-1",
        "caller_name": "〔3 字〕",
        "caller_phone": "〔11 字〕",
        "urgent": True,
        "at": "2026-03-02 09:00",
        "content": "〔22 字〕",
        "members": [{"id_number": "〔18 字〕"}],
    }
    assert drawer.tree.xpath("//textarea") == []
    page = await admin.get("/operate?queue=inbound")
    for told in (drawer.text, page.text):
        assert "138****0917" in told
        for secret in ("13800000917", "张测试", "李医生", "990000202002290035"):
            assert secret not in told


async def test_the_whole_content_is_shown_for_a_reason_that_is_written_down(console: Console) -> None:
    number = await came("done")
    admin = await console.enter("admin")
    refused = await admin.post(f"/operate/inbound/done/{number}/reveal", {"reason": "看看"}, part=True)
    assert (refused.status, refused.one("//*[@class='fault']")) == (422, "请写明具体原因，6 至 200 个字")
    assert "李医生" not in refused.text
    shown = await admin.post(
        f"/operate/inbound/done/{number}/reveal", {"reason": "核对来单的日期字段"}, part=True
    )
    assert orjson.loads(shown.tree.xpath("//pre")[0].text) == orjson.loads(BODY)
    line = await db.fetchrow(
        "select actor_name, subject, subject_id, detail from audit where action = 'operate.reveal'"
    )
    assert line is not None
    assert tuple(line)[:3] == ("测试admin", "inbound", number)
    assert orjson.loads(line["detail"]) == {"reason": "核对来单的日期字段", "fields": ["外来消息"]}
    assert (await (await console.enter("alice")).post(f"/operate/inbound/done/{number}/reveal")).status == 403


async def test_a_repair_keeps_what_came_sealed_and_tells_the_log_no_words_of_it(console: Console) -> None:
    number = await came()
    admin = await console.enter("admin")
    hidden = await admin.post(
        f"/operate/inbound/parked/{number}/repair", {"payload": '{"caller_name": "〔3 字〕"}'}, part=True
    )
    assert (hidden.status, hidden.one("//*[@class='fault']")) == (
        422,
        "含有隐藏标记〔…〕，请先查看完整内容再修改",
    )
    for text in ("李医生", "王医生"):
        await db.execute("update inbound set state = 'parked'")
        await admin.post(
            f"/operate/inbound/parked/{number}/repair", {"payload": f'{{"content": "{text}"}}'}, part=True
        )
    row = await db.fetchrow("select * from inbound")
    assert row is not None
    assert inbound.opened(row) == '{"content": "王医生"}'.encode()
    kept = crypto.key_ring().open(row["original"], inbound.ORIGINAL, inbound.row_of("order", "GZ-2026-1"))
    assert kept == BODY.encode()
    details = [
        found["detail"]
        for found in await db.fetch("select detail::text from audit where subject = 'inbound'")
    ]
    assert len(details) == 4  # two repairs, each with its replay
    for secret in ("李医生", "王医生", "张测试", "13800000917"):
        assert secret not in "".join(details)
    assert "GZ-2026-1" in details[0]
