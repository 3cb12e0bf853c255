"""The order door: signed, once, whole, and every "no" with its reasons (contract of design.md section 7)."""

import asyncio
import base64
import json
import time
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as some

from core import db, inbound, queues
from core.actor import system
from core.inbound import INBOUND
from core.models import StoredFile
from core.pump import drain
from intake.doors import named_platform
from intake.gathering import take
from integrations.signing import signature, signed
from tests.intake.conftest import SECRET, Door, parked
from tests.tickets.conftest import Cast, order
from tickets.receiving import Incoming, Received

ORDER: dict[str, object] = {
    "order_no": "GZ12345-20261121-000001",
    "title": "门诊排队过久",
    "content": "在东院区心血管内科门诊排队三小时，要求说明原因。",
    "appeal_type": "投诉",
    "caller_name": "张测试",
    "caller_phone": "13800000001",
    "departments": ["心血管内科"],
    "campus": "东院区",
    "upstream_deadline": "2026-12-05T18:00:00+08:00",
    "something_of_theirs": {"kept": "in the raw row"},
}


def error_of(answer: dict[str, object]) -> dict[str, object]:
    found = answer["error"]
    assert isinstance(found, dict)
    return found


async def test_a_new_order_is_answered_with_its_case_and_the_same_again_with_the_same_case(
    door: Door,
) -> None:
    status, answer = await door.order(ORDER)
    case = await db.fetchrow(
        "select id, state, registered_by, to_char(received_at at time zone 'Asia/Shanghai',"
        " 'YYYYMMDD') as day from cases"
    )
    assert case is not None
    number = f"{case['day']}-{case['id']}"
    assert (status, answer) == (201, {"case_id": case["id"], "case_number": number, "duplicate": False})
    assert (case["state"], case["registered_by"]) == ("in_progress", "热线平台 12345")
    assert await door.order(ORDER) == (200, {"case_id": case["id"], "case_number": number, "duplicate": True})
    assert await db.fetchval("select count(*) from cases") == 1


async def test_unknown_keys_stay_in_the_raw_order(door: Door) -> None:
    await door.order(ORDER)
    raw = await inbound.body_of(await db.fetchval("select inbound_id from cases"))
    assert raw is not None
    assert json.loads(raw) == ORDER


async def test_other_content_is_a_conflict_unless_it_is_declared_an_update(door: Door) -> None:
    _, first = await door.order(ORDER)
    status, answer = await door.order({**ORDER, "title": "改了标题"})
    assert (status, error_of(answer)["code"]) == (409, "refused")
    assert "内容不同" in str(error_of(answer)["message"])
    changed = {
        "case_id": first["case_id"],
        "case_number": first["case_number"],
        "duplicate": False,
        "updated": True,
    }
    assert await door.order({**ORDER, "title": "改了标题", "update": True}) == (200, changed)
    assert await db.fetchval("select title from cases") == "改了标题"


async def test_every_fault_is_named_and_the_body_waits_for_an_operator(door: Door) -> None:
    body = {
        "order_no": "有 空格",
        "caller_phone": "不是电话",
        "urgency": "马上",
        "departments": ["心血管内科"],
    }
    status, answer = await door.order(body)
    assert status == 422
    details = error_of(answer)["details"]
    assert isinstance(details, list)
    assert [(fault["field"], fault["label"], fault["reason"]) for fault in details] == [
        ("order_no", "工单编号", "只能由汉字、字母、数字、“-”和“_”组成，不能有空格"),
        ("content", "诉求内容", "没有填写"),
        ("caller_phone", "来电号码", "不是电话号码，应为手机号或带区号的固定电话"),
        ("urgency", "紧急程度", "只能是：一般、紧急、特急"),
    ]
    ((reason, raw),) = await parked("order")
    assert json.loads(raw) == body
    assert reason.startswith("工单内容有误（工单编号：")
    await door.order(body)
    assert len(await parked("order")) == 1


