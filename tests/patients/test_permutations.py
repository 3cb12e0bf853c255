"""Whatever the order in which a patient's history arrives, and however often, the rows are the same at the end."""

import random

import pytest
import pytest_asyncio

from core.pump import drain
from patients.feeds.links import Link
from patients.feeds.processing import FEED
from tests.patients.feed import empty, everything, open_link, parked, put
from tests.patients.history import Sender, diagnosis, person, potassium, stay
from tests.staff.cast import build
from wiring import wire

OLD = person("P9", phone="13800000022", id_number="990000198511120107")


def stays() -> list[str]:
    """Admission, transfer and back, discharge, its cancel, discharge again; results before, within and after."""
    his = Sender()
    his.send("ADT^A05", "0700", stay(bed=""))
    his.send("ADT^A01", "0830", stay(), diagnosis("I10.x00", "原发性高血压", "A"))
    his.send("ADT^A08", "0840", stay(doctor="李试乙"), "NK1|1|测试乙|SPO||13800000033")
    his.send("ORM^O01", "0845", stay(), "ORC|NW|YZ1||CF1", "RXO|D01^测试片|5")
    his.send("ADT^A02", "0900", stay(ward="普外科", campus="西院区", bed="11"))
    his.send("ORU^R01", "0905", stay(), *potassium("6.9", "HH", state="P", at="20260301090400"))
    his.send("ADT^A12", "0910", stay(bed="07"))
    his.send("ORU^R01", "0931", stay(), *potassium("4.1", "N", state="C"), pid=person(phone="13800000099"))
    his.send("ADT^A03", "1000", stay(end="20260301095500", how="1"), diagnosis("I10.x00", "高血压病 3 级"))
    his.send("ADT^A13", "1010", stay())
    his.send("ORM^O01", "1011", stay(), "ORC|DC|YZ1")
    his.send("ADT^A03", "1100", stay(end="20260301105500", how="2"), diagnosis("I20.0", "不稳定型心绞痛"))
    his.send("ADT^A31", "1101", pid=person(phone="13800000044"))
    return his.sent


def persons() -> list[str]:
    """Two numbers with a visit each, a merge of one into the other, a correction, a third person alike."""
    his = Sender()
    his.send("ADT^A04", "0800", stay("MZ9", kind="O"), pid=OLD)
    his.send("ADT^A04", "0801", stay("MZ1", kind="O"))
    his.send("ADT^A40", "0900", "MRG|P9^^^HOSP^MR")
    his.send("ADT^A08", "0901", stay("MZ9", kind="O", doctor="李试乙"), pid=OLD)
    his.send("ADT^A04", "0910", stay("MZ5", kind="O"), pid=person("P5"))
    his.send("ADT^A31", "0920", pid=person("P5", id_number="990000199001010025"))
    his.send("ADT^A04", "0930", stay("MZ7", kind="E"), pid=person("P7", id_number="", phone="13800000011"))
    his.send("ADT^A11", "0940", stay("MZ7", kind="E"), pid=person("P7", id_number="", phone="13800000011"))
    his.send("ADT^A40", "0950", "MRG|P5^^^HOSP^MR", pid=person("P7", id_number="", phone="13800000011"))
    return his.sent


def ends() -> list[str]:
    """Appointments booked, moved, kept and cancelled, one of a number that is given up; a death told, withdrawn, told anew."""
    his = Sender()

    def slot(number: str, day: str) -> str:
        return f"SCH|{number}|{number}|||||复诊^复诊|||| ^^^{day}090000^{day}091500"

    his.send("SIU^S12", "0800", slot("YY1", "20260310"), "AIL|1||心血管内科^^^东院区")
    his.send("SIU^S12", "0801", slot("YY2", "20260310"), pid=OLD)
    his.send("SIU^S13", "0810", slot("YY1", "20260312"))
    his.send("SIU^S15", "0820", slot("YY2", "20260310"), pid=OLD)
    his.send("ADT^A04", "0830", stay("JZ1", kind="E"))
    his.send("ADT^A01", "0840", stay("ZY8"), diagnosis("I21.9", "急性心肌梗死", "A"))
    his.send("ORU^R01", "0850", stay("ZY8"), *potassium("7.1", "HH", number="JY8"))
    his.send("ADT^A03", "0900", stay("ZY8", end="20260301085500", how="5"))
    his.send("ADT^A13", "0910", stay("ZY8"))
    his.send("ADT^A40", "0920", "MRG|P9^^^HOSP^MR")
    his.send("ADT^A03", "0930", stay("ZY8", end="20260301092500", how="5"))
    his.send("ADT^A31", "0940", pid=person(dead="Y"))
    his.send("ORU^R01", "0950", stay("ZY8"), *potassium("6.8", "HH", number="JY8", state="C"))
    return his.sent


