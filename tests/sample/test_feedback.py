"""The invented feedback cases, made by the real actions in the sample hospital."""

from core import db
from core.actor import Actor, Door
from sample import feedback, seed
from staff import queries as staff
from staff.actors import actor_of
from staff.roles import Role
from wiring import wire


async def first(role: Role) -> Actor:
    """The first holder of a role for the group."""
    return await actor_of((await staff.holders(1, role))[0].id, Door.WEB)


async def test_there_is_something_of_every_kind_and_praise_hangs_on_walls(database: str) -> None:
    wire()
    await seed(password="Sample#2026")
    async with db.transaction():
        await feedback.tell(await first(Role.CENTRE_STAFF), await first(Role.CENTRE_HEAD))
    rows = await db.fetch("select distinct appeal_type from cases where source = 'feedback' order by 1")
    assert {row["appeal_type"] for row in rows} == {"投诉", "建议", "咨询", "举报", "表扬"}
    praised = await db.fetchval("select count(*) from praise")
    clocked = await db.fetchval(
        "select count(*) from clock k join cases c on c.id = k.case_id where c.appeal_type = '表扬'"
    )
    known = await db.fetchval("select count(*) from cases where source = 'feedback'")
    states = await db.fetch("select state, count(*) from cases group by 1")
    assert (known, praised, clocked) == (sum(times for _, times in feedback.PLAN), 7, 0)
    assert {"closed", "in_progress", "received", "replied"} <= {row["state"] for row in states}
