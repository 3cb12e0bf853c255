"""The 12345 platform: what it pushes is signed, what it takes back is kept and judged."""

import base64
import json
import time
from typing import Any

from tests.sandbox.actors import Json, Outside, signature
from tests.sandbox.conftest import Starter


async def answer(outside: Outside, what: str, body: Json, key: str = "", secret: str = "") -> tuple[int, Any]:
    """A signed call of the hospital to the platform: HTTP status and answer."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    stamp = str(int(time.time()))
    headers = {
        "X-Timestamp": stamp,
        "X-Signature": signature(secret or outside.config.hotline_secret, stamp, raw),
        "Idempotency-Key": key,
    }
    async with outside.http.post(outside.url(f"/hotline/{what}"), data=raw, headers=headers) as response:
        return response.status, (await response.json())["code"] if not key else await response.json()


async def pushed(outside: Outside, index: int = 0) -> str:
    """Push one of the ready orders; its number."""
    outside.hospital.answers.insert(0, (201, '{"case_id": 1}'))
    order = (await outside.get("/control/hotline/samples"))["samples"][index]
    await outside.control("hotline/orders", order=order)
    return str(order["order_no"])


def result(number: str, turn: int = 1, **changes: Any) -> Json:
    """A round's result."""
    return {"order_no": number, "round": turn, "result": "已退费", "public_reply": "费用已退回", **changes}


async def call_back(outside: Outside, number: str, solved: str, satisfied: str) -> None:
    """A call-back by telephone."""
    await outside.control("hotline/callbacks", order_no=number, solved=solved, satisfied=satisfied)


async def test_the_ready_orders_cover_all_six_types_with_numbers_of_their_own(outside: Outside) -> None:
    samples = (await outside.get("/control/hotline/samples"))["samples"]
    assert {sample["appeal_type"] for sample in samples} == {"咨询", "求助", "投诉", "举报", "建议", "表扬"}
    assert (len(samples), len({sample["order_no"] for sample in samples})) == (12, 12)


async def test_an_order_is_pushed_signed_and_the_answer_is_kept(outside: Outside) -> None:
    number = await pushed(outside)
    (got,) = outside.hospital.received
    (order,) = (await outside.get("/control/hotline/orders"))["orders"]
    stamp = got.headers["X-Timestamp"]
    assert (got.path, got.headers["X-Platform"], got.json["order_no"]) == (
        "/api/v1/hotline/orders",
        "12345",
        number,
    )
    assert got.headers["X-Signature"] == signature(outside.config.hotline_secret, stamp, got.body)
    assert [(one["what"], one["status"], one["answer"]) for one in order["exchanges"]] == [
        ("push", 201, '{"case_id": 1}')
    ]


async def test_a_refused_update_leaves_the_platforms_order_as_it_was(outside: Outside) -> None:
    await pushed(outside)
    (before,) = (await outside.get("/control/hotline/orders"))["orders"]
    outside.hospital.answers = [(422, "[]"), (200, "{}")]
    changed = {**before["body"], "content": "补充材料", "update": True}
    await outside.control("hotline/orders", order=changed)
    (refused,) = (await outside.get("/control/hotline/orders"))["orders"]
    await outside.control("hotline/orders", order=changed)
    (taken,) = (await outside.get("/control/hotline/orders"))["orders"]
    assert refused["body"]["content"] == before["body"]["content"]
    assert (taken["body"]["content"], [one["what"] for one in taken["exchanges"]]) == (
        "补充材料",
        ["push", "update", "update"],
    )


async def test_a_result_with_a_file_is_kept_to_download_and_repeats_give_the_same_receipt(
    outside: Outside,
) -> None:
    number = await pushed(outside)
    file = {"name": "办结报告.docx", "base64": base64.b64encode(b"report").decode()}
    first = await answer(outside, "results", result(number, attachments=[file]), key="k1")
    again = await answer(outside, "results", result(number, attachments=[file]), key="k1")
    other = await answer(outside, "results", result(number))
    (order,) = (await outside.get("/control/hotline/orders"))["orders"]
    ((media_id, name),) = order["files"].items()
    async with outside.http.get(outside.url(f"/media/{media_id}")) as response:
        assert await response.read() == b"report"
    assert first == again == (200, {"code": 0, "receipt": first[1]["receipt"]})
    assert (first[1]["receipt"][0], name, other) == ("R", "办结报告.docx", (200, 4009))


async def test_dissatisfaction_opens_the_next_round_and_satisfaction_ends_the_order(outside: Outside) -> None:
    number = await pushed(outside)
    extension = {"order_no": number, "reason": "需外院会诊", "until": "2026-12-20T18:00:00+08:00"}
    steps = [await answer(outside, "extensions", extension), await answer(outside, "results", result(number))]
    steps.append(await answer(outside, "extensions", extension))
    await call_back(outside, number, "未解决", "不满意")
    steps.append(await answer(outside, "extensions", extension))
    steps.append(await answer(outside, "results", result(number, 2)))
    await call_back(outside, number, "解决", "满意")
    steps.append(await answer(outside, "results", result(number, 3)))
    (order,) = (await outside.get("/control/hotline/orders"))["orders"]
    assert [code for _, code in steps] == [0, 0, 4009, 0, 0, 4009]
    assert (order["concluded"], order["answered_rounds"]) == (True, [1, 2])
    assert [got.json.get("satisfied") for got in outside.hospital.received] == [None, "不满意", "满意"]


async def test_a_returned_order_takes_no_result(outside: Outside) -> None:
    number = await pushed(outside)
    returned = await answer(outside, "returns", {"order_no": number, "reason": "非本院职责"})
    late = await answer(outside, "results", result(number))
    assert (returned, late) == ((200, 0), (200, 4009))


async def test_wrong_signatures_unknown_orders_and_empty_results_are_refused(outside: Outside) -> None:
    number = await pushed(outside)
    answers = [
        await answer(outside, "results", result(number), secret="guess"),
        await answer(outside, "results", result("unknown")),
        await answer(outside, "results", result(number, result="")),
        await answer(outside, "results", result(number, attachments=[{"name": "x", "base64": "?"}])),
        await answer(outside, "returns", {"order_no": number}),
    ]
    (order,) = (await outside.get("/control/hotline/orders"))["orders"]
    assert [code for _, code in answers] == [4001, 4004, 4000, 4000, 4000]
    assert [one["what"] for one in order["exchanges"]] == ["push"]


async def test_a_hospital_that_does_not_answer_is_shown_as_such(start: Starter) -> None:
    outside = await start(app_url="http://127.0.0.1:1")
    number = await pushed(outside)
    (order,) = (await outside.get("/control/hotline/orders"))["orders"]
    assert (order["order_no"], order["exchanges"][0]["status"]) == (number, 0)
