"""How soon a real web process answers WeCom's callbacks: 50 a second for 20 seconds, each signed, stored, answered.

WeCom cuts a callback after 5 s (接收消息与事件, path 90930); our figure is p99 below 1 s. The bare ceiling of the
machine is an aiohttp server with one insert, asked at the same pace.
"""

import asyncio
import base64
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import asyncpg
from aiohttp import web

from core.embedded import EmbeddedPostgres, EmbeddedRedis
from core.migrations import migrate
from integrations.wecom_crypto import Envelope

ROOT = Path(__file__).resolve().parent.parent
RATE = 50  # callbacks a second
SECONDS = 20
AES_KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode().rstrip("=")
SEAL = Envelope("benchtoken", AES_KEY, "ww-bench")


@contextmanager
def servers() -> Iterator[tuple[str, str]]:
    """PostgreSQL (with fsync, as in earnest) and Redis of our own; their addresses."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-bench-"))
    folder.chmod(0o711)
    postgres, redis = EmbeddedPostgres(folder / "postgres"), EmbeddedRedis(folder / "redis")
    try:
        yield postgres.start(), redis.start()
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def web_process(database_url: str, redis_url: str) -> AsyncIterator[str]:
    """The product's own web process; its address."""
    port = free_port()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("HUIYIN_")} | {
        "HUIYIN_DATABASE_URL": database_url,
        "HUIYIN_REDIS_URL": redis_url,
        "HUIYIN_SECRET_KEY": secrets.token_urlsafe(48),
        "HUIYIN_ENCRYPTION_KEYS": "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "HUIYIN_PORT": str(port),
        "HUIYIN_LOG_LEVEL": "WARNING",
        "HUIYIN_WECOM_CORP_ID": SEAL.receiver,
        "HUIYIN_WECOM_TOKEN": SEAL.token,
        "HUIYIN_WECOM_AES_KEY": SEAL.aes_key,
    }
    program = subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        await _until_ready(address)
        yield address
    finally:
        program.send_signal(signal.SIGTERM)
        await asyncio.to_thread(program.wait, 15)


async def _until_ready(address: str) -> None:
    async with aiohttp.ClientSession() as http:
        for _ in range(150):
            try:
                async with http.get(f"{address}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError("the web process did not come up")


@asynccontextmanager
async def bare_server(database_url: str) -> AsyncIterator[str]:
    """The ceiling: one insert behind aiohttp and asyncpg."""
    async with asyncpg.create_pool(database_url, min_size=4, max_size=16) as pool:
        await pool.execute(
            "create table if not exists bare (id bigint generated always as identity, body bytea)"
        )

        async def insert(request: web.Request) -> web.Response:
            await pool.execute("insert into bare (body) values ($1)", await request.read())
            return web.Response()

        app = web.Application()
        app.router.add_post("/wecom/callback", insert)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()


def callback(number: int) -> tuple[dict[str, str], bytes]:
    """A signed and encrypted callback: by turns a line of text and a pressed button."""
    head = f"<FromUserName>ceshi{number % 40}</FromUserName><CreateTime>{1_760_000_000 + number}</CreateTime>"
    text = (
        f"<xml>{head}<MsgType>text</MsgType><Content>工单 {number}</Content><MsgId>{10**15 + number}</MsgId></xml>"
        if number % 2
        else f"<xml>{head}<MsgType>event</MsgType><Event>template_card_event</Event>"
        f"<EventKey>ticket.sign:{number}:1</EventKey><TaskId>c-{number}</TaskId><ResponseCode>r{number}</ResponseCode></xml>"
    )
    cipher = SEAL._cipher().encrypt(text, SEAL.receiver).decode()
    stamp, nonce = str(1_760_000_000 + number), secrets.token_hex(8)
    query = {"msg_signature": SEAL.sign(stamp, nonce, cipher), "timestamp": stamp, "nonce": nonce}
    return query, f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()


async def ask(address: str, sent: list[tuple[dict[str, str], bytes]]) -> tuple[list[float], int]:
    """Post them at the pace, whether or not earlier ones are answered; milliseconds of each, and the failures."""
    taken: list[float] = []
    failed = 0

    async def one(http: aiohttp.ClientSession, query: dict[str, str], body: bytes) -> None:
        nonlocal failed
        began = time.perf_counter()
        async with http.post(f"{address}/wecom/callback", params=query, data=body) as answer:
            await answer.read()
            failed += answer.status != 200
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


async def run() -> list[tuple[str, float, str]]:
    """(what, figure, unit)."""
    sent = [callback(number) for number in range(RATE * SECONDS)]
    with servers() as (database_url, redis_url):
        await migrate(database_url)
        async with bare_server(database_url) as address:
            bare, _ = await ask(address, sent[: RATE * 5])
        async with web_process(database_url, redis_url) as address:
            await ask(address, [callback(10**6 + number) for number in range(RATE)])  # warm
            taken, failed = await ask(address, sent)
            doubled, _ = await ask(address, sent[:RATE])
            connection = await asyncpg.connect(database_url)
            kept = await connection.fetchval("select count(*) from inbound where source = 'wecom'")
            await connection.close()
    return [
        ("WeCom callback, 50/s: p50", share(taken, 0.50), "ms"),
        ("WeCom callback, 50/s: p99", share(taken, 0.99), "ms"),
        ("WeCom callback, repeated: p99", share(doubled, 0.99), "ms"),
        ("WeCom callback: refused", float(failed), "requests"),
        ("WeCom callback: lost or doubled", float(abs(kept - RATE * (SECONDS + 1))), "rows"),
        ("bare insert, 50/s: p99", share(bare, 0.99), "ms"),
    ]


if __name__ == "__main__":
    for what, figure, unit in asyncio.run(run()):
        print(f"{what:<40} {figure:>10.1f} {unit}")
