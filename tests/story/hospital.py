"""A whole running system for a test: web, worker(s) and sandbox as real processes over a database of its own.

Everything speaks over real HTTP and WebSocket; each program can be killed, Redis emptied, the sandbox told to fail.
The test itself reads the database through `core.db`, which is open on it; it writes there only to set the scene.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from channels import rules
from core import clock, db
from core.db import close_db, open_db
from core.embedded import EmbeddedRedis, process
from core.settings import settings
from devtools.environment import Addresses, compose, new_secrets
from tests.servers import with_database
from tests.story import people
from tests.story.desk import Desk
from tests.story.people import PASSWORD
from tests.story.phones import Phones
from tests.story.programs import Program, inherited
from tests.story.waiting import until

LOOKS = {
    "tickets": "select state, count(*), (array_agg(id))[1:8] as some from ticket group by 1",
    "messages": "select state, purpose, reason, count(*), (array_agg(id))[1:5] as some from message group by 1, 2, 3",
    "jobs": "select kind, error, attempts, (due_at - now())::text as wait, count(*) from job where state <> 'done'"
    " group by 1, 2, 3, 4 limit 30",
    "outbox": "select reaction, state, error, count(*) from outbox where state <> 'done' group by 1, 2, 3 limit 30",
    "inbound": "select source, state, error, count(*) from inbound where state <> 'done' group by 1, 2, 3 limit 30",
    "cards": "select state, transport, wanted_no > shown_no as behind, count(*) from card_copy group by 1, 2, 3",
}
MoveIn = Callable[["Hospital"], Awaitable[None]]


@dataclass
class Hospital:
    """What runs, and how to reach it."""

    at: Addresses
    env: Mapping[str, str]
    folder: Path
    redis: EmbeddedRedis
    phones: Phones
    password: str = PASSWORD
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def web(self) -> str:
        """The console's address."""
        return self.at.web

    def add(self, name: str, *arguments: str, address: str = "") -> Program:
        """A program of this system, not yet started; a log of its own."""
        self.programs[name] = Program(
            name, arguments, {**inherited(), **self.env}, self.folder / f"{name}.log", address
        )
        return self.programs[name]

    async def start(self, *names: str) -> None:
        """Start programs (all of them, when none is named) and wait until they are ready."""
        chosen = [self.programs[name] for name in names or self.programs]
        for program in chosen:
            program.start()
        await asyncio.gather(*(program.ready() for program in chosen))

    async def restart(self, *names: str) -> None:
        """Kill programs without warning and start them again."""
        for name in names:
            self.programs[name].kill()
        await self.start(*names)

    async def flush_redis(self) -> None:
        """Lose everything that Redis holds."""
        client = redis.asyncio.Redis.from_url(self.at.redis_url)
        try:
            await client.flushall()
        finally:
            await client.aclose()

    async def lift_blocks(self) -> None:
        """Forget the pauses that vendors asked for, as if they had passed."""
        client = redis.asyncio.Redis.from_url(self.at.redis_url)
        try:
            async for key in client.scan_iter("huiyin:limit:*:block"):
                await client.delete(key)
        finally:
            await client.aclose()

    def desk(self, number: str) -> Desk:
        """The console of a member of staff: `async with hospital.desk("centre") as centre`."""
        return Desk(self.web, number, self.password)

    async def settled(self, seconds: float = 60.0) -> None:
        """Wait until nothing is in hand: no event, job or inbound message that is due now."""

        async def look() -> bool:
            waiting = await db.fetchval(
                "select (select count(*) from outbox where state = 'due')"
                " + (select count(*) from inbound where state = 'due')"
                " + (select count(*) from due where state = 'due' and due_at <= $1)"
                " + (select count(*) from job where state = 'due' and (due_at <= $1 or lease_until > $1))",
                clock.now(),
            )
            return int(waiting) == 0

        await until(look, "everything that was due is done", seconds)

    def logs(self) -> str:
        """The last lines of every program, for whoever has to find out."""
        told = []
        for name, program in self.programs.items():
            lines = program.log.read_text(errors="replace").splitlines() if program.log.exists() else []
            bad = [line for line in lines if '"level":"warning"' in line or '"level":"error"' in line]
            told.append(f"--- {name}\n" + "\n".join([*bad[-20:], *lines[-10:]]))
        return "\n".join(told)[-12000:]

    async def books(self) -> str:
        """What the database holds that is not done, for whoever has to find out."""
        told = []
        connection = await asyncpg.connect(self.at.database_url)
        for title, query in LOOKS.items():
            rows = await connection.fetch(query)
            told.append(f"--- {title}\n" + "\n".join(str(dict(row))[:300] for row in rows))
        await connection.close()
        return "\n".join(told)[-12000:]


async def small(hospital: Hospital) -> None:
    """The small organisation of `tests.story.people`, which keeps no quiet hours."""
    await people.move_in()
    for parameter in (rules.QUIET_FROM, rules.QUIET_UNTIL):
        await people.set_parameter(parameter, 0)
    await hospital.phones.post("cast", **people.phones())


@asynccontextmanager
async def running(
    database_url: str,
    *,
    way: str = "app",
    workers: int = 1,
    move_in: MoveIn = small,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Hospital]:
    """A system over an empty, migrated database, ready to be used; all of it ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-story-"))
    folder.chmod(0o711)
    own = EmbeddedRedis(folder / "redis")
    at = Addresses(database_url, own.start(), process.free_port(), process.free_port())
    given = {
        # The test's own keys, since it writes encrypted columns itself and may have done so before.
        **{name: os.environ[name] for name in ("HUIYIN_SECRET_KEY", "HUIYIN_ENCRYPTION_KEYS")},
        "HUIYIN_WECOM_WAY": way,
        "HUIYIN_JOB_LEASE": "5",
        "SANDBOX_SMS_RECEIPT_SECONDS": "0.2",
        "SANDBOX_MEMBER_PER_MINUTE": "1000",
        **(more or {}),
    }
    env = compose(given, new_secrets(), at, folder)
    patch = pytest.MonkeyPatch()
    for name, value in env.items():
        if name.startswith("HUIYIN_"):
            patch.setenv(name, value)
    settings.cache_clear()
    hospital = Hospital(at, env, folder, own, Phones.at(at.sandbox))
    hospital.add("sandbox", "-m", "sandbox", address=f"{at.sandbox}/")
    hospital.add("web", "app.py", address=f"{at.web}/readyz")
    for number in range(1, workers + 1):
        hospital.add(f"worker-{number}", "worker.py")
    await open_db(database_url)
    try:
        await hospital.start("sandbox")
        await move_in(hospital)
        await hospital.start(*(name for name in hospital.programs if name != "sandbox"))
        yield hospital
    finally:
        for program in hospital.programs.values():
            program.stop()
        await hospital.phones.close()
        await close_db()
        own.stop()
        patch.undo()
        settings.cache_clear()
        if not os.environ.get("HUIYIN_TEST_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def fresh_database(server_url: str, template: str, name: str) -> AsyncIterator[str]:
    """A migrated database for as long as the block lasts; its URL."""
    admin = await asyncpg.connect(server_url)
    try:
        await admin.execute(f'create database "{name}" template "{template}" strategy file_copy')
        yield with_database(server_url, name)
        await admin.execute(f'drop database "{name}" with (force)')
    finally:
        await admin.close()
