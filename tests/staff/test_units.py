"""Units are added, renamed, moved, merged, closed and opened again; what was, is kept with its dates."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from core import clock, db
from core.errors import Forbidden, HuiyinError, Invalid, Refused
from staff import organising, organising_moves, queries, units_names, units_queries
from staff.roles import Role
from staff.units_names import NameGiven
from staff.units_queries import Term
from tests.staff.cast import House

LAST_YEAR = date(clock.today().year - 1, 3, 1)


async def lines(action: str) -> list[dict[str, Any]]:
    """The details of the audit lines of an action."""
    rows = await db.fetch("select detail from audit where action = $1 order by id", action)
    return [orjson.loads(row["detail"]) for row in rows]


async def found(name: str, campus: str = "") -> int | None:
    """The unit that a name leads to."""
    unit = (await queries.tree()).find(name, campus)
    return unit.id if unit else None


async def test_a_new_unit_is_found_at_once_and_its_beginning_is_kept(house: House) -> None:
    admin = await house.actor("admin")
    number = await organising.add(
        house.unit["west"], "department", " 疼痛 科 ", short_name="疼痛", code="D-77", on=LAST_YEAR, by=admin
    )
    tree = await queries.tree()
    assert tree.unit(number).path == f"{tree.unit(house.unit['west']).path}{number}/"
    assert await found("疼痛 科") == await found("西院疼痛科") == number
    assert await units_queries.terms(number) == [Term("疼痛 科", "疼痛", house.unit["west"], LAST_YEAR, None)]
    assert await lines("unit.add") == [
        {
            "parent": house.unit["west"],
            "kind": "department",
            "name": "疼痛 科",
            "code": "D-77",
            "on": str(LAST_YEAR),
        }
    ]


@pytest.mark.parametrize(
    ("kind", "name", "code", "why"),
    [
        ("department", "", "", "名称：应为 1 至 40 个字"),
        ("department", "科" * 41, "", "名称：应为 1 至 40 个字"),
        ("department", "１２３", "", "名称：不能全是数字"),
        ("department", "甲\u202e科", "", "名称：应为 1 至 40 个字"),
        ("department", "普 外科", "", "同一上级下已有“普 外科”，请换一个名称，或将两者合并"),
        ("department", "外科二", "D-1", "机构编码：已用于另一个科室"),
        ("ward", "外科一病区", "", "院区下不能设病区"),
    ],
)
async def test_a_faulty_unit_is_refused_and_nothing_is_written(
    house: House, kind: Any, name: str, code: str, why: str
) -> None:
    await db.execute("update org_unit set code = 'D-1' where id = $1", house.unit["centre"])
    before = await db.fetchval("select count(*) from org_unit")
    with pytest.raises(HuiyinError, match=why):
        await organising.add(house.unit["west"], kind, name, code=code, by=await house.actor("admin"))
    assert await db.fetchval("select count(*) from org_unit") == before
    assert await lines("unit.add") == []


async def test_a_rename_keeps_the_old_name_with_its_dates_and_the_old_name_still_leads_there(
    house: House,
) -> None:
    unit = house.unit["west_surgery"]
    await organising.rename(unit, "胃肠外科", on=LAST_YEAR, by=await house.actor("admin"))
    tree = await queries.tree()
    assert (tree.unit(unit).name, tree.unit(unit).former) == ("胃肠外科", ("普外科",))
    assert await found("普外科") == await found("普外科") == await found("胃肠外科") == unit
    assert await units_queries.terms(unit) == [
        Term("胃肠外科", "", house.unit["west"], LAST_YEAR, None),
        Term("普外科", "", house.unit["west"], date(2000, 1, 1), LAST_YEAR),
    ]
    assert await lines("unit.rename") == [
        {
            "before": {"name": "普外科", "short_name": "", "code": ""},
            "after": {"name": "胃肠外科", "short_name": "", "code": ""},
            "on": str(LAST_YEAR),
        }
    ]


async def test_a_name_that_another_unit_bears_now_leads_to_that_one(house: House) -> None:
    admin = await house.actor("admin")
    await organising.rename(house.unit["west_surgery"], "胃肠外科", on=LAST_YEAR, by=admin)
    new = await organising.add(house.unit["west"], "department", "普外科", by=admin)
    assert await found("普外科", "西院") == new


@pytest.mark.parametrize(
    ("days", "why"), [(1, "不能晚于今天，请到当天再办理"), (-20_000, "不能早于上一次变更的 2000-01-01")]
)
async def test_a_change_holds_neither_from_a_future_day_nor_before_the_term_it_ends(
    house: House, days: int, why: str
) -> None:
    day = clock.today() + timedelta(days=days)
    with pytest.raises(Invalid, match=why):
        await organising.rename(house.unit["west_surgery"], "胃肠外科", on=day, by=await house.actor("admin"))
    assert (await queries.tree()).unit(house.unit["west_surgery"]).name == "普外科"


async def test_a_unit_moves_with_all_below_it_and_its_peoples_rights_move_too(house: House) -> None:
    unit, admin = house.unit, await house.actor("admin")
    await organising_moves.move(unit["east_cardiology"], unit["group"], on=LAST_YEAR, by=admin)
    tree = await queries.tree()
    top = f"/{unit['group']}/{unit['east_cardiology']}/"
    assert tree.unit(unit["east_cardiology"]).path == top
    assert tree.unit(unit["east_ward"]).path == f"{top}{unit['east_ward']}/"
    assert {grant.path for grant in (await house.actor("alice")).grants} == {top}
    assert [term.parent_id for term in await units_queries.terms(unit["east_cardiology"])] == [
        unit["group"],
        unit["east"],
    ]


@pytest.mark.parametrize(
    ("what", "where", "why"),
    [
        ("east", "east_cardiology", "不能移到自己或自己的下属之下"),
        ("east_ward", "west", "院区下不能设病区"),
        ("east_cardiology", "west", "同一上级下已有“心血管内科”，请换一个名称，或将两者合并"),
        ("group", "west", "集团不能移动"),
    ],
)
async def test_a_unit_cannot_move_where_it_cannot_stand(
    house: House, what: str, where: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        await organising_moves.move(house.unit[what], house.unit[where], by=await house.actor("admin"))
    assert await lines("unit.move") == []


async def test_a_merged_unit_leads_to_its_successor_whose_people_answer_for_it(house: House) -> None:
    unit, staff, admin = house.unit, house.staff, await house.actor("admin")
    await organising_moves.merge(unit["west_cardiology"], unit["west_surgery"], on=LAST_YEAR, by=admin)
    tree = await queries.tree()
    old = tree.unit(unit["west_cardiology"])
    assert (old.active, old.merged_into) == (False, unit["west_surgery"])
    assert old.path.startswith(tree.unit(unit["west_surgery"]).path)
    assert await found("心血管内科", "西院") == await found("西院心内科") == unit["west_surgery"]
    assert await found("心血管内科", "东院") == unit["east_cardiology"]
    assert old not in tree.below()
    people = await queries.holders(unit["west_cardiology"], Role.LIAISON)
    assert [person.id for person in people] == [staff["bob"]]
    assert [post.unit_id for post in await queries.posts(staff["bob"])] == [unit["west_cardiology"]]
    (line,) = await lines("unit.merge")
    assert (line["into_name"], line["posts_waiting"]) == (
        "普外科",
        [{"staff": staff["bob"], "role": "liaison"}],
    )


async def test_a_merged_unit_becomes_one_of_its_own_again(house: House) -> None:
    unit, admin = house.unit, await house.actor("admin")
    await organising_moves.merge(unit["west_cardiology"], unit["west_surgery"], on=LAST_YEAR, by=admin)
    await organising.reopen(unit["west_cardiology"], by=admin)
    tree = await queries.tree()
    again = tree.unit(unit["west_cardiology"])
    assert (again.active, again.merged_into, again.parent_id) == (True, None, unit["west"])
    assert await found("心血管内科", "西院") == again.id
    assert [(term.since, term.until) for term in await units_queries.terms(again.id)] == [
        (clock.today(), None),
        (date(2000, 1, 1), LAST_YEAR),
    ]


async def test_a_closed_unit_is_offered_no_more_and_one_with_units_below_it_does_not_close(
    house: House,
) -> None:
    unit, admin = house.unit, await house.actor("admin")
    with pytest.raises(Refused, match="其下还有 1 个在用机构（心内科一病区）"):
        await organising.close(unit["east_cardiology"], by=admin)
    await organising.close(unit["east_ward"], by=admin)
    tree = await queries.tree()
    assert tree.unit(unit["east_ward"]) not in tree.below()
    assert await found("心内科一病区") is None
    await organising.close(unit["east_cardiology"], by=admin)
    with pytest.raises(Refused, match="上级“心血管内科”已停用"):
        await organising.reopen(unit["east_ward"], by=admin)


async def test_nobody_changes_units_out_of_reach(house: House) -> None:
    await db.execute(
        "insert into post (staff_id, unit_id, role) select id, $1, 'administrator' from staff where number = 'bob'",
        house.unit["west"],
    )
    alice, bob = await house.actor("alice"), await house.actor("bob")
    with pytest.raises(Forbidden):
        await organising.rename(house.unit["east_ward"], "心内科五病区", by=alice)
    if bob.grants:  # an administrator of the west does not touch the east
        with pytest.raises(Forbidden):
            await organising_moves.move(house.unit["east_cardiology"], house.unit["west"], by=bob)
    assert (await queries.tree()).unit(house.unit["east_ward"]).name == "心内科一病区"


# --- names and codes ------------------------------------------------------------------------------------


def code(unit: int, text: str, since: date, until: date | None = None) -> NameGiven:
    """A code of HIS."""
    return NameGiven(unit, "his", text, "", since, until)


async def test_a_code_leads_to_one_unit_at_a_time(house: House) -> None:
    unit, admin, today = house.unit, await house.actor("admin"), clock.today()
    await units_names.add_name(code(unit["east_cardiology"], "0101", LAST_YEAR, today), by=admin)
    await units_names.add_name(code(unit["west_cardiology"], " 01 01 ", today), by=admin)
    tree = await queries.tree()
    meant = tree.by_code("his", "0101")
    assert meant is not None
    assert meant.id == unit["west_cardiology"]
    assert tree.by_code("lis", "0101") is None
    with pytest.raises(Refused, match="编码 0101 在这段时间已属于“东院区 · 心血管内科”"):
        await units_names.add_name(
            code(unit["west_surgery"], "0101", LAST_YEAR, LAST_YEAR + timedelta(days=9)), by=admin
        )


async def test_the_database_itself_refuses_what_overlaps(house: House) -> None:
    unit = house.unit["west_surgery"]
    for table, columns in (("org_name", "unit_id, system, code"), ("org_term", "unit_id, name")):
        values = "$1, 'his', '9'" if table == "org_name" else "$1, '某科'"
        add = f"insert into {table} ({columns}, since, until) values ({values}, $2, $3)"  # noqa: S608 - our own names
        await db.execute(f"delete from {table} where unit_id = $1", unit)  # noqa: S608 - our own names
        await db.execute(add, unit, date(2020, 1, 1), date(2021, 1, 1))
        await db.execute(add, unit, date(2021, 1, 1), None)  # the day on which the other ends
        with pytest.raises(asyncpg.ExclusionViolationError):
            await db.execute(add, unit, date(2020, 12, 31), date(2021, 1, 1))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("moon", "1", "甲科"), "没有这个系统"),
        (("", "1", "甲科"), "本院别名没有编码"),
        (("his", "", ""), "名称和编码至少填一项"),
        (("", "", "心血管内科"), "“心血管内科”已是“西院区 · 心血管内科”的名称"),
    ],
)
async def test_a_name_that_cannot_lead_here_is_refused(
    house: House, given: tuple[str, str, str], why: str
) -> None:
    system, number, name = given
    wanted = NameGiven(house.unit["west_surgery"], system, number, name, LAST_YEAR)
    with pytest.raises(HuiyinError, match=why):
        await units_names.add_name(wanted, by=await house.actor("admin"))
    assert await lines("unit.name") == []


async def test_a_name_ends_with_its_day_and_one_by_mistake_is_taken_away(house: House) -> None:
    unit, admin, today = house.unit["west_surgery"], await house.actor("admin"), clock.today()
    first = await units_names.add_name(code(unit, "77", LAST_YEAR), by=admin)
    second = await units_names.add_name(NameGiven(unit, "", "", "刀科", LAST_YEAR), by=admin)
    await units_names.end_name(first, today, by=admin)
    assert (await queries.tree()).by_code("his", "77") is None
    await units_names.take_away(second, by=admin)
    assert await found("刀科") is None
    kept = [(row.code, row.name, row.until) for row in await units_queries.namings(unit)]
    assert kept == [("", "外一科", None), ("77", "", today)]
