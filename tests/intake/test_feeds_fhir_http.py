"""The FHIR door as FHIR R4 has HTTP (hl7.org/fhir/R4/http.html): every refusal an OperationOutcome that says where and why."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from core import db
from intake.feeds import doors
from tests.intake.feeds import Sender, bundle, encounter, of, opened, person, potassium, resource, work
from tests.patients.feed import everything, parked
from tests.staff.cast import build
from wiring import wire

HERE = "/api/v1/fhir"
MIME = "application/fhir+json"


@pytest_asyncio.fixture
async def his(database: str, redis_url: str) -> AsyncIterator[Sender]:
    """A FHIR server of the hospital."""
    assert database
    assert redis_url
    wire()
    await build()
    async with opened("fhir") as sender:
        yield sender


async def ask(
    his: Sender, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """A request with headers of its own; status, answer, headers."""
    given = {"Authorization": f"Bearer {his.token}", "Content-Type": MIME}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with his.client.request(method, f"{HERE}{path}", data=body, headers=given) as answer:
        return answer.status, orjson.loads(await answer.read()), dict(answer.headers)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/Patient/p1", {}, 405, "not-supported"),
        ("GET", "/Patient", {}, 405, "not-supported"),
        ("PATCH", "/Patient/p1", {}, 405, "not-supported"),
        ("PUT", "/Patient", {}, 405, "not-supported"),
        ("DELETE", "/Patient", {}, 405, "not-supported"),
        ("GET", "/Patient/p1/_history", {}, 405, "not-supported"),
        ("PUT", "/Patient/p1", {"If_Match": 'W/"1"'}, 412, "not-supported"),
        ("POST", "/Patient", {"If_None_Exist": "identifier=1"}, 412, "not-supported"),
        ("POST", "/Patient", {"Content_Type": "application/fhir+xml"}, 415, "not-supported"),
        ("POST", "/Patient", {"Content_Type": f"{MIME}; charset=gbk"}, 415, "not-supported"),
        ("POST", "/Patient", {"Accept": "application/fhir+xml"}, 406, "not-supported"),
        ("POST", "/Patient", {"Authorization": "Bearer hy_wrong"}, 401, "login"),
        ("GET", "/Patient/p1", {"Authorization": "Bearer hy_wrong"}, 401, "login"),
        ("POST", "/Patinet", {}, 422, "invalid"),
        ("DELETE", "/Patinet/p1", {}, 422, "invalid"),
    ],
    ids=[
        "read", "search", "patch", "conditional-update", "conditional-delete", "history", "if-match", "if-none-exist",
        "xml", "gbk", "accept-xml", "stranger", "stranger-reads", "no-such-type", "no-such-type-deleted",
    ],
)  # fmt: skip
async def test_what_we_do_not_do_is_refused_in_fhirs_own_form(
    his: Sender, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    body = orjson.dumps(person() | ({"resourceType": "Patinet"} if "Patinet" in path else {}))
    told, answer, _ = await ask(his, method, path, body, **headers)
    assert (told, answer["resourceType"], answer["issue"][0]["code"]) == (status, "OperationOutcome", code)
    assert answer["issue"][0]["diagnostics"]
    assert await db.fetchval("select count(*) from feed_message") == 0


async def test_charsets_byte_order_marks_and_compression_as_senders_have_them(his: Sender) -> None:
    body = orjson.dumps(person())
    for at, (raw, headers) in enumerate(
        [
            (body, {"Content_Type": f"{MIME}; charset=UTF-8"}),
            (b"\xef\xbb\xbf" + body.replace(b'"p1"', b'"p2"'), {"Content_Type": "application/json"}),
            (gzip.compress(body.replace(b'"p1"', b'"p3"')), {"Content_Encoding": "gzip"}),
        ],
        start=1,
    ):
        status, _, heads = await ask(his, "POST", "/Patient", raw, **headers)
        assert (status, heads["Location"]) == (201, f"{HERE}/Patient/p{at}")
    await work()
    assert await db.fetchval("select count(*) from patient where name = '测试甲'") == 3


async def test_what_grows_beyond_bounds_when_opened_is_refused(his: Sender) -> None:
    bomb = gzip.compress(b" " * (doors.MOST + 1) + b"{}", 9)
    assert len(bomb) < 100_000
    status, answer, _ = await ask(his, "POST", "/Patient", bomb, Content_Encoding="gzip")
    assert (status, answer["issue"][0]["code"]) == (413, "too-long")
    worse = gzip.compress(b" " * (80 * 1024 * 1024), 9)
    status, answer, _ = await ask(his, "POST", "/Patient", worse, Content_Encoding="gzip")
    assert (status, answer["issue"][0]["code"]) == (413, "too-long")


async def test_a_type_we_do_not_use_is_kept_and_said_so(his: Sender) -> None:
    device = resource("Device", "d1", note=[{"text": "监护仪"}])
    status, answer, _ = await ask(his, "POST", "/Device", orjson.dumps(device))
    assert (status, answer["issue"][0]["code"]) == (202, "not-supported")
    assert "不采用 Device 资源" in answer["issue"][0]["diagnostics"]
    doctor = resource("Practitioner", "w1", name=[{"text": "王测甲"}])
    visit = encounter(participant=[{"individual": {"reference": "Practitioner/w1"}}])
    status, answer, _ = await ask(
        his, "POST", "", orjson.dumps(bundle(doctor, person(), visit, kind="transaction"))
    )
    told = [one["response"]["status"][:3] for one in answer["entry"]]
    assert (status, answer["type"], told) == (200, "transaction-response", ["202", "201", "201"])
    await work()
    rows = await db.fetch("select kind, state, error from feed_message order by id")
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("Device", "done"),
        ("Practitioner", "done"),
        ("Patient", "done"),
        ("Encounter", "done"),
    ]
    assert await db.fetchval("select doctor from visit") == "王测甲"  # named by what came along


async def test_the_capability_statement_says_what_the_door_does(his: Sender) -> None:
    async with his.client.get(f"{HERE}/metadata") as answer:
        told = orjson.loads(await answer.read())
    (rest,) = told["rest"]
    assert (told["fhirVersion"], told["kind"], rest["mode"]) == ("4.0.1", "instance", "server")
    for one in rest["resource"]:
        kind = one["type"]
        assert {verb["code"] for verb in one["interaction"]} == {"create", "update", "delete"}
        status, answer, _ = await ask(his, "DELETE", f"/{kind}/never")
        assert (status, answer["resourceType"]) == (200, "OperationOutcome")
        assert (await ask(his, "GET", f"/{kind}/never"))[0] == 405
    await work()
    assert await parked() == []


async def test_a_deletion_takes_back_what_was_said_and_a_new_version_says_it_again(his: Sender) -> None:
    told = {"encounter": {"reference": "Encounter/e1"}, "subject": of()}
    ill = {**resource("Condition", "c1", code={"text": "高血压"}), **told}
    await ask(his, "POST", "", orjson.dumps(bundle(person(), encounter(), ill, potassium("k1", 6.9, "HH"))))
    await work()
    assert (await everything())["visit"][0]["diagnosis"] == "高血压"
    for path in ("/Condition/c1", "/Observation/k1", "/Encounter/e1", "/Patient/p1"):
        assert (await ask(his, "DELETE", path))[0] == 200
        await work()
    found = await everything()
    assert [(one["state"], one["diagnosis"]) for one in found["visit"]] == [("cancelled", "")]
    assert (found["report"], found["visit_diagnosis"]) == ([], [])
    assert [(one["number"], one["inactive"]) for one in found["patient"]] == [("p1", True)]
    again = bundle(person(at="12:00"), encounter(at="12:00"))
    await ask(his, "POST", "", orjson.dumps(again))
    await work()
    found = await everything()
    assert [(one["state"], one["diagnosis"]) for one in found["visit"]] == [("open", "")]
    assert [one["inactive"] for one in found["patient"]] == [False]


async def test_entries_of_a_bundle_say_what_they_ask_for(his: Sender) -> None:
    await ask(his, "POST", "", orjson.dumps(bundle(person(), encounter())))
    given = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "DELETE", "url": "Encounter/e1"}},
            {"request": {"method": "PUT", "url": "Patient/p2"}, "resource": {"resourceType": "Patient"}},
            {"request": {"method": "GET", "url": "Patient/p1"}},
            {"request": {"method": "PUT", "url": "Patient?identifier=1"}, "resource": person("p3")},
            {"request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=1"}, "resource": person("p4")},
            {"request": {"method": "PUT", "url": "Patient/p5"}, "resource": person("p6")},
            {"request": {"method": "DELETE", "url": "nothing"}},
            {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
        ],
    }  # fmt: skip
    status, answer, _ = await ask(his, "POST", "", orjson.dumps(given))
    told = [one["response"]["status"][:3] for one in answer["entry"]]
    assert (status, told) == (200, ["200", "200", "405", "412", "412", "422", "422", "201"])
    places = [
        one["response"]["outcome"]["issue"][0].get("expression", [""])[0]
        for one in answer["entry"]
        if "outcome" in one["response"]
    ]
    assert places[3:] == ["Bundle.entry[5].resource.id", "Bundle.entry[6].request.url"]
    assert answer["entry"][7]["response"]["location"].startswith("Patient/hy-")
    await work()
    assert await db.fetchval("select state from visit") == "cancelled"
    status, answer, _ = await ask(his, "POST", "", orjson.dumps({**given, "type": "transaction"}))
    assert (status, answer["issue"][0]["code"]) == (405, "not-supported")


async def test_of_a_hundred_with_one_at_fault_a_batch_takes_the_others_and_a_transaction_none(
    his: Sender,
) -> None:
    def people(first: str) -> list[dict[str, Any]]:
        found = [person(f"{first}{at}", identifier=[], telecom=[]) for at in range(100)]
        found[40]["deceasedDateTime"] = "昨天"
        found[70]["link"] = [{"type": "replaces", "other": {"reference": "Group/g1"}}]
        return found

    status, answer, _ = await ask(his, "POST", "", orjson.dumps(bundle(*people("b"))))
    wrong = [at for at, one in enumerate(answer["entry"]) if one["response"]["status"][:3] != "201"]
    assert (status, wrong) == (200, [40, 70])
    status, answer, _ = await ask(his, "POST", "", orjson.dumps(bundle(*people("t"), kind="transaction")))
    assert status == 422
    assert [one["expression"] for one in answer["issue"]] == [
        ["Bundle.entry[40].resource.Patient.deceasedDateTime"],
        ["Bundle.entry[70].resource.Patient.link[type=replaces][0].other.reference"],
    ]
    await work()
    assert await db.fetchval("select count(*) from patient where number like 'b%'") == 98
    assert await db.fetchval("select count(*) from patient where number like 't%'") == 0
    assert await db.fetchval("select count(*) from feed_message where state = 'parked'") == 102


async def test_a_resource_without_an_id_gets_the_same_one_each_time(his: Sender) -> None:
    new = person(identifier=[{"system": "urn:his", "value": "MZ001"}])
    del new["id"], new["meta"]
    places = {(await ask(his, "POST", "/Patient", orjson.dumps(new)))[2]["Location"] for _ in range(2)}
    await work()
    assert len(places) == 1
    assert await db.fetchval("select count(*) from patient") == 1