def results() -> list[str]:
    """Results preliminary, corrected and taken back, of two people at once; diagnoses taken back; two merges in one."""
    his = Sender()
    sodium = "OBX|2|NM|NA^血钠||{}|mmol/L|135-145|{}|||{}"
    his.send("ADT^A01", "0800", stay("ZY3"), diagnosis("I10.x00", "原发性高血压", "A"))
    his.send(
        "ORU^R01", "0810", stay("ZY3"), *potassium("7.2", "HH", state="P"), sodium.format("128", "", "P")
    )
    his.send("ORU^R01", "0820", stay("ZY3"), *potassium("4.4", "", state="C"), sodium.format('""', "", "D"))
    his.send(
        "ORU^R01", "0830", stay("ZY3"), *potassium("4.0", ""), OLD, *potassium("6.6", "HH", number="JY9")
    )
    his.send("ADT^A08", "0840", stay("ZY3"), diagnosis("I10.x00", "原发性高血压", "A") + "|" * 15 + "D")
    his.send("ADT^A31", "0850", pid=person("P8", id_number="", phone="13800000055"))
    his.send("ADT^A40", "0900", "MRG|P9^^^HOSP^MR", person("P7", id_number=""), "MRG|P8^^^HOSP^MR")
    his.send("ORU^R01", "0910", stay("ZY3"), sodium.format("139", "", "F").join(["OBR|1|SQ1|JY1|K\r", ""]))
    return his.sent


def generated(seed: int) -> list[str]:
    """A dozen messages drawn at random of three numbers with two visits each: everything a HIS says, in any sense."""
    chance, his = random.Random(seed), Sender()
    for at in range(12):
        number = chance.choice(["P1", "P2", "P3"])
        pid = person(
            number,
            id_number=chance.choice(["", f"99000019900101002{'15'[at % 2]}"]),
            phone=f"138000000{chance.randint(10, 12)}",
            dead=chance.choice(["", "", "", "Y"]),
        )
        visit = stay(f"ZY{number}{chance.randint(1, 2)}", bed=f"{chance.randint(1, 9):02}")
        kind = chance.choice(
            [
                "A01",
                "A02",
                "A03",
                "A04",
                "A05",
                "A08",
                "A11",
                "A12",
                "A13",
                "A31",
                "A40",
                "R01",
                "O01",
                "S12",
                "S15",
            ]
        )
        time = f"{8 + at // 6:02}{at % 6 * 10:02}"
        match kind:
            case "A40":
                other = chance.choice([one for one in ("P1", "P2", "P3") if one != number])
                his.send("ADT^A40", time, f"MRG|{other}^^^HOSP^MR", pid=pid)
            case "R01":
                his.send(
                    "ORU^R01",
                    time,
                    visit,
                    *potassium(chance.choice("456"), "N", number=f"J{number}"),
                    pid=pid,
                )
            case "O01":
                his.send(
                    "ORM^O01",
                    time,
                    visit,
                    f"ORC|{chance.choice(['NW', 'DC'])}|YZ{number}||CF1",
                    "RXO|D01^测试片|5",
                    pid=pid,
                )
            case "S12" | "S15":
                his.send(
                    f"SIU^{kind}",
                    time,
                    f"SCH|YY{number}|YY{number}|||||复诊^复诊|||| ^^^20260310090000^20260310091500",
                    pid=pid,
                )
            case _:
                his.send(f"ADT^{kind}", time, visit, pid=pid)
    return his.sent


