"""The other way into WeCom: the intelligent bot's long connection drives signing and answering, and survives being cut."""

from core import db
from tests.story.hospital import Hospital
from tests.story.orders import photo, pushed, stands, verbs
from tests.story.waiting import until

WAY = "bot"
WORKERS = 2
ANSWER = "已电话联系来电人，说明情况并致歉"


async def connected(hospital: Hospital) -> None:
    """Wait until one of the workers holds the line."""

    async def look() -> bool:
        return bool((await hospital.phones.get("counters"))["bot_connected"])

    await until(look, "the bot is connected")


async def test_a_ticket_is_signed_and_answered_over_the_long_connection(hospital: Hospital) -> None:
    phones = hospital.phones
    await connected(hospital)
    case, ticket = await pushed(hospital, "BOT-1")
    card = await phones.card("liaison", ticket, "签收")
    assert card.conversation == "bot:liaison"
    await phones.press("liaison", card, "签收")
    await phones.told("liaison", f"#{ticket} 已签收")
    await phones.press("liaison", await phones.card("liaison", ticket, "申请挂起"), "答复")
    await phones.told("liaison", f"【#{ticket} 答复】")
    await phones.send_media("liaison", "现场.png", photo(), where="bot")
    await phones.told("liaison", f"作为 #{ticket} 的材料")
    await phones.ask("liaison", ANSWER, f"#{ticket} 的答复已提交", where="bot")
    await phones.press("head", await phones.card("head", ticket, "同意"), "同意")
    await stands(ticket, "endorsed")
    assert await verbs(case) == ["receive", "assign", "sign", "attach", "answer", "endorse"]


async def test_the_line_is_held_again_after_it_was_cut_and_after_its_holder_was_killed(
    hospital: Hospital,
) -> None:
    phones = hospital.phones
    await connected(hospital)
    assert (await phones.post("bot/disconnect"))["was_connected"] is True
    await connected(hospital)
    await hospital.restart("worker-1")
    await connected(hospital)
    await hospital.restart("worker-2")
    await connected(hospital)
    case, ticket = await pushed(hospital, "BOT-2")
    await phones.card("liaison", ticket, "签收")
    await phones.ask("liaison", f"签收 {ticket}", f"#{ticket} 已签收", where="bot")
    assert await verbs(case) == ["receive", "assign", "sign"]
    assert await db.fetchval("select count(*) from inbound where state = 'parked'") == 0
