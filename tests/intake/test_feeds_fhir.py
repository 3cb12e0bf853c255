"""FHIR pushed to us: kept before it is answered, read into the same rows in any order, faults named by expression."""

import random
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from core import db, parameters
from core.actor import system
from patients.feeds import tokens
from patients.feeds.keeping import MOST_WAITING
from tests.intake.feeds import (
    Sender,
    bundle,
    encounter,
    of,
    opened,
    person,
    potassium,
    resource,
    work,
)
from tests.patients.feed import ENGINEER, empty, everything, parked
from tests.staff.cast import build
from wiring import wire

HERE = "/api/v1/fhir"


@pytest_asyncio.fixture
async def his(database: str, redis_url: str) -> AsyncIterator[Sender]:
    """A FHIR server of the hospital."""
    assert database
    assert redis_url
    wire()
    await build()
    async with opened("fhir") as sender:
        yield sender


def stays() -> list[dict[str, Any]]:
    """A stay as snapshots: begun, discharged, that taken back, discharged again; with all that belongs to it."""
    told = {"encounter": {"reference": "Encounter/e1"}, "subject": of()}
    code = {"coding": [{"code": "I10.x00", "display": "原发性高血压"}]}
    end = {"start": "2026-02-22T09:00:00+08:00", "end": "2026-03-01T09:55:00+08:00"}
    return [
        person(),
        encounter(),
        resource("Condition", "c1", "08:41", code=code, **told),
        resource("Condition", "c2", "08:42", code={"text": "2 型糖尿病"}, **told),
        resource(
            "Condition",
            "c2",
            "08:55",
            code={"text": "2 型糖尿病"},
            verificationStatus={"coding": [{"code": "refuted"}]},
            **told,
        ),
        resource("Procedure", "o1", "09:10", status="completed", code={"text": "冠状动脉造影"}, **told),
        potassium("k1", 6.9, "HH"),
        potassium("k1", 4.1, "N", "09:30"),
        resource(
            "DiagnosticReport",
            "r1",
            "09:05",
            status="final",
            code={"text": "电解质"},
            category=[{"coding": [{"code": "LAB"}]}],
            result=[{"reference": "Observation/k1"}, {"reference": "Observation/na1"}],
            **told,
        ),
        resource("ServiceRequest", "s1", "08:45", status="active", code={"text": "心电图"}, **told),
        resource(
            "MedicationRequest",
            "m1",
            "08:46",
            status="active",
            medicationCodeableConcept={"text": "测试片"},
            **told,
        ),
        resource(
            "MedicationRequest",
            "m1",
            "10:30",
            status="stopped",
            medicationCodeableConcept={"text": "测试片"},
            **told,
        ),
        resource(
            "Appointment",
            "a1",
            "10:00",
            status="booked",
            start="2026-03-10T09:00:00+08:00",
            participant=[{"actor": of()}, {"actor": {"reference": "Practitioner/d1", "display": "王测甲"}}],
        ),
        encounter(at="10:00", status="finished", period=end),
        encounter(at="10:10"),
        encounter(at="11:00", status="finished", period=end),
        person("p9", identifier=[], telecom=[], link=[{"type": "replaced-by", "other": of("p1")}]),
        person(at="11:10", telecom=[{"system": "phone", "value": "13800000044"}]),
    ]


