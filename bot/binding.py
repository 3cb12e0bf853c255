"""People the bot does not know: a polite word, and two ways to be bound: a code from the web page, or one by SMS.

Whether a staff number exists or has a phone is never told to somebody who is not bound.
"""

import re
from datetime import timedelta

from bot import lines
from bot.commands import HELP
from bot.lines import Said
from bot.places import Answer, Place, Speaker, staff_receiver
from channels import actions as channels
from channels import texts
from channels.drafts import Draft, Lane
from core import clock, db
from core.actor import Actor, ActorKind, Door
from core.errors import HuiyinError
from core.settings import settings
from staff import actions as staff_actions
from staff import queries as staff

BIND = "绑定"
CODES_AN_HOUR = 3
SENT = "如果工号正确并登记了手机号，验证码已发到该手机。请在 10 分钟内发送“绑定 验证码”"


def welcome() -> str:
    """How to be bound."""
    address = f"{settings().public_url.rstrip('/')}{settings().path_prefix}"
    return (
        "您好，我是回音助手。您的企业微信还没有绑定职工账号，绑定后才能在这里接收和办理工单。\n"
        f"1. 登录 {address} ，在“我的账号”获取绑定码，发送“绑定 绑定码”；\n"
        "2. 或发送“绑定 工号”，验证码会发到您登记的手机；\n"
        "3. 也可请系统管理员协助。"
    )


async def stranger_says(userid: str, text: str, place: Place, key: str) -> Answer:
    """What somebody unknown gets to hear; a right code binds them."""
    said = lines.read(lines.clean(text), (BIND,))
    if not said.word:
        return Answer(welcome())
    words = _words(said)
    if not words:
        return Answer("请发送“绑定 绑定码”，或“绑定 工号”获取短信验证码")
    try:  # no savepoint around it: the count of failed codes must stay when the code is refused
        return await _bind(userid, words, place, key)
    except HuiyinError as error:
        return Answer(error.message)


def _words(said: Said) -> list[str]:
    """What follows "绑定": a code, a staff number, or both."""
    begin = lines.fold(said.whole).index(BIND) + len(BIND)
    return re.split(r"[\s:：,，]+", said.whole[begin:].strip()) if said.whole[begin:].strip() else []


async def _bind(userid: str, words: list[str], place: Place, key: str) -> Answer:
    code = words[-1].upper()
    if len(words) == 1 and not _like_a_code(code):
        await _send_code(words[0], userid)
        return Answer(SENT)
    actor = await staff_actions.bind_wecom(code, userid)
    assert actor.staff_id is not None  # noqa: S101 - an actor of staff
    person = await staff.person(actor.staff_id)
    shown = await HELP.run(Speaker(person, actor, place, key), lines.read("帮助", ("帮助",)))
    return Answer(f"绑定成功，{person.name}，您好！\n{shown.text}")


def _like_a_code(text: str) -> bool:
    return len(text) == staff_actions.CODE_LENGTH and set(text) <= set(staff_actions.CODE_SIGNS)


async def _send_code(number: str, userid: str) -> None:
    """Send a code to the phone that is on record; at most a few an hour, for one account and for one person."""
    person = await staff.by_number(number)
    if person is None or not person.phone:
        return
    since = clock.now() - timedelta(hours=1)
    recent = await db.fetchval(
        "select count(*) from message where purpose = 'bind' and created_at > $1"
        " and (receiver_id = $2 or subject = $3)",
        since,
        person.id,
        f"wecom:{userid}"[:100],
    )
    if recent >= CODES_AN_HOUR:
        return
    owner = Actor(ActorKind.STAFF, person.id, person.name, Door.WECOM, (), f"wecom:{userid}"[:60])
    code = await staff_actions.make_bind_code(by=owner)
    minutes = int(staff_actions.CODE_LIVES.total_seconds() // 60)
    await channels.send(
        Draft(
            key=f"bind:{person.id}:{clock.now():%Y%m%d%H%M%S%f}",
            purpose="bind",
            subject=f"wecom:{userid}"[:100],
            receiver=staff_receiver(person),
            lane=Lane.URGENT,
            text=texts.render("bind", "sms", {"code": code, "minutes": minutes}),
            ladder=("sms",),
            secret=True,
        )
    )
