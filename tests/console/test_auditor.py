"""The auditor and the recounts as people see them: the card, the rounds, the proofs, what a holiday moved, the pulse."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest_asyncio

from core import clock, db
from core import jobs as core_jobs
from core.calendar import Day
from staff import working_days
from tests.console.desk import Desk, open_desk, settle
from tickets.auditing import rounds
from tickets.models import Clock


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


def soon() -> date:
    """The working day after tomorrow: nearly every limit of today leans on it."""
    day = clock.today() + timedelta(days=2)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


async def moved(desk: Desk) -> int:
    """Make a working day a holiday and count again; the id of the recount."""
    await working_days.set_day(Day(soon(), "测试节", is_off=True), by=desk.admin)
    await settle()
    number = await db.fetchval("select max(id) from job where kind = 'clocks.recount'")
    assert await core_jobs.run_job(number) == "done"
    await settle()
    recount: int = await db.fetchval("select max(id) from recount")
    return recount


async def test_the_card_tells_whether_it_lives_and_the_page_what_it_mended(desk: Desk) -> None:
    admin = await desk.enter("admin")
    before = await admin.get("/operate")
    assert before.one("//section[contains(@class, 'auditor')]//h2") == "时限审计 已停止"
    _, (ticket,) = await desk.receive()
    row = await Clock.get(ticket_id=ticket.id)
    await db.execute("delete from due where kind = 'clock.step' and ref = $1", row.id)
    assert await rounds.take() is not None
    after = await admin.get("/operate")
    assert after.one("//section[contains(@class, 'auditor')]//h2") == "时限审计 正常"
    assert after.words("//section[contains(@class, 'auditor')]//div/span") == [
        "3在办时钟",
        "124 小时轮次",
        "124 小时补漏",
        "17 天补漏",
    ]
    for address in ("/operate/auditor", "/operate/auditor?found=1"):
        page = await admin.get(address)
        (line,) = page.words("//tbody/tr")
        assert "提醒缺失 1" in line
        assert f"clock:{row.id} 提醒缺失：第 1 级应在" in line
    assert (await (await desk.enter("liaison")).get("/operate/auditor")).status == 403


async def test_the_door_for_monitors_answers_by_the_last_round(desk: Desk) -> None:
    stranger = await desk.enter("liaison")
    assert (await stranger.get("/healthz/auditor")).status == 503
    await rounds.take()
    answer = await stranger.get("/healthz/auditor")
    assert (answer.status, '"alive":true' in answer.text) == (200, True)
    await db.execute("update auditor_round set ended_at = ended_at - interval '11 minutes'")
    answer = await stranger.get("/healthz/auditor")
    assert (answer.status, '"alive":false' in answer.text) == (503, True)


async def test_prometheus_reads_the_last_round(desk: Desk) -> None:
    await desk.receive()
    await rounds.take()
    page = await (await desk.enter("admin")).get("/metrics")
    figures = dict(line.split(" ") for line in page.text.splitlines() if line.startswith("huiyin_auditor{"))
    assert (
        figures['huiyin_auditor{figure="clocks"}'],
        figures['huiyin_auditor{figure="found"}'],
        figures['huiyin_auditor{figure="alarm"}'],
    ) == ("3.0", "0.0", "0.0")


async def test_what_a_holiday_moved_is_listed_for_whoever_may_see_the_case(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    recount = await moved(desk)
    address = f"/settings/holidays/moved/{recount}"
    centre = await (await desk.enter("centre")).get(address)
    assert centre.one("//h1") == "本次变更影响 3 个时限"
    assert [line.split(" ")[-1] for line in centre.words("//tbody/tr")] == ["推后"] * 3
    own = await (await desk.enter("liaison")).get(address)
    assert len(own.words("//tbody/tr")) == 3
    bones = await (await desk.enter("bones")).get(address)
    assert bones.words("//tbody/tr") == []
    assert case.title not in bones.text
    listed = await (await desk.enter("bones")).get("/settings/holidays/moved")
    assert listed.words("//tbody/tr/td[position() > 3]") == ["3", "3"]
    await db.execute(
        "update cases set secret = true, barred_unit_ids = array[4]::bigint[] where id = $1", case.id
    )
    hidden = await (await desk.enter("liaison")).get(address)
    assert (hidden.words("//tbody/tr"), case.title in hidden.text) == ([], False)
    assert ticket.unit_id == 4


async def test_each_person_concerned_is_told_once_of_all_that_is_theirs(desk: Desk) -> None:
    await desk.receive(order_no="GZ-1")
    await desk.receive(order_no="GZ-2")
    await moved(desk)
    rows = await db.fetch(
        "select receiver_name, text from message where purpose = 'ticket.limit' order by receiver_name"
    )
    heads = {row["receiver_name"]: row["text"].split("\n")[0] for row in rows}
    assert heads == {
        "测试联络人甲": "放假安排有调整，您负责的 2 个时限随之变更：",
        "测试客服甲": "放假安排有调整，您负责的 4 个时限随之变更：",
        "测试客服乙": "放假安排有调整，您负责的 4 个时限随之变更：",
    }
    assert len(rows) == len(heads)
