"""Looking at phones: who there is, what is unread, what stands on a screen; live changes."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from sandbox.control.base import Answer, Unfit, member_of, number_of, patient_of
from sandbox.control.people import Asked
from sandbox.feed import Change
from sandbox.state import Member, Message, Patient
from sandbox.wecom.media import file_response
from sandbox.wire import read
from sandbox.world import WORLD, World

SHOWN = 200
KEEP_ALIVE = 15.0
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


class Looked(Asked):
    """``POST /control/read``: somebody has seen a conversation."""

    person: str
    conversation: str


def _keys(world: World, person: str) -> list[str]:
    """The conversations on somebody's phone, in the order they are listed."""
    if person.startswith("sms:"):
        return [person]
    if person in world.state.members:
        member = world.state.members[person]
        return world.conversations(person, ("app", "bot")) + ([f"sms:{member.phone}"] if member.phone else [])
    patient = patient_of(world, person)
    return [f"wechat:{person}"] + ([f"sms:{patient.phone}"] if patient.phone else [])


def _member(world: World, member: Member) -> dict[str, Any]:
    unread = sum(world.unread(member.userid, key) for key in _keys(world, member.userid))
    group = member.role or member.title or "医院人员"
    return {"id": member.userid, "kind": "wecom", "group": group, "unread": unread, **member.model_dump()}


def _patient(world: World, patient: Patient) -> dict[str, Any]:
    unread = sum(world.unread(patient.openid, key) for key in _keys(world, patient.openid))
    return {
        "id": patient.openid,
        "kind": "patient",
        "group": "患者",
        "unread": unread,
        **patient.model_dump(),
    }


async def people(world: World, request: web.Request) -> Answer:
    """The cast with unread counts, and numbers of strangers that got an SMS."""
    del request
    known = {p.phone for p in world.state.patients.values()} | {m.phone for m in world.state.members.values()}
    strangers = {m.conversation for m in world.state.messages if m.conversation.startswith("sms:")}
    listed = [_member(world, member) for member in world.state.members.values()]
    listed += [_patient(world, patient) for patient in world.state.patients.values()]
    for key in sorted(strangers):
        number = key.removeprefix("sms:")
        if number not in known:
            unread = world.unread(key, key)
            listed.append({"id": key, "kind": "sms", "group": "其他手机", "name": number, "unread": unread})
    return {
        "people": listed,
        "names": {
            "app": world.config.wecom_app_name,
            "bot": world.config.wecom_bot_name,
            "wechat": world.config.wechat_name,
        },
    }


async def phone(world: World, request: web.Request) -> Answer:
    """One phone: its conversations with their last messages."""
    person = request.match_info["person"]
    if person not in world.state.members and not person.startswith("sms:"):
        patient_of(world, person)
    conversations = []
    for key in _keys(world, person):
        messages = world.messages(key)[-SHOWN:]
        conversations.append(
            {
                "key": key,
                "title": _title(world, key),
                "unread": world.unread(person, key),
                "messages": [told(world, message) for message in messages],
                "last": messages[-1].at if messages else 0,
            }
        )
    return {"person": person, "conversations": conversations}


def _title(world: World, key: str) -> str:
    channel, _, rest = key.partition(":")
    config = world.config
    names = {"app": config.wecom_app_name, "bot": config.wecom_bot_name, "wechat": config.wechat_name}
    if channel == "group":
        group = world.state.groups[rest]
        return f"{group.name}（{len(group.userlist)}）"
    return names.get(channel, "短信")


def told(world: World, message: Message) -> dict[str, Any]:
    """A message for a screen: sender's name and whether the file is a picture added."""
    shown = message.model_dump(mode="json", exclude_none=True)
    member = world.state.members.get(message.sender)
    shown["sender_name"] = member.name if member else ""
    media = world.state.media.get(message.media)
    if media is not None:
        shown["picture"] = media.mime in PICTURES
    return shown


async def messages(world: World, request: web.Request) -> Answer:
    """A flat list for tests: of one conversation, or of all of a person; after a sequence number."""
    query = request.query
    if "conversation" in query:
        keys = [query["conversation"]]
    elif "userid" in query:
        keys = _keys(world, member_of(world, query["userid"]).userid)
    elif "openid" in query:
        keys = _keys(world, patient_of(world, query["openid"]).openid)
    elif "phone" in query:
        keys = [f"sms:{query['phone']}"]
    else:
        raise Unfit("conversation, userid, openid or phone is needed", 400)
    after = number_of(request, "after")
    found = [m for m in world.state.messages if m.conversation in keys and m.seq > after]
    return {"messages": [told(world, message) for message in found]}


async def mark_read(world: World, request: web.Request) -> Answer:
    """Everything in the conversation so far has been seen."""
    asked = await read(request, Looked)
    found = world.messages(asked.conversation)
    if found:
        mark = f"{asked.person}|{asked.conversation}"
        if world.state.marks.get(mark) != found[-1].seq:
            world.state.marks[mark] = found[-1].seq
            world.changed(Change(what="cast"))
    return {"seq": found[-1].seq if found else 0}


async def media(request: web.Request) -> web.StreamResponse:
    """A file as the page shows it: pictures in place, everything else as a download."""
    world = request.app[WORLD]
    found = world.state.media.get(request.match_info["media_id"])
    data = world.store.get(found.media_id) if found else None
    if found is None or data is None:
        raise web.HTTPNotFound
    if found.mime in PICTURES:
        return web.Response(body=data, content_type=found.mime)
    return file_response(found.filename, found.mime, data)


async def stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events: a hint for everything that changes."""
    world = request.app[WORLD]
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    queue = world.feed.listen()
    try:
        await response.write(b": hello\n\n")
        while True:
            try:
                change = await asyncio.wait_for(queue.get(), KEEP_ALIVE)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if change is None:
                break
            line = json.dumps(change.model_dump(), ensure_ascii=False)
            await response.write(f"data: {line}\n\n".encode())
    except ConnectionResetError:
        pass
    finally:
        world.feed.leave(queue)
        with contextlib.suppress(ConnectionResetError):
            await response.write_eof()
    return response
