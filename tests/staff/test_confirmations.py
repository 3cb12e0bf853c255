"""Guarded posts take two people; a merge hands out nothing by itself; who was what, and when, stays readable."""

from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from core import clock, db
from core.actor import Actor, Door, Permission
from core.due import DUE
from core.errors import Invalid, Refused
from core.outbox import OUTBOX
from core.pump import drain
from staff import confirming, organising_moves, people, people_found, posts, queries
from staff.actors import actor_of
from staff.importing import people_sheets
from staff.people import NewPerson
from staff.posts import AdjustForm
from staff.roles import Role
from tests.staff.cast import House
from wiring import wire

MORNING = datetime(2026, 11, 23, 9, tzinfo=clock.SHANGHAI)


@pytest_asyncio.fixture
async def other(house: House) -> Actor:
    """A second security administrator of the group."""
    wire()
    made: int = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ('keeper2', '测试keeper2', 'wx_keeper2') returning id"
    )
    await db.execute(
        "insert into post (staff_id, unit_id, role) values ($1, $2, 'security')", made, house.unit["group"]
    )
    house.staff["keeper2"] = made
    return await actor_of(made, Door.WEB)


async def _roles(house: House, name: str) -> set[Role]:
    return {post.role for post in await queries.posts(house.staff[name])}


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.ADMINISTRATOR, "group"),
        (Role.SECURITY, "west"),
        (Role.AUDITOR, "group"),
        (Role.VICE_PRESIDENT, "east"),
        (Role.SUPERVISOR, "west_surgery"),
        (Role.DISCIPLINE, "west"),
        (Role.CENTRE_STAFF, "group"),
    ],
    ids=["administrator", "security", "auditor", "vice_president", "supervisor", "discipline", "all_cases"],
)
async def test_a_guarded_post_gives_nothing_until_another_has_confirmed_it(
    house: House, other: Actor, role: Role, place: str
) -> None:
    keeper, bob = await house.actor("keeper"), house.staff["bob"]
    before = (await house.actor("bob")).grants
    assert not await posts.give(bob, house.unit[place], role, why="任命文件 12 号", by=keeper)
    assert (await house.actor("bob")).grants == before
    (asked,) = await confirming.waiting(by=other)
    assert (asked.name, asked.role, asked.why, asked.bar) == ("测试bob", role, "任命文件 12 号", "")
    with pytest.raises(Refused, match="另一人"):
        await confirming.confirm(asked.id, by=keeper)
    await confirming.confirm(asked.id, by=other)
    assert role in await _roles(house, "bob")
    with pytest.raises(Refused, match="已确认"):
        await confirming.confirm(asked.id, by=other)
    (first, *_) = await people_found.stretches(bob)
    assert (first.role, first.given_by, first.why) == (
        role,
        "测试keeper（测试keeper2 确认）",
        "任命文件 12 号",
    )


async def test_what_everybody_holds_is_given_at_once(house: House, other: Actor) -> None:
    keeper = await house.actor("keeper")
    assert await posts.give(house.staff["bob"], house.unit["west_surgery"], Role.DEPARTMENT_HEAD, by=keeper)
    assert await confirming.waiting(by=other) == []


async def test_longer_and_wider_wait_and_shorter_does_not(house: House, other: Actor) -> None:
    keeper, vp, west = await house.actor("keeper"), house.staff["west_vp"], house.unit["west"]
    soon = clock.today() + timedelta(days=30)
    assert await posts.give(vp, west, Role.VICE_PRESIDENT, until_on=soon, by=keeper)
    assert not await posts.give(vp, west, Role.VICE_PRESIDENT, until_on=soon + timedelta(days=1), by=keeper)
    assert (await db.fetchval("select until_on from post where staff_id = $1", vp)) == soon
    (asked,) = await confirming.waiting(by=other)
    await confirming.confirm(asked.id, by=other)
    assert (await db.fetchval("select until_on from post where staff_id = $1", vp)) == soon + timedelta(
        days=1
    )


async def test_nobody_confirms_a_post_of_their_own(house: House, other: Actor) -> None:
    keeper = await house.actor("keeper")
    await posts.give(house.staff["keeper2"], house.unit["east"], Role.SECURITY, by=keeper)
    (asked,) = await confirming.waiting(by=other)
    assert asked.bar == "不能确认自己的岗位"
    for act in (
        confirming.confirm(asked.id, by=other),
        confirming.give_back(asked.id, "不要", by=other),
    ):
        with pytest.raises(Refused):
            await act


