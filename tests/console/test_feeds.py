"""The links as an operator sees them: figures, a parked message with its fault, mended and replayed; a mapping tried."""

from collections.abc import AsyncIterator

import pytest_asyncio

from core import db
from core.outbox import OUTBOX
from core.pump import drain
from patients.feeds import unknown_units
from patients.feeds.processing import FEED
from patients.feeds.watching import look
from tests.console.desk import Desk, open_desk
from tests.patients.feed import open_link, put
from tests.patients.history import Sender, stay

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
    text = "\n".join(drawer.words("//textarea[@name='text']")).replace("火星科", "心血管内科")
    assert "MSH|" in text
    body = Sender().send("ADT^A01", "0830", BED).replace("\r", "\n")
    answer = await admin.post(f"/operate/feeds/{link.id}/messages/{number}/repair", {"text": body})
    assert answer.status in (200, 303)
    await work()
    assert await db.fetchval("select state from feed_message") == "done"
    assert await db.fetchval("select number from visit") == "ZY001"
    looked = await db.fetch("select action from audit where subject = 'feed_message' order by id")
    assert [row["action"] for row in looked] == ["feed.look", "feed.repair"]


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
    await admin.post(f"/operate/feeds/{link.id}/messages/{number}/repair", {"text": without_number})
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
    await admin.post(address, {"reason": "测试消息"})
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
