"""The second factor: codes of an app and recovery codes, each opens once; who must have one is held until it is set up."""

from datetime import timedelta

import pyotp
import pytest

from core import clock, db, parameters
from core.actor import system
from core.errors import Forbidden, Invalid, Refused, TooMany, Unauthenticated
from staff import entering, securing, sessions
from staff.login import lock, password, second
from tests.staff.cast import House

GOOD = "Xinnei#2026"


async def give(house: House, *names: str) -> None:
    stored = await password.hashed(GOOD)
    for name in names:
        await db.execute("update staff set password_hash = $2 where id = $1", house.staff[name], stored)


async def first(number: str) -> entering.SignedIn | entering.Pending:
    return await entering.sign_in({"number": number, "password": GOOD}, address="192.0.2.1", agent="a test")


async def enrol(house: House, name: str) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    by = await house.actor(name)
    shown = await second.begin(by=by)
    app = pyotp.TOTP(shown.secret.replace(" ", ""))
    return app, await second.confirm(app.at(clock.now()), by=by)


async def finish(pending: entering.SignedIn | entering.Pending, code: str) -> entering.SignedIn:
    assert isinstance(pending, entering.Pending)
    return await entering.finish(pending.token, code, address="192.0.2.1", agent="a test")


async def test_with_a_second_factor_the_password_alone_opens_nothing(house: House) -> None:
    await give(house, "alice")
    app, _ = await enrol(house, "alice")
    pending = await first("alice")
    assert isinstance(pending, entering.Pending)
    assert await sessions.of_staff(house.staff["alice"]) == []
    with pytest.raises(Unauthenticated):
        await finish(pending, "000000")
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        entered = await finish(pending, app.at(clock.now()))
    assert entered.actor.id == house.staff["alice"]


async def test_a_code_opens_once_and_so_does_the_first_step(house: House) -> None:
    await give(house, "alice")
    app, _ = await enrol(house, "alice")
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        code = app.at(clock.now())
        pending = await first("alice")
        await finish(pending, code)
        with pytest.raises(Unauthenticated, match="不正确或已用过"):
            await finish(await first("alice"), code)
        with pytest.raises(Unauthenticated, match="登录已超时"):
            await finish(pending, app.at(clock.now() + timedelta(seconds=30)))


async def test_the_first_step_is_forgotten_after_five_minutes(house: House) -> None:
    await give(house, "alice")
    app, _ = await enrol(house, "alice")
    pending = await first("alice")
    with clock.frozen(clock.now() + timedelta(minutes=6)), pytest.raises(Unauthenticated, match="登录已超时"):
        await finish(pending, app.at(clock.now()))


async def test_a_recovery_code_replaces_the_phone_once(house: House) -> None:
    await give(house, "alice")
    _, codes = await enrol(house, "alice")
    assert len(set(codes)) == second.CODES
    assert (await finish(await first("alice"), codes[3].upper())).actor.id == house.staff["alice"]
    with pytest.raises(Unauthenticated):
        await finish(await first("alice"), codes[3])
    assert (await second.standing(house.staff["alice"])).codes_left == second.CODES - 1


async def test_guessing_codes_locks_and_an_administrator_lifts_it(house: House) -> None:
    await give(house, "alice")
    app, _ = await enrol(house, "alice")
    pending = await first("alice")
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await finish(pending, "111111")
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        with pytest.raises(TooMany):
            await finish(pending, app.at(clock.now()))
        await securing.unlock(house.staff["alice"], "本人输错，已核实", by=await house.actor("keeper"))
        assert (await finish(pending, app.at(clock.now()))).limited == ""


async def test_a_wrong_code_turns_nothing_on(house: House) -> None:
    by = await house.actor("alice")
    await second.begin(by=by)
    with pytest.raises(Invalid) as caught:
        await second.confirm("123", by=by)
    assert [fault.field for fault in caught.value.details] == ["code"]
    assert not (await second.standing(house.staff["alice"])).on


async def test_who_must_have_one_is_held_until_it_is_set_up(house: House) -> None:
    await give(house, "admin", "alice")
    await parameters.change(second.REQUIRED.name, second.ADMINISTRATORS, by=system())
    held, free = await first("admin"), await first("alice")
    assert isinstance(held, entering.SignedIn)
    assert isinstance(free, entering.SignedIn)
    assert (held.limited, free.limited) == ("second", "")
    assert await sessions.actor_from_cookie(held.token, "") is None
    assert await sessions.actor_from_cookie(free.token, "") is not None


