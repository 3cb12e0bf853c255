"""What the service account sends: template messages, subscription notices, customer-service messages.

Sources: 模板消息 (Template_Message_Interface), 订阅通知 (subscribe/bizsend), 客服消息. The result of a
template message comes later as ``TEMPLATESENDJOBFINISH``.
"""

import re

from aiohttp import web
from pydantic import BaseModel, Field

from sandbox.state import Kind, Note, Patient
from sandbox.wechat import inbound
from sandbox.wire import Refusal, Reply, read
from sandbox.world import World

MAX_LENGTHS = {"thing": 20, "phrase": 5, "character_string": 32, "short_thing": 10, "name": 10}
LABELS = {
    "thing": "内容",
    "phrase": "状态",
    "character_string": "编号",
    "time": "时间",
    "date": "日期",
    "name": "姓名",
    "const": "类型",
    "phone_number": "电话",
    "amount": "金额",
    "number": "数量",
    "first": "",
    "remark": "备注",
}
KEY = re.compile(r"([a-z_]+?)_?\d*")
CUSTOM_AT_MOST = 20


class Value(BaseModel):
    """One field of a template."""

    value: str
    color: str = ""


class Template(BaseModel):
    """``message/template/send`` and ``message/subscribe/bizsend``."""

    touser: str
    template_id: str = Field(min_length=1)
    url: str = ""
    page: str = ""
    client_msg_id: str = Field(default="", max_length=32)
    data: dict[str, Value]


class Words(BaseModel):
    """Text of a customer-service message."""

    content: str = Field(min_length=1)


class Custom(BaseModel):
    """``message/custom/send``; text only here."""

    touser: str
    msgtype: str
    text: Words | None = None


def receiver(world: World, openid: str) -> Patient:
    """The patient; 40003 for an unknown openid, 43004 when not following."""
    patient = world.patient(openid)
    if patient is None:
        raise Refusal(40003, "invalid openid")
    if not patient.following:
        raise Refusal(43004, "require subscribe")
    return patient


async def template(world: World, request: web.Request) -> Reply:
    """Send a template message; a repeated ``client_msg_id`` answers as before and sends nothing."""
    wanted = await read(request, Template, 47003)
    patient = receiver(world, wanted.touser)
    check_fields(wanted)
    again = f"wechat|{wanted.client_msg_id}"
    if wanted.client_msg_id and again in world.state.receipts:
        return {"msgid": int(world.state.receipts[again])}
    limit = (60.0, world.config.wechat_same_user_per_minute)
    if not world.windows.allow(f"wechat|{patient.openid}", limit):
        raise Refusal(43117, "send too frequently to the same user")
    msgid = inbound.message_id()
    if wanted.client_msg_id:
        world.state.receipts[again] = str(msgid)
    if not patient.blocks_templates:
        _show(world, patient, wanted)
    status = "failed:user block" if patient.blocks_templates else "success"
    fields = (("Event", "TEMPLATESENDJOBFINISH"), ("MsgID", msgid), ("Status", status))
    inbound.post(world, patient, "event", fields, "TEMPLATESENDJOBFINISH")
    return {"msgid": msgid}


def _show(world: World, patient: Patient, wanted: Template) -> None:
    rows = [(label(key), value.value) for key, value in wanted.data.items()]
    note = Note(template_id=wanted.template_id, title=wanted.template_id, rows=rows, url=wanted.url)
    world.feed.count("wechat.sent")
    world.add(f"wechat:{patient.openid}", "wechat", Kind.NOTE, note=note)


def label(key: str) -> str:
    """A readable name for a field key such as ``thing1``."""
    match = KEY.fullmatch(key)
    return LABELS.get(match.group(1), key) if match else key


def check_fields(wanted: Template) -> None:
    """Raises 47003 for an empty or too long field."""
    for key, value in wanted.data.items():
        match = KEY.fullmatch(key)
        longest = MAX_LENGTHS.get(match.group(1), 200) if match else 200
        if not value.value.strip() or len(value.value) > longest:
            raise Refusal(47003, f"argument invalid! data.{key}.value invalid")


async def subscription(world: World, request: web.Request) -> Reply:
    """A one-time notice: one permission, one message; 43101 without a permission."""
    wanted = await read(request, Template, 47003)
    patient = world.patient(wanted.touser)
    if patient is None:
        raise Refusal(40003, "invalid openid")
    check_fields(wanted)
    key = f"{patient.openid}|{wanted.template_id}"
    if world.permissions.get(key, 0) <= 0:
        raise Refusal(43101, "user refuse to accept the msg")
    world.permissions[key] -= 1
    _show(world, patient, wanted.model_copy(update={"url": wanted.url or wanted.page}))
    return {}


async def custom(world: World, request: web.Request) -> Reply:
    """Within 48 h of the person's last act (45015), at most 20 in that time (45047)."""
    wanted = await read(request, Custom)
    patient = receiver(world, wanted.touser)
    if wanted.msgtype != "text" or wanted.text is None:
        raise Refusal(40008, "invalid message type")
    seconds = world.config.custom_message_seconds
    if patient.last_act + seconds < world.clock.now():
        raise Refusal(45015, "response out of time limit or subscription is canceled")
    if not world.windows.allow(f"custom|{patient.openid}|{patient.last_act}", (seconds, CUSTOM_AT_MOST)):
        raise Refusal(45047, "out of response count limit")
    world.feed.count("wechat.sent")
    world.add(f"wechat:{patient.openid}", "wechat", Kind.TEXT, text=wanted.text.content)
    return {}
