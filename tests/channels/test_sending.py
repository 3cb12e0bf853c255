"""What happens to a message around its delivery: cancelled, proved, wiped, held until morning, bundled, repaired."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from channels import actions, jobs, queries
from channels.drafts import Lane, Receiver, ReceiverKind
from core import clock, db, storage
from core import jobs as core_jobs
from integrations import wecom
from tests.channels.help import JIA, YI, ZHANG, announced, draft, message, work
from tests.integrations.outside import OPENID, OTHER, PHONE, USERID, Outside


async def test_what_is_cancelled_in_time_is_not_sent(outside: Outside) -> None:
    number = await actions.send(draft())
    other = await actions.send(draft("k2", purpose="ticket.reminded"))
    assert await actions.cancel("ticket:12", purpose="ticket.told") == 1
    await work()
    assert [(await message(n))["state"] for n in (number, other)] == ["cancelled", "sent"]
    assert len(await outside.phone(userid=USERID)) == 1


async def test_an_act_of_the_person_proves_that_it_arrived(outside: Outside) -> None:
    number = await actions.send(draft())
    await work()
    assert await actions.confirm_by_act("ticket:12", OTHER) == 0
    assert await actions.confirm_by_act("ticket:12", USERID.upper()) == 1
    assert (await message(number))["state"] == "delivered"
    assert await announced() == [("MessageDelivered", {"message_id": number})]


async def test_a_secret_is_wiped_once_it_was_sent(outside: Outside) -> None:
    number = await actions.send(draft(text="验证码 123456", secret=True))
    await work()
    assert [m["text"] for m in await outside.phone(userid=USERID)] == ["验证码 123456"]
    line = await queries.message(number)
    assert line is not None
    assert line.text == ""


async def test_addresses_are_not_readable_in_the_database(outside: Outside) -> None:
    await actions.send(draft(receiver=ZHANG))
    row = await db.fetchrow("select phone, openid, row_to_json(message)::text as whole from message")
    assert row is not None
    assert PHONE.encode() not in row["phone"]
    assert OPENID not in row["whole"]


async def test_a_file_goes_along(outside: Outside, picture: bytes) -> None:
    kept = await storage.keep("现场.png", picture)
    await actions.send(draft(file_id=kept.id))
    await work()
    assert [m["kind"] for m in await outside.phone(userid=USERID)] == ["text", "image"]


async def test_ordinary_messages_wait_for_the_morning_and_urgent_ones_do_not(outside: Outside) -> None:
    with clock.frozen(datetime(2026, 11, 20, 14, 30, tzinfo=UTC)):  # half past ten at night
        number = await actions.send(draft(lane=Lane.NORMAL))
        urgent = await actions.send(draft("k2", text="紧急"))
        await work()
        assert [(await message(n))["state"] for n in (number, urgent)] == ["waiting", "sent"]
        assert await db.fetchval("select not_before from message where id = $1", number) == datetime(
            2026, 11, 21, 0, 0, tzinfo=UTC
        )
    with clock.frozen(datetime(2026, 11, 21, 0, 0, tzinfo=UTC)):
        await work()
    assert [m["text"] for m in await outside.phone(userid=USERID)] == ["紧急", "工单 HY-12 已分派给您"]


async def test_reminders_within_the_window_become_one_message(outside: Outside) -> None:
    noon = datetime(2026, 11, 20, 4, 10, tzinfo=UTC)
    with clock.frozen(noon):
        numbers = [
            await actions.send(
                draft(f"k{at}", lane=Lane.NORMAL, bundle="reminder", text=f"工单 {at} 今日到期\n详情")
            )
            for at in (1, 2, 3)
        ]
        other = await actions.send(draft("k9", lane=Lane.NORMAL, bundle="reminder", receiver=YI))
        assert await work() == 0
    with clock.frozen(noon + timedelta(seconds=121)):
        await work()
    assert [m["text"] for m in await outside.phone(userid=USERID)] == [
        "您有 3 条提醒：\n1. 工单 1 今日到期\n2. 工单 2 今日到期\n3. 工单 3 今日到期"
    ]
    assert [(await message(n))["state"] for n in (*numbers, other)] == ["sent", "bundled", "bundled", "sent"]
    assert [m["text"] for m in await outside.phone(userid=OTHER)] == ["工单 HY-12 已分派给您"]


async def test_a_lost_job_is_asked_for_again(outside: Outside) -> None:
    await actions.send(draft())
    await db.execute("delete from job")
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert await jobs.repair() == 1
        assert await jobs.repair() == 0
        await work()
    assert len(await outside.phone(userid=USERID)) == 1


async def test_a_ladder_with_a_name_nobody_knows_is_refused(outside: Outside) -> None:
    with pytest.raises(ValueError, match="no such transport: pigeon"):
        await actions.send(draft(ladder=("pigeon",)))


async def test_a_group_is_spoken_to(outside: Outside) -> None:
    chat = await wecom.appchat_create("t12", "工单 12", USERID, [USERID, OTHER])
    group = Receiver(kind=ReceiverKind.GROUP, id=12, name="工单 12", wecom_chatid=chat)
    number = await actions.send(draft(receiver=group, text="请各位查看"))
    await work()
    assert (await message(number))["state"] == "sent"
    assert [m["text"] for m in await outside.phone(conversation="group:t12")] == ["请各位查看"]


async def test_many_workers_at_once_neither_lose_nor_double_nor_lock_each_other(outside: Outside) -> None:
    noon = clock.now().replace(hour=4, minute=10)
    with clock.frozen(noon):
        for at in range(12):
            await actions.send(draft(f"a{at}", text=f"第 {at} 条", receiver=(JIA, YI)[at % 2]))
        for at in range(10):
            await actions.send(draft(f"b{at}", lane=Lane.NORMAL, bundle="reminder", text=f"提醒 {at}"))
    with clock.frozen(noon + timedelta(seconds=121)):
        numbers = [row["id"] for row in await db.fetch("select id from job")]
        outcomes = await asyncio.gather(*(core_jobs.run_job(number) for number in numbers * 2))
    assert {"done", "taken"} == set(outcomes)
    told = [m["text"] for m in await outside.phone(userid=USERID)]
    assert sorted(text for text in told if text.startswith("第")) == sorted(
        f"第 {at} 条" for at in range(0, 12, 2)
    )
    assert [text.splitlines()[0] for text in told if not text.startswith("第")] == ["您有 10 条提醒："]
    assert len(await outside.phone(userid=OTHER)) == 6


async def test_the_same_answer_to_two_questions_comes_twice(outside: Outside) -> None:
    for key in ("reply:1", "reply:2"):
        await actions.send(draft(key, subject="", purpose="bot.reply", text="没有待办"))
    await work()
    assert [m["text"] for m in await outside.phone(userid=USERID)] == ["没有待办", "没有待办"]
