"""Callbacks that come four times, out of order or at once have one effect and leave one line of history."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp

from core import db
from tests.story.hospital import Hospital
from tests.story.orders import case_of, order, photo, pushed, stands, verbs
from tests.story.people import STRANGER
from tests.story.waiting import until

Json = dict[str, Any]
ANSWER = "已电话联系来电人，说明情况并致歉"


async def again(hospital: Hospital, delivery: Json, times: int = 4) -> None:
    """Carry the same callback again, and wait until all of them were taken."""
    number = delivery["delivery"]["number"]
    replayed = await hospital.phones.post("callbacks/replay", number=number, times=times)
    mine = {each["number"] for each in replayed["callbacks"]}

    async def carried() -> bool:
        known = {each["number"]: each["outcome"] for each in await hospital.phones.deliveries()}
        return {known[each] for each in mine} == {"delivered"}

    await until(carried, "the replays are delivered")
    await hospital.settled()


async def told_times(hospital: Hospital, userid: str, part: str) -> int:
    """How often a person was told something."""
    return sum(part in text for text in await hospital.phones.texts(userid))


async def test_a_button_callback_that_comes_five_times_signs_once(hospital: Hospital) -> None:
    case, ticket = await pushed(hospital, "AGAIN-1")
    card = await hospital.phones.card("liaison", ticket, "签收")
    await again(hospital, await hospital.phones.press("liaison", card, "签收"))
    await stands(ticket, "in_progress")
    assert await verbs(case) == ["receive", "assign", "sign"]
    assert await told_times(hospital, "liaison", f"#{ticket} 已签收") == 1


async def test_a_line_that_comes_five_times_answers_once(hospital: Hospital) -> None:
    case, ticket = await pushed(hospital, "AGAIN-2")
    await again(hospital, await hospital.phones.say("liaison", f"回复 {ticket} {ANSWER}"))
    await stands(ticket, "answered")
    assert await verbs(case) == ["receive", "assign", "answer"]
    assert await told_times(hospital, "liaison", f"#{ticket} 的答复已提交") == 1
    assert len([card for card in await hospital.phones.cards("head") if card.about(ticket)]) == 1


async def test_an_answer_in_a_conversation_is_not_taken_for_the_next_question(hospital: Hospital) -> None:
    case, ticket = await pushed(hospital, "AGAIN-3")
    await hospital.phones.press(
        "liaison", await hospital.phones.card("liaison", ticket, "申请延期"), "申请延期"
    )
    await hospital.phones.told("liaison", f"【#{ticket} 申请延期】")
    await again(hospital, await hospital.phones.say("liaison", "2天"))
    assert await verbs(case) == ["receive", "assign"]
    await hospital.phones.ask("liaison", "等待设备科核查", f"#{ticket} 的延期申请已提交")
    asked = await db.fetch("select days, reason from ticket_request where ticket_id = $1", ticket)
    assert [tuple(row) for row in asked] == [(2, "等待设备科核查")]


async def test_a_photo_that_comes_five_times_is_one_piece_of_evidence(hospital: Hospital) -> None:
    _, ticket = await pushed(hospital, "AGAIN-4")
    await hospital.phones.ask("liaison", f"材料 {ticket}", f"将作为 #{ticket} 的材料")
    sent = await hospital.phones.send_media("liaison", "现场.png", photo("teal"))
    await again(hospital, sent)
    await hospital.phones.ask("liaison", "完成", "材料")
    assert await db.fetchval("select count(*) from attachment where ticket_id = $1", ticket) == 1


async def test_callbacks_that_overtake_each_other_leave_a_possible_story(hospital: Hospital) -> None:
    case, ticket = await pushed(hospital, "AGAIN-5")
    card = await hospital.phones.card("liaison", ticket, "签收")
    await hospital.phones.post("callbacks/hold")
    await hospital.phones.press("liaison", card, "签收")
    await hospital.phones.say("liaison", f"回复 {ticket} {ANSWER}")
    await hospital.phones.say("head", f"同意 {ticket}")
    await hospital.phones.post("callbacks/release", backwards=True)
    await hospital.settled()
    # The approval came before there was anything to approve, the signature after the answer: told so, nothing done.
    assert await verbs(case) == ["receive", "assign", "answer"]
    await hospital.phones.told("liaison", f"#{ticket} 当前状态为“待科室审核”，不能进行此操作")
    await hospital.phones.told("head", f"#{ticket} 当前状态为“待签收”，不能进行此操作")


async def test_two_liaisons_who_press_at_once_make_one_holder_and_the_other_is_told(
    hospital: Hospital,
) -> None:
    case, ticket = await pushed(hospital, "AGAIN-6")
    cards = {who: await hospital.phones.card(who, ticket, "签收") for who in ("liaison", "deputy")}
    await asyncio.gather(*(hospital.phones.press(who, card, "签收") for who, card in cards.items()))
    await stands(ticket, "in_progress")
    await hospital.settled()
    assert await verbs(case) == ["receive", "assign", "sign"]
    holder = await db.fetchval(
        "select s.number from ticket t join staff s on s.id = t.holder_id where t.id = $1", ticket
    )
    other = ({"liaison", "deputy"} - {holder}).pop()
    assert await told_times(hospital, holder, f"#{ticket} 已签收") == 1
    await hospital.phones.told(other, f"#{ticket} 当前状态为“办理中”，不能进行此操作（测试联络人")


async def test_an_order_pushed_at_once_from_four_lines_is_one_case(hospital: Hospital) -> None:
    body = json.dumps(order("AGAIN-7"), ensure_ascii=False).encode()
    answers = await asyncio.gather(*(_signed(hospital, "orders", body) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert len({answer["case_id"] for _, answer in answers}) == 1
    await hospital.settled()
    assert await verbs(await case_of("AGAIN-7")) == ["receive", "assign"]


async def test_a_call_back_that_comes_four_times_opens_one_round_and_one_sms_goes_out(
    hospital: Hospital,
) -> None:
    case, ticket = await pushed(
        hospital, "AGAIN-8", caller_name=STRANGER[1], caller_phone=STRANGER[2], title="药房窗口等候过久"
    )
    await hospital.phones.ask("liaison", f"回复 {ticket} {ANSWER}", f"#{ticket} 的答复已提交")
    async with hospital.desk("centre") as centre, hospital.desk("chief") as chief:
        await centre.act("tickets", ticket, "approve")
        await centre.act("cases", case, "submit", reply="已核实并增开窗口，向您致歉", tell_by="auto")
        await chief.act("cases", case, "approve")

    async def receipts() -> list[Json]:
        return [
            each
            for each in await hospital.phones.deliveries()
            if each["system"] == "sms" and each["outcome"] == "delivered"
        ]

    for receipt in await until(receipts, "the receipt of the SMS"):
        await again(hospital, {"delivery": receipt})
    await hospital.settled()
    row = await db.fetchrow(
        "select state, attempts from message where subject = $1 and purpose = 'case.result'", f"case:{case}"
    )
    assert row is not None
    assert tuple(row) == ("delivered", 1)
    body = json.dumps(
        {
            "order_no": "AGAIN-8",
            "way": "电话",
            "solved": "未解决",
            "satisfied": "不满意",
            "remark": "仍在排队",
        }
    ).encode()
    answers = await asyncio.gather(*(_signed(hospital, "callbacks", body) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    rounds = await db.fetch(
        "select no, callback_satisfied from case_round where case_id = $1 order by no", case
    )
    assert [tuple(each) for each in rounds] == [(1, "不满意"), (2, "")]
    await hospital.settled()
    texts = [text for text in await hospital.phones.sms(STRANGER[2]) if "增开窗口" in text]
    assert len(texts) == 1


async def _signed(hospital: Hospital, door: str, body: bytes) -> tuple[int, Json]:
    """Push bytes as the platform does; status and answer."""
    stamp = str(int(time.time()))
    secret = hospital.env["HUIYIN_HOTLINE_SECRET"].encode()
    mark = hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Timestamp": stamp, "X-Signature": f"sha256={mark}", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{hospital.web}/api/v1/hotline/{door}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()
