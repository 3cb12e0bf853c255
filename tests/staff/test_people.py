"""Accounts and posts as the security administrator keeps them: added, changed, shut, given for a term, apart."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from core import clock, db
from core.actor import Actor, Door, Permission, system
from core.due import DUE
from core.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from core.pump import drain
from staff import actions, people, people_found, people_rights, posts, queries
from staff.people import NewPerson, PersonForm
from staff.people_found import State, Wanted
from staff.roles import APART, ROLES, Role
from tests.staff.cast import House
from wiring import wire

TODAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 1, tzinfo=UTC)


def newcomer(house: House, **more: object) -> NewPerson:
    given: dict[str, object] = {
        "number": "90001",
        "name": "测试新人",
        "title": "护师",
        "phone": "138 0000 0009",
        "role": "liaison",
        "unit": house.unit["east_cardiology"],
        **more,
    }
    return NewPerson.model_validate(given)


async def found(by: Actor, **more: object) -> list[str]:
    lines, _ = await people_found.listed(Wanted(**more), by=by)  # type: ignore[arg-type]  # fields of what is wanted
    return [line.number for line in lines]


async def audited(action: str) -> list[dict[str, object]]:
    rows = await db.fetch("select detail from audit where action = $1 order by id", action)
    return [orjson.loads(row["detail"]) for row in rows]


async def test_an_account_is_added_with_its_first_post_and_found_by_initials(house: House) -> None:
    keeper = await house.actor("keeper")
    number = await people.add(newcomer(house), by=keeper)
    line = await people_found.one(number, by=keeper)
    assert [(post.unit, post.label, post.given_by) for post in line.posts] == [
        ("东院区 · 心血管内科", "科室联络人", "测试keeper")
    ]
    assert (await queries.person(number)).phone == "13800000009"
    for words in ("90001", "新人", "csxr"):
        assert await found(keeper, words=words) == ["90001"]
    assert await audited("staff.add") == [{"number": "90001", "name": "测试新人"}]


async def test_a_number_that_is_taken_and_a_unit_out_of_reach_leave_nothing_behind(house: House) -> None:
    keeper = await house.actor("keeper")
    with pytest.raises(Invalid) as caught:
        await people.add(newcomer(house, number="alice"), by=keeper)
    assert [fault.field for fault in caught.value.details] == ["number"]
    await actions.give_post(house.staff["bob"], house.unit["west"], Role.SECURITY, by=system())
    of_west = await house.actor("bob")
    with pytest.raises(Forbidden):
        await people.add(newcomer(house), by=of_west)
    with pytest.raises(Forbidden):
        await people.add(newcomer(house), by=await house.actor("admin"))
    assert await queries.by_number("90001") is None
    assert await people.add(newcomer(house, unit=house.unit["west_surgery"]), by=of_west) > 0


async def test_a_post_of_the_whole_group_given_to_a_campus_writes_no_person(house: House) -> None:
    with pytest.raises(Invalid, match="管全集团"):
        await people.add(
            newcomer(house, role="administrator", unit=house.unit["east"]), by=await house.actor("keeper")
        )
    assert await queries.by_number("90001") is None


async def test_the_list_shows_those_in_reach_alone(house: House) -> None:
    keeper = await house.actor("keeper")
    await actions.give_post(house.staff["bob"], house.unit["west"], Role.SECURITY, by=system())
    of_west = await house.actor("bob")
    assert await found(of_west) == ["bob", "west_vp"]
    assert set(await found(keeper)) == set(house.staff)
    with pytest.raises(NotFound):
        await people_found.one(house.staff["alice"], by=of_west)
    with pytest.raises(Forbidden):
        await found(await house.actor("admin"))


async def test_the_list_is_narrowed_by_unit_role_and_state(house: House) -> None:
    keeper = await house.actor("keeper")
    assert await found(keeper, unit_id=house.unit["east"]) == ["alice", "dora", "head"]
    assert await found(keeper, role=Role.LIAISON) == ["alice", "bob", "dora"]
    await people.shut(house.staff["dora"], "离职", by=keeper)
    assert await found(keeper, state=State.SHUT) == ["dora"]
    await db.execute("update staff set wecom_userid = null where number = 'carol'")
    assert await found(keeper, state=State.UNBOUND) == ["carol"]


async def test_a_change_is_written_with_before_and_after_the_phone_masked(house: House) -> None:
    keeper = await house.actor("keeper")
    form = PersonForm(name="测试改名", title="护士长", phone="13800000008")
    await people.change(house.staff["alice"], form, by=keeper)
    await people.change(house.staff["alice"], form, by=keeper)  # nothing changed: no second line
    assert await audited("staff.change") == [
        {
            "changed": {
                "name": ["测试alice", "测试改名"],
                "title": ["", "护士长"],
                "phone": ["", "138****0008"],
            }
        }
    ]


async def test_a_shut_account_acts_no_more_and_opens_only_with_a_reason(house: House) -> None:
    keeper, alice = await house.actor("keeper"), house.staff["alice"]
    with pytest.raises(Invalid):
        await people.shut(alice, " ", by=keeper)
    await people.shut(alice, "调离本院", by=keeper)
    with pytest.raises(Unauthenticated):
        await house.actor("alice")
    with pytest.raises(Refused, match="已经停用"):
        await people.shut(alice, "调离本院", by=keeper)
    with pytest.raises(Refused, match="先启用"):
        await people.one_time_password(alice, by=keeper)
    await people.reopen(alice, "返聘", by=keeper)
    assert (await house.actor("alice")).can(Permission.TICKET_HANDLE)


async def test_nobody_shuts_or_helps_their_own_account(house: House) -> None:
    keeper = await house.actor("keeper")
    own = house.staff["keeper"]
    for asked in (
        people.shut(own, "测试原因", by=keeper),
        people.reopen(own, "测试原因", by=keeper),
        people.one_time_password(own, by=keeper),
        actions.give_post(own, house.unit["group"], Role.CENTRE_HEAD, by=keeper),
    ):
        with pytest.raises(Refused):
            await asked


async def test_a_one_time_password_must_be_changed_and_is_never_kept(house: House) -> None:
    made = await people.one_time_password(house.staff["alice"], by=await house.actor("keeper"))
    row = await db.fetchrow("select must_change, password_hash from staff where number = 'alice'")
    assert row is not None
    assert (row["must_change"], made in row["password_hash"]) == (True, False)
    assert made not in str(await audited("staff.set_password"))


@pytest.mark.parametrize("one", sorted(APART))
@pytest.mark.parametrize("other", sorted(APART))
async def test_no_two_of_the_three_administrators_are_one_person(
    house: House, one: Role, other: Role
) -> None:
    keeper, group, bob = await house.actor("keeper"), house.unit["group"], house.staff["bob"]
    await actions.give_post(bob, group, one, by=system())
    if one is other:
        await actions.give_post(bob, group, other, rank=2, by=keeper)
        return
    with pytest.raises(Refused, match="不能由同一人担任"):
        await actions.give_post(bob, group, other, by=keeper)


def test_the_three_administrators_share_no_right() -> None:
    for one in APART:
        for other in APART - {one}:
            assert ROLES[one].isdisjoint(ROLES[other])
    assert ROLES[Role.AUDITOR] == {Permission.AUDIT_READ}
    assert ROLES[Role.SECURITY] == {Permission.ACCOUNT_MANAGE, Permission.SAFETY_MANAGE}


async def test_a_post_for_a_term_ends_with_its_last_day_and_is_taken_by_the_clock(house: House) -> None:
    wire()
    keeper, bob, place = await house.actor("keeper"), house.staff["bob"], house.unit["west_surgery"]
    with clock.frozen(MORNING):
        await posts.give(bob, place, Role.DEPARTMENT_HEAD, until_on=TODAY + timedelta(days=1), by=keeper)
        assert (await house.actor("bob")).can(Permission.TICKET_ENDORSE)
    with clock.frozen(MORNING + timedelta(days=1)):
        await drain(DUE)
        assert (await house.actor("bob")).can(Permission.TICKET_ENDORSE)
    with clock.frozen(MORNING + timedelta(days=2)):
        assert not (await house.actor("bob")).can(Permission.TICKET_ENDORSE)  # before anything has run
        await drain(DUE)
    assert (
        await db.fetchval("select count(*) from post where role = 'department_head' and staff_id = $1", bob)
        == 0
    )
    assert await audited("staff.post_ended") == [{"unit": place, "role": "department_head"}]


async def test_a_post_that_is_prolonged_does_not_end_with_its_first_day(house: House) -> None:
    wire()
    keeper, bob, place = await house.actor("keeper"), house.staff["bob"], house.unit["west_surgery"]
    with clock.frozen(MORNING):
        await posts.give(bob, place, Role.DEPARTMENT_HEAD, until_on=TODAY, by=keeper)
        await posts.give(bob, place, Role.DEPARTMENT_HEAD, by=keeper)
    with clock.frozen(MORNING + timedelta(days=9)):
        await drain(DUE)
        assert (await house.actor("bob")).can(Permission.TICKET_ENDORSE)


async def test_a_post_to_come_begins_on_its_day_or_not_at_all(house: House) -> None:
    wire()
    keeper, place = await house.actor("keeper"), house.unit["west_surgery"]
    begins = TODAY + timedelta(days=3)
    with clock.frozen(MORNING):
        for name in ("bob", "dora"):
            await posts.give(house.staff[name], place, Role.DEPARTMENT_HEAD, from_on=begins, by=keeper)
        assert not (await house.actor("bob")).can(Permission.TICKET_ENDORSE)
        (planned,) = await people_found.planned(house.staff["dora"])
        await posts.drop_planned(house.staff["dora"], planned.id, by=keeper)
    with clock.frozen(MORNING + timedelta(days=3)):
        await drain(DUE)
        assert (await house.actor("bob")).can(Permission.TICKET_ENDORSE)
        assert not (await house.actor("dora")).can(Permission.TICKET_ENDORSE)
        assert await people_found.planned(house.staff["bob"]) == []


async def test_days_the_wrong_way_round_are_told(house: House) -> None:
    keeper, place = await house.actor("keeper"), house.unit["west_surgery"]
    with clock.frozen(MORNING):
        for begins, ends in (
            (TODAY + timedelta(days=5), TODAY + timedelta(days=4)),
            (None, TODAY - timedelta(days=1)),
        ):
            with pytest.raises(Invalid) as caught:
                await posts.give(
                    house.staff["bob"], place, Role.LIAISON, from_on=begins, until_on=ends, by=keeper
                )
            assert [fault.field for fault in caught.value.details] == ["until_on"]


def test_every_permission_has_its_words() -> None:
    assert set(people_rights.WORDS) == set(Permission)


async def test_a_right_is_told_with_its_post_or_with_who_would_have_it(house: House) -> None:
    told = {
        right.words: right
        for _, found in await people_rights.rights(house.staff["alice"], house.unit["west_cardiology"])
        for right in found
    }
    working, watching = told["签收、办理、答复"], told["审计日志（安全审计员）"]
    assert (working.sources, [source.unit for source in working.elsewhere]) == ((), ["东院区 · 心血管内科"])
    assert (watching.sources, watching.elsewhere, watching.carried_by) == ((), (), ("安全审计员",))
    anywhere = {
        right.words: right.sources
        for _, found in await people_rights.rights(house.staff["alice"])
        for right in found
    }
    assert [source.role for source in anywhere["签收、办理、答复"]] == ["科室联络人"]


async def test_the_first_administrators_are_appointed_by_command(house: House) -> None:
    by = system("命令行", Door.COMMAND)
    made = await people.appoint("90009", Role.SECURITY, "测试安全员", by=by)
    assert [(post.role, post.unit_id) for post in await queries.posts(made)] == [
        (Role.SECURITY, house.unit["group"])
    ]
    assert await people.appoint("bob", Role.SECURITY, by=by) == house.staff["bob"]
    with pytest.raises(Refused, match="不能由同一人担任"):
        await people.appoint("auditor", Role.SECURITY, by=by)
    with pytest.raises(NotFound, match="--name"):
        await people.appoint("90010", Role.SECURITY, by=by)
