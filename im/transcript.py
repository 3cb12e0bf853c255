"""A room as a ZIP to keep: 聊天记录.html with every line, 聊天记录.csv for machines, and the files; audited. Changes nothing.

What was recalled stands there as recalled, without its words: those are for the audit alone.
"""

import asyncio
import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from html import escape
from uuid import UUID
from zoneinfo import ZoneInfo

from core import audit, clock, exports, storage
from core.actor import Actor
from core.errors import NotFound, Refused
from core.sheets import harmless
from im import queries
from im.holding import demand
from im.rights import Right
from im.views import Kind, Member, Message, Room

MOST_LINES = 50_000
MOST_BYTES = 300 * 1024 * 1024
ZONE = ZoneInfo("Asia/Shanghai")
_STYLE = (
    "body{font:15px/1.6 'PingFang SC','Microsoft YaHei',sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b2b3a}h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}td{padding:.35rem .5rem;"
    "border-bottom:1px solid #dde5ee;vertical-align:top}td:first-child{white-space:nowrap;color:#51647a}"
    ".grey{color:#6b7d92}.quote{border-left:3px solid #b5c3d4;padding-left:.5rem;color:#51647a}p{margin:0;"
    "white-space:pre-wrap;overflow-wrap:anywhere}"
)


async def export(room_id: int, *, by: Actor) -> tuple[str, bytes]:
    """File name and bytes of the ZIP.

    Raises:
        NotFound: none that this person may see.
        Forbidden: they may not take it out of the house.
        Refused: more than 50,000 lines or 300 MB of files.
    """
    room = await queries.room(room_id, by=by)
    demand(room, Right.EXPORT, by)
    if room.last_seq > MOST_LINES:
        raise Refused(f"聊天记录超过 {MOST_LINES} 条，请联系系统管理员导出")
    page = await queries.since(room_id, 0, by=by, limit=MOST_LINES)
    members = await queries.members(room_id, by=by)
    names, kept = await _files(page.messages)
    data = await asyncio.to_thread(_pack, room, members, page.messages, names, kept, by.name)
    await audit.record(by, "room.export", "room", room_id, lines=len(page.messages), files=len(kept))
    await exports.log(
        by,
        exports.Kind.ROOM,
        f"群聊记录 {room.id}",
        data,
        rows=len(page.messages),
        columns=("时间", "发言人", "内容"),
    )
    stamp = clock.now().astimezone(ZONE).strftime("%Y%m%d")
    safe = "".join(letter if letter.isalnum() else "_" for letter in room.title)[:40]
    return f"群聊记录_{safe}_{stamp}.zip", data


async def _files(messages: Iterable[Message]) -> tuple[dict[UUID, str], dict[str, bytes]]:
    """The name of each file in the ZIP, and its bytes; a file that is gone from the store is left out."""
    names: dict[UUID, str] = {}
    kept: dict[str, bytes] = {}
    size = 0
    for message in messages:
        if message.file is None or message.file.id in names:
            continue
        size += message.file.size
        if size > MOST_BYTES:
            raise Refused("群聊中的文件超过 300 MB，请联系系统管理员导出")
        name = f"文件/{message.seq:05d}_{message.file.name}"
        try:
            kept[name] = await storage.read(await storage.find(message.file.id))
        except NotFound:
            continue
        names[message.file.id] = name
    return names, kept


def _pack(
    room: Room,
    members: Iterable[Member],
    messages: Iterable[Message],
    names: dict[UUID, str],
    kept: dict[str, bytes],
    who: str,
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        lines = list(messages)
        pack.writestr("聊天记录.html", _page(room, members, lines, names, who))
        pack.writestr("聊天记录.csv", _table(lines, names))
        for name, data in kept.items():
            pack.writestr(name, data)
    return out.getvalue()


def _page(
    room: Room, members: Iterable[Member], messages: Iterable[Message], names: dict[UUID, str], who: str
) -> str:
    inside = "、".join(member.name for member in members if member.kind == "staff")
    rows = "".join(_row(message, names) for message in messages if message.kind is not Kind.RECALL)
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(room.title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(room.title)}</h1>"
        f'<p class="grey">成员：{escape(inside)}\n导出人：{escape(who)}　导出时间：{_time(clock.now())}</p>'
        f"<table>{rows}</table></html>"
    )


def _row(message: Message, names: dict[UUID, str]) -> str:
    told = f"<td>{_time(message.at)}</td><td>{{}}</td></tr>"
    if message.kind is Kind.NOTICE:
        return "<tr>" + told.format(f'<p class="grey">{escape(message.text)}</p>')
    parts = [f"<b>{escape(message.author)}</b>"]
    if message.kind is Kind.ANNOUNCEMENT:
        parts.append("<b>【群公告】</b>")
    if message.recalled:
        parts.append(f'<p class="grey">{escape(recalled_words(message))}</p>')
    if message.quote is not None:
        parts.append(f'<p class="quote">{escape(message.quote.author)}：{escape(message.quote.text)}</p>')
    if message.file is not None:
        link = names.get(message.file.id, "")
        label = escape(file_words(message))
        parts.append(
            f'<p><a href="{escape(link)}">{label}</a></p>' if link else f"<p>{label}（文件已缺失）</p>"
        )
    if message.text:
        parts.append(f"<p>{escape(message.text)}</p>")
    return "<tr>" + told.format("".join(parts))


def recalled_words(message: Message) -> str:
    """ "（消息已由 测试甲 撤回，原因：…）" """
    reason = f"，原因：{message.reason}" if message.reason else ""
    return f"（消息已由 {message.recalled_by or message.author} 撤回{reason}）"


def file_words(message: Message) -> str:
    """ "[语音 12 秒]" or "[文件] 照片.png"; empty when there is none."""
    if message.file is None:
        return ""
    if message.seconds is not None:
        return f"[语音 {message.seconds} 秒]"
    return f"[{'图片' if message.file.mime.startswith('image/') else '文件'}] {message.file.name}"


def _table(messages: Iterable[Message], names: dict[UUID, str]) -> str:
    out = io.StringIO()
    out.write("\ufeff")  # Excel reads UTF-8 only so
    writer = csv.writer(out)
    writer.writerow(("序号", "时间", "发言人", "类型", "内容", "文件"))
    for message in messages:
        words = recalled_words(message) if message.recalled else message.text
        link = names.get(message.file.id, message.file.name) if message.file is not None else ""
        told = (harmless(message.author), message.kind.value, harmless(words), harmless(link))
        writer.writerow((message.seq, _time(message.at), *told))
    return out.getvalue()


def _time(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
