"""Fixtures every test may ask for: a database of its own, a Redis database of its own, and hermetic settings.

A test without `database` or `redis_url` starts no server at all.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
import pytest
import pytest_asyncio
import redis

from core.db import close_db, open_db
from core.migrations import migrate
from core.settings import PREFIX, Settings, settings
from tests import servers as test_servers
from tests.servers import Servers, with_database

TEST_ENVIRONMENT = {
    "HUIYIN_ENVIRONMENT": "test",
    "HUIYIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/ask-for-the-fixture-database",
    "HUIYIN_REDIS_URL": "redis://127.0.0.1:1/0",
    "HUIYIN_SECRET_KEY": "a secret of the tests, forty characters..",
    "HUIYIN_ENCRYPTION_KEYS": "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}
_shared: dict[str, Servers] = {}


def pytest_configure(config: pytest.Config) -> None:
    """Forget the developer's own settings: a test means the same on every machine."""
    for name in [
        name for name in os.environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")
    ]:
        del os.environ[name]
    os.environ.update(TEST_ENVIRONMENT)
    Settings.model_config["env_file"] = None


def pytest_sessionstart(session: pytest.Session) -> None:
    """With several worker processes (pytest-xdist) the controller starts the servers they share."""
    if session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput"):
        _shared["servers"] = test_servers.start()
        os.environ[test_servers.DATABASE_VARIABLE] = _shared["servers"].database_url
        os.environ[test_servers.REDIS_VARIABLE] = _shared["servers"].redis_url


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop what `pytest_sessionstart` started."""
    if "servers" in _shared:
        _shared.pop("servers").stop()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The PostgreSQL and Redis of this run."""
    started = test_servers.start()
    yield started
    started.stop()


@dataclass(frozen=True)
class Template:
    """A migrated, empty database that tests are cloned from."""

    name: str
    admin: "asyncpg.Connection[asyncpg.Record]"
    server_url: str


@pytest_asyncio.fixture(scope="session")
async def template_database(servers: Servers) -> AsyncIterator[Template]:
    """Run the migrations once; every test starts from a copy of the result."""
    name = f"huiyin_test_{os.getpid()}"
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f'create database "{name}"')
    try:
        await migrate(with_database(servers.database_url, name))
        yield Template(name, admin, servers.database_url)
    finally:
        await admin.execute(f'drop database "{name}" with (force)')
        await admin.close()


@pytest_asyncio.fixture
async def database_url(template_database: Template, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The URL of a migrated database of this test's own, which the settings name too; for programs under test."""
    template = template_database
    name = f"{template.name}_clone"
    await template.admin.execute(f'create database "{name}" template "{template.name}" strategy file_copy')
    url = with_database(template.server_url, name)
    monkeypatch.setenv("HUIYIN_DATABASE_URL", url)
    settings.cache_clear()
    yield url
    settings.cache_clear()
    await template.admin.execute(f'drop database "{name}" with (force)')


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """A migrated database of this test's own, opened through `core.db`; the value is its URL."""
    await open_db(database_url)
    yield database_url
    await close_db()


@pytest.fixture
def redis_url(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty Redis database of this worker's own, which the settings name too."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = with_database(servers.redis_url, 1 + int(worker))
    client = redis.Redis.from_url(url)
    client.flushdb()
    monkeypatch.setenv("HUIYIN_REDIS_URL", url)
    settings.cache_clear()
    yield url
    settings.cache_clear()
    client.flushdb()
    client.close()
