"""The audit log: append-only, sealed into a hash chain a moment after it is written.

Rows are chained by a sealer and not by the writer, so that writers never wait for one another. A row that
was changed, added or taken away after sealing breaks the chain; `verify` says where. Judges nothing and shows nobody.
"""

from enum import StrEnum
from typing import Any

import orjson

from core import audit_origin, clock, db
from core.actor import Actor
from core.audit_chain import Verdict, seal, verify
from core.audit_masks import veil
from core.logs import trace_id

__all__ = ["Result", "Verdict", "record", "result_of", "seal", "verify"]


class Result(StrEnum):
    """How an operation ended."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


_ENDINGS = {
    "failed": Result.FAILED,
    "broken": Result.FAILED,
    "error": Result.FAILED,
    "parked": Result.FAILED,
    "locked": Result.REFUSED,
    "refused": Result.REFUSED,
    "limited": Result.REFUSED,
    "hidden": Result.REFUSED,
}
_INSERT = (
    "with line as (insert into audit (at, actor_kind, actor_id, actor_name, role, door, address, agent, session,"
    " action, subject, subject_id, detail, trace_id, result) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
    " $12, $13::jsonb, $14, $15) returning id) insert into audit_unsealed (audit_id) select id from line"
)


def result_of(action: str) -> Result:
    """How an action ended, by the last word of its name: "login.failed" failed, "access.refused" was refused."""
    return _ENDINGS.get(action.rsplit(".", 1)[-1], Result.OK)


async def record(by: Actor, action: str, subject: str, subject_id: int | None, **detail: Any) -> None:
    """Write one line: who did what to which thing; `detail` is JSON without personal data in the clear.

    Address, browser and session are those of the request in hand, where there is one. What changed is told by
    `before` and `after`; phones, ID numbers and secrets in `detail` are masked (core/audit_masks.py).
    """
    origin = audit_origin.present()
    await db.execute(
        _INSERT,
        clock.now(),
        by.kind,
        by.id,
        by.name,
        ",".join(by.roles),
        by.door,
        by.address or origin.address,
        origin.agent,
        origin.session,
        action,
        subject,
        subject_id,
        orjson.dumps(veil(detail), default=str).decode(),
        trace_id(),
        result_of(action),
    )
    origin.lines += 1
