"""Handing over: all open work of one person goes to another, in one audited step. What that work is others know.

This package only decides that it is done and announces it; `tickets.handing_over` moves tickets, cases and rooms.
"""

from core import audit, clock, db
from core.actor import Actor
from core.errors import Fault, Invalid, NotFound, Refused
from core.events import announce
from staff import actions
from staff.events import WorkHandedOver


async def hand_over(from_id: int, to_id: int, reason: str, *, by: Actor) -> int:
    """Ask for the open work of one person to be given to another; the id of the row.

    Raises:
        Forbidden: neither one's own work nor that of somebody whose account one keeps.
        Invalid: no reason, or no receiver.
        Refused: to oneself from oneself, or to somebody who is not there any more.
    """
    words = " ".join(reason.split())
    if not 2 <= len(words) <= 200:
        raise Invalid(
            "请填写交接原因", details=[Fault(field="reason", label="交接原因", reason="2 至 200 个字")]
        )
    if by.staff_id != from_id:
        await actions.manages(by, from_id)
    if from_id == to_id:
        raise Refused("交接人和接收人不能是同一人")
    async with db.transaction():
        if await db.fetchval("select 1 from staff where id = $1", from_id) is None:
            raise NotFound("没有这位职工")
        if not await db.fetchval("select active from staff where id = $1 for update", to_id):
            words = "接收人不存在或账号已停用"
            raise Invalid(words, details=[Fault(field="to_id", label="接收人", reason=words)])
        number: int = await db.fetchval(
            "insert into handing_over (from_id, to_id, reason, by_id, by_name, at) values ($1, $2, $3, $4, $5, $6)"
            " returning id",
            from_id,
            to_id,
            words,
            by.staff_id,
            by.name,
            clock.now(),
        )
        await audit.record(by, "staff.hand_over", "staff", from_id, to=to_id, reason=words)
        await announce(WorkHandedOver(handing_id=number, from_id=from_id, to_id=to_id))
    return number