async def test_nobody_comes_to_two_administrators_by_two_requests(house: House, other: Actor) -> None:
    keeper, group = await house.actor("keeper"), house.unit["group"]
    await posts.give(house.staff["bob"], group, Role.AUDITOR, by=keeper)
    with pytest.raises(Refused, match="正在等待确认"):
        await posts.give(house.staff["bob"], group, Role.SECURITY, by=keeper)
    (asked,) = await confirming.waiting(by=other)
    await db.execute(
        "insert into post (staff_id, unit_id, role) values ($1, $2, 'security')", house.staff["bob"], group
    )
    with pytest.raises(Refused, match="同一人"):
        await confirming.confirm(asked.id, by=other)


async def test_a_request_of_somebody_who_has_lost_the_right_is_worth_nothing(
    house: House, other: Actor
) -> None:
    keeper = await house.actor("keeper")
    await posts.give(house.staff["bob"], house.unit["west"], Role.SUPERVISOR, by=keeper)
    await db.execute("delete from post where staff_id = $1", house.staff["keeper"])
    (asked,) = await confirming.waiting(by=other)
    with pytest.raises(Refused, match="已无权"):
        await confirming.confirm(asked.id, by=other)


async def test_those_who_may_confirm_are_told_and_who_asked_hears_the_end(house: House, other: Actor) -> None:
    keeper = await house.actor("keeper")
    await posts.give(house.staff["bob"], house.unit["west"], Role.SUPERVISOR, why="督查组调整", by=keeper)
    await drain(OUTBOX)
    (asked,) = await confirming.waiting(by=other)
    await confirming.give_back(asked.id, "没有任命文件", by=other)
    await drain(OUTBOX)
    told = await db.fetch("select receiver_id, text from message where purpose = 'post.confirm' order by id")
    assert [row["receiver_id"] for row in told] == [house.staff["keeper2"], house.staff["keeper"]]
    assert "督查组调整" in told[0]["text"]
    assert told[1]["text"].endswith("已退回：没有任命文件。")
    assert await _roles(house, "bob") == {Role.LIAISON}


async def test_a_request_that_nobody_answers_expires_by_the_clock(house: House, other: Actor) -> None:
    with clock.frozen(MORNING):
        await posts.give(
            house.staff["bob"], house.unit["west"], Role.SUPERVISOR, by=await house.actor("keeper")
        )
        (asked,) = await confirming.waiting(by=other)
    with clock.frozen(MORNING + timedelta(days=7, minutes=1)):
        with pytest.raises(Refused, match="过期"):
            await confirming.confirm(asked.id, by=other)  # before the clock has come
        await drain(DUE)
        assert (await confirming.one(asked.id)).stands == "已过期"
        assert await confirming.waiting(by=other) == []


async def test_an_import_a_new_account_and_an_account_opened_again_ask_too(
    house: House, other: Actor
) -> None:
    keeper = await house.actor("keeper")
    rows = [(2, {"工号": "bob", "姓名": "测试bob", "科室": "普外科", "角色": "督查人员", "院区": "西院区"})]
    await people_sheets.take(rows, by=keeper)
    form = NewPerson(number="n1", name="测试新", role=Role.VICE_PRESIDENT, unit=house.unit["west"])
    made = await people.add(form, by=keeper)
    await people.shut(house.staff["west_vp"], "休假", by=keeper)
    assert await people.reopen(house.staff["west_vp"], "返岗", by=keeper) == 1
    assert {(one.name, one.kind.value) for one in await confirming.waiting(by=other)} == {
        ("测试bob", "import"),
        ("测试新", "give"),
        ("测试west_vp", "reopen"),
    }
    assert await _roles(house, "west_vp") == set()
    assert await queries.posts(made) == []


async def test_an_import_does_not_lengthen_a_post_that_ends(house: House, other: Actor) -> None:
    soon = clock.today() + timedelta(days=5)
    await db.execute("update post set until_on = $2 where staff_id = $1", house.staff["bob"], soon)
    rows = [
        (2, {"工号": "bob", "姓名": "测试改名", "科室": "心血管内科", "角色": "科室联络人", "院区": "西院区"})
    ]
    (line,) = await people_sheets.take(rows, by=await house.actor("keeper"))
    assert line.changes == ("姓名 测试bob → 测试改名",)
    assert await db.fetchval("select until_on from post where staff_id = $1", house.staff["bob"]) == soon


