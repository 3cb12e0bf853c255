"""A message walks its ladder against the real sandbox: what fails for good goes on, what may work is tried again."""

import pytest

from channels import actions, alarms, outcome, queries
from channels.drafts import Receiver, ReceiverKind
from channels.ladder import Decision, Move, after_failure, after_refusal, after_silence
from core import clock, db
from core.errors import Refused
from integrations.http import CallFailed, Kind
from tests.channels.help import CARD, JIA, ZHANG, announced, attempts, draft, later, message, work
from tests.integrations.outside import OPENID, PHONE, USERID, Outside

WECHAT = f"wechat:{OPENID}"
RESULT = {
    "sms": "您反映的事项已办结。",
    "wechat": "character_string1: HY-12\nthing2: 挂号排队时间过长\nphrase3: 已办结",
}


@pytest.mark.parametrize(
    ("kind", "tries", "last", "wait", "decision"),
    [
        (Kind.PERMANENT, 1, False, 0, Decision(Move.NEXT)),
        (Kind.PERMANENT, 1, True, 0, Decision(Move.END)),
        (Kind.UNREACHABLE_PERSON, 1, False, 0, Decision(Move.NEXT)),
        (Kind.FALLBACK, 1, False, 0, Decision(Move.NEXT)),
        (Kind.MISCONFIGURED, 1, False, 0, Decision(Move.NEXT)),
        (Kind.MISCONFIGURED, 1, True, 0, Decision(Move.END)),
        (Kind.RETRY, 1, False, 0, Decision(Move.AGAIN, 5)),
        (Kind.RETRY, 3, False, 0, Decision(Move.AGAIN, 60)),
        (Kind.RETRY, 4, False, 0, Decision(Move.NEXT)),
        (Kind.RETRY, 4, True, 0, Decision(Move.AGAIN, 300)),
        (Kind.RETRY, 8, True, 0, Decision(Move.END)),
        (Kind.RETRY, 1, False, 30, Decision(Move.AGAIN, 30)),
        (Kind.QUOTA, 1, True, 60, Decision(Move.AGAIN, 60)),
        (Kind.QUOTA, 3, True, 60, Decision(Move.AGAIN, 3600)),
        (Kind.QUOTA, 3, False, 60, Decision(Move.NEXT)),
        (Kind.QUOTA, 26, True, 60, Decision(Move.END)),
        (Kind.CONTEXT_GONE, 1, False, 0, Decision(Move.AGAIN, 5)),
        (Kind.CONTEXT_GONE, 2, False, 0, Decision(Move.NEXT)),
    ],
)
def test_a_failure_decides_the_next_step(
    kind: Kind, tries: int, last: bool, wait: float, decision: Decision
) -> None:
    assert after_failure(kind, tries=tries, last=last, wait=wait) == decision


def test_silence_moves_on_only_when_there_is_somewhere_to_go() -> None:
    assert after_silence(last=False) == Decision(Move.NEXT)
    assert after_silence(last=True) is None
    assert after_refusal(last=True) == Decision(Move.END)


async def test_the_same_key_is_one_message(outside: Outside) -> None:
    first = await actions.send(draft())
    second = await actions.send(draft(text="另一句"))
    await work()
    assert first == second
    assert [m["text"] for m in await outside.phone(userid=USERID)] == ["工单 HY-12 已分派给您"]
    assert await message(first) == {"state": "sent", "way": "wecom_app", "attempts": 1, "reason": ""}


async def test_what_is_rolled_back_is_never_sent(outside: Outside) -> None:
    with pytest.raises(ZeroDivisionError):
        await _send_and_fail()
    assert await work() == 0
    assert await outside.phone(userid=USERID) == []


async def _send_and_fail() -> None:
    async with db.transaction():
        await actions.send(draft())
        raise ZeroDivisionError


async def test_a_person_who_does_not_follow_gets_a_text(outside: Outside) -> None:
    await outside.ask("unfollow", {"openid": OPENID})
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT, purpose="case.result"))
    await work()
    assert await attempts(number) == [("wechat", "fallback", "43004"), ("sms", "sent", "")]
    assert [m["text"] for m in await outside.phone(phone=PHONE)] == ["【示范医院】您反映的事项已办结。"]
    assert await outside.phone(conversation=WECHAT) == []


