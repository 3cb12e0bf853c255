"""Cards on phones: corrected while a code lives, replaced when it does not, each code used once."""

import asyncio
from datetime import timedelta
from typing import Any

from channels import actions, queries
from channels.drafts import Card, Row
from core import clock, db
from integrations.http import Json
from integrations.wecom_bot import parse
from tests.channels.help import CARD, YI, draft, message, work
from tests.integrations.outside import OTHER, USERID, Outside, line_up

SIGNED = CARD.model_copy(update={"title": "已签收，待答复", "buttons": CARD.buttons[1:]})


async def shown(outside: Outside, userid: str = USERID) -> list[tuple[str, list[str], str]]:
    """(title, button texts, grey words) of each card on a phone."""
    return [
        (
            card["main_title"]["title"],
            [button["text"] for button in card.get("button_list", [])],
            card.get("replace_text", ""),
        )
        for card in (m["card"] for m in await outside.phone(userid=userid) if m["card"])
    ]


async def states(subject: str = "ticket:12") -> list[tuple[str, str]]:
    """(holder, state) of each copy."""
    return [(held.userid, held.state) for held in await queries.cards(subject)]


async def press(outside: Outside, userid: str = USERID) -> dict[str, Any]:
    """The holder presses the first button of the newest card; what the callback would bring."""
    card = [m["card"] for m in await outside.phone(userid=userid) if m["card"]][-1]
    key = card["button_list"][0]["key"]
    return await outside.ask("press", {"userid": userid, "task_id": card["task_id"], "key": key})


async def both(outside: Outside) -> None:
    """The card on two phones."""
    await actions.send(draft("k1", card=CARD))
    await actions.send(draft("k2", card=CARD, receiver=YI))
    await work()


