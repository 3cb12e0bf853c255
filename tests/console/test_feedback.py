"""Feedback on the staff pages: registered at the desk, handled in drawers, its dictionaries, the praise wall."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import FormData

from core import db
from core.settings import settings
from tests.console.desk import Desk, open_desk, settle
from tickets.models import Case, Ticket


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The hospital behind the real application."""
    async with open_desk() as found:
        yield found


def form(**more: object) -> FormData:
    """The registration form as a browser sends it."""
    given: dict[str, object] = {
        "draft": "abcdef0123456789",
        "kind": "投诉",
        "channel": "来电",
        "content": "护士对费用解释不清，态度不好，要求说明。",
        "caller_name": "测试甲",
        "caller_phone": "13800000001",
        "campus": "东院区",
        "departments": ["心血管内科"],
        **more,
    }
    data = FormData()
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, str(one))
    return data


async def test_a_complaint_is_registered_once_with_everything_that_was_ticked(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await browser.get("/feedback/new")
    assert page.status == 200
    more = {
        "wishes": ["道歉", "退费"],
        "main": "13",
        "categories": ["26"],
        "risks": ["媒体"],
        "tags": ["夜间"],
        "severity": "较大",
        "hcat_communication": "2",
        "stage": "检查与诊断",
        "harm": "1",
    }
    first = await browser.post("/feedback/new", form(**more))
    second = await browser.post("/feedback/new", form(**more))
    assert (first.status, second.status) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    case = await Case.get()
    assert (case.category, case.risks, case.severity, case.tags) == (
        "服务态度与沟通->语言生硬",
        ["媒体"],
        "较大",
        ["夜间"],
    )
    shown = await browser.get(first.headers["Location"])
    marks = shown.words("//*[@id='part-feedback']//*[contains(@class, 'fb-marks')]/*")
    assert marks == ["风险：媒体", "较大", "要求道歉", "要求退费", "夜间"]


async def test_a_faulty_form_comes_back_filled_with_the_fault_beside_its_field(desk: Desk) -> None:
    browser = await desk.enter("centre")
    page = await browser.post("/feedback/new", form(caller_phone="abc", content=""))
    assert page.status == 422
    assert page.one("//*[@id='fb-caller_phone-fault']") == "不是电话号码，应为手机号或带区号的固定电话"
    assert page.one("//*[@id='fb-content-fault']") == "没有填写"
    assert page.tree.xpath("//input[@name='caller_name']/@value") == ["测试甲"]
    assert await Case.all().count() == 0


async def test_what_was_settled_at_the_desk_is_closed(desk: Desk) -> None:
    browser = await desk.enter("centre")
    await browser.post("/feedback/new", form(settled_how="已当面解释费用清单", settled_satisfied="认可"))
    case = await Case.get()
    assert (case.state, await Ticket.all().count()) == ("closed", 0)


async def test_a_department_neither_registers_petitions_nor_edits_the_dictionary(desk: Desk) -> None:
    browser = await desk.enter("liaison")
    for path in ("/petitions/new", "/settings/categories", "/settings/dictionaries/feedback.tag"):
        assert (await browser.get(path)).status == 403
    assert (await browser.post("/settings/dictionaries/feedback.tag/add", {"label": "越权"})).status == 403
    assert await db.fetchval("select count(*) from dictionary_word where label = '越权'") == 0


async def test_classes_are_set_in_their_drawer_and_what_is_unticked_goes(desk: Desk) -> None:
    browser = await desk.enter("centre")
    first = await browser.post("/feedback/new", form(main="13", tags=["夜间"], hcat_communication="2"))
    path = first.headers["Location"]
    drawer = await browser.get(f"{path}/do/classify", part=True)
    assert drawer.tree.xpath("//select[@name='main']/option[@selected]/@value") == ["13"]
    assert drawer.tree.xpath("//input[@name='tags'][@checked]/@value") == ["夜间"]
    assert drawer.tree.xpath("//input[@name='communication'][@checked]/@value") == ["2"]
    data = FormData()
    for name, value in (("main", "30"), ("severity", "重大"), ("communication", "0"), ("respect", "3")):
        data.add_field(name, value)
    assert (await browser.post(f"{path}/do/classify", data, part=True)).status == 200
    case = await Case.get()
    assert (case.category, case.severity, case.tags) == ("流程等候与预约->候诊时间", "重大", [])
    marks = await db.fetch("select category, severity from case_hcat")
    assert [tuple(row) for row in marks] == [("respect", 3)]


async def test_flags_that_stand_are_ticked_in_the_drawer(desk: Desk) -> None:
    browser = await desk.enter("centre")
    first = await browser.post("/feedback/new", form(risks=["媒体"]))
    drawer = await browser.get(f"{first.headers['Location']}/do/flag_risk", part=True)
    assert drawer.tree.xpath("//input[@name='risks'][@checked]/@value") == ["媒体"]


async def test_a_record_with_its_file_is_read_by_those_who_see_the_record(desk: Desk) -> None:
    browser = await desk.enter("centre")
    first = await browser.post("/feedback/new", form())
    path = first.headers["Location"]
    data = FormData()
    data.add_field("content", "已与患者当面沟通，患者理解")
    data.add_field("signed", "true")
    data.add_field("files", "沟通记录".encode(), filename="沟通记录.txt", content_type="text/plain")
    assert (await browser.post(f"{path}/do/note_handling", data, part=True)).status == 200
    page = await browser.get(path)
    (link,) = page.tree.xpath("//*[@id='part-feedback']//a[contains(@href, '/feedback/files/')]/@href")
    assert (await browser.get(link)).status == 200
    liaison = await desk.enter("liaison")
    assert (await liaison.get(path)).status == 200
    assert (await liaison.get(link)).status == 404


async def test_penalties_are_on_the_centres_page_and_not_on_the_departments(desk: Desk) -> None:
    browser = await desk.enter("chief")
    first = await browser.post("/feedback/new", form())
    path = first.headers["Location"]
    data = {"responsibility": "次要责任", "person": "测试医生", "opinion": "诫勉谈话"}
    assert (await browser.post(f"{path}/do/judge", data, part=True)).status == 200
    assert "诫勉谈话" in (await browser.get(path)).text
    for name in ("liaison", "head", "vice"):
        page = await (await desk.enter(name)).get(path)
        assert page.status == 200
        assert "诫勉谈话" not in page.text


async def test_praise_hangs_on_the_wall_of_its_department_alone(desk: Desk) -> None:
    browser = await desk.enter("centre")
    await browser.post("/feedback/new", form(kind="表扬", content="感谢护士长耐心细致。"))
    await settle()
    seen = {}
    for name in ("liaison", "bones"):
        page = await (await desk.enter(name)).get("/praise")
        seen[name] = page.words("//blockquote")
    assert seen == {"liaison": ["感谢护士长耐心细致。"], "bones": []}


async def test_earlier_cases_of_a_number_are_shown_while_one_is_on_the_phone(desk: Desk) -> None:
    browser = await desk.enter("centre")
    await browser.post("/feedback/new", form(title="此前的投诉"))
    found = await browser.get("/feedback/known?caller_phone=13800000001", part=True)
    assert [text.endswith("此前的投诉（办理中）") for text in found.words("//a")] == [True]
    assert (await browser.get("/feedback/known?caller_phone=1380", part=True)).words("//a") == []


async def test_a_category_is_added_renamed_and_disabled_but_never_lost(desk: Desk) -> None:
    browser = await desk.enter("chief")
    await browser.post(
        "/settings/categories/edit?parent=5", {"name": "停诊改期", "function_unit": ""}, part=True
    )
    number = await db.fetchval("select id from feedback_category where name = '停诊改期'")
    await browser.post("/feedback/new", form(main=str(number)))
    await browser.post(f"/settings/categories/edit?id={number}", {"name": "停诊与改期"}, part=True)
    await browser.post(f"/settings/categories/{number}/off", {})
    case = await Case.get()
    page = await browser.get(f"/cases/{case.id}")
    assert "流程等候与预约 · 停诊与改期" in page.words("//*[@id='part-feedback']//dd")
    assert "门诊部" in page.words("//*[@id='part-feedback']//dd")
    again = await browser.get("/feedback/new")
    assert again.tree.xpath(f"//select[@name='main']/option[@value='{number}']") == []
    twice = await browser.post("/settings/categories/edit?parent=5", {"name": "候诊时间"}, part=True)
    assert twice.status == 409