@pytest_asyncio.fixture
async def link(database: str) -> Link:
    """A link into an empty hospital."""
    assert database
    wire()
    await build()
    return await open_link()


async def arrive(link: Link, messages: list[str]) -> object:
    """What stands in the rows when these came, one after the other."""
    await empty()
    for text in messages:
        await put(link, text)
        while await drain(FEED):
            pass
    assert await parked() == []
    return await everything()


@pytest.mark.parametrize("history", [stays, persons, ends, results])
async def test_any_order_ends_in_the_same_rows(link: Link, history: object) -> None:
    messages = history()  # type: ignore[operator]
    expected = await arrive(link, messages)
    chance = random.Random(20260301)
    orders = [messages[::-1], *(chance.sample(messages, len(messages)) for _ in range(9))]
    for shuffled in orders:
        assert await arrive(link, shuffled) == expected, [text.split("|")[8:10] for text in shuffled]


@pytest.mark.parametrize("history", [stays, persons, ends, results])
async def test_taken_in_batches_it_ends_in_the_same_rows(link: Link, history: object) -> None:
    """One statement for all messages of a batch comes to what one after the other comes to, in any order and cut."""
    messages = history()  # type: ignore[operator]
    expected = await arrive(link, messages)
    chance = random.Random(20260302)
    for _ in range(8):
        await empty()
        left = chance.sample(messages, len(messages))
        while left:
            size = chance.randint(1, len(left))
            for text in left[:size]:
                await put(link, text)
            del left[:size]
            while await drain(FEED):
                pass
        assert await parked() == []
        assert await everything() == expected


async def test_histories_drawn_at_random_end_in_the_same_rows_in_any_order(link: Link) -> None:
    chance = random.Random(20260303)
    for seed in range(12):
        messages = generated(seed)
        expected = await arrive(link, messages)
        for shuffled in (messages[::-1], chance.sample(messages, len(messages))):
            assert await arrive(link, shuffled) == expected, (
                seed,
                [text.split("|")[8:10] for text in shuffled],
            )


async def test_what_the_ends_end_in(link: Link) -> None:
    found = await arrive(link, ends()[::-1])
    assert isinstance(found, dict)
    told = {one["number"]: (one["state"], one["whose"], one["start_at"][:10]) for one in found["appointment"]}
    assert told == {"YY1": ("changed", "P000123", "2026-03-12"), "YY2": ("cancelled", "P9", "2026-03-10")}
    assert {one["number"]: one["deceased"] for one in found["patient"]} == {"P000123": True, "P9": False}
    assert [(one["value"], one["flag"]) for one in found["report_item"]] == [("6.8", "HH")]


async def test_what_the_stays_end_in(link: Link) -> None:
    found = await arrive(link, stays()[::-1])
    assert isinstance(found, dict)
    (visit,) = found["visit"]
    told = {
        name: visit[name]
        for name in ("state", "bed", "doctor", "disposition", "diagnosis", "discharge_diagnosis")
    }
    assert told == {
        "state": "closed",
        "bed": "05",
        "doctor": "王测甲",
        "disposition": "2",
        "diagnosis": "不稳定型心绞痛",
        "discharge_diagnosis": "不稳定型心绞痛",
    }
    assert [(one["name"], one["phone"]) for one in found["contact"]] == [("测试乙", "13800000033")]
    assert [one["phone"] for one in found["patient"]] == ["13800000044"]
    assert [(one["value"], one["flag"]) for one in found["report_item"]] == [("4.1", "")]
    assert [one["state"] for one in found["medical_order"]] == ["stopped"]


async def test_what_the_persons_end_in(link: Link) -> None:
    found = await arrive(link, persons()[::-1])
    assert isinstance(found, dict)
    assert {one["number"]: one["head"] for one in found["patient"]} == {
        "P000123": None,
        "P5": "P7",
        "P7": None,
        "P9": "P000123",
    }
    assert {one["number"]: (one["whose"], one["state"]) for one in found["visit"]} == {
        "MZ1": ("P000123", "closed"),
        "MZ5": ("P7", "closed"),
        "MZ7": ("P7", "cancelled"),
        "MZ9": ("P000123", "closed"),
    }
