"""The verbs of outgoing messages: write one down, cancel, correct cards, take receipts. Calls nobody outside.

Everything here may be called inside the caller's transaction; what goes outward is asked for as a job.
"""

import secrets
from collections.abc import Collection
from datetime import timedelta

import orjson

from channels import outcome, queries, rules
from channels.drafts import Card, Draft, Lane, Receiver, ReceiverKind
from channels.events import MessageDelivered
from channels.outcome import CODE_LIFE, DELIVER
from channels.transports import expand
from core import clock, db
from core.crypto import key_ring, search_hash
from core.errors import Refused
from core.events import announce
from core.jobs import enqueue
from core.logs import trace_id
from core.working_hours import next_allowed

UPDATE_CARD = "message.update_card"
BOT_CODE_LIFE = timedelta(seconds=4.5)  # 智能机器人: a click must be answered within 5 s, path 101463


async def send(draft: Draft) -> int:
    """Write a message down and ask for its delivery; the id. The same `draft.key` is one message.

    Lane urgent goes at once; others wait for the end of quiet hours. Nothing is sent when the caller's
    transaction rolls back.

    Raises:
        ValueError: the ladder names a transport that does not exist.
    """
    ladder = expand(draft.ladder or default_ladder(draft.receiver))
    now = clock.now()
    async with db.transaction():
        numbers = await rules.load()
        at = now if draft.lane is Lane.URGENT else next_allowed(now, numbers.quiet)
        if draft.bundle:
            at = max(at, now + timedelta(seconds=numbers[rules.BUNDLE_SECONDS]))
        card = _named(draft.card) if draft.card else None
        number = await _insert(draft, card, ladder, at)
        if number is None:
            return int(await db.fetchval("select id from message where key = $1", draft.key))
        if card is not None and draft.receiver.wecom_userid:
            await _lay_copy(number, draft, card)
        await enqueue(DELIVER, {"message": number}, key=f"message:{number}:0", at=at if at > now else None)
        return number


def default_ladder(receiver: Receiver) -> tuple[str, ...]:
    """The transports for a receiver nobody chose any for."""
    return ("wechat", "sms") if receiver.kind is ReceiverKind.PERSON else ("wecom",)


def _named(card: Card) -> Card:
    """The card under a task id that was never used before, not even by an earlier database."""
    return card if card.task_id else card.model_copy(update={"task_id": f"c-{secrets.token_hex(12)}"})


async def _insert(draft: Draft, card: Card | None, ladder: tuple[str, ...], at: object) -> int | None:
    to = draft.receiver
    number: int | None = await db.fetchval(
        "insert into message (key, purpose, lane, subject, receiver_kind, receiver_id, receiver_name, wecom_userid,"
        " wecom_chatid, phone, phone_hash, openid, text, texts, card, file_id, secret, ladder, not_before, bundle_key,"
        " trace_id, created_at, consent, about_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::jsonb,"
        " $15::jsonb, $16, $17, $18, $19, $20, $21, $22, $23, $24) on conflict (key) do nothing returning id",
        draft.key,
        draft.purpose,
        draft.lane,
        draft.subject,
        to.kind,
        to.id,
        to.name,
        to.wecom_userid,
        to.wecom_chatid,
        key_ring().encrypt(to.phone, "message.phone") if to.phone else None,
        search_hash(to.phone) if to.phone else None,
        key_ring().encrypt(to.openid, "message.openid") if to.openid else None,
        draft.text,
        orjson.dumps(draft.texts).decode(),
        card.model_dump_json() if card else None,
        draft.file_id,
        draft.secret,
        list(ladder),
        at,
        _bundle(draft, ladder[0]) if draft.bundle else "",
        trace_id(),
        clock.now(),
        draft.consent or "",
        draft.about or None,
    )
    return number


def _bundle(draft: Draft, way: str) -> str:
    """What may become one message: of one consent and about one person, since each is asked for as one."""
    return f"{draft.bundle}:{draft.receiver.kind}:{draft.receiver.id}:{way}:{draft.consent or ''}:{draft.about or ''}"


async def _lay_copy(number: int, draft: Draft, card: Card) -> None:
    await db.execute(
        "insert into card_copy (message_id, task_id, userid, subject, shown, created_at, changed_at)"
        " values ($1, $2, $3, $4, $5, $6, $6)",
        number,
        card.task_id,
        draft.receiver.wecom_userid,
        draft.subject,
        queries.shown_hash(card),
        clock.now(),
    )


async def cancel(subject: str, *, purpose: str = "", reason: str = "已不需要") -> int:
    """Cancel what still waits about `subject` (of one purpose, or all); how many. What is on its way stays."""
    async with db.transaction():
        rows = await db.fetch(
            "update message set state = 'cancelled', reason = $3, done_at = $4 where subject = $1"
            " and state = 'waiting' and ($2 = '' or purpose = $2) returning id",
            subject,
            purpose,
            reason,
            clock.now(),
        )
        await db.execute(
            "update card_copy set state = 'stale', changed_at = $2 where message_id = any($1::bigint[])",
            [row["id"] for row in rows],
            clock.now(),
        )
        return len(rows)


async def withhold(subject: str, staff_ids: Collection[int], words: str) -> None:
    """Have these people hear no more of `subject`: what waits is cancelled, the cards on their phones lose their buttons."""
    if not staff_ids:
        return
    async with db.transaction():
        rows = await db.fetch(
            "update message set state = 'cancelled', reason = '已不需要', done_at = $3 where subject = $1"
            " and receiver_kind = 'staff' and receiver_id = any($2::bigint[]) and state = 'waiting' returning id",
            subject,
            list(staff_ids),
            clock.now(),
        )
        await db.execute(
            "update card_copy set state = 'stale', changed_at = $2 where message_id = any($1::bigint[])",
            [row["id"] for row in rows],
            clock.now(),
        )
        held = await db.fetch(
            "select distinct c.userid from card_copy c join message m on m.id = c.message_id where c.subject = $1"
            " and m.receiver_kind = 'staff' and m.receiver_id = any($2::bigint[])",
            subject,
            list(staff_ids),
        )
        await update_cards(subject, words, only=[row["userid"] for row in held])


