"""Receipts, replies and WeChat callbacks: kept raw before they are acknowledged, taken once, in any order."""

import secrets
import time
from xml.sax.saxutils import escape

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as some

from core import db, inbound
from core.inbound import INBOUND
from core.pump import drain
from core.settings import settings
from integrations.wecom_crypto import Envelope
from tests.intake.conftest import SMS_SECRET, Door, parked
from tests.intake.test_orders import error_of

REPORT = {
    "phone_number": "13800000001",
    "success": True,
    "biz_id": "biz-1",
    "out_id": "1-1",
    "err_code": "DELIVERED",
    "report_time": "2026-11-21 10:00:00",
}
UPLINK = {"phone_number": "13800000001", "content": "收到，谢谢", "sequence_id": 12345, "dest_code": "1"}
TOKEN, KEY, APP = "a-token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx-test"


async def sent_text() -> int:
    """A text that the platform has taken as biz-1; the message's id."""
    number: int = await db.fetchval(
        "insert into message (key, purpose, lane, subject, receiver_kind, receiver_id, receiver_name, text, ladder, state, attempts, not_before,"
        " created_at) values ('k', 'case.result', 'normal', 'case:1', 'person', 0, '测试甲', '已办结', '{sms}', 'sent', 1, now(), now())"
        " returning id"
    )
    await db.execute(
        "insert into message_attempt (message_id, no, transport, outcome, vendor_id, at)"
        " values ($1, 1, 'sms', 'sent', 'biz-1', now())",
        number,
    )
    return number


async def test_a_receipt_is_acknowledged_kept_and_tells_that_the_text_arrived(door: Door) -> None:
    message = await sent_text()
    taken = (200, {"code": 0, "msg": "成功", "count": 1})
    assert await door.push("/api/v1/sms/receipts", [REPORT], SMS_SECRET) == taken
    assert await db.fetchval("select state from message where id = $1", message) == "sent"
    await drain(INBOUND)
    assert await db.fetchval("select state from message where id = $1", message) == "delivered"
    assert await door.push("/api/v1/sms/receipts", [REPORT], SMS_SECRET) == taken
    assert await db.fetchval("select count(*) from inbound where source = 'sms.receipts'") == 1


async def test_a_reply_is_kept_word_for_word(door: Door) -> None:
    assert (await door.push("/api/v1/sms/replies", [UPLINK], SMS_SECRET))[0] == 200
    await drain(INBOUND)
    row = await db.fetchrow("select * from inbound where source = 'sms.replies'")
    assert row is not None
    assert "收到，谢谢".encode() not in row["body"]
    assert (row["state"], "收到，谢谢".encode() in inbound.opened(row)) == ("done", True)


@pytest.mark.parametrize("path", ["/api/v1/sms/receipts", "/api/v1/sms/replies"])
async def test_the_platforms_of_texts_must_sign_too(door: Door, path: str) -> None:
    assert (await door.push(path, [], "another secret"))[0] == 401
    assert (await door.push(path, [], SMS_SECRET))[0] == 200


@trying(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=some.binary(max_size=100) | some.sampled_from([b"{}", b"[1]", b"[{}]", b'[{"biz_id":1}]', b"null"])
)
async def test_what_is_no_list_of_receipts_is_refused_and_waits_for_an_operator(
    door: Door, raw: bytes
) -> None:
    status, answer = await door.push("/api/v1/sms/receipts", raw, SMS_SECRET)
    assert (status, error_of(answer)["code"]) == (422, "invalid")
    assert raw in [body for _, body in await parked("sms.receipts")]


@pytest.fixture
def account(door: Door, monkeypatch: pytest.MonkeyPatch) -> Envelope:
    """The service account's cipher, configured on our side."""
    monkeypatch.setenv("HUIYIN_WECHAT_TOKEN", TOKEN)
    monkeypatch.setenv("HUIYIN_WECHAT_AES_KEY", KEY)
    monkeypatch.setenv("HUIYIN_WECHAT_APP_ID", APP)
    settings.cache_clear()
    return Envelope(TOKEN, KEY, APP)


