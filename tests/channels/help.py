"""What the channels' tests do again and again: write drafts, let jobs run, look at rows. No test here."""

from datetime import timedelta
from typing import Any

import orjson

from channels.drafts import Button, Card, Draft, Lane, Receiver, ReceiverKind, Row
from core import clock, db, jobs
from core.due import DUE
from core.inbound import INBOUND
from core.pump import drain
from tests.integrations.outside import OPENID, OTHER, PHONE, USERID

JIA = Receiver(kind=ReceiverKind.STAFF, id=1, name="测试甲", wecom_userid=USERID)
YI = Receiver(kind=ReceiverKind.STAFF, id=2, name="测试乙", wecom_userid=OTHER)
ZHANG = Receiver(kind=ReceiverKind.PERSON, id=7, name="张测试", openid=OPENID, phone=PHONE)
CARD = Card(
    title="新工单待签收",
    rows=(Row(label="编号", value="HY-12"), Row(label="时限", value="明天 18:00")),
    buttons=(Button(text="签收", key="ticket.sign:12"), Button(text="退回", key="ticket.return:12")),
)


def draft(key: str = "k1", **changes: Any) -> Draft:
    """An urgent line to 测试甲 about ticket 12; `changes` replace fields."""
    fields: dict[str, Any] = {
        "key": key,
        "purpose": "ticket.told",
        "receiver": JIA,
        "text": "工单 HY-12 已分派给您",
        "lane": Lane.URGENT,
        "subject": "ticket:12",
    }
    return Draft.model_validate({**fields, **changes})


async def work(most: int = 50) -> int:
    """Run the jobs that are due until none is left; how many ran."""
    done = 0
    while done < most:
        number = await db.fetchval(
            "select id from job where state = 'due' and due_at <= $1 and lease_until is null order by id limit 1",
            clock.now(),
        )
        if number is None:
            break
        await jobs.run_job(number)
        done += 1
    return done


async def later(**step: float) -> None:
    """Run what is due after so much time, on our side's clock."""
    with clock.frozen(clock.now() + timedelta(**step)):
        await drain(DUE)
        await drain(INBOUND)
        await work()


async def message(number: int) -> dict[str, Any]:
    """The columns of a message that say how it stands."""
    row = await db.fetchrow(
        "select state, ladder[step + 1] as way, attempts, reason from message where id = $1", number
    )
    assert row is not None
    return dict(row)


async def attempts(number: int) -> list[tuple[str, str, str]]:
    """(transport, outcome, code) of each attempt."""
    rows = await db.fetch(
        "select transport, outcome, code from message_attempt where message_id = $1 order by no", number
    )
    return [(row["transport"], row["outcome"], row["code"]) for row in rows]


async def announced() -> list[tuple[str, dict[str, Any]]]:
    """(name, payload) of the events announced so far, in order."""
    rows = await db.fetch("select event, payload from outbox order by id")
    return [(row["event"], orjson.loads(row["payload"])) for row in rows]
