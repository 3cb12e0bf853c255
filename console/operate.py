"""The operator page: what waits and what is parked in the four queues, who is alive, how the channels are.

Repair, replay and drop are `core.queues`' audited acts; this module only shows them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson
from aiohttp import web

from channels import queries as channels
from channels.queries import Health
from console.page import go, number, permit, show
from console.schedules import HEALTH as HEALTH_OF_SCHEDULES
from core import audit_stalling, clock, db, quarantine, queues, schedules_queries
from core.actor import Actor, Permission
from core.errors import Fault, HuiyinError, Invalid, NotFound
from core.queues import Content, Entry
from tickets.auditing import queries as auditing
from tickets.queries import secrecy, secret_traces

routes = web.RouteTableDef()
PAGE = 50
SILENT = timedelta(seconds=30)  # a process beats every five seconds
FORGOTTEN = timedelta(days=1)  # one that has been silent for longer was stopped on purpose
STATES = {
    "parked": ("已搁置", "late"),
    "due": ("待处理", "todo"),
    "done": ("已完成", "done"),
    "void": ("已作废", "wait"),
    "missed": ("已错过", "soon"),
    "dropped": ("已放弃", "wait"),
}
HEALTH = {
    Health.OFF: ("未配置", "wait"),
    Health.GOOD: ("正常", "good"),
    Health.TROUBLED: ("有失败", "soon"),
    Health.ALARM: ("需要处理", "late"),
}
KINDS = {"web": "网页", "worker": "后台", "feeds": "医院接口", "voice": "语音", "bot": "机器人长连接"}


@dataclass(frozen=True, slots=True)
class Process:
    """A process that has beaten within the last day."""

    name: str
    kind: str
    started_at: datetime
    seen_at: datetime
    alive: bool


async def processes() -> list[Process]:
    """Web and worker processes, the living first."""
    now = clock.now()
    rows = await db.fetch(
        "select process, kind, started_at, seen_at from heartbeat where seen_at > $1 order by seen_at desc, process",
        now - FORGOTTEN,
    )
    return [
        Process(
            row["process"],
            KINDS.get(row["kind"], row["kind"]),
            row["started_at"],
            row["seen_at"],
            alive=now - row["seen_at"] <= SILENT,
        )
        for row in rows
    ]


@routes.get("/operate")
async def overview(request: web.Request) -> web.Response:
    """Four queues with their counts, and the rows of one of them in one state."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    counts = await queues.counts()
    fullest = max(counts, key=lambda name: counts[name].get("parked", 0))
    queue, state = request.query.get("queue", fullest), request.query.get("state", "parked")
    if state not in STATES:
        raise NotFound("没有这种状态")
    before = number(request.query.get("before", ""))
    rows = await _shown(await queues.entries(queue, state, by=actor, before=before, limit=PAGE + 1), actor)
    return await show(
        request,
        "console/operate.html",
        counts=counts,
        names=queues.TABLES,
        queue=queue,
        state=state,
        states=STATES,
        rows=rows[:PAGE],
        before=rows[PAGE - 1].id if len(rows) > PAGE else None,
        processes=await processes(),
        standing=await auditing.standing(),
        files=await quarantine.standing(),
        unsealed=await audit_stalling.late_since(),
        schedules=await schedules_queries.standing(),
        schedule_tones=HEALTH_OF_SCHEDULES,
        systems=await channels.health(),
        health=HEALTH,
    )


async def _shown(rows: list[Entry], by: Actor) -> list[Entry]:
    """The rows without the bodies of secret cases that are not for this person."""
    bodies = [row.id for row in rows if row.table == "inbound"]
    hidden = await secret_traces.hidden_bodies(bodies, by) if bodies else set()
    return [
        replace(row, what=secrecy.VEILED, error="") if row.table == "inbound" and row.id in hidden else row
        for row in rows
    ]


async def _entry(request: web.Request, by: Actor) -> Entry:
    """The row of the address, in the state the address names.

    Raises:
        NotFound: there is none, or its state has changed meanwhile.
    """
    wanted = number(request.match_info["number"])
    queue, state = request.match_info["queue"], request.match_info["state"]
    found = (
        await queues.entries(queue, state, by=by, before=wanted + 1, limit=1) if wanted is not None else []
    )
    if not found or found[0].id != wanted or await _shown(found, by) != found:
        raise NotFound("没有这一条，或它的状态已经变了，请刷新页面")
    return found[0]


def pretty(payload: str) -> str:
    """JSON with line breaks; what is not JSON (or was cut) as it is."""
    try:
        return orjson.dumps(orjson.loads(payload), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return payload


async def _drawer(
    request: web.Request,
    entry: Entry,
    content: Content,
    *,
    error: HuiyinError | None = None,
    payload: str | None = None,
    reason: str = "",
    why: str | None = None,
) -> web.Response:
    faults = {fault.field: fault.reason for fault in error.details} if error else {}
    text = pretty(content.text) if payload is None else payload
    return await show(
        request,
        "console/operate_entry.html",
        status=error.status if error else 200,
        entry=entry,
        states=STATES,
        name=queues.TABLES[entry.table],
        payload=text,
        rows=min(24, max(4, text.count("\n") + 2)),
        content=content,
        reason=reason,
        why=why,
        error=error,
        faults=faults,
    )


@routes.get("/operate/{queue}/{state}/{number}")
async def entry_drawer(request: web.Request) -> web.Response:
    """One row: why it is parked, its content, and what can be done."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    entry = await _entry(request, actor)
    return await _drawer(request, entry, await queues.content(entry.table, entry.id, by=actor))


@routes.post("/operate/{queue}/{state}/{number}/{act}")
async def act(request: web.Request) -> web.Response:
    """Replay, drop or repair a parked row; show the content of any row whole, for a reason."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    entry = await _entry(request, actor)
    data = await request.post()
    payload, reason = str(data.get("payload", "")), str(data.get("reason", ""))
    what = request.match_info["act"]
    content = await queues.content(entry.table, entry.id, by=actor)
    try:
        if what == "reveal":
            content = await queues.reveal(entry.table, entry.id, reason, by=actor)
            return await _drawer(request, entry, content)
        if what == "replay":
            await queues.replay(entry.table, entry.id, by=actor)
            said = "已重新放入队列"
        elif what == "drop":
            await queues.drop(entry.table, entry.id, reason, by=actor)
            said = "已放弃，条目保留备查"
        elif what == "repair":
            if not content.whole:
                fault = Fault(field="payload", label="内容", reason="页面上只显示了开头部分，不能在这里修改")
                raise Invalid("内容过长", details=[fault])
            await queues.repair(entry.table, entry.id, payload, by=actor)
            said = "内容已修改，已重新放入队列"
        else:
            raise NotFound
    except HuiyinError as error:
        if isinstance(error, NotFound):
            raise
        kept = payload if what == "repair" else None
        if kept is not None:  # what was typed is not thrown away
            content = replace(content, hidden=0)
        why = reason if what == "reveal" else None
        return await _drawer(request, entry, content, error=error, payload=kept, reason=reason, why=why)
    return go(request, f"/operate?queue={entry.table}", f"#{entry.id} {said}")
