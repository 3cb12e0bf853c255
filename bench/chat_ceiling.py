"""A bare Socket.IO server that fans out to a room and keeps nothing: the ceiling beside bench/chat.py.

It answers the same three events in memory, on the same loop, and touches no database.
"""

import asyncio
import sys
from typing import Any

import socketio
import uvloop
from aiohttp import web

sio = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"], max_http_buffer_size=256 * 1024)
numbers: dict[int, int] = {}


async def join(sid: str, data: dict[str, Any]) -> dict[str, Any]:
    """Enter the room."""
    await sio.enter_room(sid, str(data["room"]))
    return {"messages": []}


async def post(_sid: str, data: dict[str, Any]) -> dict[str, Any]:
    """Number the message in memory and fan it out."""
    room = data["room"]
    numbers[room] = numbers.get(room, 0) + 1
    message = {**data, "seq": numbers[room]}
    await sio.emit("message", {"room": room, "message": message}, room=str(room))
    return {"message": message}


async def read(_sid: str, _data: dict[str, Any]) -> dict[str, Any]:
    """Only acknowledge."""
    return {"ok": True}


async def healthz(_: web.Request) -> web.Response:
    """Live."""
    return web.Response(text="ok")


def main() -> None:
    """Serve until told to stop."""
    for name, handle in (("join", join), ("post", post), ("read", read)):
        sio.on(name, handle)
    app = web.Application()
    app.router.add_get("/healthz", healthz)
    sio.attach(app)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
