"""The sample's petitions: told by the real actions, in every state."""

import pytest

from core import clock, db
from core.actor import Door
from sample import petitions, seed
from sample.petitions import PETITIONS
from staff import queries as staff
from staff.actors import actor_of
from staff.roles import Role
from wiring import wire


@pytest.fixture
async def told(database: str) -> None:
    """The sample hospital with its petitions."""
    wire()
    await seed(password="Sample#2026")
    found = [(await staff.holders(1, role))[0] for role in (Role.CENTRE_STAFF, Role.CENTRE_HEAD)]
    centre, chief = [await actor_of(person.id, Door.WEB) for person in found]
    async with db.transaction():
        await petitions.tell(centre, chief)


async def test_they_stand_in_every_state_they_were_told_to(told: None) -> None:
    rows = await db.fetch("select state, count(*) from cases where source = 'petition' group by 1 order by 1")
    assert {row["state"]: row["count"] for row in rows} == {
        "accepted": 1,
        "archived": 1,
        "closed": 1,
        "delivered": 1,
        "in_progress": 3,
        "in_review": 1,
        "issued": 1,
        "not_accepted": 1,
        "objected": 1,
        "received": 3,
    }
    assert await db.fetchval("select count(*) from petition") == len(PETITIONS)
    late = await db.fetchval(
        "select count(*) from history h join cases c on c.id = h.case_id where c.source = 'petition' and h.at > $1",
        clock.now(),
    )
    assert late == 0
    assert await db.fetchval("select count(*) from cases where secret") == 1
