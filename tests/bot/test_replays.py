"""Callbacks come again, late and in another order: one effect. Bad ones are refused at the door, nothing half kept."""

import hashlib

import aiohttp

from core import db
from integrations.wecom_crypto import wecom_envelope
from tests.bot.stage import Stage
from tickets.models import Ticket


async def test_a_callback_that_comes_five_times_signs_once_and_is_answered_once(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.press("liaison", "签收")
    await stage.outside.ask("callbacks/replay", {"times": 4})
    await stage.heard("app")
    assert await db.fetchval("select count(*) from inbound where source = 'wecom'") == 1
    assert await db.fetchval("select count(*) from history where verb = 'sign'") == 1
    assert len([text for text in await stage.texts("liaison") if "已签收" in text]) == 1
    assert (await Ticket.get(id=ticket.id)).version == 2


async def test_lines_and_clicks_that_arrive_backwards_have_one_effect_each(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.outside.ask("callbacks/hold")
    card, key, menu = await stage.button("liaison", "签收")
    await stage.outside.ask(
        "press", {"userid": "liaison", "task_id": card["task_id"], "key": key, "menu": menu}
    )
    line = {"userid": "liaison", "in": "app", "text": f"回复 {ticket.id} 已电话联系患者并致歉"}
    await stage.outside.ask("say", line)
    await stage.outside.ask("callbacks/release", {"backwards": True})
    await stage.heard("app")
    await stage.outside.ask("callbacks/replay", {"number": 1, "times": 4})
    await stage.outside.ask("callbacks/replay", {"number": 2, "times": 4})
    await stage.heard("app")
    verbs = await db.fetch("select verb from history where ticket_id = $1 order by id", ticket.id)
    assert [row["verb"] for row in verbs] == ["assign", "answer"]
    assert (await Ticket.get(id=ticket.id)).holder_id == stage.cast.liaison.id
    refused = [text for text in await stage.texts("liaison") if "不能进行此操作" in text]
    assert refused == [f"#{ticket.id} 当前状态为“待科室审核”，不能进行此操作（测试联络人甲 操作）"]


async def test_announcements_told_twice_send_nothing_twice(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.say("liaison", f"答复 {ticket.id} 已电话联系患者并致歉")
    before = await db.fetchval("select count(*) from message")
    await db.execute(
        "update outbox set state = 'due', due_at = now(), attempts = 0 where reaction like 'bot.%'"
    )
    await stage.heard("app")
    assert await db.fetchval("select count(*) from message") == before
    assert len(await stage.cards("head")) == 1


async def test_the_vendor_checks_the_address(stage: Stage) -> None:
    answer = await stage.outside.ask("callbacks/verify")
    assert answer["ok"] is True


async def test_a_wrong_signature_is_401_and_a_body_that_is_none_is_400_and_nothing_is_kept(
    stage: Stage,
) -> None:
    url = f"{stage.url}/wecom/callback"
    seal = wecom_envelope()
    good = seal.seal("<xml><FromUserName>liaison</FromUserName></xml>").encode()
    unread = seal._cipher().encrypt("no xml at all", seal.receiver).decode()
    async with aiohttp.ClientSession() as http:
        tries: tuple[tuple[dict[str, str], bytes], ...] = (
            ({}, good),
            ({"msg_signature": "0" * 40, "timestamp": "1", "nonce": "n"}, good),
            ({"msg_signature": "0" * 40, "timestamp": "1", "nonce": "n"}, b"not xml"),
            ({"msg_signature": seal.sign("1", "n", ""), "timestamp": "1", "nonce": "n"}, b"<xml/>"),
            ({"msg_signature": "0" * 40, "timestamp": "1", "nonce": "n"}, b"<xml>" + b"x" * 300_000),
            (
                {"msg_signature": seal.sign("1", "n", unread), "timestamp": "1", "nonce": "n"},
                f"<xml><Encrypt>{unread}</Encrypt></xml>".encode(),
            ),
        )
        found = []
        for query, body in tries:
            async with http.post(url, params=query, data=body) as response:
                found.append((response.status, (await response.json())["error"]["code"]))
        async with http.get(url, params={"msg_signature": "x", "timestamp": "1", "nonce": "n"}) as response:
            found.append((response.status, (await response.json())["error"]["code"]))
    assert found == [
        (400, "bad_request"),
        (401, "unauthenticated"),
        (400, "bad_request"),
        (401, "unauthenticated"),
        (400, "bad_request"),
        (400, "bad_request"),
        (400, "bad_request"),
    ]
    # What the vendor did sign and nobody can read is kept for an operator, parked.
    rows = await db.fetch("select state, external_id from inbound")
    digest = hashlib.sha256(b"no xml at all").hexdigest()[:32]
    assert [tuple(row) for row in rows] == [("parked", f"unread:{digest}")]


async def test_events_nobody_acts_on_are_kept_and_done(stage: Stage) -> None:
    await stage.outside.ask("open", {"userid": "liaison", "in": "app", "wait": True})
    await stage.heard("app")
    assert [row["state"] for row in await db.fetch("select state from inbound")] == ["done"]
