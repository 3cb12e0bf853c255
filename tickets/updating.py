"""A declared update of an order that was sent before: what changed is written down, clocks follow the new limits."""

from core import clock, db, inbound
from core.actor import Actor
from core.crypto import search_hash
from core.db import transaction
from core.errors import Refused
from core.events import announce
from core.models import StoredFile
from tickets import clocks, history, material
from tickets.events import CaseUpdated
from tickets.models import Case, Clock
from tickets.orders import LABELS, Order, content_hash
from tickets.states import OPEN_CASE

_PLAIN = (
    "platform_no",
    "content",
    "appeal_type",
    "category",
    "caller_name",
    "confidential",
    "anonymous",
    "reply_required",
    "occurred_at",
    "place",
    "patient_name",
    "patient_number",
    "urgency",
    "channel",
    "dispatched_at",
)


async def update(
    case_id: int, order: Order, raw: bytes | None, files: list[StoredFile], *, by: Actor
) -> None:
    """Write the changed fields, keep the raw message, and count the limits anew where they changed.

    Raises:
        Refused: the case is over.
    """
    async with transaction():
        case = await Case.select_for_update().get(id=case_id)
        if case.state not in OPEN_CASE:
            raise Refused(f"诉求 {case.number} 已“{case.label}”，不能再更新")
        changed = _apply(case, order)
        body = raw if raw is not None else order.model_dump_json().encode()
        kept = await inbound.store("order-update", f"{order.order_no}#{content_hash(order)[:32]}", body)
        if kept is not None:
            await db.execute(
                "update inbound set state = 'done', done_at = $2 where id = $1", kept, clock.now()
            )
        case.content_hash = content_hash(order)
        await _limits(case, order)
        for file in files:
            await material.attach(case.id, file, kind="original", by=by)
        case.version += 1
        await case.save()
        await history.add(
            case.id, "update", by, round_no=case.round, text="、".join(changed), detail={"fields": changed}
        )
        await announce(CaseUpdated(case_id=case.id))


def _apply(case: Case, order: Order) -> list[str]:
    changed = []
    for field in _PLAIN:
        new = getattr(order, field)
        if getattr(case, field) != new:
            setattr(case, field, new)
            changed.append(LABELS[field])
    if case.title != order.headline():
        case.title = order.headline()
        changed.append(LABELS["title"])
    for field in ("caller_phone", "contact_phone"):
        new = getattr(order, field)
        if new and new != getattr(case, field):
            setattr(case, field, new)
            setattr(case, f"{field}_hash", search_hash(new))
            changed.append(LABELS[field])
    return changed


async def _limits(case: Case, order: Order) -> None:
    """A newly printed upstream limit replaces the clock of the present round."""
    for kind, instant in (("upstream", order.upstream_deadline), ("hospital", order.hospital_deadline)):
        if instant is None:
            continue
        row = (
            await Clock.select_for_update()
            .filter(case_id=case.id, ticket_id=None, kind=kind, round=case.round, state="running")
            .first()
        )
        if row is not None and row.due_at != instant:
            await clocks.reprint(row, instant)
    await clocks.refresh(case)
