"""The bot's WebSocket: reads frames, dispatches commands, writes the answers.

One frame, one answer with the same ``req_id``. Nothing but ``aibot_subscribe`` is obeyed before a
successful subscription; a connection that stays silent too long is closed.
"""

import asyncio
import time

from aiohttp import WSMessage, WSMsgType, web
from pydantic import BaseModel, Field, ValidationError

from sandbox.feed import Change
from sandbox.wecom.bot import BOT, BotLine, Frame, Push, Respond, Subscribe, UpdateCard
from sandbox.wecom.bot_upload import Uploads
from sandbox.wire import Refusal, Reply, describe, validate
from sandbox.world import WORLD, World


class Nothing(BaseModel):
    """An empty body."""

    ignored: str = Field(default="", exclude=True)


async def serve(request: web.Request) -> web.WebSocketResponse:
    """One connection of the product."""
    world, bot = request.app[WORLD], request.app[BOT]
    socket = web.WebSocketResponse(max_msg_size=4 * 1024 * 1024)
    await socket.prepare(request)
    session = Session(world, bot, socket)
    try:
        await session.run()
    finally:
        if bot.socket is socket:
            bot.socket = None
            world.changed(Change(what="bot"))
    return socket


class Session:
    """A connection from first frame to last."""

    def __init__(self, world: World, bot: BotLine, socket: web.WebSocketResponse) -> None:
        self._world = world
        self._bot = bot
        self._socket = socket
        self._uploads = Uploads(world)
        self._subscribed = False

    async def run(self) -> None:
        """Answer frames until the other side leaves, falls silent or is cut off."""
        while not self._socket.closed:
            try:
                message = await self._socket.receive(timeout=self._world.config.bot_idle_seconds)
            except TimeoutError:
                await self._socket.close(message=b"heartbeat timeout")
                return
            if message.type is not WSMsgType.TEXT:
                return
            await self._answer(message)

    async def _answer(self, message: WSMessage) -> None:
        begun = time.monotonic()
        try:
            frame = Frame.model_validate_json(message.data)
        except ValidationError as error:
            code, words = describe(error)
            await self._socket.send_json({"headers": {"req_id": ""}, "errcode": code, "errmsg": words})
            return
        fault = self._world.faults.take("wecom", frame.cmd)
        if fault is not None:
            await asyncio.sleep(fault.delay_ms / 1000)
            if fault.drop in {True, "before"} or fault.http is not None:
                await self._socket.close()
                return
        body: Reply = {}
        try:
            if fault is not None and fault.errcode is not None:
                raise Refusal(fault.errcode, fault.message("127.0.0.1"))
            if fault is None or not fault.vanish:
                body = await self._obey(frame)
            answer: Reply = {"errcode": 0, "errmsg": "ok"}
        except Refusal as refusal:
            answer = {"errcode": refusal.errcode, "errmsg": refusal.errmsg}
        reply: Reply = {"headers": {"req_id": frame.headers.req_id}, **answer, "body": body}
        if frame.cmd != "ping":
            self._log(frame, str(message.data), reply, time.monotonic() - begun)
        if fault is not None and fault.drop == "after":
            await self._socket.close()
            return
        if not self._socket.closed:
            await self._socket.send_json(reply)
        if answer["errcode"] != 0 and not self._subscribed:
            await self._socket.close()

    def _log(self, frame: Frame, asked: str, reply: Reply, seconds: float) -> None:
        self._world.feed.log(
            at=self._world.clock.now(),
            direction="in",
            system="wecom",
            api=frame.cmd,
            status=str(reply["errcode"]),
            asked=asked,
            answered=web.json_response(reply).text or "",
            seconds=seconds,
        )

    async def _obey(self, frame: Frame) -> Reply:
        raw = web.json_response(frame.body).text or "{}"
        if frame.cmd == "aibot_subscribe":
            await self._subscribe(validate(Subscribe, raw))
            return {}
        if not self._subscribed or self._bot.socket is not self._socket:
            raise Refusal(846600, "not subscribed")
        req_id = frame.headers.req_id
        match frame.cmd:
            case "ping":
                return {}
            case "aibot_respond_msg":
                self._bot.respond(req_id, validate(Respond, raw))
            case "aibot_respond_welcome_msg":
                self._bot.welcome(req_id, validate(Respond, raw))
            case "aibot_respond_update_msg":
                self._bot.update(req_id, validate(UpdateCard, raw))
            case "aibot_send_msg":
                self._bot.send(validate(Push, raw))
            case "aibot_upload_media_init" | "aibot_upload_media_chunk" | "aibot_upload_media_finish":
                return self._uploads.obey(frame.cmd, raw)
            case _:
                raise Refusal(40058, f"invalid Request Parameter: cmd: {frame.cmd}")
        return {}

    async def _subscribe(self, wanted: Subscribe) -> None:
        config = self._world.config
        if (wanted.bot_id, wanted.secret) != (config.wecom_bot_id, config.wecom_bot_secret):
            raise Refusal(40001, "invalid credential")
        self._subscribed = True
        await self._bot.take_over(self._socket)
