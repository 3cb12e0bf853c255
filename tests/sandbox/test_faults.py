"""Faults on demand befall the calls they name, as often as ordered, and nothing else."""

from typing import Any

import aiohttp
import pytest

from tests.sandbox.actors import Outside, failure
from tests.sandbox.conftest import Starter
from tests.sandbox.test_wecom_bot import connect, push

TEXT = {"content": "您好"}


async def send(outside: Outside) -> tuple[int, str]:
    """A message to Alice: errcode and message."""
    return failure(await outside.send("Alice", text=TEXT))


async def test_an_errcode_is_answered_as_often_as_ordered_and_then_no_more(outside: Outside) -> None:
    await send(outside)
    await outside.control("faults", system="wecom", api="message/send", errcode=-1, times=2)
    other = failure(await outside.wecom("message/recall", {"msgid": "none"}))[0]
    answers = [await send(outside) for _ in range(3)]
    assert (other, answers) == (40058, [(-1, "system busy"), (-1, "system busy"), (0, "ok")])
    assert await outside.texts(userid="Alice") == ["您好", "您好"]


async def test_an_untrusted_address_is_named_in_the_message(outside: Outside) -> None:
    await send(outside)
    await outside.control("faults", system="wecom", errcode=60020)
    assert await send(outside) == (60020, "not allow to access from your ip, from ip: 127.0.0.1")


async def test_http_errors_and_cut_lines_before_and_after_the_work(outside: Outside) -> None:
    await send(outside)
    await outside.control("faults", system="wecom", api="message/send", http=502)
    with pytest.raises(aiohttp.ContentTypeError):
        await send(outside)
    await outside.control("faults", system="wecom", api="message/send", drop=True)
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(outside)
    before = await outside.texts(userid="Alice")
    await outside.control("faults", system="wecom", api="message/send", drop="after")
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(outside)
    assert (before, await outside.texts(userid="Alice")) == (["您好"], ["您好", "您好"])


async def test_a_vanished_message_is_answered_well_and_shown_nowhere(outside: Outside) -> None:
    await send(outside)
    await outside.control("faults", system="wecom", api="message/send", vanish=True)
    assert (await send(outside), await outside.texts(userid="Alice")) == ((0, "ok"), ["您好"])


async def test_a_lost_callback_is_repeated_like_one_that_was_not_answered(outside: Outside) -> None:
    await outside.control("faults", system="wecom", api="callback", drop=True, times=2)
    done = await outside.control("say", userid="Alice", text="在吗", wait=True)
    assert (done["delivery"]["attempts"], len(outside.hospital.received)) == (3, 1)


async def test_the_bots_line_fails_on_demand_too(outside: Outside) -> None:
    async with connect(outside) as line:
        await outside.control("faults", system="wecom", api="aibot_send_msg", errcode=45009)
        refused = await line.code("aibot_send_msg", push("一"))
        good = await line.code("aibot_send_msg", push("二"))
        await outside.control("bot/disconnect")
        closed = (await line.socket.receive(timeout=5)).type
    assert (refused, good, closed) == (45009, 0, aiohttp.WSMsgType.CLOSE)
    assert await outside.texts(userid="Alice") == ["二"]


async def test_a_hotline_that_is_busy_is_the_only_one_to_say_so_by_http(outside: Outside) -> None:
    statuses: list[tuple[int, Any]] = []
    for errcode in (5000, 4009):
        await outside.control("faults", system="hotline", api="results", errcode=errcode)
        async with outside.http.post(outside.url("/hotline/results"), json={}) as response:
            statuses.append((response.status, (await response.json())["code"]))
    assert statuses == [(503, 5000), (200, 4009)]


async def test_faults_are_listed_and_called_off(outside: Outside) -> None:
    first = await outside.control("faults", system="sms", api="send", http=500, times=3)
    await outside.control("faults", system="wechat", errcode=43117)
    listed = (await outside.get("/control/faults"))["faults"]
    await outside.control("faults/clear", number=first["number"])
    left = (await outside.get("/control/faults"))["faults"]
    await outside.control("faults/clear")
    assert [(one["fault"]["system"], one["left"]) for one in listed] == [("sms", 3), ("wechat", 1)]
    assert [one["fault"]["system"] for one in left] == ["wechat"]
    assert (await outside.get("/control/faults"))["faults"] == []


async def test_the_log_shows_both_directions_without_secrets(start: Starter) -> None:
    outside = await start(wecom_secret="very-secret-word")
    await send(outside)
    await outside.control("say", userid="Alice", text="在吗", wait=True)
    traffic = (await outside.get("/control/traffic"))["traffic"]
    text = str(traffic)
    assert [(one["direction"], one["api"]) for one in reversed(traffic)] == [
        ("in", "gettoken"),
        ("in", "message/send"),
        ("out", "callback 在吗"),
    ]
    assert ("very-secret-word" in text, outside.token in text) == (False, False)
    assert "corpsecret=***" in text
