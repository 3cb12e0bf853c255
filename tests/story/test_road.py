"""The whole road of an order over real HTTP and WebSocket, through the sandbox: from the hotline to the archive."""

import io

from docx import Document

from core import db
from tests.im.remote import Client
from tests.story.hospital import Hospital
from tests.story.orders import photo, pushed, stands, ticket_of, verbs
from tests.story.people import FOLLOWER, STRANGER
from tests.story.waiting import until

EXPLAINED = "已电话联系来电人，说明当日叫号系统故障并致歉，增开一个诊室"
REPLY = "经核实，当日叫号系统故障导致候诊过久。我院已修复系统并增开诊室，向您致歉。"
IMPROVED = "已向来电人说明分时段预约的改进措施，来电人表示认可"
SECOND_REPLY = "我院已实行分时段预约，并安排专人在候诊区引导，再次向您致歉。"


async def worked_in_chat(hospital: Hospital, ticket: int) -> None:
    """The liaison signs by a button, answers by a button, a photo and the next line; the head agrees by card."""
    phones = hospital.phones
    card = await phones.card("liaison", ticket, "签收")
    assert list(card.buttons) == ["签收", "答复", "问中心", "申请延期", "转派", "退回"]
    await phones.press("liaison", card, "签收")
    await phones.told("liaison", f"#{ticket} 已签收")
    await phones.press("liaison", await phones.card("liaison", ticket, "申请挂起"), "答复")
    await phones.told("liaison", f"【#{ticket} 答复】请发送办理情况和答复意见")
    await phones.send_media("liaison", "候诊区.png", photo())
    await phones.told("liaison", f"作为 #{ticket} 的材料")
    await phones.ask("liaison", EXPLAINED, f"#{ticket} 的答复已提交")
    await phones.press("head", await phones.card("head", ticket, "同意"), "同意")
    await stands(ticket, "endorsed")


async def replied(hospital: Hospital, case: int, ticket: int, reply: str) -> None:
    """The centre approves and drafts, its head approves."""
    async with hospital.desk("centre") as centre:
        await centre.act("tickets", ticket, "approve")
        await centre.act("cases", case, "submit", reply=reply, tell_by="auto")
    async with hospital.desk("chief") as chief:
        done = await chief.act("cases", case, "approve")
    assert done["case"]["state"] == "replied"


async def reported(hospital: Hospital, number: str, round_no: int) -> dict[str, object]:
    """The result of a round as the platform has it."""

    async def look() -> dict[str, object] | None:
        exchanges = (await hospital.phones.order(number))["exchanges"]
        found = [each["body"] for each in exchanges if each["what"] == "result"]
        return next((body for body in found if body["round"] == round_no), None)

    found = await until(look, f"the platform has the result of round {round_no} of {number}")
    assert found is not None
    return found


