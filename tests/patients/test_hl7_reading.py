"""What senders really write into HL7 v2: several people, names in parts, lines of results, marks, corrections."""

import pytest

from core import db
from patients import people
from tests.patients.feed import ENGINEER, everything, open_link, parked, take
from tests.patients.history import PATIENT, Sender, person, potassium, stay
from tests.staff.cast import House, build
from wiring import wire


@pytest.fixture
async def house(database: str) -> House:
    """Two campuses with their departments."""
    assert database
    wire()
    return await build()


async def told(*messages: str) -> dict[str, list[dict[str, object]]]:
    """All rows after these messages, none of which may be parked."""
    await take(await open_link(), messages)
    assert await parked() == []
    return await everything()


def of(number: str, name: str) -> str:
    """The PID of somebody who has no ID card."""
    return f"PID|1||{number}^^^HOSP^MR||{name}||19900101|F"


async def test_each_of_several_merges_in_one_message_is_done(house: House) -> None:
    his = Sender()
    everybody = [
        his.send("ADT^A31", "0800", pid=of(one, f"测试{one}")) for one in ("PA", "PB", "PC", "PD", "PE")
    ]
    found = await told(
        *everybody,
        his.send(
            "ADT^A40",
            "0900",
            "MRG|PB^^^HOSP^MR",
            of("PC", "测试PC"),
            "MRG|990000199001010017^^^MPS^NI~PD^^^HOSP^MR",
            pid=of("PA", "测试PA"),
        ),
    )
    assert [(one["prior"], one["survivor"]) for one in found["merge"]] == [("PB", "PA"), ("PD", "PC")]
    assert {one["number"]: one["head"] for one in found["patient"]} == {
        "PA": None,
        "PB": "PA",
        "PC": None,
        "PD": "PC",
        "PE": None,
    }


async def test_results_of_two_people_in_one_message_go_to_each_of_them(house: House) -> None:
    his = Sender()
    admission = his.send("ADT^A01", "0800", stay("ZY001"))
    both = his.send(
        "ORU^R01", "0930", stay("ZY001"), *potassium("4.0", "N", "JY1"), of("P2", "测试乙"), *potassium("6.9", "HH", "JY2")
    )  # fmt: skip
    found = await told(admission, both)
    assert [(one["number"], one["whose"], one["visit"]) for one in found["report"]] == [
        ("JY1", PATIENT, "ZY001"),
        ("JY2", "P2", None),
    ]


async def test_several_people_where_one_is_meant_are_parked(house: House) -> None:
    his = Sender()
    await take(await open_link(), [his.send("ADT^A01", "0800", stay(), of("P2", "测试乙"))])
    ((at, error),) = await parked()
    assert at == "PID"
    assert "多位患者" in error


async def test_a_merge_that_a_person_has_undone_is_not_done_again_but_proposed(house: House) -> None:
    his, link = Sender(), await open_link()
    merge = ("ADT^A40", "0900", "MRG|PB^^^HOSP^MR")
    await take(
        link,
        [
            his.send("ADT^A31", "0800", pid=of("PB", "测试乙")),
            his.send(*merge, pid=of("PA", "测试甲")),
        ],
    )
    await people.undo_merge(await db.fetchval("select id from patient_merge"), "两个人", by=ENGINEER)
    await take(link, [his.send(*merge, pid=of("PA", "测试甲"))])
    found = await everything()
    assert found["merge"] == []
    assert [one["head"] for one in found["patient"]] == [None, None]
    (pair,) = found["pair"]
    assert (pair["state"], pair["points"]) == ("proposed", 100)
    assert str(pair["reasons"]).startswith("['医院信息系统再次要求合并")
    # What changes about one of them takes no wish of a system back.
    await take(link, [his.send("ADT^A31", "1000", pid=of("PA", "测试丙"))])
    assert [one["state"] for one in (await everything())["pair"]] == ["proposed"]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        pytest.param("测试甲", "测试甲", id="whole"),
        pytest.param("欧阳^修远^^^^^L", "欧阳修远", id="in parts with its type"),
        pytest.param("赵钱孙^^^^^^L^I", "赵钱孙", id="whole with type and writing"),
        pytest.param("测试甲^CESHI JIA", "测试甲", id="pinyin beside it"),
        pytest.param("欧阳修远^修远", "欧阳修远", id="the given name once more"),
        pytest.param("CESHI^JIA^^^^^A~测试^甲^^^^^L", "测试甲", id="an alias before it"),
    ],
)
async def test_a_name_is_the_persons_whatever_stands_beside_it(house: House, field: str, name: str) -> None:
    found = await told(Sender().send("ADT^A31", "0800", pid=of(PATIENT, field)))
    assert [one["name"] for one in found["patient"]] == [name]