async def test_a_refused_order_that_an_operator_repairs_becomes_a_case(door: Door) -> None:
    await door.order({**ORDER, "content": ""})
    number = await db.fetchval("select id from inbound where state = 'parked'")
    operator = system("测试运维")
    await queues.repair("inbound", number, json.dumps({**ORDER, "content": "仍然有误" * 9000}), by=operator)
    await drain(INBOUND)
    ((reason, _),) = await parked("order")
    assert "诉求内容：太长" in reason
    await queues.repair("inbound", number, json.dumps(ORDER), by=operator)
    await drain(INBOUND)
    assert await db.fetchval("select external_no from cases") == ORDER["order_no"]
    assert await db.fetchval("select state from inbound where id = $1", number) == "done"


async def test_nothing_passes_without_the_right_signature_and_nothing_of_it_is_kept(door: Door) -> None:
    raw = json.dumps(ORDER).encode()
    now = str(int(time.time()))
    late = str(int(time.time()) - 301)
    tries: list[dict[str, str]] = [
        {},
        {"X-Timestamp": now},
        {"X-Timestamp": now, "X-Signature": ""},
        {"X-Timestamp": now, "X-Signature": signature("another secret", now, raw)},
        {"X-Timestamp": now, "X-Signature": signature(SECRET, now, raw + b" ")},
        {"X-Timestamp": late, "X-Signature": signature(SECRET, late, raw)},
        {"X-Timestamp": "now", "X-Signature": signature(SECRET, "now", raw)},
        {"X-Timestamp": now, "X-Signature": "sha256=签名".encode().decode("latin-1")},
    ]
    answers = [await door.send("/api/v1/hotline/orders", raw, **headers) for headers in tries]
    assert [(status, error_of(answer)["code"]) for status, answer in answers] == [
        (401, "unauthenticated")
    ] * 8
    assert await db.fetchval("select (select count(*) from cases) + (select count(*) from inbound)") == 0
    assert (await door.order(ORDER))[0] == 201


async def test_two_hundred_orders_at_once_each_learn_of_their_own_case(door: Door) -> None:
    numbers = [f"GZ-{at}" for at in range(200)]
    pushed = [{**ORDER, "order_no": number, "title": f"第 {number} 件"} for number in numbers]
    answers = await asyncio.gather(*(door.order(body) for body in pushed))
    assert {status for status, _ in answers} == {201}
    rows = await db.fetch("select id, external_no, title from cases")
    assert {row["external_no"]: (row["id"], row["title"]) for row in rows} == {
        number: (answer["case_id"], f"第 {number} 件")
        for number, (_, answer) in zip(numbers, answers, strict=True)
    }
    kinds = await db.fetch("select case_id, array_agg(kind order by kind) as kinds from clock group by 1")
    assert {tuple(row["kinds"]) for row in kinds} == {("department", "hospital", "upstream")}
    assert len(kinds) == 200
    assert await db.fetchval("select count(distinct case_id) from ticket") == 200
    assert await db.fetchval("select count(distinct ref) from due where kind = 'clock.step'") == 600


async def test_one_order_pushed_by_fifty_lines_at_once_is_one_case(door: Door) -> None:
    answers = await asyncio.gather(*(door.order(ORDER) for _ in range(50)))
    assert sorted(status for status, _ in answers) == [200] * 49 + [201]
    assert len({answer["case_id"] for _, answer in answers}) == 1
    assert await db.fetchval("select count(*) from cases") == 1


async def test_one_that_conflicts_does_not_harm_the_others_of_its_burst(door: Door) -> None:
    await door.order(ORDER)
    burst = [{**ORDER, "title": "另一内容"}, *({**ORDER, "order_no": f"B-{at}"} for at in range(30))]
    answers = await asyncio.gather(*(door.order(body) for body in burst))
    assert [status for status, _ in answers] == [409] + [201] * 30


