"""Whatever the order in which versions of FHIR resources arrive, deletions and corrections among them: the same rows."""

import random
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from core import db
from patients.feeds import keeping, links
from patients.feeds.keeping import Brought
from patients.feeds.kinds import FhirForm
from patients.feeds.links import Link
from tests.intake.feeds import encounter, of, person, potassium, resource, work
from tests.patients.feed import ENGINEER, empty, everything, parked
from tests.staff.cast import build
from wiring import wire

Resource = dict[str, Any]


@pytest_asyncio.fixture
async def link(database: str, redis_url: str) -> AsyncIterator[Link]:
    """A FHIR link into an empty hospital."""
    assert database
    assert redis_url
    wire()
    await build()
    yield await links.link(await links.save(None, FhirForm(name="FHIR", mapping="fhir"), by=ENGINEER))


def told(visit: str = "e1", whose: str = "p1") -> Resource:
    """Of whom and of which visit."""
    return {"encounter": {"reference": f"Encounter/{visit}"}, "subject": of(whose)}


def gone(kind: str, number: str, at: str) -> Resource:
    """A deletion, as our door keeps it."""
    return {**resource(kind, number, at), "_deleted": True}


def ill(number: str, at: str, words: str, *where: str, **more: Any) -> Resource:
    """A Condition."""
    return {**resource("Condition", number, at, code={"text": words}), **told(*where), **more}


def stays() -> list[Resource]:
    """Two visits: a diagnosis moved from one to the other, one deleted, one refuted; a visit deleted and told again."""
    end = {"start": "2026-02-22T09:00:00+08:00", "end": "2026-03-01T09:55:00+08:00"}
    error = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    uses = [
        {"condition": {"reference": "Condition/c4"}, "use": {"coding": [{"code": "DD"}]}, "rank": 1},
        {
            "condition": {"reference": "Condition/c9", "display": "高脂血症"},
            "use": {"coding": [{"code": "DD"}]},
        },
    ]
    return [
        person(),
        encounter(),
        encounter("e2", "08:41", reasonCode=[{"text": "胸闷"}]),
        ill("c1", "08:42", "原发性高血压"),
        ill("c1", "08:50", "原发性高血压", "e2"),
        ill("c2", "08:43", "2 型糖尿病"),
        gone("Condition", "c2", "08:51"),
        ill("c3", "08:44", "肺部感染", "e2"),
        ill("c3", "08:52", "肺部感染", "e2", **error),
        ill("c4", "08:45", "不稳定型心绞痛"),
        gone("Encounter", "e2", "09:00"),
        encounter("e2", "09:05"),
        encounter(at="09:10", status="finished", period=end, diagnosis=uses),
        encounter("e3", "09:11"),
        encounter("e3", "09:12", status="entered-in-error"),
    ]


def persons() -> list[Resource]:
    """A merge told, withdrawn, told of another; a patient put out of use, a phone given up, a death taken back."""
    dead = {"deceasedDateTime": "2026-03-01T08:00:00+08:00"}
    other: Resource = {"identifier": [], "telecom": []}
    return [
        person(),
        person("p2", "08:31", **other),
        person("p3", "08:32", **other, link=[{"type": "replaced-by", "other": of("p1")}]),
        person("p3", "08:40", **other),
        person("p2", "08:41", **other, link=[{"type": "seealso", "other": of("p3")}]),
        person("p4", "08:42", **other, **dead),
        person("p4", "08:50", **other),
        person("p5", "08:43", **other, active=False),
        person("p6", "08:44", **other, active=False),
        person("p6", "08:54", **other, active=True),
        gone("Patient", "p2", "08:55"),
        person(at="08:56", telecom=[], link=[{"type": "replaces", "other": of("p7")}]),
    ]


