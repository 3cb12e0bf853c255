"""Receipts: what arrived is known, what did not goes on, whether they come early, late, twice or never."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from channels import actions, receipts
from core import bell, db, inbound
from core.inbound import INBOUND
from core.pump import drain
from core.settings import settings
from integrations import signing
from integrations.wecom_crypto import parse, wechat_envelope
from tests.channels.help import ZHANG, announced, attempts, draft, later, message, work
from tests.integrations.outside import OPENID, PHONE, Outside, running

RESULT = {"wechat": "character_string1: HY-12\nphrase3: 已办结", "sms": "您反映的事项已办结。"}


async def _sms(request: web.Request) -> web.Response:
    """A door as intake has it: verify, store, answer."""
    body = await request.read()
    signing.verify(settings().sms_secret.get_secret_value(), request.headers, body)
    await inbound.store("sms.receipts", request.headers["X-Signature"], body)
    return web.json_response({"code": 0, "msg": "ok"})


async def _wechat(request: web.Request) -> web.Response:
    query = request.query
    xml = wechat_envelope().open_xml(
        query["msg_signature"], query["timestamp"], query["nonce"], await request.read()
    )
    assert await receipts.take_template_result(parse(xml))
    return web.Response()


@pytest_asyncio.fixture
async def doors(
    database: str, redis_url: str, wired: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Outside]:
    """The sandbox with somewhere to send its receipts."""
    monkeypatch.setitem(inbound.HANDLERS, "sms.receipts", receipts.take_sms_receipts)
    bell.open_redis(redis_url)
    app = web.Application()
    app.router.add_post("/api/v1/sms/receipts", _sms)
    app.router.add_post("/wechat/callback", _wechat)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with running(monkeypatch, app_url=f"http://127.0.0.1:{runner.addresses[0][1]}") as world:
        yield world
    await runner.cleanup()
    await bell.close_redis()


async def carried(outside: Outside, count: int) -> None:
    """Until the sandbox has delivered so many callbacks, and they are processed."""
    async with asyncio.timeout(10):
        while True:
            told = (await outside.look("callbacks"))["callbacks"]
            if sum(each["outcome"] == "delivered" for each in told) >= count:
                break
            await asyncio.sleep(0.05)
    await drain(INBOUND)
    await work()


async def test_a_text_that_arrived_is_known_to_have_arrived(doors: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, ladder=("sms",)))
    await work()
    await carried(doors, 1)
    assert await attempts(number) == [("sms", "delivered", "DELIVERED")]
    assert (await message(number))["state"] == "delivered"
    assert await announced() == [("MessageDelivered", {"message_id": number})]


async def test_a_text_that_did_not_arrive_is_a_failure_at_the_end_of_the_ladder(doors: Outside) -> None:
    await doors.ask("sms/fate", {"phone": PHONE, "outcome": "undelivered", "err_code": "MK:0001"})
    number = await actions.send(draft(receiver=ZHANG, ladder=("sms",)))
    await work()
    await carried(doors, 1)
    assert await attempts(number) == [("sms", "undelivered", "MK:0001")]
    assert await message(number) == {
        "state": "failed",
        "way": "sms",
        "attempts": 1,
        "reason": "未送达：MK:0001",
    }
    assert await announced() == [("MessageFailed", {"message_id": number})]


async def test_a_template_that_was_blocked_is_followed_by_a_text(doors: Outside) -> None:
    await doors.ask(
        "cast", {"patients": [{"openid": OPENID, "name": "张测试", "phone": PHONE, "blocks_templates": True}]}
    )
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT))
    await work()
    await carried(doors, 1)
    await carried(doors, 2)
    assert await attempts(number) == [
        ("wechat", "undelivered", "failed:user block"),
        ("sms", "delivered", "DELIVERED"),
    ]


async def test_a_template_that_arrived_is_not_followed_by_anything(doors: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT))
    await work()
    await carried(doors, 1)
    await later(days=1)
    assert await attempts(number) == [("wechat", "delivered", "success")]
    assert await doors.phone(phone=PHONE) == []


async def test_silence_of_wechat_is_followed_by_a_text(outside: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT))
    await work()
    await later(minutes=4)
    assert await attempts(number) == [("wechat", "sent", "")]
    await outside.ask("clock", {"advance": 360})  # the platform checks our timestamps by its own clock
    await later(minutes=6)
    assert await attempts(number) == [("wechat", "no_receipt", ""), ("sms", "sent", "")]


async def test_silence_of_the_last_way_is_believed(outside: Outside) -> None:
    await outside.ask("sms/fate", {"phone": PHONE, "outcome": "silent"})
    number = await actions.send(draft(receiver=ZHANG, ladder=("sms",)))
    await work()
    await later(minutes=31)
    assert (await message(number))["state"] == "sent"
    assert await db.fetchrow("select state, error from due") == ("done", "没有回执，也没有下一步")


async def test_a_receipt_that_comes_before_its_attempt_is_written_down_is_not_lost(outside: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, ladder=("sms",)))
    await work()
    biz_id = await db.fetchval("select vendor_id from message_attempt")
    await db.execute("update message set state = 'sending'")  # as it is before the answer is written down
    await db.execute("update message_attempt set outcome = 'begun', vendor_id = ''")
    await db.execute("update job set state = 'due', done_at = null")
    assert not await actions.receipt("sms", biz_id, delivered=True, code="DELIVERED")
    await work()
    assert await attempts(number) == [("sms", "delivered", "DELIVERED")]
    assert (await message(number))["state"] == "delivered"


async def test_a_late_receipt_stops_what_waits_on_the_next_step(outside: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT))
    await work()
    msgid = await db.fetchval("select vendor_id from message_attempt")
    await db.execute("update message set state = 'waiting', step = 1")
    assert await actions.receipt("wechat", msgid, delivered=True, code="success")
    await later(hours=1)
    assert (await message(number))["state"] == "delivered"
    assert await outside.phone(phone=PHONE) == []


async def test_the_same_receipt_again_changes_nothing(outside: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, ladder=("sms",)))
    await work()
    biz_id = await db.fetchval("select vendor_id from message_attempt")
    for delivered in (True, True, False):
        await actions.receipt("sms", biz_id, delivered=delivered, code="DELIVERED")
    assert (await message(number))["state"] == "delivered"
    assert await announced() == [("MessageDelivered", {"message_id": number})]


async def test_a_receipt_of_nobodys_message_is_kept_aside(outside: Outside) -> None:
    assert not await actions.receipt("sms", "b-404", delivered=True)
    assert await db.fetchval("select count(*) from early_receipt") == 1
