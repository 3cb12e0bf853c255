"""The SMS platform: signatures, segments, caps, receipts that insist, replies."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from sandbox.sms import segments
from tests.sandbox.actors import Json, Outside, Received, signature
from tests.sandbox.conftest import Starter

CAROL = "13800000001"


def line(out_id: str = "m1-1", **changes: Any) -> Json:
    """One text to Carol."""
    return {"out_id": out_id, "phone": CAROL, "content": "您的诉求已办结", "sign_name": "回音医院", **changes}


async def send(outside: Outside, *messages: Json, **changes: Any) -> tuple[int, Json]:
    """``POST /sms/send``, signed as the README says, by code that is not the sandbox's."""
    stamp = str(int(time.time()))
    canonical = json.dumps(list(messages), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    text = f"{stamp}.{hashlib.sha256(canonical.encode()).hexdigest()}"
    sign = hmac.new(outside.config.sms_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    account = outside.config.sms_account
    body = {"account": account, "timestamp": stamp, "sign": sign, "messages": messages, **changes}
    async with outside.http.post(outside.url("/sms/send"), json=body) as response:
        return response.status, await response.json()


async def receipts(outside: Outside, number: int) -> list[Received]:
    """The pushes the hospital got, once there are ``number``."""
    for _ in range(500):
        if len(outside.hospital.received) >= number:
            return outside.hospital.received
        await outside.get("/control/callbacks")
    raise AssertionError(f"only {len(outside.hospital.received)} of {number} pushes came")


@pytest.mark.parametrize(
    ("length", "expected"), [(5, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3), (201, 3), (202, 4)]
)
def test_segments_count_the_signature_in_its_brackets(length: int, expected: int) -> None:
    assert segments("字" * (length - len("【医院】")), "医院") == expected


async def test_a_text_arrives_and_a_signed_receipt_follows(outside: Outside) -> None:
    status, answer = await send(outside, line())
    (got,) = await receipts(outside, 1)
    result = answer["results"][0]
    (report,) = got.json
    stamp = got.headers["X-Timestamp"]
    assert (status, answer["code"], result["code"], result["segments"]) == (200, "OK", "OK", 1)
    assert await outside.texts(phone=CAROL) == ["【回音医院】您的诉求已办结"]
    assert (got.path, got.headers["X-Signature"]) == (
        "/api/v1/sms/receipts",
        signature(outside.config.sms_secret, stamp, got.body),
    )
    assert {
        key: report[key] for key in ("phone_number", "success", "err_code", "sms_size", "biz_id", "out_id")
    } == {
        "phone_number": CAROL,
        "success": True,
        "err_code": "DELIVERED",
        "sms_size": "1",
        "biz_id": result["biz_id"],
        "out_id": "m1-1",
    }


async def test_a_known_out_id_answers_as_before_and_is_not_sent_again(outside: Outside) -> None:
    first, again = await send(outside, line()), await send(outside, line(content="换了内容"))
    await receipts(outside, 1)
    assert first == again
    assert await outside.texts(phone=CAROL) == ["【回音医院】您的诉求已办结"]


async def test_a_batch_with_a_wrong_signature_account_or_time_is_refused_whole(outside: Outside) -> None:
    answers = [
        await send(outside, line(), sign="0" * 64),
        await send(outside, line(), account="somebody"),
        await send(outside, line(), timestamp=str(int(time.time()) - 301)),
        await send(outside),
    ]
    assert [(status, answer["code"]) for status, answer in answers] == [
        (400, "SignatureDoesNotMatch"),
        (400, "isv.ACCOUNT_NOT_EXISTS"),
        (400, "InvalidTimeStamp.Expired"),
        (400, "InvalidParameter"),
    ]
    assert await outside.texts(phone=CAROL) == []


async def test_bad_lines_are_refused_one_by_one(outside: Outside) -> None:
    _, answer = await send(
        outside,
        line("a", phone="12345"),
        line("b", sign_name=" "),
        line("c", content="长" * 500),
        line("d"),
    )
    assert [result["code"] for result in answer["results"]] == [
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.PARAM_LENGTH_LIMIT",
        "OK",
    ]


async def test_a_number_gets_its_cap_a_day_and_other_numbers_go_on(start: Starter) -> None:
    outside = await start(sms_per_day=2)
    _, answer = await send(outside, line("a"), line("b"), line("c"), line("d", phone="13800000002"))
    assert [result["code"] for result in answer["results"]] == [
        "OK",
        "OK",
        "isv.BUSINESS_LIMIT_CONTROL",
        "OK",
    ]


async def test_a_receipt_insists_until_the_hospital_answers_code_0(outside: Outside) -> None:
    outside.hospital.answers = [(500, ""), (200, "ok"), (200, '{"code": 1}'), (200, '{"code": 0}')]
    await send(outside, line())
    got = await receipts(outside, 4)
    callbacks = (await outside.get("/control/callbacks"))["callbacks"]
    assert len({push.body for push in got}) == 1
    assert [(one["outcome"], one["attempts"]) for one in callbacks] == [("delivered", 4)]


async def test_an_undelivered_text_says_so_and_a_silent_one_says_nothing(outside: Outside) -> None:
    await outside.control("sms/fate", phone=CAROL, outcome="undelivered", err_code="MK:0001")
    await outside.control("sms/fate", phone="13800000002", outcome="silent")
    await send(outside, line("a"), line("b", phone="13800000002"))
    (got,) = await receipts(outside, 1)
    (report,) = got.json
    assert (report["out_id"], report["success"], report["err_code"]) == ("a", False, "MK:0001")
    assert await outside.texts(phone=CAROL) == await outside.texts(phone="13800000002") == []


async def test_a_reply_goes_up_with_number_and_words_but_no_message_id(outside: Outside) -> None:
    await outside.control("say", phone=CAROL, text="退订", wait=True)
    (got,) = outside.hospital.received
    (up,) = got.json
    assert (got.path, up["phone_number"], up["content"]) == ("/api/v1/sms/replies", CAROL, "退订")
    assert set(up) == {"phone_number", "send_time", "content", "sign_name", "dest_code", "sequence_id"}
