"""What becomes of a message after an attempt or a receipt: rows only, each function one transaction."""

from datetime import timedelta

from channels import alarms, ladder
from channels.events import MessageDelivered, MessageFailed, ReceiverUnreachable
from channels.ladder import Move
from channels.outgoing import Delivered, Outgoing, Row, Transport, read_row
from core import clock, db
from core.crypto import key_ring
from core.due import Ask, schedule
from core.events import announce
from core.jobs import enqueue
from integrations.http import CallFailed, Kind

DELIVER = "message.deliver"
RECEIPT_DUE = "message.receipt"
CODE_LIFE = timedelta(hours=72)  # 更新模版卡片消息, path 94888; one update per code


async def postpone(number: int, seconds: float, why: str) -> None:
    """Have it come again later."""
    at = clock.now() + timedelta(seconds=seconds)
    async with db.transaction():
        found = await db.fetchval(
            "update message set not_before = $2, reason = $3 where id = $1 and state in ('waiting', 'sending')"
            " returning id",
            number,
            at,
            why,
        )
        if found is not None:
            # No key: a limit may name the same instant twice, and the second wait needs its job as well.
            await enqueue(DELIVER, {"message": number}, at=at if seconds > 0 else None)


async def give_up(number: int, why: str) -> None:
    """The end of the ladder."""
    async with db.transaction():
        found = await db.fetchval(
            "update message set state = 'failed', reason = $2, done_at = $3"
            " where id = $1 and state in ('waiting', 'sending', 'sent') returning id",
            number,
            why[:500],
            clock.now(),
        )
        if found is not None:
            await db.execute(
                "update card_copy set state = 'stale', changed_at = $2 where message_id = $1 and transport = ''",
                number,
                clock.now(),
            )
            await announce(MessageFailed(message_id=number))


async def move(row: Row, where: Move, wait: float, why: str) -> None:
    """Carry a decision of the ladder out; inside a transaction that holds the row."""
    if where is Move.END:
        await give_up(row.id, why)
        return
    onward = where is Move.NEXT
    await db.execute(
        "update message set state = 'waiting', step = step + $2, tries = case when $3 then 0 else tries end,"
        " reason = $4 where id = $1",
        row.id,
        1 if onward else 0,
        onward,
        why[:500],
    )
    await postpone(row.id, wait, why[:500])


async def failed(message: Outgoing, transport: Transport, error: CallFailed) -> None:
    """An attempt failed: note it, alarm if it is a matter of set-up, and go where the ladder says."""
    async with db.transaction():
        record = await db.fetchrow("select * from message where id = $1 for update", message.id)
        if record is None or record["attempts"] != message.no:
            return
        row = read_row(record)
        # What may have arrived may have arrived still, whatever a repetition is answered.
        unsure = error.uncertain or message.repeated
        again_same = unsure and error.kind in (Kind.RETRY, Kind.QUOTA)
        await db.execute(
            "update message_attempt set outcome = $3, code = $4, error = $5, done_at = $6 where message_id = $1 and no = $2",
            message.id,
            message.no,
            "begun" if again_same else error.kind,
            error.code,
            error.message[:500],
            clock.now(),
        )
        await alarms.note(error)
        if row.state != "sending":
            return  # cancelled, or a receipt came meanwhile
        decision = ladder.after_failure(error.kind, tries=row.tries, last=row.last, wait=error.wait)
        if error.kind is Kind.UNREACHABLE_PERSON:
            await announce(ReceiverUnreachable(message_id=message.id))
        await move(row, decision.move, decision.wait, f"{transport.name}：{error.advice or error.message}")


