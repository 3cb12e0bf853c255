"""A HIS tells of a patient: what stands in the rows after it, whatever came first, and what staff corrected stays."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core import clock, db, parameters
from core.pump import drain
from patients.feeds import repairs
from patients.feeds.processing import AHEAD, FEED
from staff.queries import forget_tree
from tests.patients.feed import ENGINEER, everything, open_link, parked, put, take
from tests.patients.history import ID_NUMBER, Sender, diagnosis, person, potassium, stay
from tests.staff.cast import House, build
from wiring import wire


@pytest.fixture
async def house(database: str) -> House:
    """Two campuses with their departments."""
    assert database
    wire()
    return await build()


async def visit(number: str = "ZY001") -> dict[str, object]:
    """The telling columns of a visit."""
    row = await db.fetchrow(
        "select p.number as patient, v.kind, v.state, u.name as unit, w.name as ward, v.bed, v.start_on, v.end_on,"
        " v.diagnosis, v.disposition from visit v join patient p on p.id = v.patient_id"
        " join org_unit u on u.id = v.unit_id left join org_unit w on w.id = v.ward_id where v.number = $1",
        number,
    )
    return dict(row) if row else {}


IN_BED = {
    "patient": "P000123",
    "kind": "inpatient",
    "state": "open",
    "unit": "心血管内科",
    "ward": "心内科一病区",
    "bed": "05",
    "start_on": date(2026, 2, 22),
    "end_on": None,
    "diagnosis": "原发性高血压",
    "disposition": "",
}


async def test_an_admission_becomes_a_patient_and_a_visit(house: House) -> None:
    his = Sender()
    link = await open_link()
    await take(link, [his.send("ADT^A01", "0830", stay(), diagnosis("I10.x00", "原发性高血压", "A"))])
    assert await parked() == []
    assert await visit() == IN_BED
    found = await everything()
    (patient,) = found["patient"]
    assert (
        patient["name"],
        patient["gender"],
        patient["born_on"],
        patient["phone"],
        patient["id_number"],
    ) == (
        "测试甲",
        "男",
        date(1990, 1, 1),
        "13800000011",
        ID_NUMBER,
    )
    assert [(one["kind"], one["value"]) for one in found["identifier"]] == [
        ("his", "P000123"),
        ("id", ID_NUMBER),
        ("outpatient", "MZ77"),
    ]
    assert [(one["code"], one["version"], one["kind"]) for one in found["visit_diagnosis"]] == [
        ("I10.x00", "ICD-10 国家临床版 2.0", "admission")
    ]


async def test_a_cancelled_discharge_opens_the_visit_again_and_takes_its_end_away(house: House) -> None:
    his = Sender()
    link = await open_link()
    await take(
        link,
        [
            his.send("ADT^A01", "0830", stay(), diagnosis("I10.x00", "原发性高血压", "A")),
            his.send("ADT^A03", "0900", stay(end="20260301083000", how="1")),
        ],
    )
    assert await visit() == IN_BED | {"state": "closed", "end_on": date(2026, 3, 1), "disposition": "1"}
    await take(link, [his.send("ADT^A13", "0930", stay())])
    assert await visit() == IN_BED


async def test_a_cancelled_transfer_goes_back_to_the_bed_before(house: House) -> None:
    his = Sender()
    link = await open_link()
    moved = stay(ward="普外科", campus="西院区", bed="11")
    bare = "|".join(["PV1", "1", "I", *[""] * 16, "ZY001"])  # says nothing of the place
    await take(link, [his.send("ADT^A01", "0830", stay()), his.send("ADT^A02", "0900", moved)])
    told = await visit()
    assert (told["unit"], told["ward"], told["bed"]) == ("普外科", None, "11")
    await take(link, [his.send("ADT^A12", "0930", bare)])
    told = await visit()
    assert (told["unit"], told["ward"], told["bed"]) == ("心血管内科", "心内科一病区", "05")


async def test_a_cancelled_admission_never_was(house: House) -> None:
    his = Sender()
    link = await open_link()
    await take(link, [his.send("ADT^A01", "0830", stay()), his.send("ADT^A11", "0900", stay())])
    assert (await visit())["state"] == "cancelled"
    rows = await db.fetch("select distinct payload from outbox where event = 'VisitCancelled'")
    assert len(rows) == 1


async def test_a_result_waits_for_its_visit_and_a_critical_one_is_marked(house: House) -> None:
    his = Sender()
    link = await open_link()
    later = his.send("ADT^A01", "0830", stay())
    await take(link, [his.send("ORU^R01", "0931", stay(), *potassium("6.9", "HH"))])
    (report,) = (await everything())["report"]
    assert (report["visit"], report["critical"], report["abnormal"], report["state"]) == (
        None,
        True,
        True,
        "final",
    )
    await take(link, [later])
    (report,) = (await everything())["report"]
    assert (report["visit"], report["visit_number"]) == ("ZY001", "ZY001")
    corrected = his.send("ORU^R01", "1000", stay(), *potassium("4.1", "N", state="C"))
    await take(link, [corrected])
    found = await everything()
    assert [(one["value"], one["flag"], one["critical"]) for one in found["report_item"]] == [
        ("4.1", "", False)
    ]
    assert (found["report"][0]["critical"], found["report"][0]["state"]) == (False, "corrected")


async def test_a_laboratory_never_overwrites_what_the_his_says_of_a_person(house: House) -> None:
    his = Sender()
    link = await open_link()
    stale = person(phone="13800000099", name="测试旧名")
    await take(
        link,
        [
            his.send("ADT^A04", "0830", stay("MZ1", kind="O", unit="心血管内科")),
            his.send("ORU^R01", "0931", stay("MZ1", kind="O"), *potassium("4", "N"), pid=stale),
        ],
    )
    (patient,) = (await everything())["patient"]
    assert (patient["name"], patient["phone"]) == ("测试甲", "13800000011")


async def test_a_merge_moves_visits_and_undoing_it_moves_them_back(house: House) -> None:
    his = Sender()
    link = await open_link()
    old = person("P9", id_number="", phone="13800000022")
    merge = his.send("ADT^A40", "1000", "MRG|P9^^^HOSP^MR")
    await take(link, [merge, his.send("ADT^A04", "0830", stay("MZ9", kind="O"), pid=old)])
    assert (await visit("MZ9"))["patient"] == "P000123"
    rows = {one["number"]: one["head"] for one in (await everything())["patient"]}
    assert rows == {"P000123": None, "P9": "P000123"}


async def test_two_numbers_with_one_id_number_and_name_are_one_person(house: House) -> None:
    his, west = Sender(), Sender(application="WEST", facility="W")
    link = await open_link()
    other = await open_link(name="西院区 HIS", application="WEST", facility="W", domain="west")
    await take(link, [his.send("ADT^A04", "0830", stay("MZ1", kind="O"))])
    await take(
        other,
        [
            west.send(
                "ADT^A04", "0900", stay("MZ1", kind="O", ward="普外科", campus="西院区"), pid=person("77")
            )
        ],
    )
    assert (await visit("west:MZ1"))["patient"] == "P000123"
    assert (await everything())["merge"] == [{"prior": "west:77", "survivor": "P000123", "ground": "rule"}]


async def test_the_same_message_again_changes_nothing_and_is_kept_once(house: House) -> None:
    his = Sender()
    link = await open_link()
    text = his.send("ADT^A01", "0830", stay())
    await take(link, [text])
    before = await everything()
    await take(link, [text, text])
    assert await everything() == before
    assert await db.fetchval("select count(*) from feed_message") == 1
    again = text.replace("测试甲", "测试乙")  # the id was used again for something else: kept beside it
    await put(link, again)
    assert await db.fetchval("select count(*) from feed_message") == 2


@pytest.mark.parametrize(
    ("segments", "pid", "at", "words"),
    [
        ((stay(ward="火星科", campus=""),), "", "PV1-3.1", "“火星科”科室没有对应"),
        ((stay(kind="Q"),), "", "PV1-2", "“Q”不在代码表 kind 中"),
        ((stay(start="20261301"),), "", "PV1-44", "“20261301”没有这样的日期或时间"),
        ((stay(number=""),), "", "PV1-19.1", "缺少就诊号"),
        ((stay(),), person(number=""), "PID-3[5=MR].1", "缺少患者号"),
    ],
)
async def test_what_cannot_be_taken_is_parked_with_segment_and_field(
    house: House, segments: tuple[str, ...], pid: str, at: str, words: str
) -> None:
    his = Sender()
    link = await open_link()
    if "号" in words and pid:
        pid = pid.replace(f"~{ID_NUMBER}^^^MPS^NI~MZ77^^^HOSP^门诊号", "")
    await take(link, [his.send("ADT^A01", "0830", *segments, pid=pid)])
    ((where, sentence),) = await parked()
    assert (where, words in sentence) == (at, True), sentence
    assert await db.fetchval("select count(*) from patient") == 0


@pytest.mark.parametrize(
    ("born", "remark"),
    [
        pytest.param("20990101", "PID-7：出生日期在将来，未采用", id="in the future"),
        pytest.param("18800101", "PID-7：出生日期在 130 年以前，未采用", id="long ago"),
        pytest.param("19800000", "PID-7：出生日期写法不对，未采用", id="no day"),
    ],
)
async def test_an_impossible_day_of_birth_is_left_out_and_the_admission_is_taken(
    house: House, born: str, remark: str
) -> None:
    link = await open_link()
    await take(link, [Sender().send("ADT^A01", "0830", stay(), pid=person(born=born))])
    told = await db.fetchrow("select state, error from feed_message")
    assert told is not None
    assert tuple(told) == ("done", remark)
    rows = await db.fetch("select p.born_on, v.number from patient p join visit v on v.patient_id = p.id")
    assert [tuple(row) for row in rows] == [(None, "ZY001")]


async def test_a_message_written_tomorrow_is_parked_and_waits_for_the_clock_to_be_set(house: House) -> None:
    link = await open_link()
    ahead = clock.local(clock.now() + timedelta(hours=25))
    his = Sender(day=f"{ahead:%Y%m%d}")
    await take(link, [his.send("ADT^A01", f"{ahead:%H%M}", stay())])
    words = f"EVN-2：“{ahead:%Y-%m-%d %H:%M}”消息时间超前于本系统时钟，请对方校准时钟"
    assert await parked() == [("EVN-2", words)]
    assert await db.fetchval("select count(*) from patient") == 0
    await parameters.change(AHEAD.name, "26", by=ENGINEER)
    await repairs.replay_all(link.id, "对方已校准时钟", by=ENGINEER)
    while await drain(FEED):
        pass
    assert await parked() == []
    assert await db.fetchval("select number from visit") == "ZY001"


async def test_a_discharge_before_its_admission_is_taken_and_remarked_upon(house: House) -> None:
    link = await open_link()
    backwards = stay(start="20260303080000", end="20260301080000")
    await take(link, [Sender().send("ADT^A03", "0830", backwards)])
    told = await db.fetchrow("select state, error from feed_message")
    assert told is not None
    assert tuple(told) == ("done", "就诊 ZY001：结束时间早于开始时间，已照收，请对方核对")


async def test_a_phone_that_is_none_is_left_out_and_remarked_upon(house: House) -> None:
    his = Sender()
    link = await open_link()
    await take(link, [his.send("ADT^A01", "0830", stay(), pid=person(phone="无"))])
    row = await db.fetchrow("select state, error from feed_message")
    assert row is not None
    assert (row["state"], row["error"]) == ("done", "PID-13.1：不是电话号码，未采用")


async def test_a_death_by_discharge_is_withdrawn_with_the_discharge(house: House) -> None:
    his = Sender()
    link = await open_link()

    async def dead() -> bool:
        return bool(await db.fetchval("select deceased from patient"))

    await take(link, [his.send("ADT^A01", "0830", stay())])
    assert await dead() is False
    await take(link, [his.send("ADT^A03", "0900", stay(end="20260301083000", how="5"))])
    assert await dead() is True
    await take(link, [his.send("ADT^A13", "0930", stay())])
    assert await dead() is False
    await take(link, [his.send("ADT^A31", "0940", pid=person(dead="Y"))])
    assert await dead() is True


async def test_an_appointment_is_booked_changed_and_cancelled(house: House) -> None:
    his = Sender()
    link = await open_link()
    slot = "SCH|YY1|YY1|||||复诊^复诊|||| ^^^20260310090000^20260310091500"
    await take(link, [his.send("SIU^S12", "0800", slot, "AIL|1||心血管内科^^^东院区")])
    (booked,) = (await everything())["appointment"]
    assert (booked["state"], booked["start_at"]) == (
        "booked",
        datetime(2026, 3, 10, 1, tzinfo=UTC).isoformat(),
    )
    await take(link, [his.send("SIU^S15", "0900", slot)])
    assert [one["state"] for one in (await everything())["appointment"]] == ["cancelled"]


async def test_orders_are_kept_line_by_line(house: House) -> None:
    his = Sender()
    link = await open_link()
    lines = [
        "ORC|NW|YZ1||CF1|||BID||20260301080000|||1001^王测甲",
        "RXO|D01^测试片|5|||||||||30^片",
        "ORC|NW|YZ2||CF1|||QD||20260301080000|||1001^王测甲",
        "RXO|D02^示例胶囊|1",
    ]
    await take(
        link, [his.send("ORM^O01", "0801", stay(), *lines), his.send("ORM^O01", "0900", stay(), "ORC|DC|YZ2")]
    )
    assert await parked() == []
    assert [
        (one["number"], one["name"], one["prescription"], one["state"], one["doctor"])
        for one in (await everything())["medical_order"]
    ] == [
        ("YZ1", "测试片", "CF1", "active", "王测甲"),
        ("YZ2", "示例胶囊", "CF1", "stopped", "王测甲"),
    ]


async def test_a_department_that_was_given_its_name_is_taken_when_replayed(house: House) -> None:
    from_store = await open_link()
    his = Sender()
    await take(from_store, [his.send("ADT^A01", "0830", stay(ward="CCU", campus=""))])
    assert (await parked())[0][0] == "PV1-3.1"
    await db.execute("insert into org_name (unit_id, name) values ($1, 'CCU')", house.unit["east_ward"])
    await forget_tree()
    assert await repairs.replay_all(from_store.id, "科室名称已补", by=ENGINEER) == 1
    while await drain(FEED):
        pass
    assert await parked() == []
    assert (await visit())["ward"] == "心内科一病区"


async def test_a_message_without_what_it_is_about_is_parked_with_the_segment_that_lacks(house: House) -> None:
    his = Sender()
    link = await open_link()
    await take(link, [his.send("ORU^R01", "0900", stay()), his.send("ORM^O01", "0901", stay())])
    assert await parked() == [("OBR", "OBR：缺少报告（OBR 段）"), ("ORC", "ORC：缺少医嘱（ORC 或 OBR 段）")]
