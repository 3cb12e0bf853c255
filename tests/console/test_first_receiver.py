"""首诉负责制: the department that is approached first registers, settles or hands over, and follows what became of it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from core import db
from tests.console.desk import Desk, open_desk, settle
from tests.console.test_feedback import form


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The hospital behind the real application."""
    async with open_desk() as found:
        yield found


async def states() -> list[tuple[str, str]]:
    return [(row["appeal_type"], row["state"]) for row in await db.fetch("select * from cases order by id")]


async def test_a_liaison_registers_what_their_department_was_told_first_and_follows_it(desk: Desk) -> None:
    liaison = await desk.enter("liaison")
    empty = await liaison.get("/feedback/new")
    own = empty.tree.xpath("//select[@name='first_unit']/option[@value != '']/@value")
    assert own == ["东院区心血管内科"]
    told = form(first_unit=own[0], first_name="测试联络人", departments=["收费处"], title="收费解释不清")
    sent = await liaison.post("/feedback/new", told)
    assert (sent.status, sent.headers["Location"]) == (303, "/feedback/mine")
    await settle()
    assert await states() == [("投诉", "in_progress")]
    mine = await liaison.get("/feedback/mine")
    assert mine.words("//tbody//*[contains(@class, 'row-title')]") == ["收费解释不清"]
    assert "收费处" in mine.text
    case = await db.fetchval("select id from cases")
    assert (await liaison.get(f"/cases/{case}")).status == 404  # the work on it is another department's
    assert (await (await desk.enter("second")).get("/feedback/mine")).words("//tbody//tr") == []


async def test_what_the_first_receiver_settles_on_the_spot_is_closed_without_a_ticket(desk: Desk) -> None:
    liaison = await desk.enter("liaison")
    more = {"first_unit": "东院区心血管内科", "settled_how": "已当面解释并道歉", "departments": []}
    assert (await liaison.post("/feedback/new", form(**more))).status == 303
    assert await states() == [("投诉", "closed")]
    assert await db.fetchval("select count(*) from ticket") == 0


async def test_nobody_registers_in_the_name_of_another_department(desk: Desk) -> None:
    liaison = await desk.enter("liaison")
    for unit in ("东院区收费处", "没有的科室", ""):
        refused = await liaison.post("/feedback/new", form(first_unit=unit))
        assert refused.status == 422
        assert refused.tree.xpath("//*[contains(@class, 'fb-first_unit')]//*[@aria-invalid='true']")
    assert await states() == []


async def test_what_became_secret_leaves_the_list_of_who_registered_it(desk: Desk) -> None:
    liaison = await desk.enter("liaison")
    await liaison.post("/feedback/new", form(first_unit="东院区心血管内科", title="反映一件事"))
    assert "反映一件事" in (await liaison.get("/feedback/mine")).text
    await db.execute("update cases set secret = true")
    assert "反映一件事" not in (await liaison.get("/feedback/mine")).text
