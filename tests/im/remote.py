"""Chat processes under test, and clients that speak to them as the page does."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aiohttp
import socketio
from aiohttp import web

from core.actor import Actor
from staff import sessions
from tests.im.program import build

PATIENCE = 15


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(port: int | None = None, *, end: signal.Signals = signal.SIGTERM) -> AsyncIterator[str]:
    """The address of a chat process that runs for the length of the block; `end` is what it gets then."""
    port = port or free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.im.program",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    assert child.stdout is not None
    said: asyncio.Task[None] | None = None
    try:
        await asyncio.wait_for(_ready(child.stdout), 60)
        said = asyncio.create_task(_pass_on(child.stdout))
        yield f"http://127.0.0.1:{port}"
    finally:
        if child.returncode is None:
            child.send_signal(end)
            await asyncio.wait_for(child.wait(), 30)
        if said is not None:
            await said


@asynccontextmanager
async def here() -> AsyncIterator[str]:
    """The address of the same application within this process, where a second process proves nothing more."""
    runner = web.AppRunner(build(own_database=False), shutdown_timeout=2)
    await runner.setup()
    port = free_port()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def _ready(stream: asyncio.StreamReader) -> None:
    while (line := await stream.readline()) != b"ready\n":
        if not line:
            raise RuntimeError("the chat process ended before it was ready")
        sys.stdout.write(line.decode())


async def _pass_on(stream: asyncio.StreamReader) -> None:
    """Let the log of the process stand in the report of a test that fails."""
    async for line in stream:
        sys.stdout.write(line.decode())


async def cookie_of(who: Actor) -> str:
    """A session cookie, as after signing in."""
    assert who.id is not None
    token = await sessions.begin(who.id, address="127.0.0.1", agent="tests")
    return f"{sessions.COOKIE}={token}"


@dataclass
class Client:
    """A connected person: asks, and keeps what it was told in the order it came."""

    address: str
    cookie: str
    heard: list[tuple[str, Any]] = field(default_factory=list)
    origin: str = ""

    def __post_init__(self) -> None:
        self.news = asyncio.Condition()

    def _hear(self, name: str) -> Any:
        async def hear(data: Any) -> None:
            async with self.news:
                self.heard.append((name, data))
                self.news.notify_all()

        return hear

    async def _connected(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def __aenter__(self) -> Self:
        # a session of our own: the client library forgets a Cookie header when it comes back
        headers = {"Cookie": self.cookie} if self.cookie else {}
        self.http = aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar())
        self.sio = socketio.AsyncClient(
            http_session=self.http, reconnection_delay=0.2, reconnection_delay_max=0.5, randomization_factor=0
        )
        for name in ("message", "read", "change", "seen", "mine", "typing"):
            self.sio.on(name, self._hear(name))
        self.sio.on("connect", self._connected)
        origin = {"Origin": self.origin} if self.origin else {}
        try:
            await self.sio.connect(self.address, headers=origin, transports=["websocket"])
        except BaseException:
            await self.http.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.sio.disconnect()
        await self.http.close()

    async def ask(self, event: str, data: Any) -> dict[str, Any]:
        """The server's answer."""
        answer: dict[str, Any] = await self.sio.call(event, data, timeout=PATIENCE)
        return answer

    async def say(self, room: int, text: str, client_id: str = "", **more: Any) -> dict[str, Any]:
        """Post a text."""
        return await self.ask(
            "post", {"room": room, "client_id": client_id or str(uuid4()), "text": text, **more}
        )

    async def catch_up(self, room: int, since: int = 0) -> list[dict[str, Any]]:
        """All that came after `since`, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            answer = await self.ask("join", {"room": room, "since": since})
            found += answer["messages"]
            if not answer["more"]:
                return found
            since = found[-1]["seq"]

    async def until(self, seqs: Sequence[int]) -> None:
        """Wait until messages of all these numbers were told."""
        wanted = set(seqs)
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: wanted <= {message["seq"] for message in self.messages})

    async def settle(self, room: int, seqs: Sequence[int]) -> list[dict[str, Any]]:
        """What the page's half-minute look finds: nothing as a rule, all when a broadcast was lost."""
        try:
            await self.until(seqs)
        except TimeoutError:
            return await self.catch_up(room, since=0)
        return []

    async def until_heard(self, name: str) -> Any:
        """Wait for the first event of this name; its data."""
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: any(event == name for event, _ in self.heard))
        return next(data for event, data in self.heard if event == name)

    async def until_version(self, version: int) -> None:
        """Wait until the change with this version was told."""
        await self._until("change", lambda data: data["state"]["version"] >= version)

    async def until_mark(self, staff_id: int, seq: int) -> None:
        """Wait until somebody's read mark was told."""
        await self._until("read", lambda data: any(mark == [staff_id, seq] for mark in data["marks"]))

    async def _until(self, name: str, wanted: Callable[[Any], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(
                lambda: any(event == name and wanted(data) for event, data in self.heard)
            )

    async def back(self) -> None:
        """Wait until the connection stands again."""
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: "/" in self.sio.namespaces)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages told so far, in the order they came."""
        return [data["message"] for event, data in self.heard if event == "message"]
