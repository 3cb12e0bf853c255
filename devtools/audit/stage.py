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
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg

from core.embedded import EmbeddedPostgres, EmbeddedRedis
from devtools.audit.findings import ROOT
from devtools.audit.keys import Keys
from gates import RULES
from sample.logins import LOGINS
from staff.sessions import COOKIE, CSRF_FIELD

STATEMENTS = {"log_statement": "all", "log_parameter_max_length": "0", "log_line_prefix": "%m [%p] "}
SLOWEST_START = 300.0  # seconds, on a machine that does much else
NUMBERS = tuple(login.number for login in LOGINS)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, how to come in, what its doors for machines are signed with, where its database is and writes its log."""

    url: str
    password: str
    secret: str = ""
    keys: Keys = field(default_factory=Keys)
    log: Path | None = None
    database_url: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser: its cookie and the token that unsafe requests bring; without a cookie it is nobody's."""

    cookie: str = ""
    csrf: str = ""
    name: str = COOKIE

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return {"Cookie": f"{self.name}={self.cookie}", "X-CSRF-Token": self.csrf} if self.cookie else {}


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
            "HUIYIN_SMS_SECRET": secret,
            "HUIYIN_SAMPLE_PASSWORD": password,
            "HUIYIN_STORAGE_FOLDER": str(folder / "files"),
            "HUIYIN_LOG_LEVEL": "ERROR",
            "HUIYIN_PORT": str(port),
            "HUIYIN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        for words in (("migrate",), ("seed",)):
            await _run("manage.py", *words, env=environment)
        keys = Keys.model_validate_json(await _run("-m", "devtools.audit.keys", env=environment))
        await _prepare(environment["HUIYIN_DATABASE_URL"])
        async with _child("worker.py", environment), _child("app.py", environment) as web:
            await _answers(f"http://127.0.0.1:{port}/healthz", web)
            yield Server(
                f"http://127.0.0.1:{port}",
                password,
                secret,
                keys,
                postgres.log,
                environment["HUIYIN_DATABASE_URL"],
            )
    finally:
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _child(program: str, environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program until the block ends."""
    child = await asyncio.create_subprocess_exec(sys.executable, program, cwd=ROOT, env=environment)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.wait(), 60)


async def _run(*words: str, env: dict[str, str]) -> str:
    done = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await done.communicate()
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed")
    return printed.decode()


async def _prepare(url: str) -> None:
    """Lift the rate limits, which have tests of their own and would keep the checks from looking at everything; have
    the database write down each statement without its values: what was sent as a value must not stand in one.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.executemany(
            "insert into parameter (name, value, changed_by) values ($1, $2, '代码审计')"
            " on conflict (name) do update set value = excluded.value",
            [(rule.limit.name, str(rule.limit.parameter.high)) for rule in RULES],
        )
        for name, value in STATEMENTS.items():
            await connection.execute(f"alter system set {name} = '{value}'")
        await connection.execute("select pg_reload_conf()")
    finally:
        await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answers(url: str, child: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(SLOWEST_START):
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientConnectionError:
                if child.returncode is not None:
                    raise SystemExit("app.py ended before it answered") from None
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
