"""Home module: announcements of the house, and those of one's group chats that one has not read."""

from console import bulletins
from console.widgets.shapes import Content, Line, Lines, Widget
from core import clock, db
from core.actor import Actor
from im import reach

MOST = 5
_UNREAD = """
select r.id, r.title, a.text, a.at from room_member m
join room r on r.id = m.room_id and r.closed_at is null
join room_message a on a.room_id = r.id and a.seq = r.announced_seq and a.recalled_at is null
where m.kind = 'staff' and m.staff_id = $1 and m.left_at is null and a.author_id is distinct from $1
    and not exists (select 1 from room_announcement_seen s where s.room_id = r.id and s.seq = a.seq and s.staff_id = $1)
    and {reach}
order by a.at desc limit $2
"""


async def load(actor: Actor) -> Content:
    """The house's first, the urgent ones on top; then the groups'."""
    lines = [
        Line(
            one.title,
            f"{one.body[:60]}{'……' if len(one.body) > 60 else ''}",
            f"/bulletins#b{one.id}",
            "重要" if one.urgent else f"{clock.local(one.from_at):%-m月%-d日}",
            "late" if one.urgent else "plain",
        )
        for one in await bulletins.in_force()
    ]
    rows = await db.fetch(_UNREAD.format(reach=reach.condition()), actor.staff_id, MOST)
    lines += [
        Line(row["title"], " ".join(row["text"].split())[:60], f"/chat?room={row['id']}", "群公告", "todo")
        for row in rows
    ]
    return Lines(tuple(lines[:MOST]), "暂时没有公告。", more="/bulletins")


WIDGET = Widget("bulletins", "公告", "speakerphone", load)
