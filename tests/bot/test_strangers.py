"""People the bot does not know: told how to be bound, bound by a right code, not told who works here."""

from core import db
from staff import actions as staff_actions
from tests.bot.people import phone
from tests.bot.stage import Stage


async def test_a_stranger_is_told_how_to_be_bound_and_is_bound_by_the_code_from_the_page(
    stage: Stage,
) -> None:
    await db.execute("update staff set wecom_userid = null where number = 'liaison'")
    ticket = await stage.opened()
    said = await stage.say("liaison", f"签收 {ticket.id}")
    assert said.startswith("您好，我是回音助手。您的企业微信还没有绑定职工账号")
    code = await staff_actions.make_bind_code(by=stage.cast.liaison)
    assert await stage.say("liaison", "绑定 23456789") == "绑定码不正确或已过期，请在网页“我的账号”重新获取"
    assert (await stage.say("liaison", f"绑定：{code.lower()}")).startswith("绑定成功，测试联络人甲，您好！")
    assert (await stage.say("liaison", f"签收 {ticket.id}")).startswith(f"#{ticket.id} 已签收")
    assert await stage.say("liaison", "绑定 23456789") == (
        "您已绑定为 测试联络人甲（工号 liaison）。如需更换，请联系系统管理员解绑"
    )


async def test_a_code_is_sent_to_the_phone_on_record_and_nobody_learns_who_works_here(stage: Stage) -> None:
    await db.execute("update staff set wecom_userid = null where number = 'liaison'")
    await phone("liaison", "19900000001")
    known = await stage.say("guest", "绑定 liaison")
    unknown = await stage.say("guest", "绑定 nobody")
    assert known == unknown
    text = (await stage.outside.phone(phone="19900000001"))[-1]["text"]
    code = text.partition("验证码")[2][: staff_actions.CODE_LENGTH]
    assert (await stage.say("liaison", f"绑定 liaison {code}")).startswith("绑定成功，测试联络人甲")
    assert await db.fetchval("select text from message where purpose = 'bind'") == ""


async def test_at_most_three_codes_an_hour_are_sent(stage: Stage) -> None:
    await phone("liaison", "19900000001")
    for _ in range(5):
        await stage.say("guest", "绑定 liaison")
    assert await db.fetchval("select count(*) from message where purpose = 'bind'") == 3


async def test_wrong_codes_lock_the_account_for_a_while(stage: Stage) -> None:
    said = [await stage.say("guest", "绑定 23456789") for _ in range(6)]
    assert said[4].startswith("绑定码不正确")
    assert said[5].startswith("失败次数过多")


async def test_opening_the_chat_greets_a_stranger_once_a_day_and_a_known_person_not(stage: Stage) -> None:
    for who in ("guest", "guest", "liaison"):
        await stage.outside.ask("open", {"userid": who, "in": "app", "wait": True})
        await stage.heard("app")
    assert [len(await stage.texts(who)) for who in ("guest", "liaison")] == [1, 0]
