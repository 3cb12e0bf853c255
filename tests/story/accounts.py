"""Accounting at the end of a rough day: what the database says, what lies on the phones, whether the two agree.

Each function returns what is wrong, a line each; an empty list is a sound book.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise

from core import audit, clock, db
from tests.story.hospital import Hospital
from tests.story.phones import Phones
from tests.story.waiting import until
from tickets.clocks import STEP
from tickets.states import (
    CASE_TABLE,
    OPEN_CASE,
    OPEN_TICKET,
    TICKET_TABLE,
    CaseState,
    CaseVerb,
    Step,
    TicketState,
    TicketVerb,
)

# What is answered or replied has met its clock.
TIMED_TICKET = OPEN_TICKET - {TicketState.ANSWERED, TicketState.ENDORSED}
TIMED_CASE = OPEN_CASE - {CaseState.REPLIED, CaseState.CALLED_BACK}
Table = Mapping[tuple[StrEnum, StrEnum], Step]


async def one_case_each(numbers: list[str]) -> list[str]:
    """Every order is one case, and there are no other cases."""
    rows = await db.fetch("select external_no, count(*) from cases group by 1")
    found = {row["external_no"]: row["count"] for row in rows}
    return [f"{number}: {found.get(number, 0)} cases" for number in numbers if found.get(number) != 1] + [
        f"{number} was never sent" for number in found if number not in numbers
    ]


async def histories() -> list[str]:
    """Every case and ticket got where it is by steps of the state table, and its version counts them."""
    wrong: list[str] = []
    for row in await db.fetch("select id, state, version from ticket"):
        lines = await db.fetch(
            "select verb, state_from, state_to from history where ticket_id = $1 and state_to <> '' order by id",
            row["id"],
        )
        wrong += [
            f"ticket {row['id']}: {fault}"
            for fault in _chain(lines, row["state"], TICKET_TABLE, TicketState, TicketVerb, "assign")
        ]
        if row["version"] != len(lines):
            wrong.append(f"ticket {row['id']}: version {row['version']} after {len(lines)} lines")
    for row in await db.fetch("select id, state from cases"):
        lines = await db.fetch(
            "select verb, state_from, state_to from history where case_id = $1 and ticket_id is null"
            " and state_to <> '' order by id",
            row["id"],
        )
        wrong += [
            f"case {row['id']}: {fault}"
            for fault in _chain(lines, row["state"], CASE_TABLE, CaseState, CaseVerb, "receive")
        ]
    return wrong


def _chain(
    lines: list[Mapping[str, str]],
    state: str,
    table: Table,
    states: type[StrEnum],
    verbs: type[StrEnum],
    first: str,
) -> list[str]:
    if not lines or lines[0]["verb"] != first:
        return ["does not begin"]
    wrong = [
        f"{before['state_to']} is followed by {after['state_from']}"
        for before, after in pairwise(lines)
        if before["state_to"] != after["state_from"]
    ]
    for line in lines[1:]:
        step = table.get((states(line["state_from"]), verbs(line["verb"])))
        if step is None or step.to != line["state_to"]:
            wrong.append(f"{line['verb']} from {line['state_from']} to {line['state_to']} is no step")
    return wrong if lines[-1]["state_to"] == state else [*wrong, f"is {state}, last {lines[-1]['state_to']}"]


async def clocks() -> list[str]:
    """Everything that somebody must still do has its running clock, and every running clock one waiting due row of its version."""
    wrong: list[str] = []
    for name, table, states in (("ticket", "ticket", TIMED_TICKET), ("case", "cases", TIMED_CASE)):
        bare = await db.fetch(
            f"select t.id from {table} t where t.state = any($1::text[]) and not exists"  # noqa: S608
            f" (select 1 from clock c where c.{name}_id = t.id and c.state in ('running', 'paused'))",
            [str(state) for state in states],
        )
        wrong += [f"{name} {row['id']} has no clock" for row in bare]
    rows = await db.fetch(
        "select c.id, count(d.id) from clock c left join due d on d.kind = $1 and d.ref = c.id"
        " and d.ref_version = c.version and d.state = 'due' where c.state = 'running'"
        " and c.level < case when c.kind = 'department' then 4 else 3 end group by c.id having count(d.id) <> 1",
        STEP,
    )
    return wrong + [f"clock {row['id']} has {row['count']} due rows" for row in rows]


async def machine() -> list[str]:
    """Nothing is parked, nothing that is due lies about; the audit chain is whole."""
    wrong: list[str] = []
    for table in ("outbox", "due", "job", "inbound"):
        rows = await db.fetch(f"select id, error from {table} where state = 'parked'")  # noqa: S608
        wrong += [f"{table} {row['id']} is parked: {row['error']}" for row in rows]
    late = await db.fetch("select id, event, reaction, error from outbox where state <> 'done'")
    wrong += [f"outbox {row['id']} {row['event']} {row['reaction']}: {row['error']}" for row in late]

    async def sealed() -> bool:
        return bool(await db.fetchval("select count(*) = 0 from audit_unsealed"))

    await until(sealed, "the audit log is sealed")
    verdict = await audit.verify()
    return [*wrong, verdict.broken] if verdict.broken else wrong


async def fast_forward() -> None:
    """Let what waits for another attempt come at once, as if its pause had passed."""
    await db.execute(
        # One statement, so that a message and the job that was made with it are moved together or not at all.
        "with moved as (update job set due_at = $1 where state = 'due' and due_at > $1 returning kind, payload)"
        " update message set not_before = $1 where id in"
        " (select (payload->>'message')::bigint from moved where kind = 'message.deliver')",
        clock.now(),
    )
    for table in ("outbox", "inbound"):
        await db.execute(f"update {table} set due_at = $1 where state = 'due' and due_at > $1", clock.now())  # noqa: S608


async def open_messages() -> int:
    """Messages that are still on their way."""
    return int(
        await db.fetchval("select count(*) from message where state in ('waiting', 'sending')")
        + await db.fetchval("select count(*) from job where state = 'due' and kind like 'message.%'")
    )


async def calm(hospital: Hospital) -> None:
    """No more trouble: everything that waits for another attempt gets it, until nothing is under way."""
    await hospital.phones.post("faults/clear")
    for name, program in hospital.programs.items():
        if not program.running:
            await hospital.start(name)

    async def quiet() -> bool:
        await hospital.lift_blocks()
        await fast_forward()
        await asyncio.sleep(1)
        busy = await db.fetchval(
            "select (select count(*) from outbox where state = 'due') + (select count(*) from inbound where state = 'due')"
            " + (select count(*) from job where state = 'due')"
        )
        return not busy and not await open_messages()

    await until(quiet, "nothing is under way any more", 120)


async def messages(phones: Phones, userids: list[str], numbers: list[str]) -> list[str]:
    """Every message row is delivered or accounted for, and lies on its phone once.

    Args:
        phones: the sandbox.
        userids: the phones of the staff.
        numbers: phone numbers whose SMS are counted.
    """
    failed = await db.fetch(
        "select id, purpose, state, reason from message where state not in "
        "('sent', 'delivered', 'bundled', 'cancelled')"
    )
    wrong = [f"message {row['id']} {row['purpose']} is {row['state']}: {row['reason']}" for row in failed]
    for userid in userids:
        wrong += await _on_phone(phones, userid)
    for number in numbers:
        texts = Counter(await phones.sms(number))
        wrong += [f"SMS {times} times to {number}: {text}" for text, times in texts.items() if times > 1]
    return wrong


async def _on_phone(phones: Phones, userid: str) -> list[str]:
    """Compare one phone with the rows: each card once, each text about a matter as often as there are rows for it."""
    wrong: list[str] = []
    seen = await phones.messages(userid)
    cards = Counter(message["card"]["task_id"] for message in seen if message.get("card"))
    rows = await db.fetch(
        "select m.id, m.subject, m.state, m.text, m.card is not null as carded, c.task_id from message m"
        " left join card_copy c on c.message_id = m.id where m.wecom_userid = $1 and m.state in ('sent', 'delivered')"
        " and exists (select 1 from message_attempt a where a.message_id = m.id"
        " and a.transport in ('wecom_app', 'wecom_bot') and a.outcome in ('sent', 'delivered'))",
        userid,
    )
    wrong += [
        f"{userid}: card of message {row['id']} lies there {cards[row['task_id']]} times"
        for row in rows
        if row["carded"] and cards[row["task_id"]] != 1
    ]
    # What was cancelled while nobody knew whether its first attempt had arrived may lie there all the same.
    unsure = await db.fetch(
        "select c.task_id from card_copy c join message m on m.id = c.message_id where m.wecom_userid = $1"
        " and m.state = 'cancelled' and exists (select 1 from message_attempt a where a.message_id = m.id"
        " and a.outcome = 'begun')",
        userid,
    )
    known = {row["task_id"] for row in rows if row["carded"]} | {row["task_id"] for row in unsure}
    for task_id in cards.keys() - known:
        fate = await db.fetch(
            "select m.id, m.purpose, m.state, m.reason, a.no, a.transport, a.outcome, a.code from card_copy c"
            " join message m on m.id = c.message_id left join message_attempt a on a.message_id = m.id"
            " where c.task_id = $1 order by a.no",
            task_id,
        )
        wrong.append(f"{userid}: card {task_id} without a sent row: {[tuple(row) for row in fate]}")
    texts = Counter(message["text"] for message in seen if message["sender"] == "app" and message["text"])
    wanted = Counter(row["text"] for row in rows if not row["carded"] and row["subject"])
    wrong += [
        f"{userid}: {texts[text]} instead of {times} times “{text[:60]}”"
        for text, times in wanted.items()
        if texts[text] != times
    ]
    return wrong
