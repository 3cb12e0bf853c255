"""Petitions on the pages: registered by a form, repeats asked about, worked on from the case page, the file read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import FormData

from core import db
from core.settings import settings
from tests.console.desk import Desk, open_desk, settle
from tests.tickets.petition import OPINION, letter
from tickets.models import Case
from tickets.petitions.registering import register

LETTER = {
    "form": "letter",
    "category": "申诉求决",
    "content": "本人被重复收取检查费 120 元，请求退还。",
    "name": "测试甲",
    "phone": "13800000001",
    "people": "1",
    "anonymous": "false",
    "campus": "东院区",
}


@pytest_asyncio.fixture
async def desk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The application with the hospital of the case tests."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with open_desk() as found:
        yield found


async def test_a_letter_is_registered_with_its_scan(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await browser.get("/petitions/new")
    assert page.words("//h1") == ["信访登记"]
    form = FormData(quote_fields=False)
    for name, value in {**LETTER, "draft": "abc123"}.items():
        form.add_field(name, value)
    form.add_field("files", "来信全文".encode(), filename="来信.txt", content_type="text/plain")
    sent = await browser.post("/petitions/new", form)
    assert sent.status == 303, sent.text
    await settle()
    case = await Case.get(source="petition")
    assert sent.headers["Location"].endswith(f"/cases/{case.id}")
    shown = await browser.get(f"/cases/{case.id}")
    panel = shown.one("//section[@id='panel-petition']")
    for words in ("信访〔", "来信", "138****0001", "卷内目录", "信访登记表"):
        assert words in panel
    assert "来信.txt" in shown.text
    assert {"决定受理", "不予受理"} <= set(shown.words("//*[@id='part-actions']//button"))


async def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(desk: Desk) -> None:
    browser = await desk.enter("centre")
    answer = await browser.post("/petitions/new", {**LETTER, "form": "transferred", "draft": "x"})
    assert answer.status == 422
    assert answer.words("//*[@class='fault']") == ["上级转交件须写明转送、交办机关"]
    assert LETTER["content"] in answer.text
    assert await db.fetchval("select count(*) from cases") == 0


async def test_an_earlier_petition_is_asked_about_and_linked(desk: Desk) -> None:
    first, _ = await register(letter(), "a1", by=desk.centre)
    browser = await desk.enter("centre")
    asked = await browser.post("/petitions/new", {**LETTER, "draft": "y1"})
    assert asked.status == 409
    assert "联系电话相同" in asked.one("//ul[@class='repeat-list']")
    assert await db.fetchval("select count(*) from cases") == 1
    sent = await browser.post("/petitions/new", {**LETTER, "draft": "y1", "repeat_of": str(first.id)})
    assert sent.status == 303
    kept = await db.fetchval("select repeat_of from petition order by case_id desc limit 1")
    assert kept == first.id


async def test_a_petition_is_worked_on_from_its_page(desk: Desk) -> None:
    case, _ = await register(letter(), "a1", by=desk.centre)
    await settle()
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    path = f"/cases/{case.id}"

    async def does(who: object, verb: str, data: dict[str, str]) -> None:
        page = await who.post(f"{path}/do/{verb}", data, part=True)  # type: ignore[attr-defined]
        assert page.status == 200, page.text
        assert "HX-Trigger" in page.headers, page.text

    async def makes(kind: str) -> None:
        drawer = await centre.get(f"{path}/report?kind={kind}", part=True)
        assert f'value="{kind}"' in drawer.text
        page = await centre.post(f"{path}/report", {"kind": kind}, part=True)
        assert page.status == 200, page.text

    await does(centre, "take_up", {"route": "6"})
    await makes("petition_accepted")
    await does(centre, "notify", {"document": "petition_accepted", "way": "直接送达"})
    await does(centre, "draft_opinion", dict(OPINION))
    await does(chief, "issue_opinion", {})
    await makes("petition_opinion")
    await does(centre, "deliver", {"way": "挂号邮寄", "receiver": "测试甲"})
    await does(centre, "conclude", {"settled": "true", "result": "签署息诉承诺书"})
    await makes("petition_closing")
    await does(centre, "file", {"retention": "永久"})
    await makes("petition_catalogue")
    contents = await centre.get(f"/petitions/{case.id}/file")
    assert contents.words("//table//td/b") == [
        "信访处理意见书",
        "受理告知书",
        "办结报告",
        "受理告知书送达记录",
        "信访处理意见书送达记录",
    ]
    assert "永久" in contents.one("//dl")


async def test_the_inside_of_a_petition_is_not_for_departments(desk: Desk) -> None:
    case, _ = await register(letter(), "a1", by=desk.centre)
    liaison, centre = await desk.enter("liaison"), await desk.enter("centre")
    assert (await centre.get(f"/petitions/{case.id}/file")).status == 200
    assert (await liaison.get(f"/petitions/{case.id}/file")).status == 404
    assert (await liaison.get("/petitions/new")).status == 403


async def test_who_registers_an_accusation_does_not_see_it_again(desk: Desk) -> None:
    number = await db.fetchval("insert into staff (number, name) values ('jijian', '测试纪检') returning id")
    await db.execute(
        "insert into post (staff_id, unit_id, role, rank) values ($1, 1, 'discipline', 1)", number
    )
    browser = await desk.enter("centre")
    accusation = {**LETTER, "category": "检举控告", "accused": "测试主任甲", "draft": "z1"}
    sent = await browser.post("/petitions/new", accusation)
    case = await Case.get(source="petition")
    assert (sent.status, sent.headers["Location"].endswith("/petitions/new"), case.secret) == (
        303,
        True,
        True,
    )
    assert (await browser.get(f"/cases/{case.id}")).status == 404
