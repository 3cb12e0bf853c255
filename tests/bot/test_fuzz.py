"""Whatever people type or send: never an exception, always a sentence, nothing of another department touched."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import cards, hearing
from bot.commands import vocabulary
from bot.places import Place, Speaker
from core import db
from staff import queries as staff
from tests.bot.stage import Stage

PEOPLE = ("liaison", "head", "centre", "admin")
WORDS = st.sampled_from(sorted(vocabulary()))
NUMBERS = st.one_of(
    st.integers(0, 12).map(str), st.integers(0, 10**30).map(str), st.just("20261121-1"), st.just("")
)
TAILS = st.one_of(
    st.text(max_size=40), st.sampled_from(["3天 等待核查", "收费处 属收费问题", "是", "取消", "（不属实）"])
)
LINES = st.one_of(
    st.text(max_size=60),
    st.builds("{}{}{} {}".format, WORDS, st.sampled_from(["", " ", "#", "：", "　＃"]), NUMBERS, TAILS),
    st.builds("{} {}".format, NUMBERS, WORDS),
)


def drawn(number: int) -> list[tuple[str, str]]:
    """So many (person, line), found by hypothesis, the odd ones included."""
    found: list[tuple[str, str]] = []

    @settings(max_examples=number, deadline=None, database=None)
    @given(st.sampled_from(PEOPLE), LINES)
    def collect(who: str, line: str) -> None:
        found.append((who, line))

    collect()
    return found


async def test_no_line_raises_and_every_line_is_answered(stage: Stage) -> None:
    await stage.opened("GZ-1")
    await stage.opened("GZ-2")
    foreign = await stage.opened("GZ-3", departments=["骨科"], campus="西院区")
    people = {who: await staff.by_number(who) for who in PEOPLE}
    for at, (who, line) in enumerate(drawn(400)):
        person = people[who]
        assert person is not None
        speaker = Speaker(person, stage.actor(who), Place("wecom_app"), f"fuzz:{at}")
        answer = await hearing.hear(speaker, line)
        assert answer is not None, line
        assert answer.text, line
    await stage.heard("app")
    acted = await db.fetch(
        "select distinct actor_name from history where ticket_id = $1 and actor_id is not null", foreign.id
    )
    assert {row["actor_name"] for row in acted} <= {"测试客服甲"}


async def test_no_key_of_a_card_raises(stage: Stage) -> None:
    ticket = await stage.opened()
    keys = ["", ":", "ticket.sign", f"ticket.sign:{ticket.id}", "ticket.sign:x:1", f"ticket.sign:{ticket.id}:-1",
            f"ticket.fly:{ticket.id}:1", "staff.fire:1:1", "ticket.sign:999999999999999999999:1", "case.view:1:1",
            f"ticket.withdraw:{ticket.id}:1", "\u0000:1:1"]  # fmt: skip
    random.Random(7).shuffle(keys)
    for at, key in enumerate(keys):
        xml = (
            f"<xml><FromUserName>liaison</FromUserName><CreateTime>{at}</CreateTime><MsgType>event</MsgType>"
            f"<Event>template_card_event</Event><EventKey>{key if chr(0) not in key else ''}</EventKey>"
            f"<TaskId>none-{at}</TaskId><ResponseCode>r{at}</ResponseCode></xml>"
        )
        await db.execute(
            "insert into inbound (source, external_id, body) values ('wecom', $1, $2)",
            f"key-{at}",
            xml.encode(),
        )
    await stage.heard("app")
    assert len(await stage.texts("liaison")) == len(keys)
    assert await db.fetchval("select state from ticket where id = $1", ticket.id) == "assigned"
    assert cards.read_key("ticket.sign:1:1") == cards.Key("ticket.sign", 1, 1)
