"""The Socket.IO door of the chat: who connects, what they ask, one answer each; holds no message of its own.

Events of a client, each answered by an acknowledgement, `{"error": {code, message, details}}` when refused:

* `join {room, since, only_state}`: the messages after `since` (None: the latest page; none at all with
  `only_state`), the room's state, members, marks. Asked again at every reconnection, every half minute and
  whenever a number or a version is missing: this is how a client heals.
* `post {room, client_id, text, file_id, seconds, mentions, to_all, reply_to}`: acknowledged with the row.
* `read {room, seq}`, `recall {room, seq, reason}`, `typing {room}`, and `act {room, act, …}` (im/acts.py).

What the server tells by itself: `message {room, message}`, `read {room, marks}`, `change {room, state, members,
gone}`, `seen {room, seq, staff_id}`, `mine {room}`, `typing {room, staff_id}`.
WebSocket only: several processes behind one address need no sticky sessions then.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import socketio
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from socketio.exceptions import ConnectionRefusedError as Refusal

from core import audit
from core.actor import Actor, Door
from core.errors import Fault, HuiyinError, Invalid, Unauthenticated
from core.logs import begin_trace, logger, trace_id
from core.metrics import CHAT_CLIENTS
from core.settings import settings
from core.web import client_address
from im import actions, acts, live, queries, state
from im.drafts import Draft, Number, parse
from im.marks import Marks
from im.presence import BEAT, Presence
from im.rights import rights
from im.views import Page
from staff import sessions

log = logger(__name__)

TRUSTED = 30.0  # seconds for which a checked session is believed when nothing is written
SWEEP = 60.0
LAST_WORD = 0.2  # seconds for the answer to leave before its socket is closed
GOODBYE = 5.0  # seconds shutting down may take
HEARING_TRIES = 40  # twentieths of a second
LARGEST = 256 * 1024  # bytes of one frame: 4,000 characters however they are escaped

Answer = dict[str, Any]


class _Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    room: Number = Field(title="群聊")


class Join(_Ask):
    """Look at a room; `since` is the last number the client has."""

    since: int | None = Field(None, ge=0, le=2**53, strict=True, title="起始序号")
    only_state: bool = Field(default=False, title="只看状态")


class Place(_Ask):
    """A message of a room."""

    seq: Number = Field(title="消息序号")


class Recall(Place):
    """A message to take back, and why."""

    reason: str = Field("", max_length=200, title="撤回原因")


@dataclass
class Client:
    """A connected socket.

    `checked` is when its session was last looked at (monotonic seconds), `rooms` those whose membership it
    has shown.
    """

    actor: Actor
    cookie: str
    checked: float
    rooms: set[int] = field(default_factory=set)


class Chat:
    """One process's Socket.IO server."""

    def __init__(self, redis_url: str) -> None:
        self.clients: dict[str, Client] = {}
        self.marks = Marks()
        self.presence = Presence(redis_url)
        self.manager = live.manager(redis_url, write_only=False)
        self.sio = socketio.AsyncServer(
            async_mode="aiohttp",
            client_manager=self.manager,
            transports=["websocket"],
            cors_allowed_origins=same_site,
            max_http_buffer_size=LARGEST,
            ping_interval=20,
            ping_timeout=20,
            logger=False,
            engineio_logger=False,
        )
        self.sio.on("connect", self.connect)
        self.sio.on("disconnect", self.disconnect)
        self.sio.on("join", self._answering(self.join))
        self.sio.on("post", self._answering(self.post, writes=True))
        self.sio.on("read", self._answering(self.read))
        self.sio.on("recall", self._answering(self.recall, writes=True))
        self.sio.on("act", self._answering(self.act, writes=True))
        self.sio.on("typing", self._answering(self.typing))

    async def listen(self) -> None:
        """Hear the other processes before the first client connects, or its first seconds would be deaf."""
        self.sio.manager_initialized = True
        self.manager.initialize()
        for _ in range(HEARING_TRIES):
            if self.manager.pubsub is not None and self.manager.pubsub.subscribed:
                return
            await asyncio.sleep(0.05)
        log.warning("chat_hears_no_other_process")  # Redis is away; the manager goes on trying

    async def connect(self, sid: str, environ: Mapping[str, Any], _auth: object = None) -> None:
        """Let in whoever has a live session."""
        request: web.Request = environ["aiohttp.request"]
        cookie = request.cookies.get(sessions.COOKIE, "")
        actor = await sessions.actor_from_cookie(
            cookie, client_address(request), request.headers.get("User-Agent", "")
        )
        if actor is None or actor.staff_id is None:
            raise Refusal("请先登录")
        self.clients[sid] = Client(actor, cookie, time.monotonic())
        CHAT_CLIENTS.set(len(self.clients))
        await self.sio.enter_room(sid, live.personal(actor.staff_id))
        await self.presence.here([actor.staff_id])

    async def disconnect(self, sid: str, *_reason: object) -> None:
        """Forget the socket."""
        self.clients.pop(sid, None)
        CHAT_CLIENTS.set(len(self.clients))

    async def join(self, client: Client, data: object) -> Answer:
        """The room as it stands and what this client has not seen of it."""
        ask, by = parse(Join, data), client.actor
        room = await queries.room(ask.room, by=by)
        page = await self._page(ask, by)
        now = await state.load(ask.room) if room.until is None else None
        members = await queries.members(ask.room, by=by)
        if room.moderates and not room.member and ask.room not in client.rooms:
            await audit.record(by, "room.look", "room", ask.room)
        client.rooms.add(ask.room)
        seen = now.announcement.seq if now is not None and now.announcement is not None else 0
        return {
            "me": by.staff_id,
            "room": {**room.wire(), "writable": room.writable},
            "state": now.wire() if now is not None else None,
            "may": sorted(rights(room)),
            "mine": (await state.mine(ask.room, by.staff_id)).wire(),
            "seen": await state.announcement_seen(ask.room, seen) if seen else [],
            "mirror": await state.mirror(ask.room),
            "messages": [message.wire() for message in page.messages],
            "more": page.more,
            "members": [member.wire() for member in members],
            "online": await self.presence.among(
                [who.staff_id for who in members if who.staff_id is not None]
            ),
        }

    @staticmethod
    async def _page(ask: Join, by: Actor) -> Page:
        if ask.only_state:
            return Page(messages=(), more=False)
        if ask.since is None:
            return await queries.before(ask.room, None, by=by)
        return await queries.since(ask.room, ask.since, by=by)

    @staticmethod
    async def post(client: Client, data: object) -> Answer:
        """Write a message."""
        room, rest = _split(data)
        return {"message": (await actions.post(room, parse(Draft, rest), by=client.actor)).wire()}

    async def read(self, client: Client, data: object) -> Answer:
        """Move this person's read mark, a moment later, together with those of others."""
        place = parse(Place, data)
        if place.room not in client.rooms:
            await queries.room(place.room, by=client.actor)
            client.rooms.add(place.room)
        if client.actor.staff_id is not None:
            self.marks.note(place.room, client.actor.staff_id, place.seq)
        return {"ok": True}

    @staticmethod
    async def recall(client: Client, data: object) -> Answer:
        """Take a message back."""
        place = parse(Recall, data)
        await actions.recall(place.room, place.seq, by=client.actor, reason=place.reason)
        return {"ok": True}

    @staticmethod
    async def act(client: Client, data: object) -> Answer:
        """Do what acts.py knows."""
        room, rest = _split(data)
        if not isinstance(rest, Mapping):
            raise Invalid("请求的格式不对")
        form = {key: value for key, value in rest.items() if key != "act"}
        await acts.do(room, str(rest.get("act", "")), form, by=client.actor)
        return {"ok": True}

    async def typing(self, client: Client, data: object) -> Answer:
        """Pass on that this person is typing."""
        ask = parse(_Ask, data)
        if client.actor.staff_id is not None:
            await self.presence.typing(ask.room, client.actor.staff_id)
        return {"ok": True}

    def _answering(
        self, handle: Callable[[Client, object], Awaitable[Answer]], *, writes: bool = False
    ) -> Callable[..., Awaitable[Answer]]:

        async def answer(sid: str, *data: object) -> Answer:
            begin_trace()
            try:
                if len(data) != 1:
                    raise Invalid("请求的格式不对")
                return await handle(await self._client(sid, writes=writes), data[0])
            except Unauthenticated as error:
                self.sio.start_background_task(self._send_away, sid)
                return _refused(error)
            except HuiyinError as error:
                return _refused(error)
            except Exception as error:
                log.error("chat_event_failed", exc_info=error)
                return _refused(HuiyinError("系统出了点问题，已记录，请稍后再试"))

        return answer

    async def _client(self, sid: str, *, writes: bool) -> Client:
        """Who is at this socket; writing asks the session again and keeps it alive, looking does not."""
        client = self.clients.get(sid)
        if client is None:
            raise Unauthenticated
        if writes or time.monotonic() - client.checked > TRUSTED:
            await self._check(client, touch=writes)
        return client

    @staticmethod
    async def _check(client: Client, *, touch: bool) -> None:
        session = await sessions.resume(
            client.cookie, door=Door.CHAT, address=client.actor.address, touch=touch
        )
        if session is None:
            raise Unauthenticated
        client.actor, client.checked = session.actor, time.monotonic()

    async def _send_away(self, sid: str) -> None:
        await asyncio.sleep(LAST_WORD)
        await self.sio.disconnect(sid)

    async def beat(self) -> None:
        """Say every few seconds who is here; runs until cancelled."""
        while True:
            await asyncio.sleep(BEAT)
            people = {who.actor.staff_id for who in self.clients.values()}
            await self.presence.here(who for who in people if who is not None)

    async def sweep(self) -> None:
        """Send away sockets whose session has ended meanwhile; runs until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            for sid, client in list(self.clients.items()):
                if time.monotonic() - client.checked < SWEEP:
                    continue
                try:
                    await self._check(client, touch=False)
                except Unauthenticated:
                    log.info("chat_session_ended", staff=client.actor.id)
                    await self.sio.disconnect(sid)
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                    log.warning("chat_sweep_failed", error=str(error))
                    break

    async def close(self) -> None:
        """Close all sockets so that their clients connect elsewhere, and stop; within `GOODBYE` seconds."""
        await self.marks.flush()
        if live.current() is self.sio:
            await live.close_live()
        try:
            await asyncio.wait_for(self._close(), GOODBYE)
        except TimeoutError:
            log.warning("chat_closed_by_force", clients=len(self.clients))
        await self.presence.close()

    async def _close(self) -> None:
        # closing the transport (not the Socket.IO session) is what makes clients come back by themselves
        await asyncio.gather(*(socket.close(wait=False) for socket in list(self.sio.eio.sockets.values())))
        await self.sio.shutdown()
        listener = getattr(self.manager, "thread", None)  # set once the first client has connected
        if listener is not None:
            listener.cancel()
            await asyncio.wait({listener}, timeout=GOODBYE / 2)
        if self.manager.redis is not None:
            await self.manager.redis.aclose()


def same_site(origin: str | None, environ: Mapping[str, Any]) -> bool:
    """Whether a browser's page of this origin may connect: our own host, or the address we are known by."""
    if origin is None:
        return True
    ours = urlsplit(settings().public_url)
    theirs = urlsplit(origin)
    return theirs.netloc == environ.get("HTTP_HOST") or (theirs.scheme, theirs.netloc) == (
        ours.scheme,
        ours.netloc,
    )


