"""The bot's one long connection: subscribed, kept alive, taken up again; held by exactly one process.

智能机器人长连接, https://developer.work.weixin.qq.com/document/path/101463: JSON frames {"cmd", "headers":
{"req_id"}, "body"}, one connection per bot (the newest wins), `ping` every 30 s. Two processes with one bot id
would knock each other out, so the line is held under a PostgreSQL advisory lock on a connection of its own (not
through PgBouncer's transaction mode); a killed process loses the lock with its connection and another takes
over. What comes in is handed to `on_frame`, one after another; nothing is understood here.
"""

import asyncio
import hashlib
import random
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import asyncpg
import orjson

from core import bell
from core.logs import begin_trace, logger
from core.settings import settings
from integrations import http, wecom_bot_frames
from integrations.http import CallFailed, Json
from integrations.vendor import check
from integrations.wecom_bot_frames import DUE_BELL, Frame

log = logger(__name__)

PING_EVERY = 30.0
ANSWER_WITHIN = 10.0
LOOK_EVERY = 1.0  # for frames, when nobody rings
TRY_LEASE_EVERY = 2.0
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
LOST = (aiohttp.ClientError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

OnFrame = Callable[[Json], Awaitable[None]]
OnSubscribed = Callable[[CallFailed | None], Awaitable[None]]


class LineBroken(Exception):
    """The connection is of no more use; the reason goes to the log."""


class Knocked(LineBroken):
    """Another connection of the same bot took over: somebody outside our lease uses this bot."""


class BotLine:
    """The line of one process: waits for the lease, then connects and serves until told to stop.

    Args:
        on_frame: called with each callback frame, in order; it should only store it. When it raises a database
            error the frame is handed in again.
        on_subscribed: called after each subscription with the failure, or None when it went well, so that an
            operator sees a bot that is set up wrongly.
    """

    def __init__(self, on_frame: OnFrame, on_subscribed: OnSubscribed) -> None:
        self._on_frame = on_frame
        self._on_subscribed = on_subscribed
        self._waiting: dict[str, deque[asyncio.Future[Json]]] = {}
        self._inbox: asyncio.Queue[Json] = asyncio.Queue()
        self.connected = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Hold the line whenever the lease is ours, until `stopping` is set; then release it."""
        inbox = asyncio.create_task(self._hand_in(), name="bot inbox")
        try:
            while not stopping.is_set():
                try:
                    await self._with_lease(stopping)
                except LOST as error:
                    log.warning("bot_lease_lost", error=type(error).__name__)
                await _pause(stopping, TRY_LEASE_EVERY)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._inbox.join(), 5)
        finally:
            inbox.cancel()
            await asyncio.wait({inbox}, timeout=5)

    async def _with_lease(self, stopping: asyncio.Event) -> None:
        connection = await asyncpg.connect(settings().database_url, timeout=10, command_timeout=10)
        try:
            while not stopping.is_set():
                if await connection.fetchval("select pg_try_advisory_lock($1)", lease_number()):
                    log.info("bot_lease_taken")
                    await self._serve(connection, stopping)
                    return
                await _pause(stopping, TRY_LEASE_EVERY)
        finally:
            self.connected.clear()
            if not connection.is_closed():
                await connection.close(timeout=5)

    async def _serve(self, lease: "asyncpg.Connection[asyncpg.Record]", stopping: asyncio.Event) -> None:
        failures = 0
        while not stopping.is_set():
            try:
                url = settings().wecom_bot_url
                async with http.session(url).ws_connect(
                    url, max_msg_size=8 * 1024 * 1024, autoping=True, proxy=http.proxy_for(url)
                ) as socket:
                    await self._live(socket, lease, stopping)
                failures = 0
            except Knocked:
                failures = len(BACK_OFF)
                log.warning("bot_knocked_out")
            except (LineBroken, aiohttp.ClientError, OSError, TimeoutError) as error:
                failures = 1 if self.connected.is_set() else failures + 1
                log.warning("bot_line_broken", error=type(error).__name__, reason=str(error)[:200])
            finally:
                self.connected.clear()
                self._forget()
            await lease.fetchval("select 1")  # raises when the lease is gone with its connection
            if failures:
                wait = BACK_OFF[min(failures, len(BACK_OFF)) - 1]
                await _pause(stopping, wait * random.uniform(0.8, 1.2))

    async def _live(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        lease: "asyncpg.Connection[asyncpg.Record]",
        stopping: asyncio.Event,
    ) -> None:
        chosen = settings()
        reading = asyncio.create_task(self._read(socket), name="bot reader")
        jobs: set[asyncio.Task[None]] = {reading}
        try:
            who: Json = {"bot_id": chosen.wecom_bot_id, "secret": chosen.wecom_bot_secret.get_secret_value()}
            answer = await self._ask(socket, "aibot_subscribe", "", who)
            try:
                check("wecom_bot", "aibot_subscribe", answer)
            except CallFailed as error:
                await self._on_subscribed(error)
                raise LineBroken(str(error)) from error
            http.count("wecom_bot", "aibot_subscribe", "ok")
            await self._on_subscribed(None)
            self.connected.set()
            log.info("bot_line_up")
            jobs |= {
                asyncio.create_task(self._ping(socket, lease), name="bot ping"),
                asyncio.create_task(self._send_frames(socket), name="bot frames"),
                asyncio.create_task(_until(stopping), name="bot stop"),
            }
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in jobs:
                task.cancel()
            await asyncio.wait(jobs, timeout=5)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                frame = orjson.loads(message.data)
            except orjson.JSONDecodeError:
                log.warning("bot_frame_not_json")
                continue
            if not isinstance(frame, dict):
                continue
            if str(frame.get("cmd", "")).endswith("_callback"):
                if _is_knock(frame):
                    raise Knocked("disconnected_event")
                self._inbox.put_nowait(frame)
            else:
                self._answered(frame)
        raise LineBroken(f"closed with {socket.close_code}")

    async def _hand_in(self) -> None:
        while True:
            frame = await self._inbox.get()
            begin_trace()
            try:
                while True:
                    try:
                        await self._on_frame(frame)
                        break
                    except LOST as error:
                        log.warning("bot_frame_waits", error=type(error).__name__)
                        await asyncio.sleep(1)
            finally:
                self._inbox.task_done()

    async def _ping(
        self, socket: aiohttp.ClientWebSocketResponse, lease: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            await lease.fetchval("select 1")
            await self._ask(socket, "ping", "", {})

    async def _send_frames(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            frames = await wecom_bot_frames.take()
            for at, frame in enumerate(frames):
                try:
                    await self._send_one(socket, frame)
                except (LineBroken, asyncio.CancelledError, *LOST):
                    for unsent in frames[at + 1 :]:
                        await wecom_bot_frames.give_back(unsent)
                    raise
            if not frames:
                await bell.wait(DUE_BELL, LOOK_EVERY)

    async def _send_one(self, socket: aiohttp.ClientWebSocketResponse, frame: Frame) -> None:
        answer = await self._ask(socket, frame.cmd, frame.req_id, frame.body)
        code, body = answer.get("errcode", 0), answer.get("body")
        await wecom_bot_frames.answered(
            frame,
            code if isinstance(code, int) else 0,
            str(answer.get("errmsg", "")),
            body if isinstance(body, dict) else {},
        )

    async def _ask(self, socket: aiohttp.ClientWebSocketResponse, cmd: str, req_id: str, body: Json) -> Json:
        """Send a frame and wait for the answer of its req_id; answers of one req_id come in the order asked."""
        req_id = req_id or f"{cmd}-{secrets.token_hex(8)}"
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(req_id, deque()).append(answer)
        text = orjson.dumps({"cmd": cmd, "headers": {"req_id": req_id}, "body": body}).decode()
        await socket.send_str(text)
        try:
            return await asyncio.wait_for(answer, ANSWER_WITHIN)
        except TimeoutError:
            raise LineBroken(f"no answer to {cmd}") from None

    def _answered(self, frame: Json) -> None:
        headers = frame.get("headers")
        req_id = str(headers.get("req_id", "")) if isinstance(headers, dict) else ""
        waiting = self._waiting.get(req_id)
        while waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(frame)
                break
        if not waiting:
            self._waiting.pop(req_id, None)

    def _forget(self) -> None:
        for waiting in self._waiting.values():
            for future in waiting:
                future.cancel()
        self._waiting.clear()


def lease_number() -> int:
    """The advisory lock of this bot: 63 bits of a hash of its id."""
    digest = hashlib.sha256(f"wecom-bot-line|{settings().wecom_bot_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _is_knock(frame: Json) -> bool:
    body = frame.get("body")
    event = body.get("event") if isinstance(body, dict) else None
    return isinstance(event, dict) and event.get("eventtype") == "disconnected_event"


async def _until(stopping: asyncio.Event) -> None:
    await stopping.wait()


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