async def test_a_doctor_has_family_and_given_name(house: House) -> None:
    found = await told(Sender().send("ADT^A01", "0800", stay(doctor="诸葛^测")))
    assert [one["doctor"] for one in found["visit"]] == ["诸葛测"]


async def test_the_phone_that_is_one_counts_wherever_it_stands(house: House) -> None:
    pid = f"PID|1||{PATIENT}^^^HOSP^MR||测试甲||19900101|M|||||^NET^Internet^a@example.org~13900000014^PRN^CP"
    found = await told(Sender().send("ADT^A31", "0800", pid=pid))
    assert [one["phone"] for one in found["patient"]] == ["13900000014"]


async def test_an_id_card_is_never_a_patients_number(house: House) -> None:
    card = "990000199001010017"
    found = await told(
        Sender().send("ADT^A31", "0800", pid=f"PID|1||{card}^^^01^NI~RV7^^^HOSP^就诊号||测试甲||19900101|M")
    )
    assert [one["number"] for one in found["patient"]] == ["RV7"]
    await take(
        await open_link(name="另一个", application="HIS2"),
        [Sender("HIS2").send("ADT^A31", "0800", pid=f"PID|1||{card}^^^01^01||测试甲||19900101|M")],
    )
    ((at, error),) = await parked()
    assert at.startswith("PID-3")
    assert "身份证号" in error


async def test_a_time_of_death_alone_is_a_death_unless_it_is_denied(house: House) -> None:
    his, link = Sender(), await open_link()
    pid = f"PID|1||{PATIENT}^^^HOSP^MR||测试甲||19900101|M" + "|" * 21 + "20260301120000"
    await take(link, [his.send("ADT^A08", "1230", pid=pid)])
    assert await db.fetchval("select deceased from patient")
    await take(link, [his.send("ADT^A08", "1300", pid=f"{pid}|N")])
    assert not await db.fetchval("select deceased from patient")


@pytest.mark.parametrize("born", ["19800000", "1980/1/1", "不详"], ids=["no month", "slashes", "words"])
async def test_a_birth_date_that_is_none_costs_no_message(house: House, born: str) -> None:
    found = await told(Sender().send("ADT^A31", "0800", pid=person(born=born)))
    assert [(one["name"], one["born_on"]) for one in found["patient"]] == [("测试甲", None)]
    assert "出生日期" in str(await db.fetchval("select error from feed_message"))


REPORT = "OBR|1|SQ1|JY1|CT^胸部CT|||20260301090500|||||||||||||||20260301093000||RAD|F"


async def test_every_line_of_what_was_seen_is_kept(house: House) -> None:
    found = await told(
        Sender().send(
            "ORU^R01",
            "0930",
            REPORT,
            "NTE|1||对比 2025 年片",
            "OBX|1|TX|SEEN^检查所见||第一行~第二行||||||F",
            "OBX|2|TX|SEEN^检查所见||第三行||||||F",
            "OBX|3|TX|IMP^检查结论||结论一||||||F",
            "OBX|4|TX|IMP^检查结论||结论二||||||F",
        )
    )
    (report,) = found["report"]
    assert report["seen"] == "第一行\n第二行\n第三行"
    assert report["conclusion"] == "结论一\n结论二"
    assert report["note"] == "对比 2025 年片"


async def test_a_report_never_has_the_words_of_the_one_before_it(house: House) -> None:
    found = await told(
        Sender().send(
            "ORU^R01",
            "0930",
            REPORT,
            "OBX|1|TX|IMP^检查结论||右肺结节||||||F",
            REPORT.replace("JY1", "JY2"),
            "OBX|1|NM|K^血钾||4.0|mmol/L|3.5-5.3||||F",
        )
    )
    assert [(one["number"], one["conclusion"]) for one in found["report"]] == [
        ("JY1", "右肺结节"),
        ("JY2", ""),
    ]


async def test_results_of_one_code_are_each_kept_with_their_remarks(house: House) -> None:
    found = await told(
        Sender().send(
            "ORU^R01",
            "0930",
            REPORT,
            "OBX|1|CE|MIC^细菌||1001^大肠埃希菌^L||||||F",
            "NTE|1||菌量大",
            "NTE|2||请结合临床",
            "OBX|2|CE|MIC^细菌||1002^肺炎克雷伯菌^L||||||F",
            "OBX|3|SN|CRP^C反应蛋白||<^0.5|mg/L|||||F",
            "OBX|4|ED|PIC^图||^application^pdf^Base64^JVBER||||||F",
        )
    )
    assert [(one["value"], one["amount"], one["note"]) for one in found["report_item"]] == [
        ("大肠埃希菌", None, "菌量大\n请结合临床"),
        ("肺炎克雷伯菌", None, ""),
        ("<0.5", None, ""),
        ("（附件 application pdf，未保存）", None, ""),
    ]


