"""Keeps one program of the system alive: starts it, keeps its log, shows its warnings, restarts it, stops it.

Knows nothing of what the program does. The kernel stops the program when we are killed (`--pdeathsig`),
which holds for children of the main thread: everything here runs on the main thread's event loop.
"""

import asyncio
import json
import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from core.embedded import process
from devtools.terminal import say

LARGEST_LOG: Final = 20 * 1024 * 1024  # bytes; then the log becomes name.log.1 and a new one begins
LONGEST_LINE: Final = 1024 * 1024
STEADY: Final = 60.0  # seconds of life after which a crash counts as the first again
LONGEST_PAUSE: Final = 30.0
BAD_LEVELS: Final = frozenset({"warning", "error", "critical"})
BAD_WORDS: Final = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback)\b")


@dataclass
class Log:
    """A program's log file, and the eye that picks from it what the terminal should see."""

    path: Path
    name: str
    _in_traceback: bool = False
    _file: BinaryIO | None = None

    def add(self, line: bytes) -> None:
        """Keep a line and show it when it is bad news."""
        if self._file is None or self._file.tell() > LARGEST_LOG:
            self._roll()
        assert self._file is not None  # noqa: S101 - _roll opens it
        self._file.write(line)
        self._file.flush()
        if news := self.news_in(line.decode("utf-8", "replace").rstrip()):
            say(f"  [{self.name}] {news}")

    def news_in(self, line: str) -> str:
        """Return what the terminal shall show of a line; empty for an ordinary one."""
        if line.startswith("{"):
            try:
                event = json.loads(line)
            except ValueError:
                return ""
            if event.get("level") not in BAD_LEVELS:
                return ""
            facts = {
                key: value for key, value in event.items() if key not in {"level", "timestamp", "process"}
            }
            said = facts.pop("event", "")
            trouble = str(facts.pop("exception", "")).strip().splitlines()
            more = " ".join(f"{key}={value}" for key, value in facts.items())
            return " ".join(part for part in (event["level"], str(said), more, *trouble[-1:]) if part)[:500]
        if self._in_traceback:
            self._in_traceback = line.startswith(" ") or not line
            return "" if self._in_traceback else line[:500]
        self._in_traceback = line.startswith("Traceback")
        return line[:500] if BAD_WORDS.search(line) and not self._in_traceback else ""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _roll(self) -> None:
        self.close()
        if self.path.exists() and self.path.stat().st_size > LARGEST_LOG:
            self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._file = self.path.open("ab")


@dataclass
class Child:
    """One program that shall run as long as we do.

    `grace` is how many seconds it may take to stop after SIGTERM before it is killed.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log_folder: Path
    grace: float = 10.0
    ready: bool = False  # once True a crash is followed by a restart; before, the start as a whole fails
    died: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: list[str] = field(default_factory=list)
    _task: "asyncio.Task[None] | None" = None
    _process: asyncio.subprocess.Process | None = None
    _stopping: bool = False

    @property
    def log(self) -> Path:
        """The program's log file."""
        return self.log_folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def start(self) -> None:
        """Begin to keep the program alive."""
        self._task = asyncio.create_task(self._keep(), name=self.name)

    async def stop(self) -> None:
        """Ask the program to stop, wait for its grace, then kill it."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), self.grace)
            except TimeoutError:
                say(f"  [{self.name}] did not stop within {self.grace:.0f} s: killed 未能及时停止,已强制结束")
                self._process.kill()
                await self._process.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        crashes = 0
        log = Log(self.log, self.name)
        try:
            while not self._stopping:
                began = time.monotonic()
                code = await self._run(log)
                if self._stopping:
                    return
                if not self.ready:
                    self.died.set()
                    return
                crashes = 1 if time.monotonic() - began > STEADY else crashes + 1
                pause = min(2.0 ** (crashes - 1), LONGEST_PAUSE)
                say(
                    f"  [{self.name}] ended unexpectedly ({told(code)}), again in {pause:.0f} s 意外退出,即将重启"
                )
                await asyncio.sleep(pause)
        finally:
            log.close()

    async def _run(self, log: Log) -> int:
        self._process = await asyncio.create_subprocess_exec(
            *process.as_child(self.command, process.own_account(), "TERM"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.cwd,
            env=dict(self.env),
            start_new_session=True,  # a terminal's Ctrl-C reaches us; we stop the programs in order
            limit=LONGEST_LINE,
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # longer than LONGEST_LINE: dropped, the stream goes on
                continue
            if not line:
                break
            log.add(line)
            self.last_words = [*self.last_words[-9:], line.decode("utf-8", "replace").rstrip()]
        return await self._process.wait()


def told(code: int) -> str:
    """Say an exit code in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
