"""Plays a day at a chosen speed: connects by MLLP, sends each message when its time comes, waits for its answer.

As a HIS does, it sends a message again until it is answered AA; one that is answered AE or AR is noted and left.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from datetime import date

from sandbox.his.day import Day, Spoken

START, END = b"\x0b", b"\x1c\r"
PATIENCE = 15.0
AGAIN = 2.0


class Player:
    """At most one day is played at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.total = 0
        self.done = 0
        self.answers: Counter[str] = Counter()
        self.refused: deque[dict[str, str]] = deque(maxlen=50)
        self.note = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def playing(self) -> bool:
        """Whether a day is being played."""
        return self._task is not None and not self._task.done()

    def standing(self) -> dict[str, object]:
        """How far it is, for the page and for tests."""
        return {
            "playing": self.playing,
            "total": self.total,
            "done": self.done,
            "answers": dict(self.answers),
            "refused": list(self.refused),
            "note": self.note,
            "address": f"{self.host}:{self.port}",
        }

    def play(self, day: date, people: int, speed: float, *, seed: int = 1) -> None:
        """Begin to play: `speed` 1 is the day itself, 600 plays it in 144 seconds, 0 as fast as answers come."""
        messages = Day(day, people, seed=seed).messages()
        self.total, self.done, self.note = len(messages), 0, ""
        self.answers.clear()
        self.refused.clear()
        self._task = asyncio.create_task(self._play(messages, speed), name="his")

    async def finished(self) -> None:
        """Wait until the day is over."""
        if self._task is not None:
            await self._task

    async def stop(self) -> None:
        """Stop where it is."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _play(self, messages: list[Spoken], speed: float) -> None:
        began = time.monotonic()
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for message in messages:
            if speed > 0:
                due = (message.at - messages[0].at).total_seconds() / speed
                await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            answer = ""
            while not answer:
                try:
                    line = line or await asyncio.open_connection(self.host, self.port)
                    answer = await asyncio.wait_for(_ask(line, message.text), PATIENCE)
                except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                    self.note = f"连接中断，正在重试（{type(error).__name__}）"
                    if line is not None:
                        line[1].close()
                    line = None
                    await asyncio.sleep(AGAIN)
            self.note = ""
            code, words = _read(answer)
            self.answers[code] += 1
            self.done += 1
            if code != "AA":
                self.refused.append(
                    {"kind": message.kind, "answer": code, "words": words, "text": message.text}
                )
        if line is not None:
            line[1].close()


async def _ask(line: tuple[asyncio.StreamReader, asyncio.StreamWriter], text: str) -> str:
    reader, writer = line
    writer.write(START + text.encode() + END)
    await writer.drain()
    answer = await reader.readuntil(END)
    return answer.strip(START + END).decode("utf-8", "replace")


def _read(answer: str) -> tuple[str, str]:
    """Code and words of an acknowledgement."""
    for line in answer.split("\r"):
        fields = line.split("|")
        if fields[0] == "MSA":
            return fields[1], fields[3] if len(fields) > 3 else ""
    return "??", ""


async def send(host: str, port: int, text: str) -> str:
    """One message on a connection of its own; its answer."""
    line = await asyncio.open_connection(host, port)
    try:
        return await asyncio.wait_for(_ask(line, text), PATIENCE)
    finally:
        line[1].close()
