"""WeCom's address book against our accounts: looked at in the sandbox, compared, and applied as it was ticked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core import db, jobs
from core.errors import Forbidden
from core.settings import settings
from integrations.wecom_contacts import Contact, Department
from staff import contacts, queries
from staff.contacts import Elsewhere, Met
from staff.importing import people_sheets
from tests.integrations.outside import Outside, running
from tests.staff.cast import House
from wiring import wire

MEMBERS = (
    {"userid": "wx_alice", "name": "测试改名", "department": "心血管内科"},
    {"userid": "carol", "name": "测试carol", "department": "病人服务中心"},
    {"userid": "90001", "name": "测试新人", "department": "普外科"},
    {"userid": "90002", "name": "测试无科", "department": "没有这个科室"},
)


@pytest_asyncio.fixture
async def outside(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outside]:
    """The sandbox with an address book of its own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    wire()
    async with running(monkeypatch) as found:
        settings.cache_clear()
        await found.ask("cast", {"wecom": list(MEMBERS)})
        yield found


async def looked(house: House) -> contacts.Difference:
    keeper = await house.actor("keeper")
    number = await contacts.ask(by=keeper)
    assert await contacts.difference(number, by=keeper) is None
    assert await jobs.run_job(number) == "done"
    found = await contacts.difference(number, by=keeper)
    assert found is not None
    return found


async def test_what_differs_is_listed_and_what_is_ticked_is_done(house: House, outside: Outside) -> None:
    await db.execute("update staff set wecom_userid = null where number = 'carol'")
    found = await looked(house)
    staff = house.staff
    ours = {met.number: met for met in found.gone}
    assert {"bob", "head", "keeper"} <= set(ours)
    assert "alice" not in ours
    assert [met for met in found.renamed if met.number == "alice"] == [
        Met(staff["alice"], "alice", "测试alice", "wx_alice", "测试改名")
    ]
    assert [met for met in found.bind if met.number == "carol"] == [
        Met(staff["carol"], "carol", "测试carol", "carol", "测试carol")
    ]
    assert {"工号": "90001", "姓名": "测试新人", "科室": "普外科"} in found.new
    keeper = await house.actor("keeper")
    chosen = [f"bind:{staff['carol']}", f"name:{staff['alice']}", f"gone:{staff['bob']}", "gone:999"]
    assert await contacts.apply(found, chosen, by=keeper) == {"bind": 1, "name": 1, "move": 0, "gone": 1}
    rows = await db.fetch(
        "select number, name, wecom_userid, active from staff where number in ('alice', 'bob', 'carol', 'head') order by number"
    )
    assert [tuple(row) for row in rows] == [
        ("alice", "测试改名", "wx_alice", True),
        ("bob", "测试bob", "wx_bob", False),
        ("carol", "测试carol", "carol", True),
        ("head", "测试head", "wx_head", True),
    ]


async def test_new_members_become_accounts_where_their_department_is_known(
    house: House, outside: Outside
) -> None:
    found = await looked(house)
    wanted = [row for row in found.new if row["工号"] in ("90001", "90002")]
    lines = await people_sheets.take(enumerate(wanted, start=1), by=await house.actor("keeper"))
    assert sorted((line.cells["工号"], str(line.outcome), line.reason) for line in lines) == [
        ("90001", "new", ""),
        ("90002", "faulty", "“科室”列：没有找到科室“没有这个科室”"),
    ]


async def test_who_keeps_a_campus_does_not_look_at_the_whole_address_book(
    house: House, outside: Outside
) -> None:
    for name in ("admin", "alice"):
        with pytest.raises(Forbidden):
            await contacts.ask(by=await house.actor(name))


DEPARTMENTS = (
    Department(id=1, name="示范医院集团"),
    Department(id=2, name="西院区", parentid=1),
    Department(id=3, name="普外科", parentid=2),
    Department(id=4, name="心血管内科", parentid=2),
    Department(id=5, name="学术部", parentid=1),
)


async def test_whose_department_differs_is_listed_with_both_and_moved_only_when_ticked(house: House) -> None:
    staff, unit = house.staff, house.unit
    members = [
        Contact(userid="wx_bob", name="测试bob", department=(3,)),  # a post in cardiology, 普外科 in WeCom
        Contact(userid="wx_alice", name="测试alice", department=(4,)),  # so called in the other campus
        Contact(userid="wx_west_vp", name="测试west_vp", department=(3,)),  # keeps the campus above it
        Contact(userid="wx_dora", name="测试dora", department=(5,)),  # a department that nobody knows
    ]
    accounts = [dict(row) for row in await db.fetch("select id, number, name, wecom_userid from staff")]
    posts = {
        row["staff_id"]: [(row["id"], row["unit_id"])]
        for row in await db.fetch("select id, staff_id, unit_id from post")
    }
    found = contacts.elsewhere(DEPARTMENTS, members, accounts, posts, await queries.tree())
    assert found == (
        Elsewhere(
            staff["bob"],
            "bob",
            "测试bob",
            "西院区 / 普外科",
            "西院区 · 心血管内科",
            unit["west_surgery"],
            posts[staff["bob"]][0][0],
        ),
        Elsewhere(
            staff["dora"],
            "dora",
            "测试dora",
            "学术部",
            "东院区 · 心血管内科",
            None,
            posts[staff["dora"]][0][0],
        ),
    )
    whole = contacts.Difference((), (), (), (), found)
    keeper = await house.actor("keeper")
    assert (await contacts.apply(whole, [], by=keeper))["move"] == 0
    assert [post.unit_id for post in await queries.posts(staff["bob"])] == [unit["west_cardiology"]]
    wanted = [f"move:{staff['bob']}", f"move:{staff['dora']}"]
    assert (await contacts.apply(whole, wanted, by=keeper))["move"] == 1
    assert [post.unit_id for post in await queries.posts(staff["bob"])] == [unit["west_surgery"]]
    assert [post.unit_id for post in await queries.posts(staff["dora"])] == [unit["east_cardiology"]]
