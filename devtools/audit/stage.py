"""A real server with the sample hospital for the checks that ask it: own folder, own ports, gone afterwards."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from core.embedded import EmbeddedPostgres, EmbeddedRedis
from devtools.audit.findings import ROOT
from gates import RULES
from sample.logins import LOGINS
from staff.sessions import COOKIE, CSRF_FIELD

SLOWEST_START = 300.0  # seconds, on a machine that does much else
NUMBERS = tuple(login.number for login in LOGINS)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, how to come in, and what its doors for machines are signed with."""

    url: str
    password: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser: its cookie and the token that unsafe requests bring."""

    cookie: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return {"Cookie": f"{COOKIE}={self.cookie}", "X-CSRF-Token": self.csrf}


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    """The web program over the sample hospital, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-audit-"))
    folder.chmod(0o711)  # as root PostgreSQL runs as another user, who must pass through
    postgres, redis = EmbeddedPostgres(folder / "postgres"), EmbeddedRedis(folder / "redis")
    password, port = f"Audit-{secrets.token_urlsafe(9)}1a", _free_port()
    secret = secrets.token_urlsafe(20)
    try:
        environment = {
            **os.environ,
            "HUIYIN_ENVIRONMENT": "test",
            "HUIYIN_DATABASE_URL": await asyncio.to_thread(postgres.start),
            "HUIYIN_REDIS_URL": await asyncio.to_thread(redis.start),
            "HUIYIN_SECRET_KEY": secrets.token_urlsafe(40),
            "HUIYIN_ENCRYPTION_KEYS": "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",  # pragma: allowlist secret
            "HUIYIN_HOTLINE_SECRET": secret,
            "HUIYIN_PORTAL_SECRET": secret,
            "HUIYIN_SAMPLE_PASSWORD": password,
            "HUIYIN_STORAGE_FOLDER": str(folder / "files"),
            "HUIYIN_LOG_LEVEL": "ERROR",
            "HUIYIN_PORT": str(port),
            "HUIYIN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        for words in (("migrate",), ("seed",)):
            done = await asyncio.create_subprocess_exec(
                sys.executable,
                "manage.py",
                *words,
                cwd=ROOT,
                env=environment,
                stdout=asyncio.subprocess.DEVNULL,
            )
            if await done.wait():
                raise SystemExit(f"manage.py {words[0]} failed")
        await _lift_limits(environment["HUIYIN_DATABASE_URL"])
        child = await asyncio.create_subprocess_exec(sys.executable, "app.py", cwd=ROOT, env=environment)
        try:
            await _answers(f"http://127.0.0.1:{port}/healthz")
            yield Server(f"http://127.0.0.1:{port}", password, secret)
        finally:
            child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(child.wait(), 60)
    finally:
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


async def _lift_limits(url: str) -> None:
    """The rate limits have tests of their own; here they would keep the checks from looking at everything."""
    connection = await asyncpg.connect(url)
    try:
        await connection.executemany(
            "insert into parameter (name, value, changed_by) values ($1, $2, '代码审计')"
            " on conflict (name) do update set value = excluded.value",
            [(rule.limit.name, str(rule.limit.parameter.high)) for rule in RULES],
        )
    finally:
        await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answers(url: str) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(SLOWEST_START):
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.2)


async def sign_in(at: Server, number: str) -> Session:
    """Sign in as one of the sample's people."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        sent = {"number": number, "password": at.password}
        async with http.post(f"{at.url}/login", data=sent, allow_redirects=False) as answer:
            if answer.status != 303:
                raise SystemExit(f"{number} could not sign in: {answer.status}")
        async with http.get(f"{at.url}/account") as answer:
            page = await answer.text()
        csrf = page.split(f'name="{CSRF_FIELD}" value="', 1)[1].split('"', 1)[0]
        cookie = next(one.value for one in jar if one.key == COOKIE)
    return Session(cookie, csrf)
