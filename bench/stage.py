"""What the benchmarks of orders stand on: real servers in a temporary folder, our schema, a small organisation, our programs.

The database keeps its production settings (fsync on). Everything started here is stopped here.
"""

import asyncio
import os
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

from core import clock, db
from core.actor import system
from core.embedded import EmbeddedPostgres, EmbeddedRedis
from core.migrations import migrate
from core.settings import settings
from staff import working_days

Row = tuple[str, float, str]
SECRET = "a secret of the benchmark"  # noqa: S105 - opens a database that lives for a minute
UNITS = (
    (1, None, "/1/", "group", "测试医院集团"),
    (2, 1, "/1/2/", "campus", "东院区"),
    (3, 2, "/1/2/3/", "department", "心血管内科"),
    (4, 2, "/1/2/4/", "department", "收费处"),
)


@dataclass(frozen=True)
class Stage:
    """The servers' addresses as the environment of our programs, and their folder."""

    folder: Path
    environment: dict[str, str]
    postgres: EmbeddedPostgres

    @property
    def database_url(self) -> str:
        """Of the database."""
        return self.environment["HUIYIN_DATABASE_URL"]

    @asynccontextmanager
    async def program(self, *command: str, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A program of ours while the block lasts; `more` goes into its environment."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={**os.environ, **self.environment, **more}
        )
        try:
            yield child
        finally:
            if child.returncode is None:
                child.send_signal(signal.SIGTERM)
                await asyncio.wait_for(child.wait(), 30)

    @asynccontextmanager
    async def web(self, *command: str) -> AsyncIterator[int]:
        """A program that answers /healthz, on a free port; the port."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        async with self.program(*command, HUIYIN_PORT=str(port), HUIYIN_PUBLIC_URL=address):
            await answers(f"{address}/healthz")
            yield port


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(url: str) -> None:
    """Wait until a web process answers there."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        while True:
            try:
                async with http.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Servers, schema and organisation; the settings of this process name them too."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-bench-"))
    folder.chmod(0o711)  # as root PostgreSQL runs as another user, who must pass through
    postgres = EmbeddedPostgres(folder / "postgres", free_port())  # a port that stays after a kill
    redis = EmbeddedRedis(folder / "redis")
    try:
        environment = {
            "HUIYIN_ENVIRONMENT": "test",
            "HUIYIN_DATABASE_URL": await asyncio.to_thread(postgres.start),
            "HUIYIN_REDIS_URL": await asyncio.to_thread(redis.start),
            "HUIYIN_SECRET_KEY": "a secret of the benchmarks, forty signs..",
            "HUIYIN_ENCRYPTION_KEYS": "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "HUIYIN_HOTLINE_SECRET": SECRET,
            "HUIYIN_STORAGE_FOLDER": str(folder / "files"),
            "HUIYIN_LOG_LEVEL": "ERROR",
        }
        os.environ.update(environment)
        settings.cache_clear()
        await migrate(environment["HUIYIN_DATABASE_URL"])
        await db.open_db(environment["HUIYIN_DATABASE_URL"])
        await _organise()
        await db.close_db()
        yield Stage(folder, environment, postgres)
    finally:
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


async def _organise() -> None:
    await db.executemany(
        "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", UNITS
    )
    # One reader of a benchmark asks more than any person may.
    await db.execute(
        "insert into parameter (name, value) values ('limit.search', '1000000'), ('limit.pages', '1000000'),"
        " ('limit.login_address', '1000000')"
    )
    await working_days.seed((clock.today().year, clock.today().year + 1), by=system("压测"))
    liaison = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ('bench', '测试联络人', 'bench') returning id"
    )
    await db.execute("insert into post (staff_id, unit_id, role, rank) values ($1, 3, 'liaison', 1)", liaison)
