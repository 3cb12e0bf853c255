"""Outward work of the bot, safe to run twice: fetching files from the vendor, greeting who opens the bot's chat."""

from uuid import UUID

import orjson

from bot import binding, conversations
from bot.models import BotFile
from bot.places import Answer, Place, Speaker, answer, way_of
from core import db, inbound, storage
from core.actor import Door
from core.errors import GiveUp, HuiyinError, Invalid, TryLater
from core.filetypes import kind_of
from core.jobs import Job
from core.models import StoredFile
from integrations import wecom, wecom_bot
from integrations.http import CallFailed, Kind
from integrations.wecom import Media
from integrations.wecom_crypto import parse
from staff import queries as staff
from staff.actors import actor_of
from tickets.material import add_evidence

ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
}
MAGIC = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG", "png"),
    (b"GIF8", "gif"),
    (b"%PDF-", "pdf"),
    (b"#!AMR", "amr"),
    (b"ID3", "mp3"),
)
KINDS = {
    "jpg": "照片",
    "png": "照片",
    "gif": "照片",
    "webp": "照片",
    "amr": "语音",
    "mp3": "录音",
    "mp4": "视频",
}


async def take_file(job: Job) -> None:
    """Job "bot.file" {"file": id}: fetch what is not here yet; put it to its ticket once that is known."""
    number = int(job.payload["file"])
    row = await BotFile.get_or_none(id=number)
    if row is None or row.state in ("attached", "dropped", "failed"):
        return
    try:
        if row.state == "fetching":
            await _fetch(row)
            row = await BotFile.get(id=number)
        if row.ticket_id is not None and row.state == "kept":
            await _attach(row)
    except HuiyinError as error:
        await _fail(row, conversations.sentence(error))


async def _fetch(row: BotFile) -> None:
    try:
        media = await _download(row)
    except CallFailed as error:
        if error.kind in (Kind.RETRY, Kind.QUOTA):
            raise TryLater(str(error), after=error.wait or None) from error
        raise Invalid("文件没有收到，请重新发送") from error
    kept = await storage.keep(_name(row, media), media.data, by=(await staff.person(row.staff_id)).name)
    await db.execute(
        "update bot_file set file_id = $2, name = $3, state = 'kept' where id = $1 and state = 'fetching'",
        row.id,
        kept.id,
        kept.name,
    )


async def _download(row: BotFile) -> Media:
    """The bytes, from where the stored message says they are."""
    found = await db.fetchrow(
        "select source, external_id, body, sealed from inbound where id = $1", row.inbound_id
    )
    if found is None:
        raise GiveUp(f"file {row.id}: the message it came with is gone")
    body = inbound.opened(found)
    if found["source"] == "wecom":
        return await wecom.download_media(parse(body.decode("utf-8", "replace")).media_id)
    _, url, key = wecom_bot.parse(orjson.loads(body)).media[row.part]
    return await wecom_bot.download(url, key)


def _name(row: BotFile, media: Media) -> str:
    """The name the person gave it; one that tells what it is, when they gave none."""
    given = row.name or media.filename
    if "." in given and _fits(given, media.data):
        return given
    ending = next((name for magic, name in MAGIC if media.data.startswith(magic)), "")
    ending = ending or ENDINGS.get(media.mime.partition(";")[0].strip(), "")
    if not ending:
        return given or "文件"
    stem = given.rsplit(".", 1)[0] if given and row.name else f"{KINDS.get(ending, '文件')}{row.id}"
    return f"{stem}.{ending}"


def _fits(name: str, data: bytes) -> bool:
    try:
        kind_of(name, data)
    except Invalid:
        return False
    return True


async def _attach(row: BotFile) -> None:
    """Put a kept file to its ticket, unless an earlier run of this job has done so."""
    file = await storage.find(_id(row))
    if not await _attached_before(row, file):
        speaker = await _speaker(row)
        assert row.ticket_id is not None  # noqa: S101 - asked by the caller
        await add_evidence(row.ticket_id, file.name, await storage.read(file), by=speaker.actor)
    async with db.transaction():
        done = await db.execute(
            "update bot_file set state = 'attached' where id = $1 and state = 'kept'", row.id
        )
        if done:
            words = f"已收到“{file.name}”，作为 #{row.ticket_id} 的材料"
            await answer(await _speaker(row, "kept"), Answer(words))


def _id(row: BotFile) -> UUID:
    if row.file_id is None:
        raise GiveUp(f"file {row.id} is not here")
    return row.file_id


async def _attached_before(row: BotFile, file: StoredFile) -> bool:
    found = await db.fetchval(
        "select true from attachment a join stored_file f on f.id = a.file_id"
        " where a.ticket_id = $1 and f.sha256 = $2 and a.added_at >= $3 limit 1",
        row.ticket_id,
        file.sha256,
        row.created_at,
    )
    return bool(found)


async def _fail(row: BotFile, words: str) -> None:
    async with db.transaction():
        done = await db.execute(
            "update bot_file set state = 'failed' where id = $1 and state in ('fetching', 'kept')", row.id
        )
        if done:
            await answer(await _speaker(row, "failed"), Answer(f"文件没有提交：{words}"))


async def _speaker(row: BotFile, what: str = "") -> Speaker:
    person = await staff.person(row.staff_id)
    place = Place(way_of(row.way), row.place)
    return Speaker(person, await actor_of(person.id, Door.WECOM), place, f"file:{row.id}:{what}")


async def welcome(job: Job) -> None:
    """Job "bot.welcome" {"req_id", "userid"}: greet who opens the bot's chat, within the five seconds allowed."""
    person = await staff.by_wecom(str(job.payload["userid"]))
    words = (
        binding.welcome()
        if person is None
        else f"{person.name}，您好！发“待办”查看工单，发“帮助”查看可用命令"
    )
    try:
        await wecom_bot.respond_welcome(f"welcome:{job.id}", str(job.payload["req_id"]), words)
    except CallFailed:
        return  # a greeting that comes too late is none