async def told(door: Door, account: Envelope, spoil: str = "", /, **fields: str | int) -> tuple[int, str]:
    """Have the vendor tell something in safe mode; status and the raw answer."""
    given = {"ToUserName": "gh_1", "FromUserName": "o-1", "CreateTime": int(time.time()), **fields}
    plain = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in given.items())
    sealed = fromstring(account.seal(f"<xml>{plain}</xml>"))
    stamp, nonce = sealed.findtext("TimeStamp"), sealed.findtext("Nonce")
    query = {
        "timestamp": str(stamp),
        "nonce": str(nonce),
        "msg_signature": spoil or str(sealed.findtext("MsgSignature")),
    }
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed.findtext('Encrypt')}</Encrypt></xml>"
    async with door.client.post("/wechat/callback", params=query, data=body.encode()) as response:
        return response.status, await response.text()


async def test_the_vendor_finds_that_the_address_is_ours(door: Door, account: Envelope) -> None:
    stamp, nonce = str(int(time.time())), secrets.token_hex(4)
    query = {"signature": account.sign(stamp, nonce), "timestamp": stamp, "nonce": nonce, "echostr": "回声 7"}
    async with door.client.get("/wechat/callback", params=query) as response:
        assert (response.status, await response.text()) == (200, "回声 7")
    async with door.client.get("/wechat/callback", params={**query, "signature": "0" * 40}) as response:
        assert response.status == 401


async def patient() -> None:
    await db.execute("insert into patient (number, name, wechat_openid) values ('P1', '测试甲', 'o-1')")


async def following() -> bool:
    found: bool = await db.fetchval("select wechat_following from patient")
    return found


async def test_who_follows_and_leaves_is_known_whatever_the_order_of_the_news(
    door: Door, account: Envelope
) -> None:
    await patient()
    status, answer = await told(door, account, MsgType="event", Event="subscribe", CreateTime=1000)
    assert status == 200
    assert "感谢关注" in str(fromstring(account.open(*opened(answer))).findtext("Content"))
    await drain(INBOUND)
    assert await following() is True
    assert await told(door, account, MsgType="event", Event="unsubscribe", CreateTime=3000) == (
        200,
        "success",
    )
    await drain(INBOUND)
    await told(door, account, MsgType="event", Event="subscribe", CreateTime=2000)
    await drain(INBOUND)
    assert await following() is False


def opened(answer: str) -> tuple[str, str, str, str]:
    """Signature, time, nonce and cipher of a sealed answer."""
    outer = fromstring(answer)
    first, second, third, fourth = (
        str(outer.findtext(tag)) for tag in ("MsgSignature", "TimeStamp", "Nonce", "Encrypt")
    )
    return first, second, third, fourth


async def test_a_template_message_that_was_finished_is_a_receipt(door: Door, account: Envelope) -> None:
    message = await sent_text()
    await db.execute("update message_attempt set transport = 'wechat', vendor_id = '77'")
    event: dict[str, str | int] = {
        "MsgType": "event",
        "Event": "TEMPLATESENDJOBFINISH",
        "MsgID": 77,
        "Status": "success",
    }
    for _ in range(4):
        assert await told(door, account, "", **event) == (200, "success")
    await drain(INBOUND)
    assert await db.fetchval("select state from message where id = $1", message) == "delivered"
    assert await db.fetchval("select count(*) from inbound where source = 'wechat'") == 1


async def test_a_person_who_writes_is_answered_politely(door: Door, account: Envelope) -> None:
    status, answer = await told(door, account, MsgType="text", Content="<我的工单呢&", MsgId=9)
    reply = fromstring(account.open(*opened(answer)))
    assert (status, reply.findtext("ToUserName"), reply.findtext("MsgType")) == (200, "o-1", "text")
    assert "12345" in str(reply.findtext("Content"))
    await drain(INBOUND)
    assert await db.fetchval("select state from inbound where source = 'wechat'") == "done"


async def test_a_forged_callback_is_refused_and_nothing_of_it_is_kept(door: Door, account: Envelope) -> None:
    assert (await told(door, account, "0" * 40, MsgType="text", Content="x", MsgId=9))[0] == 401
    for body in (
        b"",
        b"<xml>",
        b"<xml/>",
        b"\xff\xfe",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>",
        b"x" * 300_000,
    ):
        async with door.client.post("/wechat/callback", data=body) as response:
            assert response.status in (401, 413, 422)
    assert await db.fetchval("select count(*) from inbound") == 0


async def test_a_genuine_callback_that_cannot_be_read_is_acknowledged_and_waits_for_an_operator(
    door: Door, account: Envelope
) -> None:
    assert await told(door, account, MsgType="text", CreateTime="gestern") == (200, "success")
    ((reason, _),) = await parked("wechat")
    assert reason == "回调的 CreateTime 不是时间戳"
