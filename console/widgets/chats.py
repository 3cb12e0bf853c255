"""Home module: group chats in which something was said that this person has not read."""

from console.widgets.shapes import Content, Line, Lines, Widget
from core.actor import Actor
from im import queries as rooms
from im.views import RoomLine

MOST = 6


async def load(actor: Actor) -> Content:
    """Those that mention the person first, then by the last word."""
    unread = [room for room in await rooms.rooms(by=actor) if room.unread]
    unread.sort(key=lambda room: not room.mentions)
    return Lines(tuple(map(_line, unread[:MOST])), "没有未读的群聊消息。", more="/chat" if unread else "")


def _line(room: RoomLine) -> Line:
    count = "99+" if room.unread > 99 else str(room.unread)
    if room.mentions:
        return Line(room.title, room.last, f"/chat?room={room.id}", f"@我 · {count}", "late")
    return Line(room.title, room.last, f"/chat?room={room.id}", count, "plain" if room.quiet else "todo")


WIDGET = Widget("chats", "未读群聊", "messages", load)