async def test_a_card_arrives_with_its_rows_and_buttons(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    await work()
    (arrived,) = await outside.phone(userid=USERID)
    assert arrived["card"]["horizontal_content_list"][0]["keyname"] == "编号"
    assert await shown(outside) == [("新工单待签收", ["签收", "退回"], "")]
    assert await states() == [(USERID, "live")]


async def test_when_one_signs_the_others_card_says_so(outside: Outside) -> None:
    await both(outside)
    assert await actions.update_cards("ticket:12", SIGNED, only=[USERID]) == 1
    assert await actions.update_cards("ticket:12", "已由测试甲签收", but_not=[USERID]) == 1
    await work()
    assert await shown(outside) == [("已签收，待答复", ["退回"], "")]
    assert await shown(outside, OTHER) == [("新工单待签收", ["签收", "退回"], "已由测试甲签收")]
    assert await states() == [(USERID, "live"), (OTHER, "updated")]


async def test_without_a_living_code_a_copy_with_work_left_is_replaced_by_a_new_card(
    outside: Outside,
) -> None:
    await both(outside)
    with clock.frozen(clock.now() + timedelta(hours=73)):
        await actions.update_cards("ticket:12", SIGNED, only=[USERID])
        await actions.update_cards("ticket:12", "已由测试甲签收", only=[OTHER])
        await work()
    assert await shown(outside) == [("新工单待签收", ["签收", "退回"], ""), ("已签收，待答复", ["退回"], "")]
    assert await shown(outside, OTHER) == [
        ("新工单待签收", ["签收", "退回"], "")
    ]  # nothing is left to do: no new one
    assert await states() == [(USERID, "stale"), (OTHER, "stale"), (USERID, "live")]


async def test_a_click_brings_a_fresh_code_and_proves_that_the_card_arrived(outside: Outside) -> None:
    number = await actions.send(draft(card=CARD))
    await work()
    await actions.update_cards("ticket:12", SIGNED)
    await work()
    pressed = await press(outside)
    task_id = (await queries.cards("ticket:12"))[0].task_id
    code = code_in(pressed)
    assert await actions.remember_response_code(task_id, USERID, code)
    assert (await message(number))["state"] == "delivered"
    await actions.update_cards("ticket:12", "已退回")
    await work()
    assert await shown(outside) == [("已签收，待答复", ["退回"], "已退回")]
    assert await states() == [(USERID, "updated")]


def code_in(pressed: dict[str, Any]) -> str:
    """The response code a click's callback carries."""
    text: str = pressed["delivery"]["plain"]
    return text.partition("<ResponseCode><![CDATA[")[2].partition("]]>")[0]


async def test_a_code_is_never_used_twice(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    await work()
    for at in range(3):
        await actions.update_cards("ticket:12", SIGNED.model_copy(update={"note": f"第 {at} 次"}))
        await work()
    asked = [
        e for e in (await outside.look("traffic"))["traffic"] if e["api"] == "message/update_template_card"
    ]
    assert ['"errcode": 0' in each["answered"] for each in asked] == [True, True]
    cards = [m["card"] for m in await outside.phone(userid=USERID)]
    assert [card["sub_title_text"] for card in cards] == ["第 0 次", "第 2 次"]
    assert await states() == [(USERID, "stale"), (USERID, "live")]


async def test_corrections_asked_for_at_once_end_with_the_newest(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    await work()
    for at in range(3):
        await actions.update_cards("ticket:12", SIGNED.model_copy(update={"note": f"第 {at} 次"}))
    await work()
    (arrived,) = await outside.phone(userid=USERID)
    assert arrived["card"]["sub_title_text"] == "第 2 次"
    assert await states() == [(USERID, "live")]


async def test_a_correction_whose_answer_was_lost_is_known_to_have_worked(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    await work()
    await outside.fault("wecom", "message/update_template_card", drop="after")
    await actions.update_cards("ticket:12", SIGNED)
    await work()
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        await work()
    assert await shown(outside) == [("已签收，待答复", ["退回"], "")]
    assert await states() == [(USERID, "live")]


async def test_a_correction_that_failed_for_a_moment_is_made_later(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    await work()
    await outside.fault("wecom", "message/update_template_card", errcode=-1)
    await actions.update_cards("ticket:12", "已由测试乙签收")
    await work()
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        await work()
    assert await shown(outside) == [("新工单待签收", ["签收", "退回"], "已由测试乙签收")]


async def test_a_card_that_still_waits_is_changed_before_it_goes(outside: Outside) -> None:
    await actions.send(draft("k1", card=CARD))
    await actions.send(draft("k2", card=CARD, receiver=YI))
    await actions.update_cards("ticket:12", SIGNED, only=[USERID])
    await actions.update_cards("ticket:12", "已由测试甲签收", only=[OTHER])
    await work()
    assert await shown(outside) == [("已签收，待答复", ["退回"], "")]
    assert await outside.phone(userid=OTHER) == []
    assert await states() == [(USERID, "live"), (OTHER, "stale")]


async def test_a_correction_that_changes_nothing_costs_no_code(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    await work()
    await actions.update_cards("ticket:12", CARD)
    await work()
    assert await outside.calls("message/update_template_card") == 0


async def test_a_click_before_the_sending_was_written_down_is_the_newer_code(outside: Outside) -> None:
    number = await actions.send(draft(card=CARD))
    (held,) = await queries.cards("ticket:12")
    await db.execute("update message set state = 'sending', attempts = 1")
    await db.execute(
        "insert into message_attempt (message_id, no, transport, at) values ($1, 1, 'wecom_app', now())",
        number,
    )
    assert await actions.remember_response_code(held.task_id, USERID, "rc-of-the-click")
    await work()
    assert (await message(number))["state"] == "delivered"
    assert await queries.card(held.task_id) == held


async def test_a_code_of_another_person_or_card_is_not_ours(outside: Outside) -> None:
    await actions.send(draft(card=CARD))
    (held,) = await queries.cards("ticket:12")
    assert not await actions.remember_response_code(held.task_id, OTHER, "rc")
    assert not await actions.remember_response_code("c-none", USERID, "rc")
    assert await queries.card("c-none") is None


async def test_a_card_without_anything_to_press_goes_as_a_notice_or_as_words(outside: Outside) -> None:
    plain = Card(title="月度满意率", rows=(Row(label="得分", value="96.5"),))
    await actions.send(draft("k1", card=plain, text=""))
    await actions.send(draft("k2", card=plain.model_copy(update={"url": "http://127.0.0.1:8000/reports/1"})))
    await work()
    words, notice = await outside.phone(userid=USERID)
    assert words["text"] == "月度满意率\n得分：96.5"
    assert notice["card"]["card_type"] == "text_notice"


async def test_the_bot_corrects_a_card_as_the_answer_to_a_tap(outside: Outside) -> None:
    frames: list[Json] = []
    async with line_up(frames):
        number = await actions.send(draft(card=CARD, ladder=("wecom_bot",)))
        await work()
        (held,) = await queries.cards("ticket:12")
        await outside.ask(
            "press", {"userid": USERID, "task_id": held.task_id, "key": "ticket.sign:12", "in": "bot"}
        )
        async with asyncio.timeout(5):
            while not frames:  # noqa: ASYNC110 - the frames come from the line, which knows no event of ours
                await asyncio.sleep(0.02)
        event = parse(frames[0])
        assert await actions.remember_response_code(event.task_id, event.userid, event.req_id, by_bot=True)
        await actions.update_cards("ticket:12", "已由测试甲签收")
        await work()
    (arrived,) = await outside.phone(userid=USERID)
    assert arrived["card"]["sub_title_text"] == "已由测试甲签收"
    assert arrived["card"]["button_list"] == []
    assert (await message(number))["state"] == "delivered"


async def test_a_card_of_the_bot_that_nobody_tapped_is_replaced(outside: Outside, bot_line: object) -> None:
    await actions.send(draft(card=CARD, ladder=("wecom_bot",)))
    await work()
    await actions.update_cards("ticket:12", SIGNED)
    await work()
    assert [title for title, _, _ in await shown(outside)] == ["新工单待签收", "已签收，待答复"]
    assert await states() == [(USERID, "stale"), (USERID, "live")]
