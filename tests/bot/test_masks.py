"""A caller wrote phone and ID number into an order: no card, no line of a chat, no answer of the bot, to whomever, and no
message on its way out tells them; the phone is told to who may know it, for a reason, and nowhere else."""

from typing import Any

import orjson
import pytest

from bot.commands import COMMANDS, HELP
from core import db
from tests.bot.stage import PEOPLE, Stage

CALLER, WRITTEN, ID = "13800000917", "19900000931", "990000202002290035"
NUMBERS = (CALLER, WRITTEN, ID, "199 0000 0931", "１９９００００0931")
ORDER: dict[str, Any] = {
    "caller_phone": CALLER,
    "caller_name": f"测试娜{CALLER}",
    "title": f"心内科排队过久 请回电{WRITTEN}",
    "content": f"排队三小时。我的电话199 0000 0931，家属１９９００００0931，身份证{ID}，请尽快回电。",
}
ONE = ("工单", "材料", "卡片")


def told(said: Any) -> list[str]:
    """The numbers that stand in whatever this is."""
    text = said if isinstance(said, str) else orjson.dumps(said, default=str).decode()
    return [number for number in NUMBERS if number in text]


async def test_no_phone_card_or_answer_tells_a_number(stage: Stage) -> None:
    ticket = await stage.opened(**ORDER)
    await stage.do("ticket.sign", ticket.id, "liaison")
    await stage.say("centre", f"催办 {ticket.id} 患者又来电，号码{WRITTEN}")
    await stage.say("liaison", f"回复 {ticket.id} 已致电{CALLER}说明情况并致歉，患者{ID}表示理解。")
    await stage.say("head", f"通过 {ticket.id} 已核对{CALLER}")
    people = [who for who in PEOPLE if who != "guest"]
    for who in people:
        for command in (*COMMANDS, HELP):
            word = command.words[0]
            if word != "电话":
                await stage.say(who, f"{word} {ticket.id}" if word in ONE else word)
        await stage.say(who, "排队")
    phones = {who: await stage.messages(who) for who in PEOPLE}
    assert any("138****0917" in str(said) or "199****0931" in str(said) for said in phones.values())
    assert {who: told(said) for who, said in phones.items() if told(said)} == {}


@pytest.mark.parametrize(
    "table",
    [
        "message",
        "message_attempt",
        "room",
        "outbox",
        "job",
        "due",
        "audit",
        "history",
        "room_mirror",
        "conversation",
    ],
)
async def test_nothing_on_its_way_out_or_kept_of_it_holds_a_number_in_the_clear(
    stage: Stage, table: str
) -> None:
    ticket = await stage.opened(**ORDER)
    await stage.do("ticket.sign", ticket.id, "liaison")
    await stage.say("centre", f"催办 {ticket.id}")
    rows = await db.fetch(f"select to_jsonb(t)::text as line from {table} t")  # noqa: S608 - the names above
    assert [found for row in rows if (found := told(row["line"]))] == []
