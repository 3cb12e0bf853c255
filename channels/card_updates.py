"""Correcting cards that lie on phones: job `message.update_card`. A code is used once, and never by two.

A copy whose newest code lives is corrected; else it is stale, and when there is still something to do its
holder gets a new card.
"""

from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import orjson

from channels import actions, alarms, limits, queries, rules
from channels.drafts import Card, Draft, Lane
from channels.limits import Rule
from channels.outgoing import receiver_of
from channels.transports.cards import card_json, finished
from core import clock, db
from core.crypto import key_ring
from core.errors import GiveUp, TryLater
from core.jobs import Job, enqueue
from integrations import wecom, wecom_bot
from integrations.http import CallFailed, Kind

BUSY = timedelta(seconds=60)  # longer than any call takes


@dataclass(frozen=True, slots=True)
class Work:
    """A correction in hand; `repeated` when an earlier process began it and told nobody how it ended."""

    copy: int
    no: int
    transport: str
    userid: str
    code: str
    shown: Card | str
    sent: Card
    task_id: str
    repeated: bool


async def update_card(job: Job) -> None:
    """Job {"copy": id, "no": which correction}: make the copy show what is wanted now."""
    copy = int(job.payload["copy"])
    numbers = await rules.load()
    work = await _take(copy)
    if work is None:
        return
    wait = await limits.acquire((Rule("wecom:corp", numbers[rules.CORP_MINUTE], 60),), Lane.URGENT)
    if wait:
        await _let_go(work, spent=work.repeated)
        raise TryLater("等待调用额度", after=wait)
    try:
        await _show(work)
    except CallFailed as error:
        await _failed(work, error)
        return
    await _done(work)


async def _take(copy: int) -> Work | None:
    """Claim the copy and its code, or settle it when nothing can or need be shown."""
    async with db.transaction():
        row = await db.fetchrow(
            # The message is locked before its copy, here and everywhere.
            "select c.*, m.state as message_state, m.card as sent_card from message m"
            " join card_copy c on c.message_id = m.id where c.id = $1 for update",
            copy,
        )
        if row is None or row["state"] == "stale" or row["shown_no"] >= row["wanted_no"]:
            return None
        shown = _wanted(row)
        if row["message_state"] == "waiting":
            await actions.change_waiting(row["message_id"], copy, row["task_id"], shown)
            return None
        if row["message_state"] in ("failed", "cancelled", "bundled"):
            await _stale(copy)
            return None
        if row["message_state"] == "sending" or (row["busy_until"] and row["busy_until"] > clock.now()):
            await _later(copy, row["wanted_no"])
            return None
        if queries.shown_hash(shown) == row["shown"]:
            await db.execute("update card_copy set shown_no = wanted_no where id = $1", copy)
            return None
        if not row["response_code"] or row["code_expires_at"] <= clock.now():
            await _replace(copy, row["wanted_no"], shown)
            return None
        await db.execute(
            "update card_copy set code_taken = true, busy_until = $2 where id = $1", copy, clock.now() + BUSY
        )
        return Work(
            copy=copy,
            no=row["wanted_no"],
            transport=row["transport"],
            userid=row["userid"],
            code=key_ring().decrypt(row["response_code"], "card_copy.response_code"),
            shown=shown,
            sent=Card.model_validate_json(row["sent_card"]),
            task_id=row["task_id"],
            repeated=row["code_taken"],
        )


def _wanted(row: asyncpg.Record) -> Card | str:
    wanted = orjson.loads(row["wanted"])
    return Card.model_validate(wanted["card"]) if "card" in wanted else str(wanted["words"])


async def _later(copy: int, no: int) -> None:
    at = clock.now() + timedelta(seconds=3)
    await enqueue(
        actions.UPDATE_CARD, {"copy": copy, "no": no}, key=f"card:{copy}:{no}:{int(at.timestamp())}", at=at
    )


