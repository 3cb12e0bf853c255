"""The programs of production as child processes of a test: started, killed without warning, started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from core.embedded import process
from tests.story.waiting import until

ROOT = Path(__file__).resolve().parents[2]
READY = 60.0


@dataclass
class Program:
    """One program; `address` is where it answers when it is up, empty for one that listens nowhere."""

    name: str
    arguments: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    address: str = ""
    _child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _log_from: int = 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it; returns at once."""
        assert not self.running, f"{self.name} runs already"
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        self._child = process.spawn(
            process.as_child([sys.executable, *self.arguments], process.own_account(), "KILL"),
            log=self.log,
            cwd=ROOT,
            env={**self.env, "PYTHONUNBUFFERED": "1", "HUIYIN_PROCESS_ID": self.name},
        )

    async def ready(self) -> None:
        """Wait until it answers, or says in its log that it is ready."""

        async def up() -> bool:
            assert self.running, f"{self.name} ended: {self.words()[-2000:]}"
            if not self.address:
                return "worker_ready" in self.words()
            return await answers(self.address)

        await until(up, f"{self.name} is ready", READY)

    def words(self) -> str:
        """What it has written since its last start."""
        with self.log.open("rb") as file:
            file.seek(self._log_from)
            return file.read().decode("utf-8", "replace")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self) -> int:
        """Ask it to stop, as a supervisor does; its exit code."""
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self._child.returncode)


async def answers(address: str) -> bool:
    """Whether the page answers 200 now; over a plain socket, which leaves nothing behind when waiting is given up."""
    at = urlsplit(address)
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(at.hostname, at.port)
            try:
                ask = f"GET {at.path or '/'} HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: close\r\n\r\n"
                writer.write(ask.encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def inherited() -> dict[str, str]:
    """What of our own environment the programs get: nothing that belongs to the product."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("HUIYIN_", "SANDBOX_"))}