async def sent(message: Outgoing, transport: Transport, delivered: Delivered) -> None:
    """The vendor took it: note ids and codes, and wait for the receipt if one comes."""
    now = clock.now()
    async with db.transaction():
        await _lock_vendor_id(transport.name, delivered.vendor_id)  # before the row, as a receipt does
        record = await db.fetchrow("select * from message where id = $1 for update", message.id)
        if record is None or record["attempts"] != message.no:
            return
        await db.execute(
            "update message_attempt set outcome = 'sent', vendor_id = $3, segments = $4, code = '', error = '',"
            " done_at = $5 where message_id = $1 and no = $2 and outcome = 'begun'",
            message.id,
            message.no,
            delivered.vendor_id,
            delivered.segments,
            now,
        )
        await alarms.clear(transport.system)
        clicked = await _place_card(message, transport, delivered)
        await db.execute(
            "update message set state = $2::text, sent_at = $3::timestamptz, done_at = case when $2 = 'delivered' then $3 end,"
            " text = case when secret then '' else text end, texts = case when secret then '{}'::jsonb else texts end"
            " where id = $1 and state = 'sending'",
            message.id,
            "delivered" if clicked else "sent",
            now,
        )
        if clicked:
            await announce(MessageDelivered(message_id=message.id))
        elif delivered.receipt is not None:
            await schedule(Ask(now + delivered.receipt, RECEIPT_DUE, message.id, message.no))
            await _take_early_receipt(transport.name, delivered.vendor_id)


async def _place_card(message: Outgoing, transport: Transport, delivered: Delivered) -> bool:
    """The copy now lies on a phone; whether its holder has clicked already (the click's code is the newer)."""
    if message.card is None:
        return False
    code = delivered.response_code
    clicked = await db.fetchval(
        "update card_copy c set transport = $2, response_code = coalesce(c.response_code, $3),"
        " code_expires_at = coalesce(c.code_expires_at, $4), changed_at = $5"
        " from (select id, response_code is not null as clicked from card_copy where message_id = $1 for update) old"
        " where c.id = old.id returning old.clicked",
        message.id,
        transport.name,
        key_ring().encrypt(code, "card_copy.response_code") if code else None,
        clock.now() + CODE_LIFE if code else None,
        clock.now(),
    )
    return bool(clicked)


async def receipt(transport: str, vendor_id: str, *, delivered: bool, code: str = "") -> bool:
    """What a vendor's receipt says of a message; whether we know it already (else it is kept until we do)."""
    async with db.transaction():
        await _lock_vendor_id(transport, vendor_id)
        attempt = await db.fetchrow(
            "select message_id, no from message_attempt where transport = $1 and vendor_id = $2 order by at desc limit 1",
            transport,
            vendor_id,
        )
        if attempt is None:
            await db.execute(
                "insert into early_receipt (transport, vendor_id, delivered, code, at) values ($1, $2, $3, $4, $5)"
                " on conflict (transport, vendor_id) do update set delivered = $3, code = $4",
                transport,
                vendor_id,
                delivered,
                code,
                clock.now(),
            )
            return False
        await _apply_receipt(attempt["message_id"], attempt["no"], delivered=delivered, code=code)
        return True


async def _lock_vendor_id(transport: str, vendor_id: str) -> None:
    """A receipt and the writing down of its attempt must not miss each other."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 5))", f"{transport}:{vendor_id}")


async def _take_early_receipt(transport: str, vendor_id: str) -> None:
    early = await db.fetchrow(
        "delete from early_receipt where transport = $1 and vendor_id = $2 returning delivered, code",
        transport,
        vendor_id,
    )
    if early is not None:
        await receipt(transport, vendor_id, delivered=early["delivered"], code=early["code"])


async def _apply_receipt(message: int, no: int, *, delivered: bool, code: str) -> None:
    now = clock.now()
    record = await db.fetchrow("select * from message where id = $1 for update", message)
    if record is None or record["state"] == "delivered":
        return
    await db.execute(
        "update message_attempt set outcome = $3, code = $4, done_at = $5 where message_id = $1 and no = $2",
        message,
        no,
        "delivered" if delivered else "undelivered",
        code,
        now,
    )
    row = read_row(record)
    if delivered:
        # Late or not: it arrived, so whatever waits on a later step is not needed any more.
        await db.execute(
            "update message set state = 'delivered', reason = '', done_at = $2 where id = $1", message, now
        )
        await announce(MessageDelivered(message_id=message))
    elif row.state == "sent" and row.attempts == no:
        await move(row, ladder.after_refusal(last=row.last).move, 0.0, f"未送达：{code}")