async def test_files_come_along_and_a_liar_among_them_is_refused_with_the_whole_order(
    door: Door, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    text = base64.b64encode("情况说明".encode()).decode()
    status, answer = await door.order({**ORDER, "attachments": [{"name": "说明.txt", "base64": text}]})
    assert status == 201
    rows = await db.fetch("select case_id, kind, name from attachment")
    assert [tuple(row) for row in rows] == [(answer["case_id"], "original", "说明.txt")]
    lie = base64.b64encode(b"MZ a program").decode()
    other = {**ORDER, "order_no": "L-1", "attachments": [{"name": "照片.png", "base64": lie}]}
    assert (await door.order(other))[0] == 422
    assert await db.fetchval("select count(*) from cases") == 1


async def test_what_is_too_large_is_not_even_read(door: Door) -> None:
    raw = b"[" + b" " * (41 * 1024 * 1024) + b"]"
    status, answer = await door.send("/api/v1/hotline/orders", raw, **signed(SECRET, raw))
    assert (status, error_of(answer)["code"]) == (413, "too_large")


async def test_a_platform_is_known_by_its_code(door: Door) -> None:
    assert (await door.order(ORDER, **{"X-Platform": "beijing"}))[0] == 201
    assert await db.fetchval("select actor_name from history") == "热线平台 beijing"
    status, answer = await door.order({**ORDER, "order_no": "X-2"}, **{"X-Platform": "a b"})
    assert (status, error_of(answer)["code"]) == (422, "invalid")


LEAVES = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=40)
JSON = some.recursive(
    LEAVES, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner)
)
FIELDS = some.sampled_from([*ORDER, "anonymous", "persons", "attachments", "occurred_at", "update", "role"])


@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoilt=some.dictionaries(FIELDS, JSON, min_size=1, max_size=4))
async def test_whatever_stands_in_a_field_the_answer_is_a_case_or_its_faults(
    door: Door, spoilt: dict[str, object]
) -> None:
    status, answer = await door.order({**ORDER, **spoilt})
    if status in (200, 201):
        assert await db.fetchval("select count(*) from ticket where case_id = $1", answer["case_id"]) in (
            0,
            1,
        )
    else:
        assert (status, bool(error_of(answer)["message"])) in ((422, True), (409, True))


@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=some.binary(max_size=200)
    | some.text(max_size=200).map(str.encode)
    | JSON.map(lambda it: json.dumps(it).encode())
)
async def test_whatever_bytes_come_signed_the_answer_is_a_sentence(door: Door, raw: bytes) -> None:
    status, answer = await door.order(raw)
    assert status == 422
    assert error_of(answer)["code"] == "invalid"
    assert raw in [body for _, body in await parked("order")]


async def test_an_order_that_names_no_department_waits_for_the_centre(door: Door) -> None:
    status, answer = await door.order({**ORDER, "departments": [], "campus": ""})
    assert status == 201
    row = await db.fetchrow("select state, unit_ids from cases where id = $1", answer["case_id"])
    assert dict(row or {}) == {"state": "received", "unit_ids": []}


async def test_one_that_the_database_refuses_does_not_harm_the_others_of_its_burst(
    cast: Cast,
) -> None:
    stray = StoredFile(id=uuid4(), name="没有登记的文件.txt")
    items = [Incoming(order(f"A-{at}")) for at in range(9)]
    items.insert(4, Incoming(order("B-1"), files=(stray,)))
    by = named_platform("12345")
    found = await asyncio.gather(*(take(item, by) for item in items), return_exceptions=True)
    kinds = ["new"] * 4 + ["ForeignKeyViolationError"] + ["new"] * 5
    assert [one.outcome if isinstance(one, Received) else type(one).__name__ for one in found] == kinds
    numbers = await db.fetch("select external_no from cases order by external_no")
    assert [row["external_no"] for row in numbers] == [f"A-{at}" for at in range(9)]