async def test_an_order_is_worked_in_chat_replied_reworked_reported_and_archived(hospital: Hospital) -> None:
    phones = hospital.phones
    case, ticket = await pushed(hospital, "ROAD-1")
    await worked_in_chat(hospital, ticket)

    async with hospital.desk("centre") as centre:
        visit = await db.fetchval("select visit_id from visit_link where case_id = $1", case)
        await centre.submit(f"/cases/{case}/visits/{visit}/confirm")
    await replied(hospital, case, ticket, REPLY)

    async def noticed() -> list[str]:
        notes = [message["note"] for message in await phones.wechat(FOLLOWER[0]) if "note" in message]
        return [value for note in notes for _, value in note["rows"]]

    assert any("心内科门诊排队过久" in value for value in await until(noticed, "told by WeChat"))
    result = await reported(hospital, "ROAD-1", 1)
    assert (result["public_reply"], result["solved"], result["verified"]) == (REPLY, True, True)

    answer = await phones.call_back(
        "ROAD-1", way="电话", solved="未解决", satisfied="不满意", remark="未说明改进措施"
    )
    assert answer["status"] == 201, answer
    again = await ticket_of("ROAD-1", 2)
    await phones.card("liaison", again, "签收")
    await phones.ask("liaison", f"回复 {again} {IMPROVED}", f"#{again} 的答复已提交")
    await phones.ask("head", f"同意 {again}", f"#{again} 已审核")
    await replied(hospital, case, again, SECOND_REPLY)
    assert (await reported(hospital, "ROAD-1", 2))["public_reply"] == SECOND_REPLY
    answer = await phones.call_back("ROAD-1", way="电话", solved="解决", satisfied="满意", remark="")
    assert answer["status"] == 201, answer
    assert (await phones.order("ROAD-1"))["concluded"] is True

    async with hospital.desk("centre") as centre:
        await centre.submit(f"/cases/{case}/report", kind="final_report", tickets=str(again))
        report = await db.fetchval("select id from case_report where case_id = $1", case)
        document = Document(io.BytesIO(await centre.download(f"/reports/{report}/file")))
        told = "\n".join(
            [paragraph.text for paragraph in document.paragraphs]
            + [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        )
        assert SECOND_REPLY in told
        assert IMPROVED in told
        await centre.act("cases", case, "close")
        done = await centre.act("cases", case, "archive")
    assert done["case"]["state"] == "archived"
    await hospital.settled()
    assert await verbs(case) == [
        "receive", "assign", "sign", "attach", "answer", "endorse", "link_visit", "approve", "submit", "approve",
        "reported", "call_back", "assign", "rework", "answer", "endorse", "approve", "submit", "approve", "reported",
        "call_back", "report", "close", "archive",
    ]  # fmt: skip
    names = [
        row["name"] for row in await db.fetch("select name from attachment where ticket_id = $1", ticket)
    ]
    assert len(names) == 1
    assert names[0].endswith(".png")


async def test_who_does_not_follow_the_account_is_told_by_sms(hospital: Hospital) -> None:
    case, ticket = await pushed(hospital, "ROAD-2", caller_name=STRANGER[1], caller_phone=STRANGER[2])
    await hospital.phones.ask("liaison", f"回复 {ticket} {EXPLAINED}", f"#{ticket} 的答复已提交")
    await replied(hospital, case, ticket, REPLY)

    async def texted() -> list[str]:
        return await hospital.phones.sms(STRANGER[2])

    (text,) = await until(texted, "told by SMS")
    assert REPLY in text

    async def delivered() -> bool:
        row = await db.fetchrow(
            "select state, ladder[step + 1] as way from message where subject = $1 and purpose = 'case.result'",
            f"case:{case}",
        )
        return row is not None and (row["state"], row["way"]) == ("delivered", "sms")

    await until(delivered, "the receipt of the SMS is taken")


async def test_the_room_of_a_ticket_tells_its_story_and_takes_commands(hospital: Hospital) -> None:
    _, ticket = await pushed(hospital, "ROAD-3")
    await hospital.settled()
    async with hospital.desk("liaison") as liaison, hospital.desk("centre") as centre:
        rooms = await liaison.json("/chat/rooms")
        room = next(each["id"] for each in rooms["rooms"] if each["subject"] == f"ticket:{ticket}")
        async with Client(hospital.web, liaison.cookie) as one, Client(hospital.web, centre.cookie) as other:
            await one.catch_up(room)
            await other.catch_up(room)
            await hospital.phones.ask("liaison", f"签收 {ticket}", f"#{ticket} 已签收")
            await heard(other, "签收")
            await other.say(room, "患者下午会再来电，请先联系")
            await heard(one, "患者下午会再来电")
            await one.say(room, "@回音 答复 已与患者电话沟通，患者表示理解")
            await heard(other, f"#{ticket} 的答复已提交")
        async with Client(hospital.web, centre.cookie) as late:
            whole = [message["text"] for message in await late.catch_up(room)]
    await stands(ticket, "answered")
    assert [
        part
        for part in ("签收", "患者下午会再来电", "@回音 答复", "的答复已提交")
        if not any(part in text for text in whole)
    ] == []


async def heard(client: Client, part: str) -> None:
    """Wait until a client was told a message with these words."""

    async def look() -> bool:
        return any(part in message["text"] for message in client.messages)

    await until(look, f"the room hears “{part}”: {[message['text'] for message in client.messages]}")
