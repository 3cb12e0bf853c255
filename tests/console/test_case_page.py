"""The page of a case: what each person sees and may press, what is told when it fails, what changes by itself."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from aiohttp import FormData
from PIL import Image

from core import db
from core.settings import settings
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk, settle
from tests.console.walk_scene import unreached
from tests.tickets.test_road import do
from tickets import material
from tickets.models import Case, Ticket
from tickets.queries import case_page
from tickets.reactions import result_words

TWO = {"departments": ["心血管内科", "收费处"]}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (900, 600), "#0a9396").save(target, "PNG")
    return target.getvalue()


def buttons(page: Page, within: str) -> list[str]:
    """The words of all action buttons in a part, those of the menu included."""
    return page.words(f"//*[@id='{within}']//button[contains(@hx-get, '/do/') or contains(@hx-post, '/do/')]")


def files_of(**data: object) -> FormData:
    form = FormData(quote_fields=False)
    for name, value in data.items():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, tuple):
                form.add_field(name, io.BytesIO(entry[1]), filename=entry[0])
            else:
                form.add_field(name, str(entry))
    return form


async def status_of(browser: Browser, path: str) -> int:
    """How an address is answered, whatever bytes it gives."""
    headers = {"HX-Request": "true"}
    async with browser.session.get(browser.server.make_url(path), headers=headers) as answer:
        return answer.status


async def audited(action: str) -> list[tuple[str, dict[str, object]]]:
    rows = await db.fetch("select actor_name, detail from audit where action = $1 order by id", action)
    return [(row["actor_name"], orjson.loads(row["detail"])) for row in rows]


async def test_each_person_is_offered_the_steps_that_are_theirs(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    offered = {}
    for name in ("liaison", "head", "centre", "vice"):
        page = await (await desk.enter(name)).get(f"/cases/{case.id}")
        assert page.status == 200
        offered[name] = (buttons(page, "part-actions"), buttons(page, f"ticket-{ticket.id}"))
    working = ["签收", "答复", "问中心", "申请延期", "转派", "退回"]
    assert offered == {
        "liaison": ([], working),
        "head": ([], working),
        "centre": (["派单", "事件记录", "涉密设置"], ["转派", "催办", "撤销"]),
        "vice": ([], []),
    }
    for name in ("bones", "admin"):
        assert (await (await desk.enter(name)).get(f"/cases/{case.id}")).status in (403, 404)


async def test_an_answer_is_filled_in_in_the_drawer_faults_beside_the_fields(desk: Desk) -> None:
    _, (ticket,) = await desk.receive()
    browser = await desk.enter("liaison")
    path = f"/tickets/{ticket.id}/do/answer"
    drawer = await browser.get(path, part=True)
    assert drawer.words("//*[contains(@class, 'form-label')]") == ["办理情况*", "是否属实", "是否解决"]
    faulty = await browser.post(path, {"text": "短", "verified": "属实"}, part=True)
    assert (faulty.status, faulty.words("//*[@class='fault']")) == (422, ["不能少于 5 个字"])
    assert faulty.tree.xpath("//textarea[@name='text']/text()") == ["短"]
    good = {"text": "已电话联系患者并致歉", "verified": "部分属实", "solved": "已解决"}
    done = await browser.post(path, good, part=True)
    assert done.headers["HX-Trigger"] == "drawer-done, case-changed"
    assert done.words("//*[@class='notice-words']") == [f"#{ticket.id} 的答复已提交，等待审核"]
    kept = await Ticket.get(id=ticket.id)
    assert (kept.label, kept.answer, kept.verified) == ("待科室审核", good["text"], "部分属实")
    again = await browser.post(path, good, part=True)
    assert (again.status, again.headers["HX-Retarget"]) == (409, "#notices")
    assert again.words("//b") == ["当前状态为“待科室审核”，不能进行此操作"]
    late = await browser.get(path, part=True)
    assert (late.status, late.headers["HX-Retarget"]) == (409, "#notices")


async def test_without_scripts_an_action_leads_back_to_the_page_with_its_sentence(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("liaison")
    done = await browser.post(f"/tickets/{ticket.id}/do/sign")
    assert (done.status, done.headers["Location"]) == (303, f"/cases/{case.id}")
    page = await browser.get(f"/cases/{case.id}")
    assert page.words("//*[@id='notices']//*[@class='notice-words']") == [f"#{ticket.id} 已签收"]


async def test_the_leading_department_is_chosen_by_name(desk: Desk) -> None:
    case, _ = await desk.receive(departments=[])
    browser = await desk.enter("centre")
    drawer = await browser.get(f"/cases/{case.id}/do/assign", part=True)
    assert drawer.words("//input[@name='units']/..") == [
        "东院区 · 心血管内科",
        "东院区 · 收费处",
        "西院区 · 骨科",
    ]
    empty = await browser.post(f"/cases/{case.id}/do/assign", part=True)
    assert (empty.status, empty.words("//*[@class='fault']")) == (422, ["必填"])
    await browser.post(f"/cases/{case.id}/do/assign", {"units": "4", "lead": "5"}, part=True)
    made = await Ticket.filter(case_id=case.id).order_by("id")
    assert [(ticket.unit_id, ticket.role) for ticket in made] == [(5, "lead"), (4, "co")]


async def test_a_department_sees_its_own_ticket_and_nothing_of_another(desk: Desk) -> None:
    case, (_, cash) = await desk.receive(**TWO)
    await do("ticket.answer", cash.id, desk.cashier, text="退费已提交银行办理")
    await material.add_evidence(cash.id, "退费凭证.png", png(), by=desk.cashier)
    await do("case.write_record", case.id, desk.centre, facts="中心内部的核实记录")
    await settle()
    secrets = ("退费已提交银行办理", "退费凭证.png", f"ticket-{cash.id}", "中心内部的核实记录")
    seen = {}
    for name in ("centre", "liaison", "cashier"):
        page = await (await desk.enter(name)).get(f"/cases/{case.id}")
        seen[name] = [words in page.text for words in secrets]
    assert seen == {
        "centre": [True, True, True, True],
        "liaison": [False, False, False, False],
        "cashier": [True, True, True, False],
    }
    file_id = await db.fetchval("select file_id from attachment where ticket_id = $1", cash.id)
    for name, expected in (("centre", 200), ("cashier", 200), ("liaison", 404), ("bones", 404)):
        browser = await desk.enter(name)
        assert await status_of(browser, f"/cases/{case.id}/files/{file_id}?thumb=1") == expected
    liaison = await desk.enter("liaison")
    for path in (f"/tickets/{cash.id}", f"/tickets/{cash.id}/chat", f"/tickets/{cash.id}/do/answer"):
        assert (await liaison.get(path)).status == 404
    assert (await liaison.post(f"/tickets/{cash.id}/join")).status == 404


async def test_a_cards_link_leads_to_the_ticket_on_the_page(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("liaison")
    answer = await browser.get(f"/tickets/{ticket.id}")
    assert (answer.status, answer.headers["Location"]) == (303, f"/cases/{case.id}#ticket-{ticket.id}")
    page = await browser.get(f"/cases/{case.id}")
    assert len(page.tree.xpath(f"//*[@id='ticket-{ticket.id}']")) == 1


async def test_the_page_asks_for_its_parts_and_is_answered_only_when_something_changed(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("centre")
    page = await browser.get(f"/cases/{case.id}")
    live = page.tree.xpath("//*[@id='case-live']/@hx-get")[0]
    assert [(await browser.get(live, part=True)).status for _ in range(2)] == [204, 204]
    await do("ticket.sign", ticket.id, desk.liaison)
    changed = await browser.get(live, part=True)
    assert changed.status == 200
    ours = "//*[starts-with(@id, 'part-') or @id='case-live']/@id"
    assert sorted(changed.tree.xpath("//*[@hx-swap-oob='true']/@id")) == sorted(page.tree.xpath(ours))
    assert "测试联络人甲 签收了工单" in changed.one("//*[@id='part-story']")
    live = changed.tree.xpath("//*[@id='case-live']/@hx-get")[0]
    assert (await browser.get(live, part=True)).status == 204


async def test_everything_the_page_shows_changes_its_version(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    seen = [await case_page.version(case.id)]
    await material.add_record(case.id, "来信.txt", "来信".encode(), by=desk.centre)
    seen.append(await case_page.version(case.id))
    for name, subject, who, data in (
        ("ticket.ask_extension", ticket.id, desk.liaison, {"days": 1, "reason": "等待核查"}),
        ("ticket.approve_extension", ticket.id, desk.centre, {}),
        ("ticket.urge", ticket.id, desk.centre, {}),
        ("case.write_record", case.id, desk.centre, {"facts": "核实情况如下"}),
    ):
        await do(name, subject, who, **data)
        seen.append(await case_page.version(case.id))
    assert len(set(seen)) == len(seen)


async def test_phones_are_masked_and_shown_for_a_reason_that_is_written_down(desk: Desk) -> None:
    case, _ = await desk.receive(contact_phone="19900000002")
    browser = await desk.enter("liaison")
    page = await browser.get(f"/cases/{case.id}")
    assert [text in page.text for text in ("13800000001", "19900000002", "138****0001", "199****0002")] == [
        False,
        False,
        True,
        True,
    ]
    missing = await browser.post(f"/cases/{case.id}/reveal", part=True)
    assert (missing.status, missing.words("//*[@class='fault']")) == (422, ["必填"])
    assert await audited("case.reveal") == []
    shown = await browser.post(f"/cases/{case.id}/reveal", {"reason": "电话核实诉求"}, part=True)
    assert shown.words("//dd") == ["测试甲", "13800000001", "19900000002"]
    assert await audited("case.reveal") == [
        ("测试联络人甲", {"reason": "电话核实诉求", "fields": ["姓名", "电话"]})
    ]


async def test_the_centre_sends_again_what_reached_nobody(desk: Desk) -> None:
    case, _ = await desk.receive()
    other, _ = await desk.receive(number="GZ-2")
    message = await unreached(case.id)
    centre, liaison = await desk.enter("centre"), await desk.enter("liaison")
    assert (await liaison.post(f"/cases/{case.id}/messages/{message}/again")).status == 403
    assert (await centre.post(f"/cases/{other.id}/messages/{message}/again")).status == 404
    before = await case_page.version(case.id)
    sent = await centre.post(f"/cases/{case.id}/messages/{message}/again", part=True)
    assert await case_page.version(case.id) != before  # so the page shows it
    assert (sent.status, "已重新排队发送" in sent.text) == (200, True)
    assert await db.fetchval("select state from message where id = $1", message) == "waiting"
    assert await db.fetchval("select count(*) from job where payload->>'message' = $1", str(message)) == 1
    assert await audited("case.tell_again") == [("测试客服甲", {"message": message})]
    assert (await centre.post(f"/cases/{case.id}/messages/{message}/again")).status == 409


async def test_who_asked_for_secrecy_is_known_to_the_centre_alone(desk: Desk) -> None:
    case, _ = await desk.receive(confidential=True)
    seen = {}
    for name in ("liaison", "centre"):
        browser = await desk.enter(name)
        page = await browser.get(f"/cases/{case.id}")
        facts = page.one("//*[@id='part-order']//dl")
        told = await browser.post(f"/cases/{case.id}/reveal", {"reason": "电话核实诉求"}, part=True)
        seen[name] = ("测试甲" in page.text, "138****0001" in facts, "要求保密" in facts, told.status)
    assert seen == {"liaison": (False, False, True, 403), "centre": (False, True, False, 200)}


async def test_the_order_as_it_came_is_the_centres_to_read_and_each_look_is_written_down(desk: Desk) -> None:
    case, _ = await desk.receive()
    liaison, centre = await desk.enter("liaison"), await desk.enter("centre")
    assert (await liaison.post(f"/cases/{case.id}/raw", {"reason": "核对来单字段"}, part=True)).status == 403
    raw = await centre.post(f"/cases/{case.id}/raw", {"reason": "核对来单字段"}, part=True)
    assert orjson.loads(raw.one("//pre"))["order_no"] == "GZ-1"
    assert await audited("case.raw") == [("测试客服甲", {"reason": "核对来单字段", "fields": ["来单原文"]})]


async def test_files_come_in_good_ones_kept_faulty_ones_told_and_go_out_small_and_whole(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("liaison")
    form = files_of(files=[("现场.png", png()), ("程序.exe", b"MZ\x00\x00")])
    done = await browser.post(f"/tickets/{ticket.id}/attach", form, part=True)
    assert done.one("//*[@class='notice-words']").startswith("已上传 1 个文件；未保存：“程序.exe”")
    nothing = await browser.post(f"/tickets/{ticket.id}/attach", files_of(files=("假.png", b"x")), part=True)
    assert (nothing.status, "“假.png”" in nothing.one("//*[@class='fault']")) == (422, True)
    path = (await browser.get(f"/cases/{case.id}")).tree.xpath("//*[@class='file-thumb']/@href")[0]
    async with browser.session.get(desk.server.make_url(path)) as whole:
        assert (await whole.read(), whole.content_type) == (png(), "image/png")
    async with browser.session.get(desk.server.make_url(f"{path}?thumb=1")) as small:
        with Image.open(io.BytesIO(await small.read())) as picture:
            assert (picture.format, picture.size) == ("JPEG", (320, 213))
    assert (await browser.post(f"/cases/{case.id}/attach", files_of(files=("信.txt", b"x")))).status == 403
    centre = await desk.enter("centre")
    await centre.post(f"/cases/{case.id}/attach", files_of(files=("来信.txt", "信".encode())), part=True)
    kinds = await db.fetch("select kind, name from attachment order by id")
    assert [tuple(row) for row in kinds] == [("evidence", "现场.png"), ("record", "来信.txt")]


async def test_the_reply_is_previewed_as_the_person_will_read_it_and_nothing_is_written(desk: Desk) -> None:
    case, _ = await desk.receive()
    browser = await desk.enter("centre")
    before = await case_page.version(case.id)
    shown = {}
    for way in ("auto", "sms", "none"):
        page = await browser.post(
            f"/cases/{case.id}/preview", {"reply": "已改进叫号流程", "tell_by": way}, part=True
        )
        shown[way] = page.words("//figure/p")
    sms = " ".join(result_words(case, "已改进叫号流程", "")["sms"].split())
    assert (shown["sms"], shown["auto"][1:], len(shown["auto"]), shown["none"]) == ([sms], [sms], 2, [])
    assert await case_page.version(case.id) == before


async def test_the_chat_stands_at_the_side_for_members_and_the_centre_may_come_in(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    found = {}
    for name in ("liaison", "chief"):
        page = await (await desk.enter(name)).get(f"/cases/{case.id}")
        found[name] = (
            len(page.tree.xpath("//*[@data-chat]")),
            page.words("//*[@id='case-chat']//button[@hx-post]"),
        )
    assert found == {"liaison": (1, []), "chief": (0, ["加入群聊"])}
    chief = await desk.enter("chief")
    joined = await chief.post(f"/tickets/{ticket.id}/join", part=True)
    assert len(joined.tree.xpath("//*[@data-chat]")) == 1
    vice = await desk.enter("vice")  # endorses for the campus, so may come in too
    assert (await vice.post(f"/tickets/{ticket.id}/join", part=True)).status == 200
    assert (await (await desk.enter("bones")).post(f"/tickets/{ticket.id}/join", part=True)).status == 404


async def test_a_frozen_round_is_folded_and_offers_nothing(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    await do("ticket.answer", ticket.id, desk.liaison, text="第一轮的答复内容")
    await do("ticket.approve", ticket.id, desk.centre)
    await do("case.submit", case.id, desk.centre, reply="第一轮给来电人的答复")
    await do("case.approve", case.id, desk.chief)
    await do("case.call_back", case.id, desk.centre, satisfied="不满意", remark="未见改进")
    await settle()
    page = await (await desk.enter("centre")).get(f"/cases/{case.id}")
    fold = page.tree.xpath("//details[contains(@class, 'round')]")[0]
    assert fold.get("open") is None
    folded = " ".join(fold.text_content().split())
    for words in ("第 1 轮办理（已冻结）", "第一轮给来电人的答复", "第一轮的答复内容", "未见改进"):
        assert words in folded
    assert fold.xpath(".//button") == []
    assert (await Case.get(id=case.id)).round == 2
    assert buttons(page, "part-tickets") == ["转派", "催办", "撤销"]


async def test_a_document_is_made_read_printed_and_taken_away(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("centre")
    refused = await browser.post(f"/cases/{case.id}/report", {"kind": "event_report"}, part=True)
    assert (refused.status, refused.headers["HX-Retarget"]) == (409, "#notices")
    form = {"kind": "handling_form", "tickets": str(ticket.id), "photos": "false"}
    made = await browser.post(f"/cases/{case.id}/report", form, part=True)
    number = made.one("//*[@class='notice-words']").removeprefix("已生成")
    page = await browser.get(f"/cases/{case.id}")
    path = page.tree.xpath("//*[@id='part-reports']//a[@class='row-title']/@href")[0]
    sheet = await browser.get(path)
    assert number in sheet.one("//header")
    assert case.content in sheet.one("//main[contains(@class, 'sheet')]")
    async with browser.session.get(desk.server.make_url(f"{path}/file")) as answer:
        data, said = await answer.read(), answer.headers["Content-Disposition"]
    assert (data[:2], said.startswith("attachment")) == (b"PK", True)
    assert [name for name, _ in await audited("case.report_download")] == ["测试客服甲"]
    liaison = await desk.enter("liaison")
    assert (await liaison.get(path)).status == 200
    assert (await liaison.post(f"/cases/{case.id}/report", form, part=True)).status == 403
    assert (await (await desk.enter("bones")).get(path)).status == 404


async def test_nothing_is_inline_and_no_address_is_dead(desk: Desk) -> None:
    case, (ticket,) = await desk.receive()
    browser = await desk.enter("centre")
    pages = [
        f"/cases/{case.id}",
        f"/cases/{case.id}/parts",
        "/cases/new",
        "/patients?q=测试",
        f"/cases/{case.id}/do/assign",
        f"/tickets/{ticket.id}/do/urge",
        f"/cases/{case.id}/report",
        f"/cases/{case.id}/visits",
        f"/cases/{case.id}/attach",
    ]
    for path in pages:
        page = await browser.get(path)
        assert page.status == 200, path
        assert page.tree.xpath("//@style | //style | //script[not(@src)] | //@onclick") == [], path
        await links_live(browser, page)


async def links_live(browser: Browser, page: Page) -> None:
    found = page.tree.xpath("//main//@href | //main//@hx-get | //main//img/@src")
    for path in {entry for entry in found if entry.startswith("/") and not entry.endswith("/cases")}:
        assert await status_of(browser, path.partition("#")[0]) in (200, 204), path