async def test_a_history_ends_in_the_same_rows_in_any_order_and_cut(his: Sender) -> None:
    history, chance = stays(), random.Random(20260301)
    expected: dict[str, Any] = {}
    for turn in range(6):
        await empty()
        left = history if not turn else chance.sample(history, len(history))
        while left:
            size = chance.randint(1, len(left))
            status, answer = await his.send(HERE, bundle(*left[:size]))
            assert (status, {one["response"]["status"] for one in answer["entry"]}) == (200, {"201 Created"})
            left = left[size:]
            await work()
        assert await parked() == []
        found = await everything()
        expected = expected or found
        assert found == expected
    (visit,) = expected["visit"]
    assert (visit["whose"], visit["kind"], visit["state"], visit["doctor"], str(visit["end_on"])) == (
        "p1",
        "inpatient",
        "closed",
        "王测甲",
        "2026-03-01",
    )
    assert [(one["code"], one["name"]) for one in expected["visit_diagnosis"]] == [
        ("I10.x00", "原发性高血压")
    ]
    assert [one["name"] for one in expected["visit_surgery"]] == ["冠状动脉造影"]
    assert [(one["number"], one["name"], one["critical"]) for one in expected["report"]] == [
        ("r1", "电解质", False)
    ]
    assert [(one["of"], one["value"], one["range"], one["flag"]) for one in expected["report_item"]] == [
        ("r1", "4.1", "3.5-5.3", "")
    ]
    assert [(one["number"], one["name"], one["state"]) for one in expected["medical_order"]] == [
        ("MedicationRequest/m1", "测试片", "stopped"),
        ("s1", "心电图", "active"),
    ]
    assert [(one["doctor"], one["state"]) for one in expected["appointment"]] == [("王测甲", "booked")]
    assert {one["number"]: (one["head"], one["phone"]) for one in expected["patient"]} == {
        "p1": (None, "13800000044"),
        "p9": ("p1", ""),
    }


async def test_one_resource_is_kept_once_and_answered_as_fhir_has_it(his: Sender) -> None:
    status, answer = await his.send(f"{HERE}/Patient", person())
    assert (status, answer["issue"][0]["severity"]) == (201, "information")
    await work()
    status, _ = await his.send(f"{HERE}/Patient/p1", person(), method="PUT")
    assert status == 200
    rows = await db.fetch("select external_id, kind, state from feed_message")
    assert [tuple(row) for row in rows] == [("Patient/p1/2026-03-01T08:30:00+08:00", "Patient", "done")]
    async with his.client.get(f"{HERE}/metadata") as told:
        assert (await told.json(content_type=None))["fhirVersion"] == "4.0.1"


@pytest.mark.parametrize(
    ("body", "status", "code", "expression", "words"),
    [
        (encounter(status="gone"), 422, "code-invalid", "Encounter.status", "“gone”不在代码表"),
        (
            encounter(serviceProvider={"display": "火星科"}),
            422,
            "value",
            "Encounter.serviceProvider.display",
            "火星科",
        ),
        (encounter(period={"start": "昨天"}), 422, "value", "Encounter.period.start", "“昨天”"),
        (encounter(subject={}), 422, "required", "Encounter.subject.reference", "缺少患者号"),
        ({"resourceType": "Encounter"}, 422, "required", "Encounter.subject.reference", "缺少患者号"),
        ({"resourceType": "Encounter", "id": "a b"}, 422, "invalid", "Encounter.id", "不允许的字符"),
        ({"resourceType": "Device", "id": "d"}, 422, "invalid", "resourceType", "应为 Encounter"),
        (b"{", 422, "invalid", "", "不是合法的 JSON"),
        (b'["a"]', 422, "invalid", "", "JSON 对象"),
    ],
)
async def test_what_is_at_fault_is_named_by_its_expression(
    his: Sender, body: Any, status: int, code: str, expression: str, words: str
) -> None:
    kind = (
        body["resourceType"] if isinstance(body, dict) and body["resourceType"] != "Device" else "Encounter"
    )
    told, answer = await his.send(f"{HERE}/{kind}", body)
    (issue,) = answer["issue"]
    assert (told, issue["code"]) == (status, code), issue
    assert issue.get("expression", [""])[0].startswith(expression)
    assert words in issue["diagnostics"]
    await work()
    assert await db.fetchval("select count(*) from patient") == 0


async def test_a_batch_keeps_the_good_and_a_transaction_parks_all(his: Sender) -> None:
    bad = encounter(status="gone")
    status, answer = await his.send(HERE, bundle(person(), bad, resource("Device", "d1")))
    told = [one["response"]["status"][:3] for one in answer["entry"]]
    assert (status, answer["type"], told) == (200, "batch-response", ["201", "422", "202"])
    status, answer = await his.send(HERE, bundle(person("p2"), bad, kind="transaction"))
    assert (status, answer["issue"][0]["expression"]) == (422, ["Bundle.entry[1].resource.Encounter.status"])
    await work()
    rows = await db.fetch("select kind, state from feed_message order by id")
    assert [tuple(row) for row in rows] == [
        ("Patient", "done"),
        ("Encounter", "parked"),
        ("Device", "done"),
        ("Patient", "parked"),
    ]
    assert [row["number"] for row in await db.fetch("select number from patient")] == ["p1"]


