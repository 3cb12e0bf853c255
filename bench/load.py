"""A client that costs little: prepared HTTP requests over a few open connections, each sent when the last was answered.

Knows only what it needs of HTTP/1.1: keep-alive, a status line, Content-Length. The same client measures our
process and the bare ceiling, so what it costs itself falls on both.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import orjson

END = b"\r\n\r\n"


@dataclass
class Outcome:
    """What came back: answers by status, seconds each took, seconds in all."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.waits) / self.seconds

    def errors(self, wanted: int) -> int:
        """Answers of another status than the wanted one."""
        return len(self.waits) - self.statuses[wanted]


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, requests: Iterator[bytes], until: float, outcome: Outcome, slots: Iterator[float] | None
    ) -> None:
        self.requests, self.until, self.outcome, self.slots = requests, until, outcome, slots
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.began = 0.0
        self.got = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it
        self._next()

    def _next(self) -> None:
        if self.slots is None:
            self._send()
        else:
            wait = max(0.0, next(self.slots) - time.perf_counter())
            asyncio.get_running_loop().call_later(wait, self._send)

    def _send(self) -> None:
        request = next(self.requests, None) if time.perf_counter() < self.until else None
        if request is None or self.transport is None:
            self._stop()
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.got += data
        head, separator, body = self.got.partition(END)
        if not separator or len(body) < _length(head):
            return
        self.outcome.statuses[int(head[9:12])] += 1
        self.outcome.waits.append(time.perf_counter() - self.began)
        self.got = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.outcome.statuses[0] += 1
            self.outcome.waits.append(0.0)
        self._stop()

    def _stop(self) -> None:
        if self.transport is not None:
            self.transport.close()
        if not self.done.done():
            self.done.set_result(None)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line[15:])
    return 0


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join(lines).encode() + END + body


class Line(asyncio.Protocol):
    """One open connection; one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.got = b""
        self.answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        self.got += data
        head, separator, body = self.got.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head) and self.answer is not None and not self.answer.done():
            self.got = b""
            self.answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        del exc
        self.transport = None
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(0)

    async def ask(self, method: str, path: str, key: str, body: object) -> int:
        """The status of a piece of JSON sent with a key; 0 when the connection broke."""
        data = orjson.dumps(body)
        head = f"Content-Type: application/json\r\nX-Response-Key: {key}\r\nContent-Length: {len(data)}\r\n"
        return await self._sent(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode() + data)

    async def get(self, path: str, cookie: str) -> int:
        """The status of a page; 0 when the connection broke."""
        return await self._sent(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
        )

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.close()

    async def _sent(self, request: bytes) -> int:
        if self.transport is None:
            return 0
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


async def drive(
    port: int, requests: Iterator[bytes], *, lines: int, seconds: float, rate: float | None = None
) -> Outcome:
    """Send for `seconds` over `lines` connections: as fast as answers come, or `rate` a second."""
    outcome, began = Outcome(), time.perf_counter()
    loop = asyncio.get_running_loop()
    slots = (began + at / rate for at in itertools.count()) if rate else None
    made = [
        await loop.create_connection(
            lambda: _Line(requests, began + seconds, outcome, slots), "127.0.0.1", port
        )
        for _ in range(lines)
    ]
    await asyncio.gather(*(line.done for _, line in made))
    outcome.seconds = time.perf_counter() - began
    return outcome
