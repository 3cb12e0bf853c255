"""What happened with an account is told to its owner; "that was not me" ends everything and holds it."""

import pytest

from bot import account_notices
from core import audit_origin, crypto, db
from core.actor import system
from core.errors import Forbidden, Invalid, Refused, TooMany, Unauthenticated
from core.networks import counted, site
from staff import actions, entering, notices, people, securing, sessions
from staff.events import AccountHeld, AccountNoticed
from staff.notices import Kind
from staff.people import PersonForm
from staff.roles import Role
from tests.staff.cast import House
from tests.staff.test_second_factor import GOOD, enrol, give

HOME = "192.0.2.7"
CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/605.1"


async def enter(number: str, address: str = HOME, agent: str = CHROME) -> entering.SignedIn:
    with audit_origin.opened(address, agent):
        entered = await entering.sign_in({"number": number, "password": GOOD}, address=address, agent=agent)
    assert isinstance(entered, entering.SignedIn)
    return entered


async def told(house: House, name: str) -> list[tuple[Kind, bool, str]]:
    found = await notices.of_staff(house.staff[name])
    return [(one.kind, one.serious, one.words) for one in reversed(found)]


async def test_the_first_log_in_is_no_news_and_another_device_or_floor_is(house: House) -> None:
    await give(house, "alice")
    for address, agent in ((HOME, CHROME), ("192.0.2.200", CHROME.replace("140", "141"))):
        assert not (await enter("alice", address, agent)).noticed
    assert await told(house, "alice") == []
    await enter("alice", "198.51.100.1", CHROME)
    await enter("alice", HOME, PHONE)
    assert await told(house, "alice") == [
        (Kind.NEW_PLACE, True, "这个网络地址以前没有登录过"),
        (Kind.NEW_PLACE, True, "这台设备以前没有登录过"),
    ]


async def test_one_is_led_there_once_and_a_stolen_log_in_does_not_answer_for_itself(house: House) -> None:
    await give(house, "alice")
    await enter("alice")
    thief = await enter("alice", "203.0.113.9", PHONE)
    assert not thief.noticed
    by = await house.actor("alice")
    assert await securing.acknowledge(None, sessions.name_of(thief.token), by=by) == 0
    renewed = await sessions.renew(thief.token)
    assert await securing.acknowledge(None, sessions.name_of(renewed), by=by) == 0
    assert [(await enter("alice")).noticed, (await enter("alice")).noticed] == [True, False]
    owner = await enter("alice")
    assert await securing.acknowledge(None, sessions.name_of(owner.token), by=by) == 1
    assert await notices.waiting(house.staff["alice"]) == 0


async def test_each_change_of_a_log_in_is_a_notice_serious_when_somebody_else_made_it(house: House) -> None:
    await give(house, "alice")
    keeper, alice = await house.actor("keeper"), house.staff["alice"]
    await enrol(house, "alice")
    await securing.reset_second(alice, "手机遗失，已核实", by=keeper)
    await people.one_time_password(alice, by=keeper)
    await actions.unbind_wecom(alice, by=keeper, reason="换了手机，已核实")
    await people.change(alice, PersonForm(name="测试甲", phone="13900000001"), by=keeper)
    await actions.give_post(alice, house.unit["west_surgery"], Role.LIAISON, by=keeper)
    assert await told(house, "alice") == [
        (Kind.SECOND_ON, False, ""),
        (Kind.SECOND_OFF, True, ""),
        (Kind.PASSWORD, True, ""),
        (Kind.WECOM_UNBOUND, True, ""),
        (Kind.PHONE, True, "未登记 → 139****0001"),
    ]


async def test_a_recovery_code_and_a_lock_are_told(house: House) -> None:
    await give(house, "alice")
    _, codes = await enrol(house, "alice")
    pending = await entering.sign_in({"number": "alice", "password": GOOD}, address=HOME, agent=CHROME)
    assert isinstance(pending, entering.Pending)
    await entering.finish(pending.token, codes[0], address=HOME, agent=CHROME)
    for _ in range(5):
        with pytest.raises((Unauthenticated, Invalid)):
            await entering.sign_in({"number": "bob", "password": "wrong"}, address=HOME, agent=CHROME)
    assert (await told(house, "alice"))[-1] == (Kind.RECOVERY_USED, True, "备用码还剩 9 个")
    assert await told(house, "bob") == [(Kind.LOCKED, True, "密码")]