@pytest.mark.parametrize(
    ("value", "limits", "given", "flag", "critical"),
    [
        pytest.param("4.0", "3.5-5.3", "", "", False, id="within, not marked"),
        pytest.param("7.9", "3.5-5.3", "", "H", False, id="above, not marked"),
        pytest.param("9.9", "0--0.04", "", "H", False, id="above, two dashes"),
        pytest.param("1.2", "≥3.5", "", "L", False, id="below a single limit"),
        pytest.param("阳性(+)", "阴性", "", "A", False, id="positive beside negative"),
        pytest.param("7.9", "3.5-5.3", "N", "", False, id="above, said to be normal"),
        pytest.param("7.9", "3.5-5.3", ">", "HH", False, id="off the scale"),
        pytest.param("35", "3.9-6.1", "偏高", "H", False, id="in Chinese"),
        pytest.param("2.1", "3.5-5.3", "L~LL", "LL", True, id="two marks, the gravest"),
        pytest.param("阳性", "", "POS", "A", False, id="positive by code"),
        pytest.param("7.9", "3.5-5.3", "??", "H", False, id="a mark nobody knows"),
    ],
)
async def test_a_result_is_marked_as_it_is(
    house: House, value: str, limits: str, given: str, flag: str, critical: bool
) -> None:
    found = await told(
        Sender().send("ORU^R01", "0930", REPORT, f"OBX|1|NM|K^血钾||{value}|mmol/L|{limits}|{given}|||F")
    )
    assert [(one["flag"], one["critical"]) for one in found["report_item"]] == [(flag, critical)]
    assert ("不认识" in str(await db.fetchval("select error from feed_message"))) is (given == "??")


async def test_a_result_that_is_taken_back_goes_and_a_corrected_one_says_so(house: House) -> None:
    his = Sender()

    def results(time: str, *lines: str) -> str:
        return his.send("ORU^R01", time, REPORT, *lines)

    found = await told(
        results("0930", "OBX|1|NM|K^血钾||7.9|||HH|||P", "OBX|2|NM|NA^血钠||140||||||F"),
        results("1000", "OBX|1|NM|K^血钾||4.1||||||C", 'OBX|2|NM|NA^血钠||""||||||D'),
    )
    assert [(one["name"], one["value"], one["state"]) for one in found["report_item"]] == [
        ("血钾", "4.1", "corrected")
    ]
    assert [one["critical"] for one in found["report"]] == [False]


async def test_a_diagnosis_that_is_taken_back_goes(house: House) -> None:
    his = Sender()
    found = await told(
        his.send("ADT^A01", "0800", stay(), "DG1|1||I10^高血压^ICD-10|||W"),
        his.send("ADT^A08", "0900", stay(), "DG1|1||I10^高血压^ICD-10|||W" + "|" * 15 + "D"),
    )
    assert found["visit_diagnosis"] == []


async def test_an_order_says_how_much_of_what_and_how_far_it_is(house: House) -> None:
    found = await told(
        Sender().send(
            "RDE^O11",
            "0930",
            stay(),
            "ORC|SC|YZ1|||CM",
            "RXE||ASP^阿司匹林肠溶片|100||mg^毫克|||||30||||",
        )
    )
    (order,) = found["medical_order"]
    assert (order["name"], order["dose"], order["quantity"], order["state"]) == (
        "阿司匹林肠溶片",
        "100毫克",
        "30",
        "done",
    )


async def test_an_appointment_that_was_kept_says_so(house: House) -> None:
    found = await told(
        Sender().send("SIU^S14", "0930", pid="SCH||YY1|||||^复诊||||^^^20260305090000" + "|" * 14 + "Complete")
        .replace("\rSCH", f"\r{person()}\rSCH", 1)
    )  # fmt: skip
    assert [one["state"] for one in found["appointment"]] == ["kept"]


async def test_bytes_in_a_text_are_read_by_either_charset(house: House) -> None:
    code = "测".encode("gb18030").hex().upper()
    found = await told(Sender().send("ADT^A31", "0800", pid=of(PATIENT, f"\\X{code}\\试甲")))
    assert [one["name"] for one in found["patient"]] == ["测试甲"]