def results() -> list[Resource]:
    """Reports with results of their own, one dropped from its report; of the wrong patient first; orders taken back."""
    lab: Resource = {
        "status": "final",
        "code": {"text": "电解质"},
        "category": [{"coding": [{"code": "LAB"}]}],
    }
    wrong = {**potassium("k2", 6.2, "H", "08:40"), "subject": of("p2")}
    medicine = {"medicationCodeableConcept": {"text": "测试片"}}
    return [
        person(),
        person("p2", "08:31", identifier=[], telecom=[]),
        encounter(),
        potassium("k1", 6.9, "HH"),
        potassium("k1", 4.1, "N", "09:30"),
        wrong,
        potassium("k2", 4.4, "N", "08:59"),
        potassium("k3", 9.9, "HH", "08:58"),
        {**potassium("k3", 9.9, "HH", "09:58"), "status": "entered-in-error"},
        {
            **resource("DiagnosticReport", "r1", "09:05", **lab),
            **told(),
            "result": [{"reference": f"Observation/{name}"} for name in ("k1", "k2", "k3")],
        },
        {
            **resource("DiagnosticReport", "r1", "09:40", **lab | {"status": "amended"}),
            **told(),
            "result": [{"reference": f"Observation/{name}"} for name in ("k1", "k3")],
        },
        {**resource("DiagnosticReport", "r2", "09:06", **lab), **told()},
        gone("DiagnosticReport", "r2", "09:50"),
        {**resource("ServiceRequest", "1", "08:45", status="active", code={"text": "心电图"}), **told()},
        {**resource("MedicationRequest", "1", "08:46", status="active", **medicine), **told()},
        {**resource("MedicationRequest", "1", "09:46", status="entered-in-error", **medicine), **told()},
        resource("Appointment", "a1", "09:00", status="booked", participant=[{"actor": of("p2")}]),
        resource("Appointment", "a1", "09:20", status="noshow", participant=[{"actor": of()}]),
        {**resource("Procedure", "o1", "09:10", status="completed", code={"text": "造影"}), **told()},
        {**resource("Procedure", "o1", "09:12", status="not-done", code={"text": "造影"}), **told()},
    ]


async def arrive(link: Link, versions: list[Resource], chance: random.Random | None = None) -> Any:
    """What stands in the rows when these came, one at a time or in bundles cut at random."""
    await empty()
    left = list(versions)
    while left:
        size = chance.randint(1, len(left)) if chance else 1
        brought = []
        for one in left[:size]:
            name = f"{one['resourceType']}/{one['id']}/{one['meta']['lastUpdated']}/{one.get('_deleted')}"
            brought.append(Brought(name, one["resourceType"], orjson.dumps(one)))
        await keeping.keep_all(link, brought)
        left = left[size:]
        await work()
    assert await parked() == []
    return await everything()


@pytest.mark.parametrize("history", [stays, persons, results], ids=["stays", "persons", "results"])
async def test_any_order_and_any_cut_ends_in_the_same_rows(link: Link, history: Any) -> None:
    versions = history()
    expected = await arrive(link, versions)
    chance = random.Random(20261123)
    assert await arrive(link, versions[::-1]) == expected
    for _ in range(7):
        shuffled = chance.sample(versions, len(versions))
        assert await arrive(link, shuffled, chance) == expected, [
            (one["resourceType"], one["id"], one["meta"]["lastUpdated"][11:16]) for one in shuffled
        ]


async def test_what_the_stays_end_in(link: Link) -> None:
    found = await arrive(link, stays()[::-1])
    told_of = {one["number"]: (one["state"], one["complaint"], one["diagnosis"]) for one in found["visit"]}
    assert told_of == {
        "e1": ("closed", "", "不稳定型心绞痛"),
        "e2": ("open", "", "原发性高血压"),
        "e3": ("cancelled", "", ""),
    }
    assert [(one["of"], one["kind"], one["name"], one["main"]) for one in found["visit_diagnosis"]] == [
        ("e1", "final", "不稳定型心绞痛", True),
        ("e1", "final", "高脂血症", False),
        ("e2", "working", "原发性高血压", False),
    ]


async def test_what_the_persons_end_in(link: Link) -> None:
    found = await arrive(link, persons()[::-1])
    assert [(one["prior"], one["survivor"]) for one in found["merge"]] == [("p7", "p1")]
    told_of = {one["number"]: (one["inactive"], one["deceased"], one["phone"]) for one in found["patient"]}
    assert told_of == {
        "p1": (False, False, ""),
        "p2": (True, False, ""),
        "p3": (False, False, ""),
        "p4": (False, False, ""),
        "p5": (True, False, ""),
        "p6": (False, False, ""),
    }