async def test_a_follower_gets_the_template_and_no_text(outside: Outside) -> None:
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT))
    await work()
    (note,) = await outside.phone(conversation=WECHAT)
    assert note["note"]["rows"] == [["编号", "HY-12"], ["内容", "挂号排队时间过长"], ["状态", "已办结"]]
    assert await outside.phone(phone=PHONE) == []
    assert (await message(number))["state"] == "sent"


@pytest.mark.parametrize("code", [43101, 43117, 45015, 45047, 47003, 48001, 48004])
async def test_each_refusal_of_wechat_falls_back_to_a_text(outside: Outside, code: int) -> None:
    await outside.fault("wechat", "message/template/send", errcode=code)
    number = await actions.send(draft(receiver=ZHANG, texts=RESULT))
    await work()
    assert await attempts(number) == [("wechat", "fallback", str(code)), ("sms", "sent", "")]


async def test_a_person_without_an_openid_is_reached_by_text_at_once(outside: Outside) -> None:
    somebody = Receiver(kind=ReceiverKind.PERSON, id=0, name="张测试", phone=PHONE)
    number = await actions.send(draft(receiver=somebody))
    await work()
    assert await attempts(number) == [("sms", "sent", "")]


async def test_nobody_to_reach_is_a_failure_that_is_announced(outside: Outside) -> None:
    number = await actions.send(draft(receiver=Receiver(kind=ReceiverKind.PERSON, id=0, name="匿名")))
    await work()
    assert await message(number) == {
        "state": "failed",
        "way": "wechat",
        "attempts": 0,
        "reason": "没有可用的联系方式",
    }
    assert await announced() == [("MessageFailed", {"message_id": number})]


async def test_a_busy_vendor_is_tried_again_and_the_message_arrives_once(outside: Outside) -> None:
    await outside.fault("wecom", "message/send", errcode=-1, times=2)
    number = await actions.send(draft())
    await work()
    assert (await message(number))["state"] == "waiting"
    await later(seconds=6)
    await later(seconds=60)
    assert await attempts(number) == [
        ("wecom_app", "retry", "-1"),
        ("wecom_app", "retry", "-1"),
        ("wecom_app", "sent", ""),
    ]
    assert len(await outside.phone(userid=USERID)) == 1


@pytest.mark.parametrize("receiver", [JIA, ZHANG], ids=["wecom", "wechat"])
async def test_an_attempt_whose_answer_was_lost_is_repeated_and_arrives_once(
    outside: Outside, receiver: Receiver
) -> None:
    await outside.fault("wecom", "message/send", drop="after")
    await outside.fault("wechat", "message/template/send", drop="after")
    number = await actions.send(draft(receiver=receiver, texts=RESULT))
    await work()
    assert [ended for _, ended, _ in await attempts(number)] == ["begun"]
    await later(seconds=6)
    assert [ended for _, ended, _ in await attempts(number)] == ["sent"]
    assert len(await outside.phone(userid=USERID) + await outside.phone(conversation=WECHAT)) == 1


async def test_a_text_whose_answer_was_lost_is_one_text(outside: Outside) -> None:
    await outside.fault("sms", "send", drop="after")
    number = await actions.send(draft(receiver=ZHANG, ladder=("sms",)))
    await work()
    await later(seconds=6)
    assert await attempts(number) == [("sms", "sent", "")]
    assert len(await outside.phone(phone=PHONE)) == 1


async def test_an_attempt_that_may_have_arrived_stays_the_same_when_its_repetition_is_put_off(
    outside: Outside,
) -> None:
    await outside.fault("wecom", "message/send", drop="after")
    number = await actions.send(draft(card=CARD))
    await work()
    await outside.fault("wecom", "message/send", errcode=-1)
    await later(seconds=6)
    assert await attempts(number) == [("wecom_app", "begun", "-1")]
    await later(seconds=120)
    assert await attempts(number) == [("wecom_app", "sent", "")]
    assert len(await outside.phone(userid=USERID)) == 1


