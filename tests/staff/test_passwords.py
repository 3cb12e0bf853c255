"""Passwords over time: weak ones are refused, those of before do not come back, old ones and given ones are changed."""

from datetime import timedelta
from itertools import pairwise

import pytest

from core import clock, db, parameters
from core.actor import system
from core.errors import Invalid
from staff import entering, securing, sessions
from staff.login import captcha, password, passwords, strength
from tests.staff.cast import House

GOOD = "Xinnei#2026"


async def give(house: House, name: str) -> None:
    await db.execute(
        "update staff set password_hash = $2, password_set_at = $3 where id = $1",
        house.staff[name],
        await password.hashed(GOOD),
        clock.now(),
    )


async def enter(number: str, word: str = GOOD, **more: str) -> entering.SignedIn:
    entered = await entering.sign_in(
        {"number": number, "password": word, **more}, address="192.0.2.1", agent="a test"
    )
    assert isinstance(entered, entering.SignedIn)
    return entered


@pytest.mark.parametrize(
    "weak",
    ["P@ssw0rd1", "1qaz@WSX", "Aa123456!", "Huiyin@123", "Yiyuan@2024", "Woaini1314!", "Abc!@#123", "Qwer!234",
     "Zhangsan@2026", "Zs-100234!", "Aaaaaa1!"],
)  # fmt: skip
def test_what_everybody_guesses_first_is_refused(weak: str) -> None:
    with pytest.raises(Invalid) as caught:
        strength.check(weak, about=("张三", "100234", "示范医院"))
    assert "太容易被猜到" in caught.value.message


@pytest.mark.parametrize("good", ["Xinnei#2026", "tulip-River7-stone", "Mao9&kLmTr", "床前Moon-light8!"])
def test_a_good_password_is_taken(good: str) -> None:
    strength.check(good, about=("张三", "100234", "示范医院"))


async def test_a_password_of_before_does_not_come_back_until_five_later(house: House) -> None:
    await give(house, "alice")
    by = await house.actor("alice")
    words = [GOOD, *(f"tulip-River{n}-stone" for n in range(5))]
    for old, new in pairwise(words):
        with pytest.raises(Invalid, match="最近 5 次"):
            await securing.change_password(old, GOOD, by=by)
        await securing.change_password(old, new, by=by)
    await securing.change_password(words[-1], GOOD, by=by)
    assert (await enter("alice")).actor.id == house.staff["alice"]


async def test_a_password_somebody_else_set_is_changed_before_anything_else(house: House) -> None:
    await give(house, "keeper")
    await securing.set_password(house.staff["alice"], GOOD, by=await house.actor("keeper"))
    entered = await enter("alice")
    assert entered.limited == "password"
    assert await sessions.actor_from_cookie(entered.token, "") is None
    await securing.change_password(GOOD, "tulip-River7-stone", by=entered.actor)
    assert (await enter("alice", "tulip-River7-stone")).limited == ""


async def test_a_password_that_is_too_old_is_changed_first_unless_ages_are_off(house: House) -> None:
    await give(house, "alice")
    with clock.frozen(clock.now() + timedelta(days=91)):
        assert (await enter("alice")).limited == "password"
        assert await passwords.why_change(house.staff["alice"]) == "密码已使用超过 90 天，请更换"
        await parameters.change(passwords.DAYS.name, "0", by=system())
        assert (await enter("alice")).limited == ""


async def answer(asked: captcha.Asked) -> str:
    """What the person reads in the picture."""
    rows = await db.fetch("select answer from captcha where used_at is null order by expires_at desc limit 1")
    assert asked.token
    return str(rows[0]["answer"])


async def test_after_two_failures_a_captcha_is_asked_for_and_one_answer_serves_once(house: House) -> None:
    await give(house, "alice")
    await parameters.change(captcha.AFTER.name, "2", by=system())
    for _ in range(2):
        with pytest.raises(Exception, match="工号或密码不正确"):
            await enter("alice", "wrong")
    with pytest.raises(Invalid, match="请输入图中的 4 位数字"):
        await enter("alice")
    asked = await captcha.ask()
    digits = await answer(asked)
    wrong = "".join(str((int(sign) + 1) % 10) for sign in digits)
    with pytest.raises(Invalid, match="不正确"):
        await enter("alice", captcha_token=asked.token, captcha=wrong)
    with pytest.raises(Invalid, match="不正确"):
        await enter("alice", captcha_token=asked.token, captcha=digits)
    asked = await captcha.ask()
    wide = (await answer(asked)).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    entered = await enter("alice", captcha_token=asked.token, captcha=wide)
    assert entered.actor.id == house.staff["alice"]


async def test_the_captcha_is_a_picture_and_a_sound_of_the_same_four_digits(house: House) -> None:
    assert house.staff
    asked = await captcha.ask()
    drawn, spoken = await captcha.picture(asked.token), await captcha.sound(asked.token)
    assert drawn.startswith(b"\x89PNG")
    assert spoken[:4] + spoken[8:12] == b"RIFFWAVE"
    assert len(spoken) > 4 * 2000  # four voices at 8 kHz, not silence alone
