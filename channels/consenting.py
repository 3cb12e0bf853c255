"""Whether a message that needs the person's consent may go by a transport; asked again at each step, sends nothing."""

import asyncpg

from channels.drafts import ReceiverKind
from patients import consent
from patients.consent import Channel, May, Purpose

WAYS = {"sms": Channel.SMS, "wechat": Channel.WECHAT}


async def may_go(record: "asyncpg.Record", transport: str) -> May:
    """What consent says of a row of `message`; yes for staff, and for what belongs to a matter the person raised."""
    way = WAYS.get(transport)
    if not record["consent"] or record["receiver_kind"] != ReceiverKind.PERSON or way is None:
        return May(ok=True)
    purpose = Purpose(record["consent"])
    if record["receiver_id"]:
        return await consent.may_reach(record["receiver_id"], purpose, way)
    if record["phone_hash"]:
        return await consent.may_reach_phone(record["phone_hash"], purpose, way)
    return May(ok=False, why="不知道是谁，无从确认同意")
