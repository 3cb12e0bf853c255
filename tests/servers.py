"""The real PostgreSQL and Redis of a test run: started once, shared by all worker processes; never a stand-in.

`HUIYIN_TEST_DATABASE_URL` and `HUIYIN_TEST_REDIS_URL` name servers that run already; what is not named is
started under a temporary folder, in memory where there is room, without fsync. Test databases are made beside the
named one and dropped.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from core.embedded import EmbeddedPostgres, EmbeddedRedis

DATABASE_VARIABLE = "HUIYIN_TEST_DATABASE_URL"
REDIS_VARIABLE = "HUIYIN_TEST_REDIS_URL"
MEMORY = Path("/dev/shm")  # each test copies a database of 1,200 files: in half the time there
ROOM = 8 * 2**30  # bytes; what the server may keep there with its write-ahead log, twice


@dataclass
class Servers:
    """What runs for this test session, and how to stop it."""

    database_url: str
    redis_url: str
    folder: Path | None = None
    running: list[EmbeddedPostgres | EmbeddedRedis] = field(default_factory=list)

    def stop(self) -> None:
        """Stop what we started and remove its data."""
        for server in self.running:
            server.stop()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Servers:
    """Use the servers named in the environment and start those that are not."""
    servers = Servers(os.environ.get(DATABASE_VARIABLE, ""), os.environ.get(REDIS_VARIABLE, ""))
    if servers.database_url and servers.redis_url:
        return servers
    servers.folder = Path(tempfile.mkdtemp(prefix="huiyin-tests-", dir=_memory()))
    servers.folder.chmod(0o711)  # as root PostgreSQL runs as another user, who must pass through
    if not servers.database_url:
        postgres = EmbeddedPostgres(servers.folder / "postgres", fsync=False)
        servers.running.append(postgres)
        servers.database_url = postgres.start()
    if not servers.redis_url:
        redis = EmbeddedRedis(servers.folder / "redis")
        servers.running.append(redis)
        servers.redis_url = redis.start()
    return servers


def _memory() -> Path | None:
    """The folder in memory, None where there is none or too little room in it."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if roomy else None


def with_database(url: str, name: str | int) -> str:
    """Return `url` with its path replaced: another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
