"""How an order becomes a case: the same road for a push, an imported row and a form on a page.

Idempotent on (source, order number): the same again changes nothing, other content is refused unless it is
a declared update. An order is written whole or not at all; files are kept in storage before it begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core import clock, db, storage
from core.actor import Actor
from core.errors import HuiyinError, Refused
from core.models import StoredFile
from tickets import updating
from tickets.models import Case
from tickets.opening import Incoming, Opened, Where, locate, open_cases
from tickets.orders import Order, content_hash
from tickets.queries import secrecy

__all__ = ["Incoming", "Outcome", "Received", "Where", "locate", "receive", "receive_many"]


class Outcome(StrEnum):
    """What became of an order."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Received:
    """The case an order belongs to, and whether it is new."""

    outcome: Outcome
    case_id: int
    number: str


async def receive(
    order: Order,
    *,
    by: Actor,
    raw: bytes | None = None,
    source: str = "hotline",
    import_id: int | None = None,
    assign: bool | None = None,
) -> Received:
    """Open a case for an order, or find the one it belongs to.

    Args:
        order: the validated order.
        by: who brings it: a platform, an importer, a person at the desk.
        raw: the body as it came, kept for ever; the order's own JSON when None.
        source: a member of tickets/sources.
        import_id: the import it came with.
        assign: whether departments named on the order get their ticket at once; the parameter decides when None.

    Raises:
        Refused: the number is known with other content, and this is not a declared update.
        Invalid: an attachment is not a file we take.
    """
    item = Incoming(order, raw, await keep_files(order, by))
    (opened,) = await open_cases([item], by=by, source=source, import_id=import_id, assign=assign)
    return _new(opened) if opened else await _known(item, by, source)


async def receive_many(
    items: Sequence[Incoming],
    *,
    by: Actor,
    source: str = "hotline",
    import_id: int | None = None,
    assign: bool | None = None,
) -> list[Received | HuiyinError]:
    """`receive` for many orders in one statement; an error stands in the place of the order that was refused.

    The files of an order are kept by the caller (`keep_files`). Of two orders with one number the second finds
    the case of the first.
    """
    first = {item.order.order_no: at for at, item in reversed(list(enumerate(items)))}
    places = sorted(first.values())
    opened = await open_cases(
        [items[at] for at in places], by=by, source=source, import_id=import_id, assign=assign
    )
    news = dict(zip(places, opened, strict=True))
    found: list[Received | HuiyinError] = []
    for at, item in enumerate(items):
        case = news.get(at)
        try:
            found.append(_new(case) if case else await _known(item, by, source))
        except HuiyinError as error:
            found.append(error)
    return found


async def keep_files(order: Order, by: Actor) -> tuple[StoredFile, ...]:
    """Put an order's attachments into storage.

    Raises:
        Invalid: one is not a file we take.
    """
    if not order.attachments:
        return ()
    return tuple([await storage.keep(file.name, file.data(), by=by) for file in order.attachments])


def _new(opened: Opened) -> Received:
    return Received(Outcome.NEW, opened.case_id, opened.number)


async def _known(item: Incoming, by: Actor, source: str) -> Received:
    order = item.order
    row = await db.fetchrow(
        "select id, content_hash, received_at, secret from cases where source = $1 and external_no = $2",
        source,
        order.order_no,
    )
    if row is None:
        raise Refused("工单正在登记，请稍后再试")
    number = f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}"
    if row["content_hash"] == content_hash(order):
        return Received(Outcome.SAME, row["id"], number)
    if row["secret"] and not secrecy.whole(await Case.get(id=row["id"]), by):
        raise Refused("这个工单编号不能登记，请核对编号")  # what it belongs to is not for everybody to know
    if not order.update:
        raise Refused(f"工单编号 {order.order_no} 已登记为 {number}，内容不同；如为更新，请声明 update")
    await updating.update(row["id"], order, item.raw, list(item.files), by=by)
    return Received(Outcome.CHANGED, row["id"], number)