async def _show(work: Work) -> None:
    card = work.shown.model_copy(update={"task_id": work.task_id}) if isinstance(work.shown, Card) else None
    if work.transport == "wecom_bot":
        words = work.shown if isinstance(work.shown, str) else ""
        sent = work.sent.model_copy(update={"task_id": work.task_id})
        await wecom_bot.respond_update(
            f"card:{work.copy}:{work.no}", work.code, card_json(card) if card else finished(sent, words)
        )
    elif card is not None:
        await wecom.update_card([work.userid], work.code, card=card_json(card))
    else:
        await wecom.update_card([work.userid], work.code, words=str(work.shown))


async def _done(work: Work) -> None:
    actionable = isinstance(work.shown, Card) and work.shown.actionable
    await db.execute(
        # A click that came meanwhile has brought a newer code, which is kept.
        "update card_copy set shown_no = $2, shown = $3, state = $4, busy_until = null, changed_at = $5,"
        " response_code = case when code_taken then null else response_code end, code_taken = false where id = $1",
        work.copy,
        work.no,
        queries.shown_hash(work.shown),
        "live" if actionable else "updated",
        clock.now(),
    )
    await alarms.clear("wecom_bot" if work.transport == "wecom_bot" else "wecom")


async def _failed(work: Work, error: CallFailed) -> None:
    code_is_dead = error.kind is Kind.CONTEXT_GONE or (
        error.code == "40058" and "response_code" in error.message
    )
    if code_is_dead and work.repeated:
        await _done(work)  # nobody but us uses codes: the attempt that told nobody how it ended had worked
        return
    if code_is_dead:
        await _drop_code(work)
        return
    await alarms.note(error)
    if error.kind in (Kind.RETRY, Kind.QUOTA):
        await _let_go(work, spent=error.uncertain or work.repeated)
        raise TryLater(error.message, after=error.wait or None)
    if error.kind is Kind.MISCONFIGURED:
        await _let_go(work, spent=False)
        raise GiveUp(error.advice or error.message)
    async with db.transaction():
        await _stale(work.copy)
    if error.kind is not Kind.UNREACHABLE_PERSON:
        raise GiveUp(error.advice or error.message)


async def _drop_code(work: Work) -> None:
    """The code is of no use any more: try the newer one a click may have brought, else replace the card."""
    async with db.transaction():
        taken = await db.fetchval("select code_taken from card_copy where id = $1 for update", work.copy)
        if taken:
            await _replace(work.copy, work.no, work.shown)
            return
        await db.execute("update card_copy set busy_until = null where id = $1", work.copy)
        await _later(work.copy, work.no)


async def _let_go(work: Work, *, spent: bool) -> None:
    """Nothing was shown, or we cannot know (`spent`): the code stays for the next run of the job."""
    await db.execute(
        "update card_copy set busy_until = null, code_taken = code_taken and $2 where id = $1",
        work.copy,
        spent,
    )


async def _stale(copy: int) -> None:
    await db.execute(
        "update card_copy set state = 'stale', response_code = null, busy_until = null, changed_at = $2 where id = $1",
        copy,
        clock.now(),
    )


async def _replace(copy: int, no: int, shown: Card | str) -> None:
    """The copy cannot be corrected: mark it, and send a new card if its holder still has something to do."""
    await _stale(copy)
    if not (isinstance(shown, Card) and shown.actionable):
        return
    row = await db.fetchrow(
        "select m.* from message m join card_copy c on c.message_id = m.id where c.id = $1", copy
    )
    assert row is not None  # noqa: S101 - the copy references its message
    await actions.send(
        Draft(
            key=f"{row['key'][:160]}~{copy}.{no}",
            purpose=row["purpose"],
            receiver=receiver_of(row),
            lane=Lane(row["lane"]),
            subject=row["subject"],
            card=shown.model_copy(update={"task_id": None}),
            ladder=tuple(row["ladder"]),
        )
    )
