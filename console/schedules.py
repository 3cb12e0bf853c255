"""The page of what is done by the clock: how each is, its next run, its history; pause, resume, run now, change its times.

The acts are `core.schedules_acts`; this module only shows and reads forms.
"""

from typing import Any

from aiohttp import web

from console.page import go, number, permit, show
from core import schedules_acts as acts
from core import schedules_queries as queries
from core.actor import Permission
from core.errors import HuiyinError, NotFound
from core.schedules import span
from core.schedules_queries import ALARMING, Health, Line

routes = web.RouteTableDef()
PATH = "/settings/schedules"
RUNS = 30
HEALTH = {
    Health.PAUSED_IMPORTANT: ("已暂停", "late"),
    Health.FAILING: ("运行失败", "late"),
    Health.LATE: ("没有运行", "late"),
    Health.PAUSED: ("已暂停", "wait"),
    Health.RUNNING: ("正在运行", "doing"),
    Health.GOOD: ("正常", "good"),
}
OUTCOMES = {"done": ("完成", "good"), "failed": ("失败", "late"), "lost": ("中断", "soon")}


@routes.get(PATH)
async def listed(request: web.Request) -> web.Response:
    """All of them; those an operator must look at stand first."""
    permit(request, Permission.MACHINE_OPERATE)
    lines = sorted(await queries.lines(), key=lambda one: one.health not in ALARMING)
    return await show(
        request,
        "console/schedules.html",
        lines=lines,
        health=HEALTH,
        outcomes=OUTCOMES,
        alarming=[one for one in lines if one.health in ALARMING],
        late=any(one.health is Health.LATE for one in lines),
    )


@routes.get(f"{PATH}/{{name}}")
async def one(request: web.Request) -> web.Response:
    """The drawer of one: what it does, how it is, what can be done, and its runs."""
    permit(request, Permission.MACHINE_OPERATE)
    return await _drawer(request, await _line(request))


async def _line(request: web.Request) -> Line:
    found = await queries.line(request.match_info["name"])
    if found is None:
        raise NotFound("没有这项计划任务")
    return found


async def _drawer(
    request: web.Request, line: Line, error: HuiyinError | None = None, **typed: Any
) -> web.Response:
    failed = request.query.get("failed") == "1"
    rows = await queries.runs(
        line.schedule.name,
        failed=failed,
        before=number(request.query.get("before", "")),
        limit=RUNS + 1,
    )
    return await show(
        request,
        "console/schedules_one.html",
        status=error.status if error else 200,
        line=line,
        runs=rows[:RUNS],
        before=rows[RUNS - 1].id if len(rows) > RUNS else None,
        failed=failed,
        health=HEALTH,
        outcomes=OUTCOMES,
        span=span,
        typed=typed,
        error=error.message if error and not error.details else "",
        faults={fault.field: fault.reason for fault in error.details} if error else {},
    )


@routes.post(f"{PATH}/{{name}}/{{act:pause|resume|run|change}}")
async def act(request: web.Request) -> web.Response:
    """Do it; what is faulty is told beside its field."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    line = await _line(request)
    name, label = line.schedule.name, line.schedule.label
    data = await request.post()
    reason, when = str(data.get("reason", "")), "" if "default" in data else str(data.get("when", ""))
    try:
        match request.match_info["act"]:
            case "pause":
                await acts.pause(name, reason, by=actor)
                said = f"已暂停：{label}"
            case "resume":
                await acts.resume(name, by=actor)
                said = f"已恢复：{label}"
            case "run":
                await acts.run_now(name, by=actor)
                said = f"已安排立即运行：{label}，几秒后刷新可看结果"
            case _:
                await acts.change(name, when, by=actor)
                said = f"运行时间已保存：{label}"
    except HuiyinError as error:
        if isinstance(error, NotFound):
            raise
        return await _drawer(request, line, error, reason=reason, when=when)
    return go(request, PATH, said)
