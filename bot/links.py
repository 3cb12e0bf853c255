"""Tells whoever is on duty that one of the hospital's systems has fallen silent, and that it speaks again.

Writes message rows only.
"""

from bot.places import staff_receiver
from bot.proof import on_duty
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import clock
from patients.feeds import links
from patients.feeds.events import LinkFellSilent, LinkSpokeAgain


async def fell_silent(event: LinkFellSilent) -> None:
    """At once, at any hour: which link, since when, what to do."""
    link = await links.link(event.link_id)
    if link.silent_since is None or link.last_at is None:
        return
    text = (
        f"接口报警：“{link.name}”已超过 {link.silent_minutes} 分钟没有消息，"
        f"最后一条在 {clock.local(link.last_at):%m-%d %H:%M}。\n"
        "请信息科检查对方系统和网络，并打开“系统 → 接口链路”查看。"
    )
    await _tell(f"link-silent:{link.id}:{link.silent_since:%Y%m%d%H%M%S}", link.id, text, Lane.URGENT)


async def spoke_again(event: LinkSpokeAgain) -> None:
    """The all-clear, to the same people."""
    link = await links.link(event.link_id)
    if link.last_at is None:
        return
    text = f"接口“{link.name}”已恢复，最新一条消息在 {clock.local(link.last_at):%m-%d %H:%M}。"
    await _tell(f"link-well:{link.id}:{link.last_at:%Y%m%d%H%M%S}", link.id, text, Lane.NORMAL)


async def _tell(key: str, link_id: int, text: str, lane: Lane) -> None:
    for person in await on_duty():
        await channels.send(
            Draft(
                key=f"{key}:{person.id}",
                purpose="feed.alarm",
                subject=f"feed:{link_id}",
                receiver=staff_receiver(person),
                lane=lane,
                text=text,
            )
        )
