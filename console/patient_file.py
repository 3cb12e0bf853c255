"""The file of one patient (PT-7): who they are, and everything of them by tabs that are addresses; the timeline first.

Shows what `patients` and the sources of the timeline give; decides nothing about access. What is done on the file lies in
`patients_keeping`, its records in `patient_records`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console.case_page import CASE_TONES, wanted
from console.page import go, is_part, permit, show
from core import clock
from core.actor import Actor, Permission
from core.errors import Invalid, TooMany
from patients import corrections, guarding, looks, profile_timeline, queries, records, records_trends
from patients import profile as profiles
from patients.departed import DEAD
from patients.profile_timeline import Entry, Layer, Person
from patients.rows import KIND_LABELS, VisitKind, VisitRow
from tickets import patient_timeline
from tickets.models import Case
from tickets.queries import case_page
from tickets.states import OPEN_CASE

routes = web.RouteTableDef()
MOST_LOOKED_AT = 100  # newest entries among which those that a death stopped are looked for
TABS = {
    "timeline": "时间轴",
    "visits": "就诊",
    "reports": "检验检查",
    "trends": "指标趋势",
    "orders": "医嘱处方",
    "documents": "病历文书",
    "contacts": "资料与联系人",
    "looks": "查看记录",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the strip below the head; `note` is small beside it, `tone` as of a badge."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    tab: str = ""


@routes.get("/patients/{id:\\d+}")
async def file(request: web.Request) -> web.Response:
    """The file of one patient, masked; only further entries of the timeline when htmx asks for them."""
    actor = permit(request, Permission.PATIENT_READ)
    head = await profiles.stands_for(wanted(request))
    if head != wanted(request):
        return go(request, f"/patients/{head}", "这个患者号已合并，以下是合并后的档案")
    patient = await queries.get(head, actor)
    try:
        await guarding.check(head, actor)
    except guarding.Guarded:
        return await _asks(request, head)
    who = await profile_timeline.person(head, actor)
    tab = request.query.get("tab", "timeline")
    if tab not in TABS or (tab == "looks" and not actor.can(Permission.PATIENT_LOOKS)):
        tab = "timeline"
    shown = await _tab(request, tab, who, actor)
    if is_part(request) and tab == "timeline":
        return await show(request, "console/patients/file_entries.html", patient=patient, **shown)
    may_see_cases = actor.can(Permission.CASE_READ) or actor.can(Permission.TICKET_READ)
    visits = await queries.visits(head, actor)
    cases = await case_page.of_patient(head, actor) if may_see_cases else []
    profile = await profiles.profile(head, actor)
    critical = await records_trends.critical(who, actor)
    tiles = [
        *_visit_tiles(visits),
        critical_tile(critical),
        *(await _case_tiles(cases) if may_see_cases else ()),
    ]
    if profile.appointments:
        tiles.append(Tile("预约", f"{profile.appointments} 个", "尚未就诊", "todo"))
    stopped = await _stopped(who, actor) if patient.deceased else []
    return await show(
        request,
        "console/patients/file.html",
        patient=patient,
        profile=profile,
        corrected=await corrections.listed(head),
        stopped=stopped,
        tab=tab,
        tabs=[one for one in TABS.items() if one[0] != "looks" or actor.can(Permission.PATIENT_LOOKS)],
        tiles=tiles,
        cases=cases,
        visits=visits,
        tones=CASE_TONES,
        doings=profile_timeline.quick_actions(actor),
        preferred=next((one for one in profile.contacts if one.preferred), None),
        may_reveal=actor.can(Permission.PATIENT_REVEAL),
        may_keep=actor.can(Permission.PATIENT_MAINTAIN),
        **shown,
    )


WHY = "打开受保护的档案"


async def _asks(
    request: web.Request, patient_id: int, error: Invalid | TooMany | None = None
) -> web.Response:
    """Instead of a guarded file: why is it to be opened?"""
    return await show(
        request,
        "console/patients/guarded.html",
        status=error.status if error else 200,
        patient_id=patient_id,
        error=error,
        fault=error.details[0].reason if isinstance(error, Invalid) and error.details else "",
    )


@routes.post("/patients/{id:\\d+}/open")
async def opened(request: web.Request) -> web.Response:
    """Open a guarded file for a reason; whoever answers for security is told."""
    actor = permit(request, Permission.PATIENT_READ)
    head = await profiles.stands_for(wanted(request))
    reason = str((await request.post()).get("reason", ""))
    try:
        await guarding.open_file(head, reason, by=actor)
    except (Invalid, TooMany) as error:
        return await _asks(request, head, error)
    return go(request, f"/patients/{head}", "已记录查看原因，并已告知安全管理员")


async def _tab(request: web.Request, tab: str, who: Person, actor: Actor) -> Mapping[str, Any]:
    """What the open tab shows beside the head."""
    match tab:
        case "timeline":
            return await _timeline(request, who, actor)
        case "reports":
            return {"reports": await records.reports(who, actor)}
        case "trends":
            found = await records_trends.trends(who, actor)
            return {"trends": [(trend, chart(trend)) for trend in found]}
        case "orders":
            drugs = request.query.get("drugs") == "1"
            return {"orders": await records.orders(who, actor, drugs=drugs), "drugs": drugs}
        case "documents":
            return {"documents": await records.documents(who, actor)}
        case "looks":
            return {"looks": await looks.looks(who, actor)}
        case _:
            return {}


async def _timeline(request: web.Request, who: Person, actor: Actor) -> Mapping[str, Any]:
    chosen = tuple(layer for layer in Layer if layer in request.query.getall("layer", []))
    found = await profile_timeline.timeline(
        who, actor, layers=chosen, before=_moment(request.query.get("before", ""))
    )
    pairs = [("layer", layer.value) for layer in chosen]
    if found.next is not None:
        pairs.append(("before", found.next.isoformat()))
    return {
        "layers": profile_timeline.present_layers(),
        "chosen": chosen,
        "entries": found.entries,
        "more": f"/patients/{who.id}?{urlencode(pairs)}" if found.next is not None else "",
        "year": clock.today().year,
    }


async def _stopped(who: Person, actor: Actor) -> list[Entry]:
    """What the death stopped, as far as the viewer may see it: asks and messages, the newest first."""
    found = await profile_timeline.timeline(
        who, actor, layers=(Layer.SURVEY, Layer.MESSAGE, Layer.FOLLOWUP, Layer.CALL), limit=MOST_LOOKED_AT
    )
    return [entry for entry in found.entries if any(DEAD in word for word, _ in entry.marks)]


def _moment(text: str) -> datetime | None:
    """Where the part before ended; None when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _visit_tiles(visits: list[VisitRow]) -> list[Tile]:
    real = [visit for visit in visits if not visit.cancelled]
    kinds: dict[VisitKind, int] = {}
    for visit in real:
        kinds[visit.kind] = kinds.get(visit.kind, 0) + 1
    note = " · ".join(f"{KIND_LABELS[kind]} {count}" for kind, count in sorted(kinds.items()))
    tiles = [Tile("就诊", f"{len(real)} 次", note, tab="visits")]
    if real:
        tiles.append(Tile("最近就诊", real[0].start_on.isoformat(), f"{real[0].kind_label} · {real[0].unit}"))
    return tiles