async def test_a_message_that_is_put_off_to_the_same_instant_twice_has_a_job_each_time(
    outside: Outside,
) -> None:
    now = clock.now()
    with clock.frozen(now):
        number = await actions.send(draft())
        await outcome.postpone(number, 60, "等待发送额度")
        await db.execute("update job set state = 'done'")
        await outcome.postpone(number, 60, "等待发送额度")
    await later(seconds=61)
    assert (await message(number))["state"] == "sent"


async def test_a_worker_that_died_in_the_middle_repeats_the_same_attempt(outside: Outside) -> None:
    number = await actions.send(draft())
    await work()
    await db.execute(
        "update message set state = 'sending' where id = $1", number
    )  # killed before it wrote the end
    await db.execute("update message_attempt set outcome = 'begun'")
    await db.execute("update job set state = 'due', done_at = null")
    await work()
    assert await attempts(number) == [("wecom_app", "sent", "")]
    assert len(await outside.phone(userid=USERID)) == 1


async def test_an_unknown_member_is_announced_as_unreachable(outside: Outside) -> None:
    stranger = Receiver(kind=ReceiverKind.STAFF, id=9, name="查无此人", wecom_userid="nobody")
    number = await actions.send(draft(receiver=stranger, ladder=("wecom_app",)))
    await work()
    assert await attempts(number) == [("wecom_app", "unreachable_person", "81013")]
    assert await announced() == [
        ("ReceiverUnreachable", {"message_id": number}),
        ("MessageFailed", {"message_id": number}),
    ]


async def test_a_quota_holds_everybody_back_for_a_minute_and_then_goes_on(outside: Outside) -> None:
    await outside.fault("wecom", "message/send", errcode=45009)
    first = await actions.send(draft("k1"))
    second = await actions.send(draft("k2", receiver=JIA))
    await work()
    assert [(await message(n))["state"] for n in (first, second)] == ["waiting", "waiting"]
    assert await outside.calls("message/send") == 1


async def test_a_wrong_secret_raises_one_alarm_until_it_works_again(outside: Outside) -> None:
    await outside.fault("wecom", "message/send", errcode=60020, times=2)
    for key in ("k1", "k2"):
        await actions.send(draft(key, ladder=("wecom_app",)))
    await work()
    (state,) = [each for each in await queries.health() if each.system == "wecom"]
    (alarm,) = state.alarms
    assert (state.health, state.failed_today, alarm.code, alarm.count) == ("alarm", 2, "60020", 2)
    assert "IP：127.0.0.1" in alarm.advice
    assert [name for name, _ in await announced()].count("ChannelAlarmed") == 1
    await actions.again(1)
    await work()
    (state,) = [each for each in await queries.health() if each.system == "wecom"]
    assert (state.health, state.alarms) == ("troubled", ())
    assert len(await outside.phone(userid=USERID)) == 1


async def test_only_a_failed_message_is_sent_again_by_hand(outside: Outside) -> None:
    number = await actions.send(draft())
    await work()
    with pytest.raises(Refused) as caught:
        await actions.again(number)
    assert caught.value.message == "这条消息不是发送失败状态，不能重发"


async def test_the_bot_carries_what_the_application_cannot(outside: Outside, bot_line: object) -> None:
    await outside.fault("wecom", "message/send", errcode=50003)
    number = await actions.send(draft())
    await work()
    assert await attempts(number) == [("wecom_app", "misconfigured", "50003"), ("wecom_bot", "sent", "")]
    assert [m["sender"] for m in await outside.phone(userid=USERID)] == ["bot"]


async def test_a_bot_that_is_refused_is_an_alarm_until_it_is_let_in(outside: Outside) -> None:
    error = CallFailed(
        "wecom_bot", "aibot_subscribe", "40001", "invalid credential", Kind.MISCONFIGURED, advice="核对"
    )
    await alarms.of_bot_line(error)
    (state,) = [each for each in await queries.health() if each.system == "wecom_bot"]
    assert (state.health, [alarm.code for alarm in state.alarms]) == ("alarm", ["40001"])
    await alarms.of_bot_line(None)
    (state,) = [each for each in await queries.health() if each.system == "wecom_bot"]
    assert (state.health, state.alarms) == ("good", ())
