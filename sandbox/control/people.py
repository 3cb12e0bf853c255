"""Playing people: the cast, their phones, and what they do with them."""

import asyncio
import base64
import binascii
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox import samples, sms
from sandbox.control.base import WAIT_FOR_DELIVERY, Answer, Unfit, member_of, patient_of, told
from sandbox.courier import Delivery, Outcome
from sandbox.feed import Change
from sandbox.state import Fate, Kind, Media, Member, Message, Patient
from sandbox.wechat import inbound as wechat
from sandbox.wecom import inbound as wecom
from sandbox.wecom.bot import BOT
from sandbox.wecom.inbound import Press
from sandbox.wecom.media import check, mime_of
from sandbox.wire import read
from sandbox.world import World


class Asked(BaseModel):
    """Base of control bodies: an unknown key is a typing mistake."""

    model_config = ConfigDict(extra="forbid")


class MemberIn(Asked):
    """A member of the cast."""

    userid: str = Field(min_length=1, max_length=64)
    name: str
    department: str = ""
    title: str = ""
    role: str = ""
    phone: str = ""
    active: bool = True


class PatientIn(Asked):
    """A patient of the cast."""

    openid: str = Field(min_length=1, max_length=64)
    unionid: str = ""
    name: str
    phone: str = ""
    following: bool = True
    blocks_templates: bool = False


class Cast(Asked):
    """``POST /control/cast``: added to those there, or instead of them."""

    wecom: list[MemberIn] = Field(default_factory=list)
    patients: list[PatientIn] = Field(default_factory=list)
    replace: bool = False


class Somebody(Asked):
    """Who acts, and where: ``app``, ``bot``, ``group:<chatid>``, ``wechat`` or ``sms``."""

    userid: str = ""
    openid: str = ""
    phone: str = ""
    where: str = "app"
    wait: bool = False

    @model_validator(mode="before")
    @classmethod
    def accept_in(cls, value: Any) -> Any:
        """``in`` is the friendlier name of ``where``."""
        if isinstance(value, dict) and "in" in value:
            value = {**value, "where": value["in"]}
            del value["in"]
        return value


class Say(Somebody):
    """``POST /control/say``."""

    text: str = Field(min_length=1)


class SendMedia(Somebody):
    """``POST /control/send_media``."""

    kind: Literal["image", "file", "voice", "video"] = "image"
    filename: str = Field(min_length=1)
    base64: str


class PressIn(Somebody):
    """``POST /control/press``: the key of a button, of the submit button or of a menu entry."""

    task_id: str
    key: str
    selected: dict[str, list[str]] = Field(default_factory=dict)
    menu: bool = False


class Act(Asked):
    """A patient follows, leaves or scans; a number's fate."""

    openid: str
    scene: str = ""
    ticket: str = ""
    wait: bool = False


class FateIn(Fate):
    """``POST /control/sms/fate``."""

    phone: str


class Grant(Asked):
    """``POST /control/wechat/grant``: one-time notices the person allowed."""

    openid: str
    template_id: str
    times: int = Field(default=1, ge=0)


async def set_cast(world: World, request: web.Request) -> Answer:
    """Add people or change them; ``replace`` removes all others first."""
    cast = await read(request, Cast)
    if cast.replace:
        world.state.members.clear()
        world.state.patients.clear()
    for one in cast.wecom:
        world.state.members[one.userid] = Member(**one.model_dump())
    for other in cast.patients:
        known = world.state.patients.get(other.openid)
        last_act = known.last_act if known else world.clock.now()
        world.state.patients[other.openid] = Patient(**other.model_dump(), last_act=last_act)
    world.changed(Change(what="cast"))
    return {"wecom": len(world.state.members), "patients": len(world.state.patients)}


async def sample_cast(world: World, request: web.Request) -> Answer:
    """A small synthetic cast, for a sandbox that stands alone."""
    del request
    for member in samples.MEMBERS:
        world.state.members.setdefault(member.userid, member.model_copy())
    for patient in samples.PATIENTS:
        world.state.patients.setdefault(
            patient.openid, patient.model_copy(update={"last_act": world.clock.now()})
        )
    world.changed(Change(what="cast"))
    return {"wecom": len(world.state.members), "patients": len(world.state.patients)}


async def _finish(asked: Somebody | Act, delivery: Delivery) -> dict[str, Any]:
    if asked.wait and delivery.outcome is not Outcome.HELD:
        await asyncio.wait_for(delivery.done.wait(), WAIT_FOR_DELIVERY)
    return {"delivery": told(delivery)}


def _bot_place(world: World, member: Member, where: str) -> str:
    """The conversation a member may speak to the bot in."""
    if where == "bot":
        return f"bot:{member.userid}"
    group = world.group(where.removeprefix("group:"))
    if group is None or member.userid not in group.userlist:
        raise Unfit(f"{member.name}不在这个群里", 404)
    return f"group:{group.chatid}"


