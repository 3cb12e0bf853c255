"""The page of all one's group chats: the list at the left, one room beside it; groups are made here.

What a room is about is known here and not in `im`: the link to a ticket's case, and files kept as its material.
"""

from aiohttp import web

from console.page import number, permit, show
from core import db, storage
from core.actor import Actor, Permission
from core.errors import HuiyinError, NotFound, Refused
from core.web import json_answer
from im import queries as rooms
from im.views import Room
from staff.sessions import require
from tickets import material
from tickets.models import Ticket
from tickets.queries import access
from tickets.states import OPEN_TICKET

routes = web.RouteTableDef()
TICKET = "ticket:"


@routes.get("/chat")
async def page(request: web.Request) -> web.Response:
    """The list, and with `?room=` a room (`&seq=` at a message)."""
    actor = permit(request)
    wanted = number(request.query.get("room", ""))
    room = await rooms.room(wanted, by=actor) if wanted else None
    return await show(
        request,
        "console/chat/page.html",
        room=room,
        seq=number(request.query.get("seq", "")) or "",
        about=await _about(room, actor),
        moderates=actor.can(Permission.CHAT_MODERATE),
    )


@routes.get("/chat/rooms/{room:\\d+}/pane")
async def pane(request: web.Request) -> web.Response:
    """One room as a part of the page."""
    actor = permit(request)
    room = await rooms.room(number(request.match_info["room"]) or 0, by=actor)
    return await show(
        request,
        "console/chat/pane.html",
        room=room,
        seq=number(request.query.get("seq", "")) or "",
        about=await _about(room, actor),
    )


@routes.post("/chat/rooms/{room:\\d+}/messages/{seq:\\d+}/evidence")
async def keep(request: web.Request) -> web.Response:
    """Keep the file of a message as material of the room's ticket; twice is once."""
    actor = require(request)
    room = await rooms.room(number(request.match_info["room"]) or 0, by=actor)
    message = await rooms.message(room.id, number(request.match_info["seq"]) or 0, by=actor)
    ticket = await _ticket(room, actor)
    if ticket is None or message.file is None:
        raise NotFound("这条消息没有可以存为材料的文件")
    file = await rooms.file(room.id, message.file.id, by=actor)
    if await _kept(ticket.id, file.sha256):
        raise Refused(f"“{file.name}”已经是工单 #{ticket.id} 的材料")
    name = await material.add_evidence(ticket.id, file.name, await storage.read(file), by=actor)
    return json_answer({"said": f"“{name}”已存为工单 #{ticket.id} 的材料"})


async def _kept(ticket_id: int, sha256: str) -> bool:
    return bool(
        await db.fetchval(
            "select exists (select 1 from attachment a join stored_file f on f.id = a.file_id"
            " where a.ticket_id = $1 and f.sha256 = $2)",
            ticket_id,
            sha256,
        )
    )


async def _ticket(room: Room | None, actor: Actor) -> Ticket | None:
    """The ticket a room is about, when this person may see it."""
    if room is None or not room.subject.startswith(TICKET):
        return None
    wanted = number(room.subject.removeprefix(TICKET))
    try:
        return await access.ticket(wanted, actor) if wanted else None
    except HuiyinError:
        return None


async def _about(room: Room | None, actor: Actor) -> tuple[Ticket, bool] | None:
    """The ticket of a room, and whether it still takes material."""
    ticket = await _ticket(room, actor)
    return (ticket, ticket.state in OPEN_TICKET) if ticket is not None else None
