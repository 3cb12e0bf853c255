"""Tells of guarded posts: those who may confirm that one waits, who asked what became of it. Writes message rows only.

Confirming is done on the page, where who, what and why stand together, never in chat.
"""

from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft
from staff import confirming
from staff import queries as staff
from staff.confirming import Asked
from staff.events import PostAskDecided, PostAsked
from staff.queries import Person

PURPOSE = "post.confirm"


async def asked(event: PostAsked) -> None:
    """Those who may confirm are told who wants what for whom."""
    one = await confirming.one(event.asked_id)
    if one.state != "waiting":
        return
    text = (
        f"{one.asked_name} 提出：{one.name}（{one.number}）任“{one.label}”，{one.unit}，等您确认。\n"
        f"来由：{one.how}{f'，{one.why}' if one.why else ''}\n请打开“岗位确认”页面处理。"
    )
    for person in await confirming.confirmers(one):
        await _tell(f"asked:{one.id}:{int(one.asked_at.timestamp())}", person, text)


async def decided(event: PostAskDecided) -> None:
    """Who asked is told what became of it."""
    one = await confirming.one(event.asked_id)
    if one.asked_by is None or one.state in ("waiting", "withdrawn"):
        return
    await _tell(f"decided:{one.id}:{one.state}", await staff.person(one.asked_by), _words(one))


def _words(one: Asked) -> str:
    what = f"您提出的 {one.name}“{one.label}”岗位（{one.unit}）"
    if one.state == "confirmed":
        return f"{what}已由 {one.decided_name} 确认。"
    return f"{what}{one.stands}：{one.decided_why}。"


async def _tell(key: str, person: Person, text: str) -> None:
    await channels.send(
        Draft(
            key=f"post:{key}:{person.id}",
            purpose=PURPOSE,
            subject="post",
            receiver=staff_receiver(person),
            text=text,
        )
    )