async def update_cards(
    subject: str, shown: Card | str, *, only: Collection[str] | None = None, but_not: Collection[str] = ()
) -> int:
    """Have the cards about `subject` show something else; how many copies are concerned.

    Args:
        subject: as given in the drafts.
        shown: a new card, or the grey words that replace the buttons ("已由张测试签收").
        only: the WeCom user ids of the holders meant; None means all.
        but_not: holders left out.

    A copy whose newest response code lives is corrected in place. One that cannot be corrected becomes stale,
    and when `shown` still offers something to do, a new card is sent to its holder. A card that waits to be
    sent is changed before it goes, or cancelled when nothing is left to do on it.
    """
    async with db.transaction():
        rows = await db.fetch(
            "select c.id, c.task_id, m.id as message_id, m.state from message m join card_copy c on c.message_id = m.id"
            " where c.subject = $1 and c.state <> 'stale' and ($2::text[] is null or c.userid = any($2))"
            " and not c.userid = any($3::text[]) order by c.id for update",
            subject,
            None if only is None else list(only),
            list(but_not),
        )
        for row in rows:
            if row["state"] == "waiting":
                await change_waiting(row["message_id"], row["id"], row["task_id"], shown)
            elif row["state"] in ("sending", "sent", "delivered"):
                await _ask_update(row["id"], shown)
        return len(rows)


async def change_waiting(message: int, copy: int, task_id: str, shown: Card | str) -> None:
    """Change a card before it goes; inside the transaction that holds its message."""
    if isinstance(shown, Card) and shown.actionable:
        card = shown.model_copy(update={"task_id": task_id})
        await db.execute("update message set card = $2::jsonb where id = $1", message, card.model_dump_json())
        await db.execute("update card_copy set shown = $2 where id = $1", copy, queries.shown_hash(card))
        return
    await db.execute(
        "update message set state = 'cancelled', reason = '已不需要', done_at = $2 where id = $1",
        message,
        clock.now(),
    )
    await db.execute("update card_copy set state = 'stale', changed_at = $2 where id = $1", copy, clock.now())


async def _ask_update(copy: int, shown: Card | str) -> None:
    wanted = {"card": shown.model_dump(mode="json")} if isinstance(shown, Card) else {"words": shown}
    number: int = await db.fetchval(
        "update card_copy set wanted = $2::jsonb, wanted_no = wanted_no + 1, changed_at = $3 where id = $1"
        " returning wanted_no",
        copy,
        orjson.dumps(wanted).decode(),
        clock.now(),
    )
    await enqueue(UPDATE_CARD, {"copy": copy, "no": number}, key=f"card:{copy}:{number}")


async def remember_response_code(task_id: str, userid: str, code: str, *, by_bot: bool = False) -> bool:
    """Keep the fresh code that came with a click; whether the card is ours and theirs.

    The click also proves that the card arrived. With `by_bot` the code is the `req_id` of the bot's event.
    """
    now = clock.now()
    async with db.transaction():
        await db.execute(  # the message is locked before its copy, here and everywhere
            "select 1 from message where id = (select message_id from card_copy where task_id = $1) for update",
            task_id,
        )
        row = await db.fetchrow(
            "update card_copy set response_code = $3, code_expires_at = $4, code_taken = false, changed_at = $5,"
            " state = case when state = 'stale' then 'live' else state end"
            " where task_id = $1 and lower(userid) = lower($2) returning message_id",
            task_id,
            userid,
            key_ring().encrypt(code, "card_copy.response_code"),
            now + (BOT_CODE_LIFE if by_bot else CODE_LIFE),
            now,
        )
        if row is None:
            return False
        await _arrived("id = $1", row["message_id"])
        return True


async def confirm_by_act(subject: str, userid: str) -> int:
    """The person did something about `subject`: what was sent to them about it has arrived; how many messages."""
    return await _arrived("subject = $1 and lower(wecom_userid) = lower($2)", subject, userid)


async def receipt(transport: str, vendor_id: str, *, delivered: bool, code: str = "") -> bool:
    """A platform's receipt; False when the message is not known (yet): the receipt is kept until it is.

    Not delivered: the message goes to its next transport, or has failed.
    """
    return await outcome.receipt(transport, vendor_id, delivered=delivered, code=code)


async def _arrived(where: str, *values: object) -> int:
    async with db.transaction():
        rows = await db.fetch(
            f"update message set state = 'delivered', done_at = ${len(values) + 1}"  # noqa: S608 - our own condition
            f" where state = 'sent' and {where} returning id",
            *values,
            clock.now(),
        )
        await announce(*(MessageDelivered(message_id=row["id"]) for row in rows))
        return len(rows)


async def again(message: int) -> None:
    """Have a failed message walk its ladder from the start, after an operator mended what was wrong.

    Raises:
        Refused: it has not failed, or its words were wiped.
    """
    async with db.transaction():
        row = await db.fetchrow(
            "update message set state = 'waiting', step = 0, tries = 0, reason = '', done_at = null, not_before = $2"
            " where id = $1 and state = 'failed' and not (secret and text = '') returning attempts",
            message,
            clock.now(),
        )
        if row is None:
            raise Refused("这条消息不是发送失败状态，不能重发")
        await enqueue(DELIVER, {"message": message}, key=f"message:{message}:{row['attempts']}:again")
