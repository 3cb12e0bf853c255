"""Some hundreds of cases of every kind, written straight into the tables, and a plain look at all of them.

The plain look is the definition of what a list must show: slow, simple, and in another language than the queries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from core import clock, crypto, db
from core.actor import Actor, Permission
from core.search import normalise, terms, tokens
from tickets.queries.access import scope, unit_ids_of
from tickets.queries.case_filter import CaseFilter
from tickets.states import OPEN_CASE, CaseState

TYPES = ("投诉", "咨询", "求助", "表扬")
CATEGORIES = ("医疗卫生->医疗服务->挂号与退费", "医疗卫生->医疗服务->服务态度", "医疗卫生->收费_100%", "")
TEXTS = (
    "挂号排队三小时，窗口只开两个。",
    "收费窗口重复收取检查费，来回跑了多趟。",
    "Ｃｏｖｉｄ 检测报告 COVID-19 无法下载。",
    "药房缺药，说 50%_ 的药要外购（院外）。",
    "病房漏水，老人险些滑倒；挂号界面也打不开。",
    "感谢医生护士的悉心照料！联系电话13912345678。",
)
PLACES = {  # unit → its path and campus, as in tests/tickets/conftest.py
    4: ("/1/2/4/", 2),
    5: ("/1/2/5/", 2),
    6: ("/1/3/6/", 3),
}
NOW = datetime(2026, 3, 10, 10, 0, tzinfo=clock.SHANGHAI)


@dataclass(frozen=True, slots=True)
class Known:
    """A case as it was written."""

    id: int
    state: CaseState
    type: str
    urgency: str
    category: str
    campus: int | None
    units: tuple[int, ...]
    handler: int | None
    round: int
    received_at: datetime
    due_at: datetime | None
    ticket_due: Mapping[int, datetime]
    phone: str
    secret: bool
    text: str


async def write(people: Mapping[str, Actor], count: int = 400, seed: int = 7) -> list[Known]:
    """Write them, times of receipt all mixed up; what was written, newest first."""
    draw = Random(seed)
    handlers = [people["centre"].id, people["second"].id, None]
    made = [_one(number, draw, handlers) for number in range(1, count + 1)]
    for one in made:
        await _insert(one)
    for table in ("cases", "ticket"):
        await db.execute(
            f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))"  # noqa: S608
        )
    await db.execute("analyze cases, case_search, ticket")
    return made[::-1]


def _one(number: int, draw: Random, handlers: list[int | None]) -> Known:
    state = draw.choice(list(CaseState))
    received = NOW - timedelta(hours=draw.randrange(1, 4000))
    departments = draw.sample(list(PLACES), draw.choice((0, 1, 1, 2)))
    campus = draw.choice((2, 3, None))
    paths = [PLACES[unit][0] for unit in departments] + ([f"/1/{campus}/"] if campus else [])
    is_open = state in OPEN_CASE
    return Known(
        id=number,
        state=state,
        type=draw.choice(TYPES),
        urgency=draw.choice(("一般", "一般", "一般", "紧急", "特急")),
        category=draw.choice(CATEGORIES),
        campus=campus,
        units=tuple(sorted({unit for path in paths for unit in unit_ids_of(path)})),
        handler=draw.choice(handlers),
        round=draw.choice((1, 1, 1, 2)),
        received_at=received,
        due_at=NOW + timedelta(hours=draw.randrange(-100, 200)) if is_open else None,
        ticket_due={unit: NOW + timedelta(hours=draw.randrange(-50, 100)) for unit in departments},
        phone=f"1990000{draw.randrange(40):04d}",
        secret=draw.random() < 0.2,
        text=draw.choice(TEXTS),
    )


async def _insert(one: Known) -> None:
    title = f"事项{one.id:03d} {one.text[:8]}"
    await db.execute(
        "insert into cases (id, source, external_no, state, round, title, content, appeal_type, category, caller_name,"
        " caller_phone, caller_phone_hash, confidential, campus_id, urgency, received_at, unit_ids, due_at, handler_id)"
        " overriding system value values ($1, 'hotline', $2, $3, $4, $5, $6, $7, $8, '张测试', $9, $10, $11, $12, $13,"
        " $14, $15, $16, $17)",
        one.id,
        f"GZ-{one.id:06d}",
        one.state,
        one.round,
        title,
        one.text,
        one.type,
        one.category,
        crypto.key_ring().encrypt(one.phone, "cases.caller_phone"),
        crypto.search_hash(one.phone),
        one.secret,
        one.campus,
        one.urgency,
        one.received_at,
        list(one.units),
        one.due_at,
        one.handler,
    )
    for at, (unit, due) in enumerate(one.ticket_due.items()):
        await db.execute(
            "insert into ticket (id, case_id, round, unit_id, path, state, assigned_at, due_at) overriding system value"
            " values ($1, $2, $3, $4, $5, $6, $7, $8)",
            one.id * 10 + at,
            one.id,
            one.round,
            unit,
            PLACES[unit][0],
            ticket_state(one),
            one.received_at,
            due,
        )
    body = indexed(one)
    await db.execute(
        "insert into case_search (case_id, tokens, body) values ($1, array_to_tsvector($2::text[]), $3)",
        one.id,
        tokens(body),
        body,
    )


def ticket_state(one: Known) -> str:
    """All tickets of a case are alike here."""
    return ("assigned", "in_progress", "answered", "done")[one.id % 4]


def indexed(one: Known) -> str:
    """What is searched in."""
    return normalise(f"GZ-{one.id:06d}\n事项{one.id:03d} {one.text[:8]}\n{one.text}")


def expected(wanted: CaseFilter, by: Actor, known: list[Known]) -> list[int]:
    """The ids of those that meet the filter, newest first; of a filter without `todo` and without numbers."""
    return [one.id for one in known if _meets(one, wanted, by)]


def _meets(one: Known, wanted: CaseFilter, by: Actor) -> bool:
    units = scope(by)
    day = one.received_at.astimezone(clock.SHANGHAI).date()
    handler = by.id if wanted.handler == "me" else wanted.handler
    return all(
        (
            units is None or not set(units).isdisjoint(one.units),
            not wanted.state or one.state in wanted.state,
            not wanted.type or one.type in wanted.type,
            not wanted.urgency or one.urgency in wanted.urgency,
            wanted.unit is None or wanted.unit in one.units,
            wanted.campus is None or wanted.campus == one.campus,
            handler is None or (one.handler is None if handler == "none" else one.handler == handler),
            (wanted.since or date.min) <= day <= (wanted.until or date.max),
            one.category.startswith(wanted.category),
            not wanted.again or one.round > 1,
            wanted.due is None or _is_due(one, wanted.due, by),
            all(term in indexed(one) for term in terms(wanted.q)),
        )
    )


def _is_due(one: Known, due: str, by: Actor) -> bool:
    limits = [one.due_at]
    if not by.can(Permission.CASE_EXPORT):  # a department: its own tickets that are still worked on
        working = ticket_state(one) in ("assigned", "in_progress")
        mine = [
            due for unit, due in one.ticket_due.items() if by.can(Permission.TICKET_READ, PLACES[unit][0])
        ]
        limits = list(mine) if working else []
    days = {"today": 1, "3": 3, "7": 7}
    end = NOW if due == "late" else datetime(2026, 3, 10 + days[due], tzinfo=clock.SHANGHAI)
    start = datetime(2000, 1, 1, tzinfo=clock.SHANGHAI) if due == "late" else NOW
    return any(limit is not None and start <= limit < end for limit in limits)
