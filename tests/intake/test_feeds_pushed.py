"""JSON and SOAP pushed to us by mapping files: the same rows as by HL7, faults named by field, the door stays up."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from defusedxml.ElementTree import fromstring

from core import db
from core.settings import settings
from tests.intake.feeds import ID_NUMBER, opened, work
from tests.patients.feed import everything, parked
from tests.staff.cast import build
from wiring import wire

PERSON = {
    "number": "P1",
    "name": "测试甲",
    "gender": "男",
    "birth_date": "1990-01-01",
    "phone": "13800000011",
}


@pytest_asyncio.fixture
async def house(database: str, redis_url: str) -> AsyncIterator[None]:
    """The hospital."""
    assert database
    assert redis_url
    wire()
    await build()
    yield


def admission(**more: Any) -> dict[str, Any]:
    """An admission, as JSON."""
    visit = {
        "number": "ZY1",
        "kind": "住院",
        "department": "心血管内科",
        "campus": "东院区",
        "bed": "05",
        "started_at": "2026-02-22 09:00:00",
        "diagnoses": [{"name": "原发性高血压", "code": "I10.x00", "kind": "入院"}],
    }
    return {
        "id": "M1",
        "time": "2026-03-01T08:30:00+08:00",
        "event": "入院",
        "patient": {**PERSON, "id_number": ID_NUMBER},
        "visit": {**visit, **more},
    }


async def test_json_is_kept_and_taken_and_a_null_empties_a_field(house: None) -> None:
    async with opened("json") as his:
        path = f"/api/v1/feeds/{his.link.id}/json"
        status, answer = await his.send(path, [admission(), {**admission(bed="07"), "id": "M2"}])
        assert (status, answer) == (200, {"kept": 2, "parked": 0, "faults": []})
        later = {"id": "M3", "time": "2026-03-01T09:00:00+08:00", "patient": {**PERSON, "phone": None}}
        assert (await his.send(path, later))[0] == 200
        assert (await his.send(path, later))[1]["kept"] == 1
        await work()
        assert await parked() == []
        found = await everything()
        (patient,), (visit,) = found["patient"], found["visit"]
        assert (patient["number"], patient["id_number"], patient["phone"]) == ("P1", ID_NUMBER, "")
        assert (visit["whose"], visit["kind"], visit["state"], visit["bed"], visit["diagnosis"]) == (
            "P1",
            "inpatient",
            "open",
            "07",
            "原发性高血压",
        )
        assert await db.fetchval("select count(*) from feed_message") == 3


async def test_a_fault_in_json_names_the_field_and_the_others_are_taken(house: None) -> None:
    async with opened("json") as his:
        path = f"/api/v1/feeds/{his.link.id}/json"
        status, answer = await his.send(path, [admission(), {**admission(department="火星科"), "id": "M2"}])
        assert (status, answer["kept"], answer["parked"]) == (422, 2, 1)
        (fault,) = answer["faults"]
        assert (fault["message"], fault["field"]) == (1, "入院.visit[0].department")
        assert "科室没有对应" in fault["reason"]
        await work()
        assert [at for at, _ in await parked()] == ["入院.visit[0].department"]
        assert await db.fetchval("select count(*) from visit") == 1


ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:h="urn:his"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><h:Submit>{}</h:Submit></soapenv:Body>
</soapenv:Envelope>"""
MESSAGE = """<h:Message><id>{id}</id><time>2026-03-01T08:30:00+08:00</time><event>挂号</event>
<patient><number>P1</number><name>测试甲</name><gender>{gender}</gender><phone>13800000011</phone></patient>
<visit><number>{visit}</number><kind>{kind}</kind><department>心血管内科</department><campus>东院区</campus>
<diagnoses><name>高血压</name></diagnoses><diagnoses><name>糖尿病</name></diagnoses></visit></h:Message>"""


def message(visit: str, kind: str = "门诊") -> str:
    """A registration in XML."""
    return MESSAGE.format(id=f"S{visit}", gender="女", visit=visit, kind=kind)


def fault_of(text: str) -> list[tuple[str, str]]:
    """(field, reason) of each fault in a SOAP Fault."""
    return [(one.findtext("field", ""), one.findtext("reason", "")) for one in fromstring(text).iter("fault")]


async def test_soap_is_taken_and_a_fault_names_the_field(house: None) -> None:
    async with opened("soap") as his:
        path = f"/api/v1/feeds/{his.link.id}/soap"
        text = ENVELOPE.format(message("MZ1") + message("MZ2")).encode()
        status, answer = await his.send(path, text, mime="text/xml; charset=utf-8")
        assert (status, "<code>AA</code><kept>2</kept>" in answer) == (200, True)
        status, answer = await his.send(
            path, ENVELOPE.format(message("MZ3", "洗澡")).encode(), mime="text/xml"
        )
        assert (status, [at for at, _ in fault_of(answer)]) == (500, ["挂号.visit[0].kind"])
        assert "<faultcode>s:Client</faultcode>" in answer
        status, answer = await his.send(path, ENVELOPE.format("").encode(), mime="application/soap+xml")
        assert (status, "s:Client" in answer) == (
            500,
            True,
        )  # the envelope says its version, not the content type
        await work()
        rows = await db.fetch("select number, kind, diagnosis from visit order by number")
        assert [tuple(row) for row in rows] == [
            ("MZ1", "outpatient", "高血压"),
            ("MZ2", "outpatient", "高血压"),
        ]
        assert await db.fetchval("select count(*) from visit_diagnosis") == 4


