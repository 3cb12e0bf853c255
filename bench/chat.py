"""The chat under load: 500 clients in ten rooms of 50, 50 messages a second for 20 seconds, against real servers.

`run()` starts PostgreSQL, Redis and the web process (`app.py`) with a database of its own, and once more a
bare Socket.IO server that only fans out, which is the ceiling of the same machine. The clients speak the
Socket.IO protocol over raw WebSockets from this process and mark as read every two seconds, as the page does.
Delivery is measured from just before the send to the arrival at each of the 50 receivers.

Required (the project's figures): p50 below 50 ms, p99 below 300 ms, all delivered, the same list everywhere.
"""

import asyncio
import os
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import orjson

from core import db
from core.actor import system
from core.embedded import EmbeddedPostgres, EmbeddedRedis
from core.migrations import migrate
from im import actions
from staff import sessions

ROOMS, IN_ROOM = 10, 50
RATE, SECONDS = 50, 20
WARM_UP = 2.0
READ_EVERY = 2.0
LAST_ARRIVALS = 5.0

Row = tuple[str, float, str]


@dataclass
class Client:
    """One person's socket: notes which messages of its room arrived, in which order, after how long."""

    room: int
    cookie: str
    order: list[int] = field(default_factory=list)
    sent_at: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    acks: dict[int, "asyncio.Future[Any]"] = field(default_factory=dict)
    asked: int = 0
    ws: aiohttp.ClientWebSocketResponse | None = None
    hearing: "asyncio.Task[None] | None" = None

    async def connect(self, http: aiohttp.ClientSession, base: str) -> None:
        """Through the Engine.IO and Socket.IO greetings into the room."""
        url = f"{base}/socket.io/?EIO=4&transport=websocket"
        self.ws = await http.ws_connect(url, headers={"Cookie": self.cookie}, max_msg_size=0, compress=0)
        await self.ws.receive_str()
        await self.ws.send_str("40")
        greeting = await self.ws.receive_str()
        if not greeting.startswith("40"):
            raise RuntimeError(f"not let in: {greeting}")
        self.hearing = asyncio.create_task(self._hear(self.ws))
        joined = await self.ask("join", {"room": self.room, "since": None})
        if "error" in joined:
            raise RuntimeError(joined["error"]["message"])

    async def ask(self, event: str, data: dict[str, Any]) -> Any:
        """Emit and wait for the acknowledgement."""
        self.asked += 1
        number, ack = self.asked, asyncio.get_running_loop().create_future()
        self.acks[number] = ack
        if self.ws is None:
            raise RuntimeError("not connected")
        await self.ws.send_str(f"42{number}{orjson.dumps([event, data]).decode()}")
        return await ack

    async def _hear(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in ws:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            now, text = time.perf_counter(), frame.data
            if text == "2":
                await ws.send_str("3")
            elif text.startswith("43"):
                start = text.index("[")
                self.acks.pop(int(text[2:start])).set_result(orjson.loads(text[start:])[0])
            elif text.startswith('42["message"'):
                message = orjson.loads(text[2:])[1]["message"]
                self.order.append(message["seq"])
                if began := self.sent_at.get(message["text"]):
                    self.late.append(now - began)

    async def close(self) -> None:
        """Hang up."""
        if self.ws is not None:
            await self.ws.close()
        if self.hearing is not None:
            await asyncio.wait({self.hearing}, timeout=5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _servers() -> AsyncIterator[dict[str, str]]:
    """PostgreSQL and Redis under a temporary folder; the environment that names them."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-bench-"))
    folder.chmod(0o711)
    postgres, redis = EmbeddedPostgres(folder / "postgres"), EmbeddedRedis(folder / "redis")
    try:
        yield {
            "HUIYIN_ENVIRONMENT": "test",
            "HUIYIN_DATABASE_URL": await asyncio.to_thread(postgres.start),
            "HUIYIN_REDIS_URL": await asyncio.to_thread(redis.start),
            "HUIYIN_SECRET_KEY": uuid4().hex * 2,
            "HUIYIN_ENCRYPTION_KEYS": "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "HUIYIN_STORAGE_FOLDER": str(folder / "files"),
            "HUIYIN_LOG_LEVEL": "ERROR",
        }
    finally:
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _serving(*command: str, port: int, environment: dict[str, str]) -> AsyncIterator[str]:
    """A server process that answers on `port`."""
    child = await asyncio.create_subprocess_exec(sys.executable, *command, env={**os.environ, **environment})
    base = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(60):
            while True:
                try:
                    async with http.get(f"{base}/healthz"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)
        yield base
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(child.wait(), 30)


async def _people(url: str) -> list[Client]:
    """Ten rooms of fifty people, signed in."""
    await migrate(url)
    await db.open_db(url)
    clients = []
    try:
        for room in range(ROOMS):
            rows = await db.fetch(
                "insert into staff (number, name) select 'b' || $1 || '-' || n, '测试' || n"
                " from generate_series(1, $2::int) n returning id",
                str(room),
                IN_ROOM,
            )
            ids = [row["id"] for row in rows]
            room_id = await actions.open_room(f"bench:{room}", f"压测群聊 {room}", ids, by=system())
            for who in ids:
                token = await sessions.begin(who, address="127.0.0.1", agent="bench")
                clients.append(Client(room_id, f"{sessions.COOKIE}={token}"))
    finally:
        await db.close_db()
    return clients


async def _load(base: str, clients: list[Client]) -> float:
    """Connect all, send at the rate, wait for the last arrivals; the share of sends that went out in time."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        for start in range(0, len(clients), 50):
            await asyncio.gather(*(client.connect(http, base) for client in clients[start : start + 50]))
        shared: dict[str, float] = {}
        for client in clients:
            client.sent_at = shared
        reading = asyncio.create_task(_read_marks(clients))
        await asyncio.sleep(WARM_UP)
        answers = await _send(clients, shared)
        await asyncio.sleep(LAST_ARRIVALS)
        reading.cancel()
        await asyncio.wait({reading}, timeout=5)
        await asyncio.gather(*(client.close() for client in clients))
    refused = sum("error" in answer for answer in answers)
    return refused / len(answers)


async def _send(clients: list[Client], shared: dict[str, float]) -> list[Any]:
    sending, began = [], time.perf_counter()
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        client = clients[
            (number * 7) % len(clients)
        ]  # 7 and 500 share no factor: everybody in turn, rooms mixed
        text = f"第 {number} 条"
        shared[text] = time.perf_counter()
        post = {"room": client.room, "client_id": str(uuid4()), "text": text}
        sending.append(asyncio.create_task(client.ask("post", post)))
    return await asyncio.gather(*sending)


async def _read_marks(clients: list[Client]) -> None:
    """Everybody marks as read every two seconds, spread evenly."""
    asking: set[asyncio.Task[Any]] = set()
    while True:
        for client in clients:
            if client.order:
                task = asyncio.create_task(client.ask("read", {"room": client.room, "seq": client.order[-1]}))
                asking.add(task)
                task.add_done_callback(asking.discard)
            await asyncio.sleep(READ_EVERY / len(clients))


def _rows(name: str, clients: list[Client], refused: float) -> list[Row]:
    waits = sorted(wait * 1000 for client in clients for wait in client.late)
    wanted = RATE * SECONDS * IN_ROOM
    by_room: dict[int, set[tuple[int, ...]]] = {}
    for client in clients:
        by_room.setdefault(client.room, set()).add(tuple(sorted(client.order)))
    swapped = sum(
        one > other for client in clients for one, other in zip(client.order, client.order[1:], strict=False)
    )
    cuts = statistics.quantiles(waits, n=100)
    return [
        (f"{name}: delivery p50", round(cuts[49], 2), "ms"),
        (f"{name}: delivery p99", round(cuts[98], 2), "ms"),
        (f"{name}: delivery max", round(waits[-1], 2), "ms"),
        (f"{name}: delivered", round(100 * len(waits) / wanted, 3), "% of 50,000"),
        (f"{name}: refused sends", round(100 * refused, 3), "%"),
        (
            f"{name}: rooms whose clients hold one list",
            sum(len(lists) == 1 for lists in by_room.values()),
            "of 10",
        ),
        (f"{name}: arrivals out of order (put right by number)", swapped, "of 50,000"),
    ]


async def run() -> list[Row]:
    """The chat's figures and the ceiling beside them."""
    rows: list[Row] = []
    async with _servers() as environment:
        os.environ.update(environment)
        people = await _people(environment["HUIYIN_DATABASE_URL"])
        bare = [Client(client.room, client.cookie) for client in people]
        port = _free_port()
        async with _serving(
            "-m", "bench.chat_ceiling", str(port), port=port, environment=environment
        ) as base:
            rows += _rows("bare Socket.IO fan-out", bare, await _load(base, bare))
        port = _free_port()
        web = {**environment, "HUIYIN_PORT": str(port), "HUIYIN_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        async with _serving("app.py", port=port, environment=web) as base:
            rows += _rows("chat", people, await _load(base, people))
    return rows


if __name__ == "__main__":
    for line in asyncio.run(run()):
        print(*line)
