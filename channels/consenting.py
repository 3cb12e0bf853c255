"""Whether a message may go by a transport: the person lives, the number is not known to be wrong, and they agreed where
that is needed. Asked at each step of the ladder, so that what happened while the message waited still counts; sends nothing."""

import asyncpg

from channels.drafts import ReceiverKind
from patients import consent, departed, wrong_numbers
from patients.consent import Channel, May, Purpose

HELD = "没有发送："  # begins the reason of a message that was held back here
WAYS = {"sms": Channel.SMS, "wechat": Channel.WECHAT}


async def may_go(record: "asyncpg.Record", transport: str) -> May:
    """What a death or consent says of a row of `message`; yes for staff. A matter the person raised asks no consent."""
    way = WAYS.get(transport)
    if record["receiver_kind"] != ReceiverKind.PERSON or way is None:
        return May(ok=True)
    living = await departed.may_tell(
        record["receiver_id"],
        record["phone_hash"],
        record["receiver_name"],
        way,
        about_id=record["about_id"] or 0,
        own=not record["consent"],
    )
    if not living:
        return living
    if way is Channel.SMS:
        right = await wrong_numbers.may_use(
            record["receiver_id"] or record["about_id"] or 0, record["phone_hash"], own=not record["consent"]
        )
        if not right:
            return right
    if not record["consent"]:
        return living
    purpose = Purpose(record["consent"])
    if record["receiver_id"]:
        return await consent.may_reach(record["receiver_id"], purpose, way)
    if record["phone_hash"]:
        return await consent.may_reach_phone(record["phone_hash"], purpose, way)
    return May(ok=False, why="不知道是谁，无从确认同意")
