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


@pytest.mark.parametrize("history", [stays, persons])
async def test_any_order_ends_in_the_same_rows(link: Link, history: object) -> None:
    messages = history()  # type: ignore[operator]
    expected = await arrive(link, messages)
    chance = random.Random(20260301)
    orders = [messages[::-1], *(chance.sample(messages, len(messages)) for _ in range(14))]
    for shuffled in orders:
        assert await arrive(link, shuffled) == expected, [text.split("|")[8:10] for text in shuffled]


@pytest.mark.parametrize("history", [stays, persons])
async def test_taken_in_batches_it_ends_in_the_same_rows(link: Link, history: object) -> None:
    """One statement for all messages of a batch comes to what one after the other comes to, in any order and cut."""
    messages = history()  # type: ignore[operator]
    expected = await arrive(link, messages)
    chance = random.Random(20260302)
    for _ in range(12):
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
