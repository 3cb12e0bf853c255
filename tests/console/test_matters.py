"""One matter on the pages: proposals are decided, voices listed, merges shown on both cases, each as far as one sees."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core import db
from core.settings import settings
from tests.console.desk import Desk, open_desk, settle
from tests.tickets.test_road import do
from tickets.models import Case

RETOLD = {"caller_name": "测试乙", "caller_phone": "13800000002"}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


async def two(desk: Desk) -> tuple[Case, Case]:
    one, _ = await desk.receive()
    other, _ = await desk.receive(number="GZ-2", **RETOLD)
    return one, other


PANEL = "//*[@id='panel-matter']"


async def test_a_proposal_stands_on_both_pages_and_is_joined_from_one(desk: Desk) -> None:
    one, other = await two(desk)
    browser = await desk.enter("centre")
    for case, proposed in ((one, other), (other, one)):
        page = await browser.get(f"/cases/{case.id}")
        assert page.words(f"{PANEL}//article//*[@class='mono']") == [proposed.number]
        assert page.words(f"{PANEL}//ul[@class='reasons']/li") == ["内容相似 100%", "同一科室", "同一天收到"]
    told = await browser.post(f"/cases/{one.id}/matter/{other.id}/join", part=True)
    assert (told.status, told.headers["HX-Retarget"]) == (200, "#notices")
    assert "已归为同一事项" in told.text
    page = await browser.get(f"/cases/{one.id}")
    assert page.words(f"{PANEL}//h3") == ["同一事项的其他来源"]
    assert page.words(f"{PANEL}//article//*[@class='matter-under']/*[@class='mono']") == [other.number]


async def test_what_is_said_not_to_be_the_same_is_shown_no_more(desk: Desk) -> None:
    one, other = await two(desk)
    browser = await desk.enter("centre")
    assert (await browser.post(f"/cases/{one.id}/matter/{other.id}/reject", part=True)).status == 200
    assert (await browser.post(f"/cases/{one.id}/matter/look", part=True)).status == 200
    page = await browser.get(f"/cases/{other.id}")
    assert page.one(f"{PANEL}//*[contains(@class, 'matter-none')]") == "没有发现与本诉求相同的其他诉求。"


async def test_a_merge_is_seen_on_both_cases_and_split_again(desk: Desk) -> None:
    main, case = await two(desk)
    browser = await desk.enter("centre")
    await browser.post(f"/cases/{main.id}/matter/{case.id}/take", part=True)
    page = await browser.get(f"/cases/{case.id}")
    assert page.one(f"{PANEL}//*[@class='matter-merged']/p") == (
        f"本诉求已并入 {main.number} 由该诉求一并办理和答复；本诉求不再提醒，时限由该诉求代为跟踪。"
    )
    assert page.words("//*[@id='part-actions']//button") == ["拆分"]
    page = await browser.get(f"/cases/{main.id}")
    assert page.words(f"{PANEL}//h3") == ["并入本诉求的 1 件，将一并答复"]
    assert "并入诉求时限暂定" in page.words("//*[@id='part-clocks']//*[@class='limit-label']")
    listed = {
        query: (await browser.get(f"/cases?{query}")).words("//*[@class='case-under']")
        for query in ("all=1", "merged=only", "q=排队")
    }
    marked = f"{case.number}已并入 {main.number}"
    assert listed == {
        "all=1": [main.number],
        "merged=only": [marked],
        "q=排队": [marked, main.number],
    }
    assert (await browser.post(f"/cases/{case.id}/do/split", part=True)).status == 200
    page = await browser.get(f"/cases/{case.id}")
    assert page.words(f"{PANEL}//*[@class='matter-merged']") == []
    assert "派单" in page.words("//*[@id='part-actions']//button")


async def test_a_department_reads_where_its_work_goes_on_and_no_other_voice(desk: Desk) -> None:
    main, case = await two(desk)
    await do("case.merge", case.id, desk.centre, main=main.number)
    browser = await desk.enter("liaison")
    merged, taking = await browser.get(f"/cases/{case.id}"), await browser.get(f"/cases/{main.id}")
    assert merged.words(f"{PANEL}//*[@class='matter-merged']//a") == [main.number]
    assert merged.words(f"{PANEL}//button | {PANEL}//article") == []
    assert taking.words(PANEL) == []
    assert merged.words("//*[starts-with(@id, 'ticket-')]//button[contains(@hx-get, '/do/')]") == []


async def test_the_page_of_a_matter_lists_the_voices_with_their_limits_and_undoes_steps(desk: Desk) -> None:
    one, other = await two(desk)
    hotline, _ = await desk.receive(number="GZ-3", departments=["骨科"], campus="西院区", title="候诊过久")
    await do("case.join", one.id, desk.centre, other=other.number)
    await do("case.join", one.id, desk.centre, other=hotline.number)
    matter = (await Case.get(id=one.id)).matter_id
    browser = await desk.enter("centre")
    page = await browser.get(f"/matters/{matter}")
    assert page.words("//ol[@class='voices']/li/h2") == [
        "心内科门诊排队过久",
        "心内科门诊排队过久",
        "候诊过久",
    ]
    assert (
        page.words("//ol[@class='voices']/li//*[@class='limit-label']")
        == ["医院时限暂定", "上级时限暂定"] * 3
    )
    liaison = await (await desk.enter("liaison")).get(f"/matters/{matter}")
    assert liaison.words("//ol[@class='voices']/li/h2") == ["心内科门诊排队过久", "心内科门诊排队过久"]
    bones = await (await desk.enter("bones")).get(f"/matters/{matter}")
    assert bones.words("//ol[@class='voices']/li/h2") == ["候诊过久"]
    admin = await (await desk.enter("admin")).get(f"/matters/{matter}")
    assert admin.status == 403
    step = await db.fetchval("select max(id) from matter_step")
    assert (await browser.post(f"/matters/{matter}/steps/{step}/undo", part=True)).status == 200
    page = await browser.get(f"/matters/{matter}")
    assert page.words("//ol[@class='voices']/li/h2") == ["心内科门诊排队过久", "心内科门诊排队过久"]
    assert ["已由 测试客服甲 撤销" in words for words in page.words("//*[@class='visit-words']/small")] == [
        True,
        False,
    ]


async def test_another_case_is_looked_for_by_number_and_words(desk: Desk) -> None:
    one, other = await two(desk)
    await settle()
    browser = await desk.enter("centre")
    for words in ("GZ-2", "13800000002", "门诊排队"):
        found = await browser.get(f"/cases/{one.id}/matter/find?q={words}", part=True)
        assert found.words("//article//*[@class='mono']") == [other.number]
    nothing = await browser.get(f"/cases/{one.id}/matter/find?q=没有这件事", part=True)
    assert nothing.words("//article") == []
