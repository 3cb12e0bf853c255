"""Stored messages of WeCom, processed once: callbacks of the application and frames of the bot's long connection."""

import orjson

from bot import binding, files, presses
from bot.hearing import answer_to
from bot.places import GROUP, Answer, Place, Speaker, answer, ladder, stranger
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import clock
from core.actor import Door
from core.errors import GiveUp, Invalid
from core.inbound import Inbound
from core.jobs import enqueue
from integrations import wecom_bot
from integrations.wecom_bot import BotEvent
from integrations.wecom_crypto import WecomCallback, parse
from staff import queries as staff
from staff.actors import actor_of
from staff.queries import Person

WELCOME = "bot.welcome"
MEDIA = ("image", "file", "voice", "video")
PRESSES = ("template_card_event", "template_card_menu_event")


async def take_callback(inbound: Inbound) -> None:
    """Inbound source "wecom": the decrypted XML of the self-built application.

    Raises:
        GiveUp: it cannot be read.
    """
    try:
        callback = parse(inbound.body.decode("utf-8", "replace"))
    except Invalid as error:
        raise GiveUp(error.message) from error
    place, key = Place("wecom_app"), f"app:{inbound.id}"
    person = await staff.by_wecom(callback.from_user) if callback.from_user else None
    if person is None:
        await _stranger(callback.from_user, callback.content, place, key, event=bool(callback.event))
        return
    speaker = await _speaker(person, place, key)
    if callback.event in PRESSES:
        await presses.press(speaker, callback.event_key, callback.task_id, callback.response_code)
    elif callback.msg_type in MEDIA:
        await _file(speaker, inbound.id, 0, callback.file_name)
    elif callback.msg_type == "text":
        await answer_to(speaker, callback.content)
    elif not callback.event:
        await answer(speaker, Answer(_unreadable(callback)))


def _unreadable(callback: WecomCallback) -> str:
    what = {"location": "位置", "link": "链接"}.get(callback.msg_type, "这类消息")
    return f"暂不能处理{what}，请发送文字、照片或文件；发“帮助”查看可用命令"


async def take_frame(inbound: Inbound) -> None:
    """Inbound source "wecom-bot": a frame of the intelligent bot.

    Raises:
        GiveUp: it cannot be read.
    """
    try:
        event = wecom_bot.parse(orjson.loads(inbound.body))
    except (Invalid, orjson.JSONDecodeError, ValueError) as error:
        raise GiveUp(f"the frame cannot be read: {error}") from error
    if event.event == "enter_chat":
        await enqueue(WELCOME, {"req_id": event.req_id, "userid": event.userid}, key=f"welcome:{inbound.id}")
        return
    place, key = Place("wecom_bot", f"{GROUP}{event.chatid}" if event.group else ""), f"bot:{inbound.id}"
    person = await staff.by_wecom(event.userid) if event.userid else None
    if person is None:
        await _stranger(event.userid, event.text, Place("wecom_bot"), key, event=bool(event.event))
        return
    await _frame_of(await _speaker(person, place, key), event, inbound.id)


async def _frame_of(speaker: Speaker, event: BotEvent, inbound_id: int) -> None:
    if event.event == "template_card_event":
        await presses.press(speaker, event.event_key, event.task_id, event.req_id, by_bot=True)
        return
    if event.event:
        return
    for part in range(len(event.media)):
        await _file(speaker, inbound_id, part, "")
    if event.text.strip():
        await answer_to(speaker, event.text)
    elif not event.media:
        await answer(speaker, Answer("请发送文字、照片或文件；发“帮助”查看可用命令"))


async def _speaker(person: Person, place: Place, key: str) -> Speaker:
    return Speaker(person, await actor_of(person.id, Door.WECOM), place, key)


async def _file(speaker: Speaker, inbound_id: int, part: int, name: str) -> None:
    said = await files.receive(speaker, inbound_id, part, name)
    if said is not None:
        await answer(speaker, said)


async def _stranger(userid: str, text: str, place: Place, key: str, *, event: bool) -> None:
    """Somebody who is not bound: told how to be, after each line; for opening the chat once a day."""
    if not userid:
        return
    said = Answer(binding.welcome()) if event else await binding.stranger_says(userid, text, place, key)
    await channels.send(
        Draft(
            key=f"hello:{userid}:{clock.today()}"[:200] if event else f"reply:{key}",
            purpose="bot.reply",
            receiver=stranger(userid),
            lane=Lane.URGENT,
            text=said.text,
            ladder=ladder(place.way),
        )
    )
