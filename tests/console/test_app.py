"""The web process itself: under a prefix, with its port taken, told to stop."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import asyncpg
import pytest
from aiohttp import ClientError, ClientSession
from aiohttp.test_utils import TestServer

import app
from core import db
from core.settings import settings
from staff.login.password import hashed
from tests.console.browser import PASSWORD, open_browser
from tests.staff.cast import build

ROOT = Path(app.__file__).resolve().parent


async def start(**more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "app.py",
        cwd=ROOT,
        env={**os.environ, **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def ready(process: asyncio.subprocess.Process, port: int) -> None:
    async with ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                await asyncio.sleep(0.1)
    _, said = await process.communicate()
    raise AssertionError(said.decode())


async def test_under_a_path_prefix_everything_lies_below_it(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_PATH_PREFIX", "/huiyin")
    settings.cache_clear()
    async with TestServer(app.make()) as server:
        await build()
        await db.execute("update staff set password_hash = $1", await hashed(PASSWORD))
        browser = open_browser(server, "/huiyin")
        assert (await browser.get("/operate")).headers["Location"] == "/huiyin/login?next=/huiyin/operate"
        entered = await browser.enter("admin", next="/huiyin/operate")
        assert (entered.status, entered.headers["Location"]) == (303, "/huiyin/operate")
        page = await browser.get("/operate")
        addresses = page.tree.xpath("//@href | //@src | //@action | //@hx-get | //@hx-post")
        ours = [address for address in addresses if not address.startswith(("?", "#"))]
        assert [address for address in ours if not address.startswith("/huiyin/")] == []
        assert page.tree.xpath("//nav[@id='side']//a[@aria-current]/@href") == ["/huiyin/operate"]
        browser.prefix = ""
        assert (await browser.get("/operate")).status == 404
        style = next(address for address in ours if address.endswith(".css"))
        assert (await browser.get(style)).status == 200
        await browser.session.close()


async def test_a_port_in_use_is_told_in_one_sentence(database_url: str, redis_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await start(HUIYIN_PORT=str(port))
        _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (
        1,
        f"端口 {port} 已被其他程序占用，请停止该程序，或用 HUIYIN_PORT 换一个端口。\n",
    )


async def test_a_bad_setting_is_named(database_url: str, redis_url: str) -> None:
    process = await start(HUIYIN_PORT="none")
    _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().startswith("设置有误：HUIYIN_PORT: ")


async def test_told_to_stop_it_ends_cleanly_and_has_beaten(
    database_url: str, redis_url: str, database: str
) -> None:
    port = free_port()
    process = await start(HUIYIN_PORT=str(port))
    await ready(process, port)
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/login") as answer:
        assert (answer.status, "回音" in await answer.text()) == (200, True)
    process.terminate()
    _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (0, "")
    assert await db.fetchval("select count(*) from heartbeat where kind = 'web'") == 1


async def test_a_request_in_hand_is_answered_before_it_ends(database_url: str, redis_url: str) -> None:
    port = free_port()
    process = await start(HUIYIN_PORT=str(port))
    await ready(process, port)
    holder = await asyncpg.connect(database_url)
    async with ClientSession() as session:
        async with holder.transaction():  # the log-in waits for this table: it is in hand as long as we want
            await holder.execute("lock table login_failure in access exclusive mode")
            given = {"number": "nobody", "password": "Wrong-1234"}
            asked = asyncio.create_task(session.post(f"http://127.0.0.1:{port}/login", data=given))
            await until(holder, "select exists (select 1 from pg_locks where not granted)")
            process.terminate()
            await closed(port)
            assert not asked.done()
        async with await asked as answer:
            assert (answer.status, "工号或密码不正确" in await answer.text()) == (401, True)
    await holder.close()
    await process.communicate()
    assert process.returncode == 0


async def until(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> None:
    for _ in range(600):
        if await connection.fetchval(sql):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never true: {sql}")


async def closed(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        writer.close()
        await asyncio.sleep(0.05)
    raise AssertionError("it still listens")