async def test_each_version_of_soap_is_answered_in_its_own_form(house: None) -> None:
    async with opened("soap") as his:
        path = f"/api/v1/feeds/{his.link.id}/soap"
        old, new = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
        for mime in ("text/xml", "application/soap+xml"):
            for space, sign in ((old, "<faultcode>s:Client"), (new, "<s:Value>s:Sender")):
                envelope = ENVELOPE.replace(old, space)
                assert space in envelope
                status, answer = await his.send(path, envelope.format("").encode(), mime=mime)
                assert (status, sign in answer, f'"{space}"' in answer) == (500, True, True)
                text = envelope.format(message("MZ1")).encode()
                status, answer = await his.send(path, text, mime=mime)
                assert (status, f'"{space}"' in answer) == (200, True)
        status, answer = await his.send(path, b"<x/>", token="wrong", mime="text/xml")
        assert (status, "<faultcode>s:Client" in answer) == (401, True)


async def test_what_xml_could_do_to_a_parser_is_refused(house: None) -> None:
    async with opened("soap") as his:
        path = f"/api/v1/feeds/{his.link.id}/soap"
        bombs = (
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
            "<x>" * 500 + "</x>" * 500,
            "<x",
            "",
        )
        for bomb in bombs:
            status, answer = await his.send(path, bomb.encode(), mime="text/xml")
            assert (status, "Fault" in answer) == (500, True), bomb[:60]
        assert await db.fetchval("select count(*) from feed_message") == 0


async def test_a_token_opens_its_own_link_only(house: None) -> None:
    async with opened("json") as his, opened("soap", name="另一个") as other:
        status, _ = await his.send(f"/api/v1/feeds/{other.link.id}/soap", b"<x/>", mime="text/xml")
        assert status == 401
        assert (await other.send(f"/api/v1/feeds/{his.link.id}/json", admission()))[0] == 401
        assert (await his.send(f"/api/v1/feeds/{his.link.id}/json", admission()))[0] == 200


async def test_a_vendor_is_one_mapping_file(
    house: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vendor.toml").write_text(
        'extends = "json"\ntitle = "某厂商"\n[message]\nid = "header/msgId"\nat = "header/sendTime"\neach = "rows"\n'
        '[parts.patient]\nwhen = { "xm" = "*" }\n[parts.patient.fields]\nnumber = "brid"\nname = "xm"\n'
        'gender = { from = "xb", codes = "gender" }\n[parts.visit]\neach = "$"\n[parts.visit.fields]\n'
        'number = "jzlsh"\npatient = "brid"\nkind = { fixed = "outpatient" }\nverb = { fixed = "open" }\n'
        'unit_name = { from = "ksdm", codes = "department" }\n[codes.department]\n"0312" = "东院区心血管内科"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("HUIYIN_MAPPINGS_FOLDER", str(tmp_path))
    settings.cache_clear()
    rows = [{"brid": "B1", "xm": "测试 乙", "xb": "2", "jzlsh": 77001, "ksdm": "0312"}]
    async with opened("json", mapping="vendor") as his:
        status, answer = await his.send(f"/api/v1/feeds/{his.link.id}/json", {"rows": rows})
        assert (status, answer["faults"]) == (200, [])
        await work()
    row = await db.fetchrow(
        "select v.number, p.name, p.gender, u.name as unit from visit v join patient p on p.id = v.patient_id"
        " join org_unit u on u.id = v.unit_id"
    )
    assert row is not None
    assert tuple(row) == ("77001", "测试乙", "女", "心血管内科")


async def test_mangled_json_and_soap_are_applied_or_parked_and_the_doors_stay_up(house: None) -> None:
    chance = random.Random(5)
    seen: set[int] = set()
    async with opened("json") as one, opened("soap") as two:
        for at in range(120):
            whole = (
                orjson.dumps({**admission(), "id": f"F{at}"})
                if at % 2
                else ENVELOPE.format(message(f"Z{at}")).encode()
            )
            raw = bytearray(whole)
            for _ in range(chance.randint(1, 3)):
                where = chance.randrange(len(raw))
                way = chance.randrange(3)
                if way == 0:
                    raw[where] = chance.choice([*range(0x20, 0x7F), 0xFF, 0x00])
                elif way == 1:
                    del raw[where : where + chance.randint(1, 9)]
                else:
                    raw[where:where] = chance.choice([b"null", b"&amp;", b"<x/>", b'"\\u0000"', b"[]"])
            his, kind = (one, "json") if at % 2 else (two, "soap")
            mime = "application/json" if at % 2 else "text/xml"
            status, _ = await his.send(f"/api/v1/feeds/{his.link.id}/{kind}", bytes(raw), mime=mime)
            seen.add(status)
        assert seen <= {200, 422, 500}
        await work()
        rows = await db.fetch("select state, error, fault_at from feed_message where state <> 'done'")
        assert all(row["state"] == "parked" and row["error"] and row["fault_at"] for row in rows)
        assert (await one.send(f"/api/v1/feeds/{one.link.id}/json", admission()))[0] == 200
