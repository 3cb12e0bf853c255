"""The links as an operator sees them: figures, a parked message with its fault, mended and replayed; a mapping tried."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest
import pytest_asyncio

from core import db
from core.clock import SHANGHAI
from core.outbox import OUTBOX
from core.pump import drain
from patients.feeds import links, unknown_units
from patients.feeds.links import Link
from patients.feeds.processing import FEED
from patients.feeds.watching import look, too_long
from tests.console.desk import Desk, open_desk
from tests.patients.feed import open_link, put
from tests.patients.history import ID_NUMBER, Sender, stay

BED = stay(ward="心血管内科", campus="东院区")


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


async def work() -> None:
    """Work on everything that was kept."""
    while await drain(FEED):
        pass


async def test_a_link_is_made_and_a_faulty_one_is_told_beside_the_field(desk: Desk) -> None:
    admin = await desk.enter("admin")
    given = {
        "name": "东院区 HIS",
        "application": "HIS",
        "mapping": "hl7",
        "charset": "gbk",
        "processing": "P",
    }
    answer = await admin.post("/operate/feeds/new", given)
    assert answer.status in (200, 303)
    again = await admin.post("/operate/feeds/new", {**given, "name": "别的"})
    assert (
        again.status,
        "发送系统（MSH-3）已有另一条链路使用" in again.text or "已有另一条链路使用" in again.text,
    ) == (422, True)
    page = await admin.get("/operate/feeds")
    assert page.one("//tbody/tr[1]/td[1]") == "东院区 HIS"
    rows = await db.fetch("select action from audit where action like 'feed.%'")
    assert [row["action"] for row in rows] == ["feed.create"]
    assert (await (await desk.enter("centre")).get("/operate/feeds")).status == 403


async def test_a_parked_message_shows_its_fault_and_is_mended_and_replayed(desk: Desk) -> None:
    link = await open_link()
    await put(link, Sender().send("ADT^A01", "0830", BED.replace("心血管内科", "火星科")), "ADT^A01")
    await work()
    await look()
    admin = await desk.enter("admin")
    page = await admin.get(f"/operate/feeds/{link.id}")
    (line,) = page.words("//table//tbody/tr")
    assert line.startswith("MSG1 ADT^A01 已搁置 PV1-3.1 PV1-3.1：“火星科”科室没有对应")
    number = await db.fetchval("select id from feed_message")
    drawer = await admin.get(f"/operate/feeds/{link.id}/messages/{number}")
    (bad,) = drawer.words("//div[contains(@class, 'segment-bad')]")
    assert bad.startswith("PV1|1|I|火星科")
    shown = drawer.one("//div[@class='segments']")
    assert [words in shown for words in ("测试甲", ID_NUMBER, "13800000011", "99000019900101****")] == [
        False
    ] * 4
    assert "测*甲" in shown
    assert drawer.words("//textarea") == []
    address = f"/operate/feeds/{link.id}/messages/{number}"
    assert (await admin.post(f"{address}/raw", {"reason": "看看"})).status == 422
    whole = await admin.post(f"{address}/raw", {"reason": "核对科室名称写法"})
    text = "\n".join(whole.words("//textarea[@name='text']"))
    assert ("测试甲" in text, ID_NUMBER in text) == (True, True)
    body = Sender().send("ADT^A01", "0830", BED).replace("\r", "\n")
    short = await admin.post(f"{address}/repair", {"text": body, "reason": "改"})
    assert short.status == 422
    answer = await admin.post(f"{address}/repair", {"text": body, "reason": "对方把病区名称写错了"})
    assert answer.status in (200, 303)
    await work()
    assert await db.fetchval("select state from feed_message") == "done"
    assert await db.fetchval("select number from visit") == "ZY001"
    looked = await db.fetch("select action from audit where subject = 'feed_message' order by id")
    assert [row["action"] for row in looked] == [
        "feed.look",
        "feed.look",
        "feed.raw",
        "feed.look",
        "feed.repair",
    ]
    told = await admin.get(address)
    deed = told.one("//ol[@class='deeds']/li")
    assert deed.startswith("修改后重放 测试管理员")
    assert "已处理 对方把病区名称写错了" in deed
    assert "火星科" in deed
    assert "心血管内科" in deed
    assert "测试甲" not in deed


async def test_a_department_nobody_knows_is_mapped_once_and_what_waited_is_taken(desk: Desk) -> None:
    link = await open_link()
    one, other = (BED.replace("心血管内科", name) for name in ("心内二病区", "火星科"))
    for at, text in enumerate((one, one.replace("ZY001", "ZY002"), other), start=1):
        await put(link, Sender().send("ADT^A01", f"083{at}", text, id=f"MSG{at}"), "ADT^A01")
    await work()
    admin = await desk.enter("admin")
    assert "待对应名称 2" in (await admin.get("/settings/units")).one("//nav[@class='tabs']")
    page = await admin.get("/settings/units/unknown")
    first, second = page.words("//ul[@class='un-unknown']/li")
    assert first.startswith("心内二病区 东院区 2 条接口消息搁置 · 测试 HIS")
    assert second.startswith("火星科 东院区 1 条接口消息搁置")
    assert "忽略" not in first
    nobody = await admin.post("/settings/units/unknown", {"name": "水星科", "site": "东院区", "unit": "4"})
    assert nobody.status == 404
    await admin.post("/settings/units/unknown", {"name": "心内二病区", "site": "东院区", "unit": "4"})
    said = (await admin.get("/settings/units/unknown")).one("//div[@id='notices']")
    assert "2 条搁置的接口消息正在重放" in said
    while await drain(OUTBOX):
        pass
    await work()
    assert [row["state"] for row in await db.fetch("select state from feed_message order by id")] == [
        "done",
        "done",
        "parked",
    ]
    assert await db.fetchval("select count(*) from visit where unit_id = 4") == 2
    page = await admin.get("/settings/units/unknown")
    assert [words[:3] for words in page.words("//ul[@class='un-unknown']/li")] == ["火星科"]
    line = await db.fetchrow("select actor_name from audit where action = 'feed.replay_all'")
    assert line is not None
    assert line["actor_name"] == "科室名称对照"


async def test_what_is_mended_otherwise_is_no_longer_on_the_list_of_names(desk: Desk) -> None:
    link = await open_link()
    await put(link, Sender().send("ADT^A01", "0830", BED.replace("心血管内科", "火星科")), "ADT^A01")
    await work()
    number = await db.fetchval("select id from feed_message")
    assert [one.name for one in await unknown_units.listed()] == ["火星科"]
    admin = await desk.enter("admin")
    without_number = Sender().send("ADT^A01", "0830", stay(number="")).replace("\r", "\n")
    await admin.post(
        f"/operate/feeds/{link.id}/messages/{number}/repair",
        {"text": without_number, "reason": "补写就诊号之前先试"},
    )
    assert await unknown_units.listed() == []  # it is looked at anew
    await work()
    assert await db.fetchval("select state from feed_message") == "parked"
    assert await unknown_units.listed() == []  # parked again, for something else


async def test_each_kind_of_link_is_offered_the_mapping_files_meant_for_it(desk: Desk) -> None:
    admin = await desk.enter("admin")
    offered = {}
    for kind in ("hl7", "fhir", "json", "soap", "sql"):
        form = await admin.get(f"/operate/feeds/new?kind={kind}")
        offered[kind] = form.words("//label[.//input[@name='mapping']]")
    assert offered == {
        "hl7": ["HL7 v2 通用（hl7）", "示例医院 HIS（sample_his）"],
        "fhir": ["FHIR R4 通用（fhir）"],
        "json": ["JSON 通用（json）"],
        "soap": ["SOAP 通用（soap）"],
        "sql": ["就诊视图 通用（visits_view）"],
    }


async def test_giving_a_message_up_asks_why(desk: Desk) -> None:
    link = await open_link()
    await put(link, Sender().send("ADT^A01", "0830", stay(number="")), "ADT^A01")
    await work()
    number = await db.fetchval("select id from feed_message")
    admin = await desk.enter("admin")
    address = f"/operate/feeds/{link.id}/messages/{number}/drop"
    assert (await admin.post(address, {"reason": " "})).status == 422
    assert (await admin.post(address, {"reason": "测试消息"})).status == 422
    await admin.post(address, {"reason": "对方联调时误发的测试消息"})
    assert await db.fetchval("select state from feed_message") == "dropped"


async def test_a_mapping_is_tried_without_anything_being_kept(desk: Desk) -> None:
    admin = await desk.enter("admin")
    text = Sender().send("ADT^A01", "0830", BED).replace("\r", "\n")
    fine = await admin.post("/operate/feeds/try", {"mapping": "hl7", "text": text, "more": ""})
    assert fine.words("//div[contains(@class, 'outcome')]/h3") == ["患者", "就诊"]
    assert "测试甲" in fine.text
    assert "13800000011" not in fine.one("//section[@id='outcome']")
    wrong = await admin.post(
        "/operate/feeds/try", {"mapping": "hl7", "text": text.replace("|I|", "|Q|", 1), "more": ""}
    )
    assert "PV1-2 “Q”不在代码表 kind 中" in wrong.one("//section[@id='outcome']")
    more = 'extends = "hl7"\n[visit]\nbett = "PV1-3.3"\nbed = "PV1-x"\n'
    faulty = await admin.post("/operate/feeds/try", {"mapping": "hl7", "text": text, "more": more})
    shown = faulty.one("//section[@id='outcome']")
    assert ("visit.bett：没有这个字段" in shown, "visit.bed" in shown) == (True, True)
    assert await db.fetchval("select count(*) from feed_message") == 0


async def test_silence_raises_an_alarm_once_and_ends_it(desk: Desk) -> None:
    link = await open_link(silent_minutes=10)
    await put(link, Sender().send("ADT^A31", "0830"))
    assert await look() == 0
    await db.execute("update feed_message set created_at = created_at - interval '11 minutes'; ")
    await db.execute("update feed_link set last_at = last_at - interval '11 minutes'")
    assert (await look(), await look()) == (1, 1)
    events = [row["event"] for row in await db.fetch("select event from outbox order by id")]
    assert events == ["LinkFellSilent"]
    await put(link, Sender().send("ADT^A31", "0831", id="MSG9"))
    assert await look() == 0
    events = [row["event"] for row in await db.fetch("select event from outbox order by id")]
    assert events == ["LinkFellSilent", "LinkSpokeAgain"]


async def test_a_value_nobody_knows_is_told_once_and_what_waited_for_it_is_taken(desk: Desk) -> None:
    link = await open_link()
    for at in (1, 2):
        text = Sender().send(
            "ADT^A01", f"083{at}", stay(ward="心血管内科", kind="留观", number=f"ZY00{at}"), id=f"MSG{at}"
        )
        await put(link, text, "ADT^A01")
    await work()
    admin = await desk.enter("admin")
    page = await admin.get(f"/operate/feeds/{link.id}")
    (line,) = [one for one in page.words("//tbody/tr") if "对应为" in one]
    assert line.startswith("PV1-2留观就诊类别 2")
    address = f"/operate/feeds/{link.id}/codes?codes=kind&code=留观"
    assert "emergency" in (await admin.get(address)).text
    why = "该院留观按急诊管理，见联调纪要"
    assert (await admin.post(address, {"meaning": "moon", "reason": why})).status == 422
    chosen = await admin.post(address, {"meaning": "emergency", "reason": why})
    assert chosen.status in (200, 303), chosen.text[:3000]
    await work()
    rows = await db.fetch("select kind, number from visit order by number")
    assert [tuple(row) for row in rows] == [("emergency", "ZY001"), ("emergency", "ZY002")]
    again = Sender().send("ADT^A01", "0835", stay(ward="心血管内科", kind="留观", number="ZY003"), id="MSG3")
    await put(link, again, "ADT^A01")  # what comes later goes through
    await work()
    assert await db.fetchval("select count(*) from feed_message where state = 'done'") == 3
    told = await db.fetch("select what, outcome from feed_message_change order by id")
    assert [tuple(row) for row in told] == [("coded", "done"), ("coded", "done")]
    await admin.post(f"/operate/feeds/{link.id}/codes/forget", {"codes": "kind", "code": "留观"})
    await put(
        link,
        Sender().send("ADT^A01", "0836", stay(ward="心血管内科", kind="留观", number="ZY004"), id="MSG4"),
        "ADT^A01",
    )
    await work()
    assert await db.fetchval("select count(*) from feed_message where state = 'parked'") == 1


async def test_a_link_is_paused_for_a_reason_and_resumed(desk: Desk) -> None:
    link = await open_link()
    admin = await desk.enter("admin")
    address = f"/operate/feeds/{link.id}"
    assert (await admin.post(f"{address}/pause", {"reason": "停"})).status == 422
    await admin.post(f"{address}/pause", {"reason": "对方系统升级，停到周一"})
    page = await admin.get(address)
    assert page.one("//div[@class='faults']").startswith("已暂停：对方系统升级，停到周一测试管理员")
    assert [one.id for one in await links.all_links(active=True)] == []
    await admin.post(f"{address}/resume")
    assert [one.id for one in await links.all_links(active=True)] == [link.id]
    rows = await db.fetch("select action from audit where subject = 'feed_link' order by id")
    assert [row["action"] for row in rows][-2:] == ["feed.pause", "feed.resume"]


@pytest.mark.parametrize(
    ("now", "last", "quiet"),
    [
        pytest.param("2026-03-02 07:40", "2026-03-01 18:00", False, id="before it begins"),
        pytest.param("2026-03-02 08:05", "2026-03-01 18:00", False, id="only just begun"),
        pytest.param("2026-03-02 08:31", "2026-03-01 18:00", True, id="half an hour after it began"),
        pytest.param("2026-03-02 10:00", "2026-03-02 09:45", False, id="spoke of late"),
        pytest.param("2026-03-02 18:30", "2026-03-02 12:00", False, id="after its hours"),
    ],
)
def test_silence_counts_within_the_hours_of_a_link(now: str, last: str, quiet: bool) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    link = Link(
        1, "夜间停的系统", "hl7", "A", "", "utf-8", "hl7", "", "P", 30, True, None, at(last), silent_from=8, silent_to=18
    )  # fmt: skip
    assert too_long(link, at(now), working=True) is quiet
    assert too_long(replace(link, silent_working=True), at(now), working=False) is False
