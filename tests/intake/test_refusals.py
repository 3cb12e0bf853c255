"""A text that refuses further texts, from the platform's push to the withdrawal and its one confirmation."""

from core import crypto, db
from core.inbound import INBOUND
from core.pump import drain
from tests.intake.conftest import SMS_SECRET, Door

PHONE = "13800000001"


def reply(content: str, number: str, at: str = "2026-11-20 10:00:00") -> dict[str, str]:
    return {
        "phone_number": PHONE,
        "content": content,
        "send_time": at,
        "dest_code": "1069",
        "sequence_id": number,
    }


async def test_a_refusal_is_withdrawal_for_its_number_and_every_other_reply_is_not(door: Door) -> None:
    pushed = [reply("谢谢", "1"), reply(" ｔｄ ", "2"), reply("我不要退订", "3")]
    assert (await door.push("/api/v1/sms/replies", pushed, SMS_SECRET))[0] == 200
    await drain(INBOUND)
    rows = await db.fetch("select phone_hash, purpose, channel, given, way, proof, recorded_by from consent")
    assert [tuple(row) for row in rows] == [
        (crypto.search_hash(PHONE), "", "sms", False, "短信回复", "ｔｄ", "短信平台")
    ]
    told = await db.fetch("select purpose, ladder from message")
    assert [tuple(row) for row in told] == [("consent.withdrawn", ["sms"])]
    assert await db.fetchval("select count(*) from audit where action = 'patient.consent'") == 1


async def test_the_same_push_again_and_a_reply_without_a_time_change_nothing_and_lose_nothing(
    door: Door,
) -> None:
    for _ in range(2):
        await door.push("/api/v1/sms/replies", [reply("退订", "7", at="昨天")], SMS_SECRET)
        await drain(INBOUND)
    assert await db.fetchval("select count(*) from consent") == 1
    assert await db.fetchval("select count(*) from inbound where state = 'done'") == 1