async def test_a_merge_widens_nobody_until_whoever_keeps_the_accounts_says_so(
    house: House, other: Actor
) -> None:
    unit, bob = house.unit, house.staff["bob"]
    await organising_moves.merge(unit["west_cardiology"], unit["west_surgery"], by=await house.actor("admin"))
    assert [post.unit_id for post in await queries.posts(bob)] == [unit["west_cardiology"]]
    surgery = (await queries.tree()).unit(unit["west_surgery"])
    assert not (await house.actor("bob")).can(Permission.TICKET_HANDLE, surgery.path)
    assert (await queries.holders(unit["west_cardiology"], Role.LIAISON))[
        0
    ].id == bob  # their work has them still
    (asked,) = await confirming.of_unit(unit["west_surgery"])
    assert (asked.how, asked.why) == ("机构合并带来", "心血管内科并入普外科")
    await confirming.confirm(asked.id, by=await house.actor("keeper"))
    assert [post.unit_id for post in await queries.posts(bob)] == [unit["west_surgery"]]
    assert (await house.actor("bob")).can(Permission.TICKET_HANDLE, surgery.path)


async def test_a_post_is_adjusted_with_a_reason_and_its_history_stays(house: House, other: Actor) -> None:
    keeper, bob, unit = await house.actor("keeper"), house.staff["bob"], house.unit
    post_id = await db.fetchval("select id from post where staff_id = $1", bob)
    form = AdjustForm(unit=unit["west_surgery"], rank=2, reason="轮岗到普外科")
    assert await posts.adjust(bob, post_id, form, by=keeper)
    assert [(post.unit_id, post.rank) for post in await queries.posts(bob)] == [(unit["west_surgery"], 2)]
    told = [
        (one.unit, one.rank, one.why, one.ended_by, one.until is None)
        for one in await people_found.stretches(bob)
    ]
    assert told == [
        ("西院区 · 普外科", 2, "轮岗到普外科", "", True),
        ("西院区 · 心血管内科", 1, "", "测试keeper", False),
    ]
    now = await db.fetchval("select id from post where staff_id = $1", bob)
    with pytest.raises(Invalid, match="没有变更"):
        await posts.adjust(bob, now, form, by=keeper)
    own = await db.fetchval("select id from post where staff_id = $1", house.staff["keeper"])
    form = AdjustForm(unit=unit["group"], rank=2, reason="自己改")
    with pytest.raises(Refused, match="自己的岗位"):
        await posts.adjust(house.staff["keeper"], own, form, by=keeper)


async def test_a_guarded_post_is_narrowed_at_once_and_widened_by_two(house: House, other: Actor) -> None:
    keeper, vp, unit = await house.actor("keeper"), house.staff["west_vp"], house.unit
    post_id = await db.fetchval("select id from post where staff_id = $1", vp)
    assert not await posts.adjust(vp, post_id, AdjustForm(unit=unit["group"], reason="分管全院"), by=keeper)
    assert [post.unit_id for post in await queries.posts(vp)] == [unit["west"]]
    (asked,) = await confirming.waiting(by=other)
    await confirming.confirm(asked.id, by=other)
    assert [post.unit_id for post in await queries.posts(vp)] == [unit["group"]]
    post_id = await db.fetchval("select id from post where staff_id = $1", vp)
    assert await posts.adjust(vp, post_id, AdjustForm(unit=unit["east"], reason="改管东院"), by=keeper)
    assert [post.unit_id for post in await queries.posts(vp)] == [unit["east"]]


async def test_a_post_whose_last_day_is_over_is_nobodys_before_the_clock_comes(house: House) -> None:
    yesterday = clock.today() - timedelta(days=1)
    await db.execute("update post set until_on = $2 where staff_id = $1", house.staff["alice"], yesterday)
    assert await queries.posts(house.staff["alice"]) == []
    found = await queries.holders(house.unit["east_cardiology"], Role.LIAISON)
    assert [person.id for person in found] == [house.staff["dora"]]
    assert await queries.find_people("alice", path="/") == []
