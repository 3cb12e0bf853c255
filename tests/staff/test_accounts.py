"""WeCom accounts are bound by one-time codes; posts are given and taken by administrators, never by oneself."""

from datetime import timedelta

import pytest

from core import clock, db
from core.actor import Door, Permission, system
from core.errors import Forbidden, Invalid, NotFound, Refused, TooMany
from staff import actions, queries
from staff.queries import PostHeld
from staff.roles import Role
from tests.staff.cast import House


async def test_a_code_made_on_the_page_binds_the_account_that_sends_it(house: House) -> None:
    code = await actions.make_bind_code(by=await house.actor("alice"))
    actor = await actions.bind_wecom(f" {code.lower()} ", "new_phone_of_alice")
    assert (actor.id, actor.door) == (house.staff["alice"], Door.WECOM)
    found = await queries.by_wecom("new_phone_of_alice")
    assert found is not None
    assert found.id == house.staff["alice"]
    assert await queries.by_wecom("wx_alice") is None


async def test_a_code_works_once_and_ten_minutes_and_only_the_newest(house: House) -> None:
    alice = await house.actor("alice")
    first = await actions.make_bind_code(by=alice)
    second = await actions.make_bind_code(by=alice)
    with pytest.raises(Refused, match="绑定码不正确或已过期"):
        await actions.bind_wecom(first, "phone_1")
    await actions.bind_wecom(second, "phone_2")
    with pytest.raises(Refused, match="绑定码不正确或已过期"):
        await actions.bind_wecom(second, "phone_3")
    third = await actions.make_bind_code(by=alice)
    with clock.frozen(clock.now() + timedelta(minutes=10, seconds=1)), pytest.raises(Refused):
        await actions.bind_wecom(third, "phone_4")


async def test_an_account_that_is_anothers_is_not_taken_over_and_the_code_stays_good(house: House) -> None:
    code = await actions.make_bind_code(by=await house.actor("alice"))
    with pytest.raises(Refused, match="已绑定其他职工"):
        await actions.bind_wecom(code, "wx_bob")
    bob = await queries.by_wecom("wx_bob")
    assert bob is not None
    assert bob.id == house.staff["bob"]
    assert (await actions.bind_wecom(code, "phone_of_alice")).id == house.staff["alice"]


async def test_guessing_codes_is_locked(house: House) -> None:
    for _ in range(5):
        with pytest.raises(Refused):
            await actions.bind_wecom("AAAAAAAA", "stranger")
    code = await actions.make_bind_code(by=await house.actor("alice"))
    with pytest.raises(TooMany):
        await actions.bind_wecom(code, "stranger")


async def test_one_unbinds_oneself_and_an_administrator_anyone(house: House) -> None:
    with pytest.raises(Forbidden):
        await actions.unbind_wecom(house.staff["bob"], by=await house.actor("alice"))
    assert await queries.by_wecom("wx_bob") is not None
    await actions.unbind_wecom(house.staff["bob"], by=await house.actor("keeper"))
    await actions.unbind_wecom(house.staff["alice"], by=await house.actor("alice"))
    assert (await queries.by_wecom("wx_bob"), await queries.by_wecom("wx_alice")) == (None, None)


async def test_a_post_given_holds_at_once_and_a_post_taken_is_gone(house: House) -> None:
    admin, bob, unit = await house.actor("keeper"), house.staff["bob"], house.unit["west_surgery"]
    path = (await queries.tree()).unit(unit).path
    assert not (await house.actor("bob")).can(Permission.TICKET_HANDLE, path)

    await actions.give_post(bob, unit, Role.LIAISON, rank=2, by=admin)

    assert (await house.actor("bob")).can(Permission.TICKET_HANDLE, path)
    assert await queries.posts(bob) == [
        PostHeld(house.unit["west_cardiology"], Role.LIAISON, 1),
        PostHeld(unit, Role.LIAISON, 2),
    ]
    await actions.give_post(bob, unit, Role.LIAISON, rank=1, by=admin)
    assert [(post.unit_id, post.rank) for post in await queries.posts(bob)][-1] == (unit, 1)

    await actions.take_post(bob, unit, Role.LIAISON, by=admin)

    assert not (await house.actor("bob")).can(Permission.TICKET_HANDLE, path)
    with pytest.raises(NotFound, match="没有“科室联络人”岗位"):
        await actions.take_post(bob, unit, Role.LIAISON, by=admin)
    told = await db.fetch("select action, actor_name from audit where subject = 'staff' order by id")
    assert [tuple(row) for row in told] == [
        ("staff.give_post", "测试keeper"),
        ("staff.give_post", "测试keeper"),
        ("staff.take_post", "测试keeper"),
    ]


async def test_nobody_changes_their_own_posts_or_those_out_of_their_reach(house: House) -> None:
    admin, west = await house.actor("keeper"), house.unit["west"]
    with pytest.raises(Refused, match="不能更改自己的岗位"):
        await actions.give_post(house.staff["keeper"], west, Role.CENTRE_HEAD, by=admin)
    await actions.give_post(house.staff["bob"], west, Role.SECURITY, by=system())
    of_west = await house.actor("bob")
    await actions.give_post(house.staff["carol"], house.unit["west_surgery"], Role.LIAISON, by=of_west)
    for place in ("group", "east_cardiology"):
        with pytest.raises(Forbidden):
            await actions.give_post(house.staff["carol"], house.unit[place], Role.LIAISON, by=of_west)
    with pytest.raises(Forbidden):
        await actions.give_post(house.staff["carol"], west, Role.LIAISON, by=await house.actor("alice"))


async def test_who_keeps_accounts_does_not_keep_watch(house: House) -> None:
    with pytest.raises(Refused, match="不能由同一人担任"):
        await actions.give_post(
            house.staff["auditor"], house.unit["west"], Role.ADMINISTRATOR, by=await house.actor("keeper")
        )


@pytest.mark.parametrize("rank", [0, 10, -1])
async def test_a_rank_is_from_one_to_nine(house: House, rank: int) -> None:
    with pytest.raises(Invalid) as caught:
        await actions.give_post(
            house.staff["bob"],
            house.unit["west"],
            Role.LIAISON,
            rank=rank,
            by=await house.actor("keeper"),
        )
    assert caught.value.details[0].value == str(rank)