async def say(world: World, request: web.Request) -> Answer:
    """Type a line as somebody."""
    asked = await read(request, Say)
    if asked.phone:
        delivery = sms.reply(world, asked.phone, asked.text)
        return await _finish(asked, delivery)
    if asked.openid:
        message, delivery = wechat.text(world, patient_of(world, asked.openid), asked.text)
        return {"message": _told(message), **await _finish(asked, delivery)}
    member = member_of(world, asked.userid)
    if asked.where == "app":
        message, delivery = wecom.text(world, member, asked.text)
        return {"message": _told(message), **await _finish(asked, delivery)}
    place = _bot_place(world, member, asked.where)
    if place.startswith("group:") and f"@{world.config.wecom_bot_name}" not in asked.text:
        # Only lines that mention the bot reach it; the rest is talk among people.
        message = world.add(place, member.userid, Kind.TEXT, text=asked.text)
        return {"message": _told(message), "heard": False}
    message, heard = await request.app[BOT].say(member, place, asked.text)
    return {"message": _told(message), "heard": heard}


async def send_media(world: World, request: web.Request) -> Answer:
    """Send a picture, voice or file as a member."""
    asked = await read(request, SendMedia)
    try:
        data = base64.b64decode(asked.base64, validate=True)
    except binascii.Error as error:
        raise Unfit("base64 不正确", 400) from error
    check(asked.kind, asked.filename, len(data))
    member = member_of(world, asked.userid)
    kept: Media = world.keep_media(asked.kind, asked.filename, mime_of(asked.filename), data)
    if asked.where == "app":
        message, delivery = wecom.media(world, member, kept)
        return {"message": _told(message), **await _finish(asked, delivery)}
    place = _bot_place(world, member, asked.where)
    message, heard = await request.app[BOT].media(member, place, kept)
    return {"message": _told(message), "heard": heard}


async def press(world: World, request: web.Request) -> Answer:
    """Tap a button of a card on somebody's phone, as it looks there now."""
    asked = await read(request, PressIn)
    member = member_of(world, asked.userid)
    message = _card(world, member, asked)
    card = message.card
    if card is None or card.replace_text or message.recalled:
        raise Unfit("卡片上的按钮已失效")
    if not (card.in_menu(asked.key) if asked.menu else card.pressable(asked.key)):
        raise Unfit(f"卡片上没有这个按钮：{asked.key}", 404)
    tap = Press(key=asked.key, selected=asked.selected, menu=asked.menu)
    if message.sender == "bot":
        return {"heard": await request.app[BOT].press(member, message, tap)}
    return await _finish(asked, wecom.press(world, member, message, tap))


def _card(world: World, member: Member, asked: PressIn) -> Message:
    places = world.conversations(member.userid, ("app", "bot"))
    for message in reversed(world.state.messages):
        if message.card and message.card.task_id == asked.task_id and message.conversation in places:
            return message
    raise Unfit(f"{member.name}的手机上没有这张卡片：{asked.task_id}", 404)


def _told(message: Message) -> dict[str, Any]:
    return message.model_dump(mode="json", exclude_none=True)


async def open_chat(world: World, request: web.Request) -> Answer:
    """Open a conversation: ``enter_agent`` for the application, ``enter_chat`` for the bot."""
    asked = await read(request, Somebody)
    member = member_of(world, asked.userid)
    if asked.where == "bot":
        return {"heard": await request.app[BOT].enter(member)}
    return await _finish(asked, wecom.enter(world, member))


async def follow(world: World, request: web.Request) -> Answer:
    """A patient follows the account."""
    asked = await read(request, Act)
    return await _finish(asked, wechat.follow(world, patient_of(world, asked.openid), asked.scene))


async def unfollow(world: World, request: web.Request) -> Answer:
    """A patient leaves the account."""
    asked = await read(request, Act)
    return await _finish(asked, wechat.unfollow(world, patient_of(world, asked.openid)))


async def scan(world: World, request: web.Request) -> Answer:
    """A patient scans a code, by its ticket or by the bare scene."""
    asked = await read(request, Act)
    known = world.state.scenes.get(asked.ticket)
    if asked.ticket and (known is None or (known.expires_at or 1e18) <= world.clock.now()):
        raise Unfit("二维码已过期")
    scene = known.scene if known else asked.scene
    patient = patient_of(world, asked.openid)
    return await _finish(asked, wechat.scan(world, patient, scene, asked.ticket))


async def fate(world: World, request: web.Request) -> Answer:
    """What becomes of SMS to a number from now on."""
    asked = await read(request, FateIn)
    world.state.fates[asked.phone] = Fate(outcome=asked.outcome, err_code=asked.err_code)
    return {"phone": asked.phone, "outcome": asked.outcome}


async def grant(world: World, request: web.Request) -> Answer:
    """The person allows one-time notices of a template."""
    asked = await read(request, Grant)
    patient_of(world, asked.openid)
    world.permissions[f"{asked.openid}|{asked.template_id}"] = asked.times
    return {"times": asked.times}