async def test_references_within_a_bundle_follow_the_ids_that_are_given(his: Sender) -> None:
    whole = bundle(kind="transaction")
    here, visit = (
        {**person()},
        encounter(subject={"reference": "urn:uuid:00000000-0000-0000-0000-000000000001"}),
    )
    del here["id"]
    whole["entry"] = [
        {"fullUrl": "urn:uuid:00000000-0000-0000-0000-000000000001", "resource": here},
        {"fullUrl": "urn:uuid:e1", "resource": visit},
    ]
    status, _ = await his.send(HERE, whole)
    await work()
    assert status == 200
    row = await db.fetchrow("select p.number, p.name from visit v join patient p on p.id = v.patient_id")
    assert row is not None
    assert tuple(row) == ("00000000-0000-0000-0000-000000000001", "测试甲")


async def test_nobody_enters_without_a_token_in_force(his: Sender) -> None:
    for token in ("", "wrong", "hy_wrong"):
        status, answer = await his.send(f"{HERE}/Patient", person(), token=token)
        assert (status, answer["issue"][0]["code"]) == (401, "login")
    (known,) = await tokens.listed(his.link.id)
    await tokens.revoke(his.link.id, known.id, by=ENGINEER)
    assert (await his.send(f"{HERE}/Patient", person()))[0] == 401
    assert await db.fetchval("select count(*) from feed_message") == 0
    assert his.token.encode() not in (await db.fetchval("select token_hash from feed_token"))


async def test_when_too_much_waits_the_sender_is_asked_to_come_again(his: Sender) -> None:
    await parameters.change(MOST_WAITING.name, "100", by=system("测试"))
    assert (await his.send(HERE, bundle(*(person(f"q{at}") for at in range(100)))))[0] == 200
    codes: list[int] = []
    answer: Any = None
    for at in range(201):
        status, answer = await his.send(f"{HERE}/Patient", person(f"z{at}"))
        codes.append(status)
        if status != 201:
            break
    assert (codes[-1], answer["issue"][0]["code"]) == (503, "throttled")
    await work()
    assert (await his.send(f"{HERE}/Patient", person("late")))[0] == 201


async def test_mangled_resources_are_applied_or_parked_and_the_door_stays_up(his: Sender) -> None:
    chance = random.Random(11)
    seen = set()
    for at in range(120):
        raw = bytearray(orjson.dumps(chance.choice(stays())))
        for _ in range(chance.randint(1, 3)):
            where = chance.randrange(len(raw))
            way = chance.randrange(3)
            if way == 0:
                raw[where] = chance.choice([*range(0x20, 0x7F), 0xFF, 0x00])
            elif way == 1:
                del raw[where : where + chance.randint(1, 12)]
            else:
                raw[where:where] = chance.choice([b"null", b"{}", b"[]", b"-1e999", b'"\\u0000"', b"7"])
        kind = chance.choice(["Patient", "Encounter", "Observation"])
        status, answer = await his.send(f"{HERE}/{kind}" if at % 2 else HERE, bytes(raw))
        assert answer["resourceType"] in ("OperationOutcome", "Bundle")
        seen.add(status)
    for at, one in enumerate(stays() * 3):  # values of another shape than they should be
        broken = dict(one)
        key = chance.choice([key for key in broken if key not in ("resourceType", "id")])
        broken[key] = chance.choice([None, 7, "", [], {}, [[]], "\x00", {"coding": 5}, [{"value": {}}]])
        broken["id"] = f"x{at}"
        status, _ = await his.send(f"{HERE}/{one['resourceType']}", broken)
        seen.add(status)
    assert {200, 201, 422} >= seen >= {201, 422}
    await work()
    rows = await db.fetch("select state, error, fault_at from feed_message where state <> 'done'")
    assert rows
    assert all(row["state"] == "parked" and row["error"] and row["fault_at"] for row in rows)
    assert (await his.send(f"{HERE}/Patient", person("last")))[0] == 201
