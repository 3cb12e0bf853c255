"""Whose feedback is whose: what was handed in through the patient side, kept apart from the case. Opens no page.

An anonymous matter has no row here: nothing of ours says who handed it in. Its receipt alone leads back to it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db, links
from core.errors import NotFound
from core.parameters import Parameter, declare, number
from patient_portal.visitor import Visitor

LINK = "feedback"  # the kind of links to the progress of a case (core/links.py)
DAYS = declare(
    Parameter(
        "portal.receipt_days",
        "反馈回执链接有效期",
        int,
        365,
        low=30,
        high=3650,
        unit="天",
        what="提交反馈后给出的进度链接在这些天后失效；查询码一直有效",
    )
)


@dataclass(frozen=True, slots=True)
class Mine:
    """A line of "my feedback"."""

    case_id: int
    kind: str
    title: str
    made_at: datetime


async def keep(case_id: int, visitor: Visitor, visit_id: int | None, device: bytes) -> None:
    """Note whose it is; the second time changes nothing."""
    await db.execute(
        "insert into portal_feedback (case_id, account_id, patient_id, visit_id, device_hash, made_at)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (case_id) do nothing",
        case_id,
        visitor.account_id,
        visitor.patient_id,
        visit_id,
        device,
        clock.now(),
    )


_MINE = (
    "from portal_feedback f join cases c on c.id = f.case_id where not c.secret and"
    " ((f.account_id is not null and f.account_id = $1) or ($1::bigint is null and f.patient_id in"
    " (select id from patient where id = $2 or merged_into = $2)))"
)


async def of(visitor: Visitor, *, limit: int = 100) -> list[Mine]:
    """What the account has handed in, for whomever; without an account what was handed in for this patient."""
    rows = await db.fetch(
        f"select c.id as case_id, c.appeal_type as kind, c.title, f.made_at {_MINE} order by f.case_id desc limit {limit:d}",
        visitor.account_id,
        visitor.patient_id,
    )
    return [Mine(**dict(row)) for row in rows]


async def own(visitor: Visitor, case_id: int) -> int:
    """The case, if it is theirs.

    Raises:
        NotFound: no such case, or somebody else's.
    """
    if not await db.fetchval(
        f"select 1 {_MINE} and f.case_id = $3", visitor.account_id, visitor.patient_id, case_id
    ):
        raise NotFound
    return case_id


async def open_receipt(case_id: int) -> str:
    """The token of a new link to the progress of a case."""
    until = clock.now() + timedelta(days=await number(DAYS))
    return await links.open_link(LINK, case_id, until)


async def of_receipt(token: str) -> int:
    """The case that a link leads to.

    Raises:
        NotFound: unknown, over or revoked.
    """
    return int((await links.resolve(LINK, token)).ref)


async def query_code(case_id: int) -> str:
    """The code of a case, for whoever has just handed it in."""
    code: str = await db.fetchval("select query_code from feedback where case_id = $1", case_id)
    return code
