"""How soon a real web process answers WeCom's callbacks: 50 a second for 20 seconds, each signed, stored, answered.

WeCom cuts a callback after 5 s (接收消息与事件, https://developer.work.weixin.qq.com/document/path/90930); the
figure wanted is a p99 below 1 s. The ceiling is a bare endpoint with one insert, asked at the same pace.
"""

import asyncio
import base64
import os
import re
import time

import aiohttp

from bench.stage import Row, stage
from core import db
from integrations.wecom_crypto import Envelope

RATE = 50  # callbacks a second
SECONDS = 20
AES_KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode().rstrip("=")
SEAL = Envelope("benchtoken", AES_KEY, "ww-bench")
SETTINGS = {
    "HUIYIN_WECOM_CORP_ID": SEAL.receiver,
    "HUIYIN_WECOM_TOKEN": SEAL.token,
    "HUIYIN_WECOM_AES_KEY": SEAL.aes_key,
}
Callback = tuple[dict[str, str], bytes]


def callback(number: int) -> Callback:
    """A signed and encrypted callback, query and body: by turns a line of text and a pressed button."""
    head = f"<FromUserName>ceshi{number % 40}</FromUserName><CreateTime>{1_760_000_000 + number}</CreateTime>"
    words = f"<MsgType>text</MsgType><Content>工单 {number}</Content><MsgId>{10**15 + number}</MsgId>"
    click = (
        "<MsgType>event</MsgType><Event>template_card_event</Event>"
        f"<EventKey>ticket.sign:{number}:1</EventKey><TaskId>c-{number}</TaskId>"
        f"<ResponseCode>r{number}</ResponseCode>"
    )
    sealed = SEAL.seal(f"<xml>{head}{words if number % 2 else click}</xml>")
    query = {
        "msg_signature": _part(sealed, "MsgSignature"),
        "timestamp": _part(sealed, "TimeStamp"),
        "nonce": _part(sealed, "Nonce"),
    }
    return query, f"<xml><Encrypt>{_part(sealed, 'Encrypt')}</Encrypt></xml>".encode()


def _part(xml: str, tag: str) -> str:
    found = re.search(rf"<{tag}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{tag}>", xml)
    assert found is not None
    return found[1]


async def ask(url: str, sent: list[Callback], wanted: int) -> tuple[list[float], int]:
    """Post them at the pace, whether or not earlier ones are answered; milliseconds of each, and the failures."""
    taken: list[float] = []
    failed = 0

    async def one(http: aiohttp.ClientSession, query: dict[str, str], body: bytes) -> None:
        nonlocal failed
        began = time.perf_counter()
        async with http.post(url, params=query, data=body) as answer:
            await answer.read()
            failed += answer.status != wanted
        taken.append((time.perf_counter() - began) * 1000)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        begin = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for at, (query, body) in enumerate(sent):
                await asyncio.sleep(max(0.0, begin + at / RATE - time.perf_counter()))
                group.create_task(one(http, query, body))
    return taken, failed


def share(taken: list[float], part: float) -> float:
    """The value below which this part of all lies."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * part))]


async def run() -> list[Row]:
    """(what, figure, unit)."""
    os.environ.update(SETTINGS)
    sent = [callback(number) for number in range(RATE * SECONDS)]
    async with stage() as house:
        async with house.web("-m", "bench.ceiling") as port:
            bare, _ = await ask(f"http://127.0.0.1:{port}/insert", sent[: RATE * 5], 201)
        async with house.web("app.py") as port:
            url = f"http://127.0.0.1:{port}/wecom/callback"
            await ask(url, [callback(10**6 + number) for number in range(RATE)], 200)  # warm
            taken, failed = await ask(url, sent, 200)
            doubled, _ = await ask(url, sent[:RATE], 200)
        await db.open_db(house.database_url)
        kept: int = await db.fetchval("select count(*) from inbound where source = 'wecom'")
        await db.close_db()
    return [
        ("WeCom callback at 50/s, p50", share(taken, 0.50), "ms"),
        ("WeCom callback at 50/s, p99", share(taken, 0.99), "ms"),
        ("WeCom callback repeated at 50/s, p99", share(doubled, 0.99), "ms"),
        ("WeCom callbacks not taken", float(failed), "requests"),
        ("WeCom callbacks lost or doubled", float(abs(kept - RATE * (SECONDS + 1))), "rows"),
        ("one bare insert at 50/s, p99", share(bare, 0.99), "ms"),
    ]


if __name__ == "__main__":
    for what, figure, unit in asyncio.run(run()):
        print(f"{what:<40} {figure:>10.1f} {unit}")