async def test_what_the_results_end_in(link: Link) -> None:
    found = await arrive(link, results()[::-1])
    assert [(one["number"], one["whose"], one["state"], one["critical"]) for one in found["report"]] == [
        ("Observation/k2", "p1", "final", False),
        ("r1", "p1", "corrected", False),
    ]
    assert [(one["of"], one["value"]) for one in found["report_item"]] == [
        ("Observation/k2", "4.4"),
        ("r1", "4.1"),
    ]
    assert {one["number"]: one["state"] for one in found["medical_order"]} == {
        "1": "active",
        "MedicationRequest/1": "cancelled",
    }
    assert [(one["whose"], one["state"]) for one in found["appointment"]] == [("p1", "missed")]
    assert found["visit_surgery"] == []


async def test_of_versions_without_a_time_the_higher_one_counts(link: Link) -> None:
    def version(number: str, name: str) -> Resource:
        return {**person(name=[{"text": name}]), "meta": {"versionId": number}}

    for at, (number, name) in enumerate((("9", "测试九"), ("10", "测试十"), ("2", "测试二"))):
        await keeping.keep_all(link, [Brought(f"v{at}", "Patient", orjson.dumps(version(number, name)))])
        await work()
    assert [one["name"] for one in (await everything())["patient"]] == ["测试十"]


async def test_who_is_meant_by_an_identifier_is_found_when_they_come(link: Link) -> None:
    by_card = {"identifier": {"type": {"text": "病案号"}, "value": "BA001"}}
    by_condition = {"reference": "Patient?identifier=urn:his|BA001"}
    await keeping.keep_all(
        link,
        [
            Brought("1", "Encounter", orjson.dumps(encounter(subject=by_card))),
            Brought("2", "Observation", orjson.dumps({**potassium("k1", 4.1, "N"), "subject": by_condition})),
        ],
    )
    await work()
    assert [place for place, _ in await parked()] == [
        "Encounter.subject.identifier",
        "Observation.subject.reference",
    ]
    known = person(identifier=[{"type": {"text": "病案号"}, "value": "BA001"}])
    await keeping.keep_all(link, [Brought("3", "Patient", orjson.dumps(known))])
    await work()
    assert await parked() == []
    found = await everything()
    assert [(one["number"], one["whose"]) for one in found["visit"]] == [("e1", "p1")]
    assert [one["whose"] for one in found["report"]] == ["p1"]
    assert [one["number"] for one in found["patient"]] == ["p1"]
    twin = person("p2", identifier=[{"type": {"text": "病案号"}, "value": "BA001"}], telecom=[])
    await keeping.keep_all(link, [Brought("4", "Patient", orjson.dumps(twin))])
    await work()
    await keeping.keep_all(link, [Brought("5", "Encounter", orjson.dumps(encounter("e7", subject=by_card)))])
    await work()
    assert [words.split("，")[0] for _, words in await parked()] == [
        "Encounter.subject.identifier：“BA001”这个号码属于 2 位患者"
    ]


async def test_where_a_patient_lay_is_told_by_the_places_of_a_stay(link: Link) -> None:
    def place(name: str, kind: str, status: str, **period: str) -> Resource:
        sort = {"coding": [{"code": kind}]}
        return {"location": {"display": name}, "physicalType": sort, "status": status, "period": period}

    begun, moved = "2026-02-22T09:00:00+08:00", "2026-02-25T10:00:00+08:00"
    stay = encounter(
        serviceProvider={"display": "西院区普外科"},
        location=[
            place("心内科一病区", "wa", "completed", start=begun, end=moved),
            place("05", "bd", "completed", start=begun, end=moved),
            place("西院区普外科", "wa", "active", start=moved),
            place("11", "bd", "active", start=moved),
        ],
    )
    found = await arrive(link, [person(), stay])
    assert [one["bed"] for one in found["visit"]] == ["11"]
    assert [one["at"][:16] for one in found["visit_transfer"]] == ["2026-02-22T01:00", "2026-02-25T02:00"]
    rows = await db.fetch(
        "select u.name as unit, w.name as ward from visit_transfer t join org_unit u on u.id = t.unit_id"
        " left join org_unit w on w.id = t.ward_id order by t.place"
    )
    assert [(row["unit"], row["ward"]) for row in rows] == [("心血管内科", "心内科一病区"), ("普外科", None)]
