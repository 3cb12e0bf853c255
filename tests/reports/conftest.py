"""The hospital of tests/tickets for the tests of statistics, and an inspector who reads what is secret."""

import pytest_asyncio

from core import db
from core.actor import Actor, Door
from staff.actors import actor_of
from staff.roles import Role
from tests.tickets.conftest import Cast, cast

__all__ = ["cast", "inspector"]


@pytest_asyncio.fixture
async def inspector(cast: Cast) -> Actor:
    """Somebody of discipline inspection."""
    del cast
    staff_id = await db.fetchval("insert into staff (number, name) values ('jj', '测试纪检') returning id")
    await db.execute(
        "insert into post (staff_id, unit_id, role) values ($1, 1, $2)", staff_id, Role.DISCIPLINE
    )
    return await actor_of(staff_id, Door.WEB)
