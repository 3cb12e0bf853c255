"""One's own open work goes to a colleague from one's own page."""

from collections.abc import AsyncIterator

import pytest_asyncio

from core import db
from tests.console.desk import Desk, open_desk, settle
from tests.tickets.test_road import do


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as found:
        yield found


async def test_a_liaison_hands_over_what_is_open_before_a_leave(desk: Desk) -> None:
    _, tickets = await desk.receive()
    await do("ticket.sign", tickets[0].id, desk.liaison)
    liaison, deputy = await desk.enter("liaison"), desk.deputy.id
    assert "在办工单 1 张" in (await liaison.get("/account")).text
    drawer = await liaison.get("/account/hand-over", part=True)
    assert "1 件工单、0 件诉求" in drawer.text
    bad = await liaison.post("/account/hand-over", {"to_id": str(deputy), "reason": ""}, part=True)
    assert (bad.status, len(bad.words("//*[@class='fault']"))) == (422, 1)
    own = await liaison.post(
        "/account/hand-over", {"to_id": str(desk.liaison.id), "reason": "年休假"}, part=True
    )
    assert own.status == 409
    gone = await liaison.post("/account/hand-over", {"to_id": str(deputy), "reason": "年休假"})
    assert gone.headers["Location"] == "/account"
    await settle()
    assert await db.fetchval("select holder_id from ticket where id = $1", tickets[0].id) == deputy
    assert "在办工单" not in (await liaison.get("/account")).text
    line = await db.fetchrow(
        "select actor_id, detail->>'reason' as why from audit where action = 'staff.hand_over'"
    )
    assert line is not None
    assert tuple(line) == (desk.liaison.id, "年休假")
