"""`make run`: the whole system on this machine, from nothing to log-ins, until Ctrl-C; then all of it stops.

Real servers, the programs of production, a sample hospital and the sandbox in place of the outside world.
Never meant for a hospital's own data: a production system runs the programs under its own supervisor.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

import aiohttp

from core import audit_rights
from core.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedRedis, process
from core.migrations import MigrationError, migrate
from devtools.children import Child
from devtools.environment import ROOT, Addresses, compose, data_folder, kept_secrets, read, write
from devtools.terminal import Problem, say

READY_SECONDS: Final = 60.0
WEB_PORT: Final = 8000
SANDBOX_PORT: Final = 8010
MLLP_PORT: Final = 2575
APPLICATION: Final = "huiyin_application"  # the role the programs work as


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[TextIO]:
    """Hold the folder for this process; the lock file names us for `make reset`.

    Raises:
        Problem: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Problem(
                f"The system of this checkout is already running (process {lock.read().strip()}).",
                "本目录的系统已在运行中。",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock


def port_of(given: Mapping[str, str], name: str, default: int) -> int:
    """Return the port a setting names.

    Raises:
        Problem: it is not a port number.
    """
    text = given.get(name, "") or str(default)
    if not (text.isdigit() and 1 <= int(text) <= 65535):
        raise Problem(f"{name} must be a port number, not {text!r}.", f"{name} 应为端口号。")
    return int(text)


class System:
    """Everything that runs, in the order it was started."""

    def __init__(self, given: Mapping[str, str], folder: Path) -> None:
        self.given = given
        self.folder = folder
        self.logs = folder / "logs"
        self.servers: list[EmbeddedPostgres | EmbeddedRedis] = []
        self.children: list[Child] = []
        self.stop_asked = asyncio.Event()
        self.env: dict[str, str] = {}

    async def run(self) -> None:
        """Start everything, tell the addresses, stay until asked to stop, stop everything."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop_asked.set)
        starting = asyncio.create_task(self._start())
        asked = asyncio.create_task(self.stop_asked.wait())
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await self._watch()
        finally:
            for task in (starting, asked):
                task.cancel()
            await asyncio.gather(starting, asked, return_exceptions=True)
            await self._stop()

    async def _start(self) -> None:
        began = time.monotonic()
        self.logs.mkdir(parents=True, exist_ok=True)
        web, sandbox = (
            port_of(self.given, "HUIYIN_PORT", WEB_PORT),
            port_of(self.given, "SANDBOX_PORT", SANDBOX_PORT),
        )
        # Beside another web port any free MLLP port, so that two checkouts run side by side.
        mllp = port_of(self.given, "HUIYIN_MLLP_PORT", MLLP_PORT if web == WEB_PORT else process.free_port())
        for port in (web, sandbox, mllp):
            process.require_port(port)
        at = Addresses(self._database_url(), self._redis_url(), web, sandbox, mllp)
        self.env = compose(self.given, kept_secrets(self.folder), at, self.folder)
        owner = self.env.get("HUIYIN_OWNER_DATABASE_URL", "") or at.database_url
        if ran := await migrate(owner):
            say(f"database: {len(ran)} migrations 数据库已更新")
        if not self.given.get("HUIYIN_DATABASE_URL", ""):
            # Two roles as in a hospital: the programs can neither change nor forget what the audit log holds.
            password = hashlib.sha256(f"application {owner}".encode()).hexdigest()
            await audit_rights.apply(owner, APPLICATION, password)
            self.env["HUIYIN_DATABASE_URL"] = audit_rights.as_role(owner, APPLICATION, password)
            self.env["HUIYIN_OWNER_DATABASE_URL"] = owner
        write(self.folder / "run.env", {name: value for name, value in self.env.items() if is_ours(name)})
        self._child("sandbox", "-m", "sandbox", grace=3.0)
        await self._manage("sample hospital 示例医院 …", "seed", "--if-empty")
        self._child("worker", "worker.py")
        self._child("feeds", "feeds.py")
        self._child("web", "app.py")
        logins, _ = await asyncio.gather(
            self._manage("", "logins"),
            self._until_ready({"web": f"{at.web}/readyz", "sandbox": f"{at.sandbox}/"}),
        )
        for child in self.children:
            child.ready = True
        prefix = self.env.get("HUIYIN_PATH_PREFIX", "")
        say(
            f"\n  回音 is ready after {time.monotonic() - began:.0f} s 系统已就绪\n\n"
            f"  console 工作台      {at.web}{prefix}/\n"
            f"  sandbox 沙盒(手机)  {at.sandbox}/\n"
            f"  HL7 (MLLP) 接口     127.0.0.1:{mllp}\n"
            f"  API document        {at.web}{prefix}/api/v1/openapi.json\n"
            f"  logs 日志           {self.logs}\n\n{logins.rstrip()}\n\n  Ctrl-C stops everything 按 Ctrl-C 停止\n"
        )

    def _database_url(self) -> str:
        if url := self.given.get("HUIYIN_DATABASE_URL", ""):
            return url
        # One port for the whole run, so that a restarted server is found again under the same address.
        postgres = EmbeddedPostgres(self.folder / "postgres", process.free_port())
        self.servers.append(postgres)
        return postgres.start()

    def _redis_url(self) -> str:
        if url := self.given.get("HUIYIN_REDIS_URL", ""):
            return url
        redis = EmbeddedRedis(self.folder / "redis", process.free_port())
        self.servers.append(redis)
        return redis.start()

    def _child(self, name: str, *arguments: str, grace: float = 10.0) -> None:
        env = {
            **self.env,
            "PYTHONUNBUFFERED": "1",
            "HUIYIN_PROCESS_ID": self.env.get("HUIYIN_PROCESS_ID", name),
        }
        child = Child(name, [sys.executable, *arguments], env, ROOT, self.logs, grace)
        self.children.append(child)
        child.start()

    async def _manage(self, saying: str, *arguments: str) -> str:
        """Run one command of manage.py; returns what it printed."""
        if saying:
            say(saying)
        command = await asyncio.create_subprocess_exec(
            *process.as_child([sys.executable, "manage.py", *arguments], process.own_account(), "TERM"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=self.env,
        )
        try:
            out, wrong = await command.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):  # it may be over already
                command.terminate()
            await command.wait()
            raise
        log = self.logs / f"{arguments[0]}.log"
        log.write_bytes(wrong)
        if command.returncode != 0:
            last = (wrong.decode("utf-8", "replace").strip().splitlines() or ["no word"])[-1]
            raise Problem(f"manage.py {arguments[0]} failed: {last} (see {log}).", "启动失败,详见日志。")
        return out.decode("utf-8", "replace")

    async def _until_ready(self, pages: Mapping[str, str]) -> None:
        """Wait until every page answers 200 and no program has died before."""
        deadline = time.monotonic() + READY_SECONDS
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            for name, url in pages.items():
                while not await answers(session, url):
                    for child in self.children:
                        if child.died.is_set():
                            last = (child.last_words or ["no word"])[-1]
                            raise Problem(
                                f"{child.name} did not start: {last} (see {child.log}).", "启动失败。"
                            )
                    if time.monotonic() > deadline:
                        raise Problem(
                            f"{name} is not ready after {READY_SECONDS:.0f} s (see {self.logs}).",
                            "启动超时。",
                        )
                    await asyncio.sleep(0.1)

    async def _watch(self) -> None:
        """Stay until asked to stop; a server that died is started again at the same address."""
        while not self.stop_asked.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop_asked.wait(), 1.0)
                return
            for server in self.servers:
                if server.pid is None:
                    name = type(server).__name__.removeprefix("Embedded")
                    say(f"  [{name}] ended unexpectedly, starting again 意外退出,正在重启")
                    try:
                        server.start()
                    except EmbeddedError as error:
                        say(f"  [{name}] {error}", bad=True)

    async def _stop(self) -> None:
        """Stop the programs (those that take work first), then the servers: within 15 seconds."""
        if self.children or self.servers:
            say("stopping 正在停止 …")
        sandbox = [child for child in self.children if child.name == "sandbox"]
        await asyncio.gather(*(child.stop() for child in self.children if child not in sandbox))
        await asyncio.gather(*(child.stop() for child in sandbox))
        for server in reversed(self.servers):
            server.stop()
        (self.folder / "run.env").unlink(missing_ok=True)


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether the page answers 200 now."""
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def is_ours(name: str) -> bool:
    """Whether a variable belongs to the product or the sandbox."""
    return name.startswith(("HUIYIN_", "SANDBOX_"))


def main() -> int:
    """Run the system; 0 after an asked-for stop, 1 with one sentence when it cannot start."""
    given = {**read(ROOT / ".env"), **os.environ}
    folder = data_folder(given)
    try:
        with only_one(folder):
            asyncio.run(System(given, folder).run())
    except (Problem, EmbeddedError, MigrationError) as problem:
        say(str(problem), bad=True)
        return 1
    except OSError as error:
        say(f"The system cannot run: {error}. 系统无法运行:{error.strerror}。", bad=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
