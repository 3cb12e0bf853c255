"""What whoever raised feedback may ask and say from outside: its progress, and how content they are with the result.

They prove themselves by the query code and the last four digits of their phone. Wrong tries are counted per address
and in all, so that codes cannot be guessed. Tells nothing of departments, persons or other cases.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from core import clock, db
from core.actor import Actor
from core.errors import NotFound, Refused, TooMany
from core.parameters import Parameter, declare, number
from tickets import history
from tickets.actions.case_ending import call_back
from tickets.actions.forms import CallBack, Satisfied, Solved
from tickets.models import Case
from tickets.queries import access
from tickets.states import CASE_LABELS, OPEN_CASE, CaseState

WINDOW = timedelta(minutes=15)
MOST_FAILURES = declare(
    Parameter(
        "feedback.query_failures",
        "反馈进度查询错误次数上限",
        int,
        10,
        low=3,
        high=1000,
        unit="次",
        what="同一地址 15 分钟内输错查询码的次数，超过后暂停查询",
    )
)
PER_CODE = 5
_UNKNOWN = "查询码或手机号后四位不正确"
_ANSWERED = frozenset({CaseState.REPLIED, CaseState.CALLED_BACK, CaseState.CLOSED, CaseState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a feedback is; `reply` only once it was approved and is for the person."""

    number: str
    kind: str
    title: str
    state: str
    state_label: str
    received_at: datetime
    closed_at: datetime | None
    reply: str
    may_rate: bool
    rated: str


async def progress(code: str, tail: str, *, address: str) -> Progress:
    """How far it is.

    Raises:
        NotFound: code and digits do not fit together.
        TooMany: too many wrong tries.
    """
    case, row = await _find(code, tail, address)
    return _told(case, row)


async def find(code: str, tail: str, *, address: str) -> int:
    """The case of a query code; `address` is whose wrong tries are counted together.

    Raises:
        NotFound, TooMany: as `progress`.
    """
    case, _ = await _find(code, tail, address)
    return int(case.id)


async def of_case(case_id: int) -> Progress:
    """How far a case is, for whom the caller knows to be the one who raised it.

    Raises:
        NotFound: it is no feedback.
    """
    row = await db.fetchrow(f"{_ROW} where f.case_id = $1", case_id)
    if row is None:
        raise NotFound(_UNKNOWN)
    return _told(await Case.get(id=case_id), row)


_ROW = (
    "select f.case_id, f.settled_how, r.reply, r.tell_by, g.satisfied as rated from feedback f"
    " join cases c on c.id = f.case_id join case_round r on r.case_id = c.id and r.no = c.round"
    " left join feedback_rating g on g.case_id = c.id and g.round = c.round"
)


def _told(case: Case, row: asyncpg.Record) -> Progress:
    answered = case.state in _ANSWERED
    reply = row["settled_how"] or (row["reply"] if answered and row["tell_by"] != "none" else "")
    return Progress(
        number=case.number,
        kind=case.appeal_type,
        title=case.title,
        state=str(case.state),
        state_label=CASE_LABELS[case.state] if case.state not in OPEN_CASE or answered else "办理中",
        received_at=case.received_at,
        closed_at=case.closed_at,
        reply=reply,
        may_rate=answered and case.state is not CaseState.ARCHIVED and not row["rated"],
        rated=row["rated"] or "",
    )


async def _find(code: str, tail: str, address: str) -> tuple[Case, asyncpg.Record]:
    wanted = code.strip().upper()
    await _count(wanted, address)
    row = await db.fetchrow(f"{_ROW} where f.query_code = $1", wanted)
    case = await Case.get(id=row["case_id"]) if row else None
    if row is None or case is None or not _fits(case, tail):
        raise NotFound(_UNKNOWN)
    await db.execute(
        "delete from feedback_query where code_hash = $1 and address = $2", _digest(wanted), address
    )
    return case, row


def _fits(case: Case, tail: str) -> bool:
    """The last four digits of one of the numbers left; of who left none, four zeros."""
    phones = [one for one in (case.caller_phone, case.contact_phone) if one] or ["0000"]
    return any(hmac.compare_digest(phone[-4:].encode(), tail.strip().encode()) for phone in phones)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


async def _count(code: str, address: str) -> None:
    """Count a try before it is looked at; one that succeeds is forgiven."""
    most, since = await number(MOST_FAILURES), clock.now() - WINDOW
    async with db.transaction():
        for whose in (f"query {address}", f"query {code}"):
            await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 13))", whose)
        row = await db.fetchrow(
            "select count(*) filter (where address = $1) as here, count(*) filter (where code_hash = $2) as code"
            " from feedback_query where at > $3 and (address = $1 or code_hash = $2)",
            address,
            _digest(code),
            since,
        )
        if row is not None and (row["here"] >= most or row["code"] >= PER_CODE):
            raise TooMany("查询次数过多，请 15 分钟后再试")
        await db.execute(
            "insert into feedback_query (code_hash, address, at) values ($1, $2, $3)",
            _digest(code),
            address,
            clock.now(),
        )


async def tidy() -> int:
    """Forget tries that are a day old; how many."""
    return await db.execute("delete from feedback_query where at < $1", clock.now() - timedelta(days=1))


async def rate(
    code: str, tail: str, satisfied: Satisfied, solved: Solved, remark: str, *, by: Actor
) -> Progress:
    """What the person says of the result; once a round. While nobody has called back, it is the call-back.

    Raises:
        NotFound, TooMany: as `progress`.
        Refused: there is no result yet, or it was rated before.
    """
    case, _ = await _find(code, tail, by.address)
    await rate_case(case.id, satisfied, solved, remark, by=by)
    fresh, row = await _find(code, tail, by.address)
    return _told(fresh, row)


async def rate_case(case_id: int, satisfied: Satisfied, solved: Solved, remark: str, *, by: Actor) -> None:
    """`rate` for whom the caller knows to be the one who raised it.

    Raises:
        Refused: as `rate`.
    """
    async with db.transaction():
        case = await access.lock_case(case_id, by)
        if case.state not in _ANSWERED or case.state is CaseState.ARCHIVED:
            raise Refused("还没有办理结果，暂不能评价" if case.state in OPEN_CASE else "已归档，不能再评价")
        made = await db.fetchval(
            "insert into feedback_rating (case_id, round, satisfied, solved, remark, at)"
            " values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning 1",
            case.id,
            case.round,
            satisfied,
            solved,
            remark,
            clock.now(),
        )
        if made is None:
            raise Refused("已评价过，感谢您的反馈")
        if case.state is CaseState.REPLIED:
            form = CallBack(way="网络", solved=solved, satisfied=satisfied, remark=remark)
            await call_back(case.id, form, by=by)
        else:
            await history.add(
                case.id,
                "rated",
                by,
                round_no=case.round,
                text=remark,
                detail={"satisfied": satisfied, "solved": solved},
            )