async def test_not_me_ends_every_log_in_and_nobody_comes_in_until_a_keeper_made_sure(house: House) -> None:
    await give(house, "alice")
    entered = await enter("alice")
    assert await securing.hold(by=entered.actor) == 1
    assert await sessions.of_staff(house.staff["alice"]) == []
    with pytest.raises(Unauthenticated, match="工号或密码不正确"):
        await enter("alice")
    with pytest.raises(Unauthenticated):
        await house.actor("alice")
    keeper = await house.actor("keeper")
    with pytest.raises(Forbidden):
        await securing.release(house.staff["alice"], "当面核对了工作证", by=await house.actor("carol"))
    with pytest.raises(Invalid, match="至少 6 个字"):
        await securing.release(house.staff["alice"], "已核实", by=keeper)
    await securing.release(house.staff["alice"], "当面核对了工作证", by=keeper)
    with pytest.raises(Refused):
        await securing.release(house.staff["alice"], "当面核对了工作证", by=keeper)
    with pytest.raises(Unauthenticated):  # the password that somebody else knew is void
        await enter("alice")
    lines = await db.fetch(
        "select action from audit where action in ('staff.hold', 'staff.release') order by id"
    )
    assert [line["action"] for line in lines] == ["staff.hold", "staff.release"]


async def test_the_owner_is_told_in_wecom_the_keepers_at_once_and_the_old_phone_of_who_keeps_the_house(
    house: House,
) -> None:
    keeper = await house.actor("keeper")
    phone = crypto.key_ring().encrypt("13800000009", "staff.phone")
    await db.execute("update staff set phone = $1 where id = $2", phone, house.staff["admin"])
    await people.change(house.staff["admin"], PersonForm(name="测试admin", phone="13900000001"), by=keeper)
    number = await db.fetchval("select max(id) from account_notice")
    await account_notices.noticed(AccountNoticed(notice_id=number))
    await account_notices.noticed(AccountNoticed(notice_id=number))
    await securing.hold(by=await house.actor("alice"))
    held = await db.fetchval("select max(id) from account_notice")
    await account_notices.held(AccountHeld(notice_id=held))
    rows = await db.fetch("select receiver_name, ladder::text as ladder, lane, text from message order by id")
    assert [(row["receiver_name"], row["lane"]) for row in rows] == [
        ("测试admin", "urgent"),
        ("测试admin（原手机号）", "urgent"),
        ("测试keeper", "urgent"),
    ]
    assert "138****0009 改为其他号码" in rows[1]["text"]
    assert rows[1]["ladder"] == "{sms}"
    assert "测试alice（alice） 报告账号有非本人操作" in rows[2]["text"]


async def test_guessing_from_elsewhere_locks_the_guesser_and_not_the_owner_where_they_sit(
    house: House,
) -> None:
    await give(house, "alice")
    await enter("alice")
    for at in range(5):
        with pytest.raises(Unauthenticated):
            await entering.sign_in(
                {"number": "alice", "password": "wrong"}, address=f"2001:db8::{at}", agent="guess"
            )
    with pytest.raises(TooMany):
        await enter("alice", "2001:db8:0:0:ffff::1")
    assert (await enter("alice")).actor.id == house.staff["alice"]


def test_a_whole_network_of_a_device_counts_as_one_address() -> None:
    assert [
        counted("::ffff:192.0.2.1"),
        counted("2001:db8:1:2:3::4"),
        counted("192.0.2.1"),
        counted("x"),
    ] == [
        "192.0.2.1",
        "2001:db8:1:2::/64",
        "192.0.2.1",
        "",
    ]
    assert [site("192.0.2.1"), site("2001:db8:1:2:3::4"), site("")] == [
        "192.0.2.0/24",
        "2001:db8:1:2::/64",
        "",
    ]


async def test_a_notice_of_the_machine_is_never_ones_own(house: House) -> None:
    async with db.transaction():
        await notices.note(house.staff["alice"], Kind.SESSIONS_ENDED, by=system())
    (found,) = await notices.of_staff(house.staff["alice"])
    assert (found.own, found.serious, found.label) == (False, True, "管理员结束了您的登录")