def _split(data: object) -> tuple[int, object]:
    if not isinstance(data, Mapping):
        raise Invalid("请求的格式不对")
    room = parse(_Ask, {"room": data.get("room")}).room
    return room, {key: value for key, value in data.items() if key != "room"}


def _refused(error: HuiyinError) -> Answer:
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": [_plain(fault) for fault in error.details],
            "trace_id": trace_id(),
        }
    }


def _plain(fault: Fault) -> dict[str, Any]:
    return fault.model_dump()


def attach(app: web.Application) -> Chat:
    """Serve Socket.IO at `{path_prefix}/socket.io/` of `app`, and make it what `im.live` emits through."""
    chat = Chat(settings().redis_url)
    chat.sio.attach(app, socketio_path=f"{settings().path_prefix.strip('/')}/socket.io".lstrip("/"))

    async def run(_: web.Application) -> AsyncIterator[None]:
        await chat.listen()
        live.use(chat.sio)
        tasks = {
            asyncio.create_task(chat.sweep(), name="chat sessions"),
            asyncio.create_task(chat.marks.run(), name="chat read marks"),
            asyncio.create_task(chat.beat(), name="chat presence"),
        }
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=1)

    async def close(_: web.Application) -> None:
        await chat.close()

    app.cleanup_ctx.append(run)
    app.on_shutdown.append(close)
    return chat
