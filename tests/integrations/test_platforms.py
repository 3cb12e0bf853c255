"""SMS and hotline: signed, idempotent, each refusal a kind; receipts read or refused whole."""

from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core.errors import Invalid, Unauthenticated
from integrations import hotline, signing, sms
from integrations.hotline import Attachment
from integrations.http import CallFailed, Kind
from integrations.sms import Report, Uplink
from tests.integrations.outside import PHONE, Outside

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_a_signed_body_is_believed_for_five_minutes() -> None:
    with clock.frozen(NOON):
        headers = signing.signed("secret", b"{}")
        signing.verify("secret", headers, b"{}")
    with clock.frozen(NOON + timedelta(seconds=300)):
        signing.verify("secret", headers, b"{}")
    with clock.frozen(NOON + timedelta(seconds=301)), pytest.raises(Unauthenticated):
        signing.verify("secret", headers, b"{}")


@pytest.mark.parametrize(
    ("secret", "change", "body", "sentence"),
    [
        ("secret", {}, b"{ }", "请求签名不正确"),
        ("other", {}, b"{}", "请求签名不正确"),
        ("secret", {"X-Signature": ""}, b"{}", "请求签名不正确"),
        ("secret", {"X-Signature": "sha256=签名"}, b"{}", "请求签名不正确"),
        ("secret", {"X-Timestamp": ""}, b"{}", "请求缺少时间戳 X-Timestamp（Unix 秒）"),
        ("secret", {"X-Timestamp": "²"}, b"{}", "请求缺少时间戳 X-Timestamp（Unix 秒）"),
        ("secret", {"X-Timestamp": "9" * 12}, b"{}", "请求的时间戳与本系统相差超过 300 秒"),
        ("", {}, b"{}", "接口密钥尚未设置，拒绝接收"),
    ],
)
def test_a_body_that_is_not_what_was_signed_is_refused(
    secret: str, change: dict[str, str], body: bytes, sentence: str
) -> None:
    headers = {**signing.signed("secret", b"{}"), **change}
    with pytest.raises(Unauthenticated) as caught:
        signing.verify(secret, headers, body)
    assert caught.value.message == sentence


async def test_the_same_text_sent_twice_is_one_text(outside: Outside) -> None:
    first = await sms.send("m1-1", PHONE, "您的事项已办结")
    second = await sms.send("m1-1", PHONE, "您的事项已办结")
    assert (first.biz_id, first.segments) == (second.biz_id, 1)
    assert [message["text"] for message in await outside.phone(phone=PHONE)] == ["【示范医院】您的事项已办结"]


@pytest.mark.parametrize(
    ("code", "kind", "wait"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", Kind.QUOTA, 3600.0),
        ("isp.SYSTEM_ERROR", Kind.RETRY, 0.0),
        ("isv.MOBILE_NUMBER_ILLEGAL", Kind.UNREACHABLE_PERSON, 0.0),
        ("isv.AMOUNT_NOT_ENOUGH", Kind.MISCONFIGURED, 0.0),
        ("isv.NEVER_HEARD_OF", Kind.PERMANENT, 0.0),
    ],
)
async def test_a_refusal_of_the_sms_platform_is_a_kind(
    outside: Outside, code: str, kind: Kind, wait: float
) -> None:
    await outside.fault("sms", "send", errcode=code)
    with pytest.raises(CallFailed) as caught:
        await sms.send("m2-1", PHONE, "您好")
    assert (caught.value.code, caught.value.kind, caught.value.wait) == (code, kind, wait)


async def test_a_wrong_number_is_nobody(outside: Outside) -> None:
    with pytest.raises(CallFailed) as caught:
        await sms.send("m3-1", "12345", "您好")
    assert caught.value.kind is Kind.UNREACHABLE_PERSON


def test_receipts_and_replies_are_read_as_aliyun_writes_them() -> None:
    body = (
        '[{"phone_number":"13800000001","success":true,"err_code":"DELIVERED","err_msg":"ok","biz_id":"b1",'
        '"out_id":"m1-1","report_time":"2026-11-20 12:00:00","sms_size":"1"}]'
    )
    assert sms.read_reports(body.encode()) == [
        Report(
            phone_number=PHONE,
            success=True,
            err_code="DELIVERED",
            err_msg="ok",
            biz_id="b1",
            out_id="m1-1",
            report_time="2026-11-20 12:00:00",
        )
    ]
    reply = '[{"phone_number":"13800000001","content":"满意","sequence_id":5,"sign_name":"示范医院"}]'
    assert sms.read_uplinks(reply.encode()) == [Uplink(phone_number=PHONE, content="满意", sequence_id="5")]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"success":true}]', b"[{"])
def test_a_push_that_holds_no_receipts_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Invalid):
        sms.read_reports(body)


async def test_a_result_reported_twice_is_one_result_with_one_receipt(outside: Outside) -> None:
    await outside.ask("hotline/orders", {"order": {"order_no": "GZ-1", "content": "挂号排队时间过长"}})
    receipts = [
        await hotline.send_result(
            "GZ-1",
            key="case-1-round-1",
            round_no=1,
            result="已增加号源",
            public_reply="感谢反映",
            solved=True,
            verified=True,
            finished_at=NOON,
            attachments=[Attachment("报告.docx", b"PK")],
        )
        for _ in range(2)
    ]
    assert receipts[0] == receipts[1]
    (order,) = (await outside.look("hotline/orders"))["orders"]
    assert [exchange["what"] for exchange in order["exchanges"]] == ["push", "result"]
    assert list(order["files"].values()) == ["报告.docx"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(4001, Kind.MISCONFIGURED), (4004, Kind.PERMANENT), (4009, Kind.PERMANENT), (5000, Kind.RETRY)],
)
async def test_a_refusal_of_the_hotline_is_a_kind(outside: Outside, code: int, kind: Kind) -> None:
    await outside.fault("hotline", "returns", errcode=code)
    with pytest.raises(CallFailed) as caught:
        await hotline.give_back("GZ-1", key="k", reason="非本院管辖")
    assert caught.value.kind is kind


async def test_an_order_the_platform_does_not_know_cannot_be_extended(outside: Outside) -> None:
    with pytest.raises(CallFailed) as caught:
        await hotline.ask_extension("GZ-404", key="k", reason="需会诊", until=NOON)
    assert (caught.value.code, caught.value.kind) == ("4004", Kind.PERMANENT)