def critical_tile(found: records_trends.Counts) -> Tile:
    """Reports with critical and abnormal results."""
    tone = "late" if found.critical else ("soon" if found.abnormal else "")
    note = f"危急值 {found.critical} 份 · 异常 {found.abnormal} 份" if found.reports else "没有报告"
    return Tile("检验检查", f"{found.reports} 份", note, tone, "reports")


async def _case_tiles(cases: list[Case]) -> list[Tile]:
    running = sum(case.state in OPEN_CASE for case in cases)
    said = await patient_timeline.satisfaction([case.id for case in cases])
    note = f"未办结 {running} 件" if cases else "没有诉求"
    tiles = [Tile("相关诉求", f"{len(cases)} 件", note, "soon" if running else "")]
    if said:
        tiles.append(
            Tile("最近回访", said[0], f"共回访 {len(said)} 次", "good" if said[0] == "满意" else "soon")
        )
    return tiles


def chart(trend: records_trends.Trend) -> Mapping[str, Any]:
    """The chart of a laboratory item: days, values, and the reference range where it is two numbers."""
    low, _, high = trend.range.partition("-")
    return {
        "kind": "trend",
        "labels": [f"{clock.local(at):%Y-%m-%d %H:%M}" for at, _, _ in trend.points],
        "series": [{"name": trend.name, "values": [value for _, value, _ in trend.points]}],
        "low": _number(low),
        "high": _number(high),
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
