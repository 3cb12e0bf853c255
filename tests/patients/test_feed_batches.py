"""A batch of messages is taken as one; one that will not do is parked alone, and none of the others suffers."""

from core import db
from core.pump import drain
from patients.feeds.processing import FEED
from tests.patients.feed import open_link, parked, put
from tests.patients.history import Sender, person, stay
from tests.staff.cast import build
from wiring import wire


async def test_one_message_that_no_column_holds_is_parked_alone(database: str) -> None:
    assert database
    wire()
    await build()
    link = await open_link(mapping="sample_his")
    his = Sender()
    texts = [
        his.send("ADT^A04", "0830", stay(f"MZ{at}", kind="O"), pid=person(f"P{at}", id_number=""))
        for at in range(12)
    ]
    texts[7] = texts[7].rstrip("\r") + "\rZPV||99999999999\r"  # 住院次数: more than an integer holds
    texts[9] = texts[9].replace("测试甲", "测\x00试")
    for text in texts:
        await put(link, text)
    assert await drain(FEED) == 12
    rows = await parked()
    assert [(at, words[:11]) for at, words in rows] == [
        ("内容", "有一个值超出可保存的范"),
        ("PID", "PID：第 3 段有空"),
    ]
    assert await db.fetchval("select count(*) from visit") == 10
    assert await db.fetchval("select count(*) from record_fact where subject = 'visit'") == 10
