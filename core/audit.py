"""The audit log: append-only, sealed into a hash chain a moment after it is written.

Rows are chained by a sealer and not by the writer, so that writers never wait for one another. A row that
was changed, added or taken away after sealing breaks the chain; `verify` says where. Judges nothing and shows nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from core import audit_origin, clock, db
from core.actor import Actor
from core.audit_chain import Verdict, seal, verify
from core.audit_masks import veil
from core.logs import trace_id

__all__ = ["Beside", "Result", "Verdict", "beside", "record", "record_all", "result_of", "seal", "verify"]


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
_COLUMNS = (
    "at, actor_kind, actor_id, actor_name, role, door, address, agent, session, action, subject, subject_id, detail,"
    " trace_id, result"
)
_INSERT = (
    f"with line as (insert into audit ({_COLUMNS}) values ("  # noqa: S608 - our own words
    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14, $15) returning id)"
    " insert into audit_unsealed (audit_id) select id from line"
)


def result_of(action: str) -> Result:
    """How an action ended, by the last word of its name: "login.failed" failed, "access.refused" was refused."""
    return _ENDINGS.get(action.rsplit(".", 1)[-1], Result.OK)


def _values(
    by: Actor, action: str, subject: str, subject_id: int | None, detail: dict[str, Any]
) -> tuple[Any, ...]:
    """The parameters of a line, in the order of `_INSERT`; it counts as written."""
    origin = audit_origin.present()
    origin.lines += 1
    return (
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
        subject.replace("\0", ""),
        subject_id,
        orjson.dumps(veil(detail), default=str).decode(),
        trace_id(),
        result_of(action),
    )


_TYPES = (
    "timestamptz", "text", "bigint", "text", "text", "text", "text", "text", "text", "text", "text", "bigint", "jsonb",
    "text", "text",
)  # fmt: skip

_INSERT_ALL = (
    f"with line as (insert into audit ({_COLUMNS}) select * from unnest("  # noqa: S608 - our own words
    + ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(_TYPES, start=1))
    + ") returning id) insert into audit_unsealed (audit_id) select id from line"
)


@dataclass(frozen=True, slots=True)
class Beside:
    """A line as the end of another statement: its CTEs, beginning with a comma, and their parameters."""

    sql: str
    values: tuple[Any, ...]


def beside(  # one round trip less than `record`, which is a tenth of a short action
    by: Actor,
    action: str,
    subject: str,
    subject_id: int | None,
    *,
    source: str,
    fact: str,
    at: int,
    **detail: Any,
) -> Beside:
    """A line written by the statement that writes what it is about.

    Args:
        by: who, as in `record`; action, subject, subject_id and detail too.
        source: the CTE with the row it is about.
        fact: the name under which that row's id goes into the detail.
        at: how many parameters the statement has before these.
    """
    places = [f"${at + number}::{kind}" for number, kind in enumerate(_TYPES, start=1)]
    places[12] = f"{places[12]} || jsonb_build_object('{fact}', {source}.id)"
    sql = (
        ", line as (insert into audit (at, actor_kind, actor_id, actor_name, role, door, address, agent, session,"  # noqa: S608
        f" action, subject, subject_id, detail, trace_id, result) select {', '.join(places)} from {source} returning id),"
        " unsealed as (insert into audit_unsealed (audit_id) select id from line)"
    )
    return Beside(sql, _values(by, action, subject, subject_id, detail))


async def record(by: Actor, action: str, subject: str, subject_id: int | None, **detail: Any) -> None:
    """Write one line: who did what to which thing; `detail` is JSON without personal data in the clear.

    Address, browser and session are those of the request in hand, where there is one. What changed is told by
    `before` and `after`; phones, ID numbers and secrets in `detail` are masked (core/audit_masks.py).
    """
    await db.execute(_INSERT, *_values(by, action, subject, subject_id, detail))


async def record_all(lines: Sequence[tuple[Actor, str, str, int | None, dict[str, Any]]]) -> None:
    """Write many lines (by, action, subject, subject_id, detail) in one statement; as `record` for each."""
    if lines:
        rows = [_values(by, action, subject, number, detail) for by, action, subject, number, detail in lines]
        await db.execute(_INSERT_ALL, *map(list, zip(*rows, strict=True)))