async def test_who_must_have_one_cannot_turn_it_off_and_another_administrator_resets_it(house: House) -> None:
    await give(house, "admin", "alice")
    await enrol(house, "alice")
    await parameters.change(second.REQUIRED.name, second.ALL, by=system())
    with pytest.raises(Refused, match="必须启用"):
        await securing.turn_second_off(GOOD, by=await house.actor("alice"))
    with pytest.raises(Forbidden):
        await securing.reset_second(house.staff["alice"], "手机遗失，已核实", by=await house.actor("bob"))
    await securing.reset_second(house.staff["alice"], "手机遗失，已核实", by=await house.actor("keeper"))
    assert not (await second.standing(house.staff["alice"])).on
    with pytest.raises(Refused, match="另一位管理员"):
        await securing.reset_second(house.staff["keeper"], "手机遗失，已核实", by=await house.actor("keeper"))


async def test_turning_it_off_takes_the_password(house: House) -> None:
    await give(house, "alice")
    await enrol(house, "alice")
    with pytest.raises(Invalid) as caught:
        await securing.turn_second_off("Wrong#2026", by=await house.actor("alice"))
    assert [fault.field for fault in caught.value.details] == ["password"]
    await securing.turn_second_off(GOOD, by=await house.actor("alice"))
    assert isinstance(await first("alice"), entering.SignedIn)


async def test_the_secret_lies_encrypted_and_the_codes_hashed(house: House) -> None:
    by = await house.actor("alice")
    shown = await second.begin(by=by)
    app = pyotp.TOTP(shown.secret.replace(" ", ""))
    codes = await second.confirm(app.at(clock.now()), by=by)
    row = await db.fetchrow("select totp_secret from staff where id = $1", house.staff["alice"])
    assert row is not None
    assert app.secret.encode() not in bytes(row["totp_secret"])
    kept = await db.fetch("select code_hash from recovery_code where staff_id = $1", house.staff["alice"])
    plain = [code.replace("-", "").encode() for code in codes]
    assert not any(code in bytes(line["code_hash"]) for line in kept for code in plain)


async def test_a_wrong_password_is_told_only_after_the_code_and_no_code_opens_it(house: House) -> None:
    await give(house, "alice", "bob")
    app, codes = await enrol(house, "alice")
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        wrong = await entering.sign_in(
            {"number": "alice", "password": "Xinnei#2027"}, address="192.0.2.1", agent="a test"
        )
        assert isinstance(wrong, entering.Pending)
        assert wrong.asks == await entering.asked(wrong.token)
        said = set()
        for typed in (app.at(clock.now()), codes[0], "000000"):
            with pytest.raises(Unauthenticated) as caught:
                await finish(wrong, typed)
            said.add(caught.value.message)
        right = await first("alice")
        with pytest.raises(Unauthenticated) as caught:
            await finish(right, "000000")
        assert said == {caught.value.message}
        assert (await finish(right, app.at(clock.now()))).actor.id == house.staff["alice"]
    with pytest.raises(Unauthenticated):  # who has no second factor is never asked for a code
        await entering.sign_in({"number": "bob", "password": "wrong"}, address="192.0.2.1", agent="a test")


async def test_some_unknown_numbers_are_asked_for_a_code_too_each_always_alike(house: House) -> None:
    async def asked(number: str) -> bool:
        try:
            entered = await entering.sign_in(
                {"number": number, "password": GOOD}, address=f"192.0.2.{int(number)}", agent="a test"
            )
        except Unauthenticated:
            return False
        return isinstance(entered, entering.Pending)

    numbers = [f"{at:05d}" for at in range(24)]
    once = [await asked(number) for number in numbers]
    assert once == [await asked(number) for number in numbers]
    assert 0 < sum(once) < len(once)


async def test_the_count_of_failures_does_not_tell_that_the_password_was_right(house: House) -> None:
    await give(house, "alice")
    app, _ = await enrol(house, "alice")
    with pytest.raises(Unauthenticated):
        await finish(
            await entering.sign_in(
                {"number": "alice", "password": "wrong"}, address="192.0.2.1", agent="a test"
            ),
            "1",
        )
    pending = await first("alice")
    assert await lock.failures("alice", "192.0.2.1") == 2
    with clock.frozen(clock.now() + timedelta(seconds=31)):
        await finish(pending, app.at(clock.now()))
    assert await lock.failures("alice", "192.0.2.1") == 0
