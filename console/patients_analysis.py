"""Patients by several conditions at once: figures, charts, the list behind them, the sheet. Counts nothing itself."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console import pick
from console.page import is_part, number, permit, show
from core.actor import Permission
from core.downloads import attachment
from patients import profile_timeline
from patients.rows import KIND_LABELS
from patients.search import FLAG_WORDS
from patients.search_pages import TooBroad
from reports import patients_analysis, patients_analysis_asked, patients_analysis_sheet
from reports.patients_analysis import Found, Share
from reports.patients_analysis_asked import (
    ANSWERED,
    CALL_WORDS,
    GENDERS,
    HAS,
    MOOD,
    NPS,
    SOURCE_WORDS,
    TYPES,
    Wanted,
    read,
)
from staff import queries as staff
from tickets.feedback import categories
from tickets.queries import case_options

routes = web.RouteTableDef()
PAGE = "/patients/analysis"


async def _wanted(request: web.Request) -> tuple[Wanted, tuple[Any, ...]]:
    return read(request.query.items(), {unit.id for unit in (await staff.tree()).units})


def _after(text: str) -> tuple[date, int] | None:
    """Where the page before ended, "2026-11-02_17"; None when it is not so."""
    day, _, row = text.partition("_")
    place = number(row)
    try:
        return (date.fromisoformat(day), place) if place is not None else None
    except ValueError:
        return None


def _chart(kind: str, name: str, pairs: list[tuple[str, int]]) -> Mapping[str, Any]:
    return {
        "kind": kind,
        "labels": [label for label, _ in pairs],
        "series": [{"name": name, "values": [count for _, count in pairs]}],
    }


def _of(shares: tuple[Share, ...]) -> list[tuple[str, int]]:
    return [(share.label, share.count) for share in shares]


def charts(found: Found) -> list[tuple[str, str, Mapping[str, Any], list[tuple[str, str]]]]:
    """Title, what is counted, the chart, and the same numbers as a table."""
    months = [(month, visits) for month, visits, _ in found.months]
    made: list[tuple[str, str, Mapping[str, Any], list[tuple[str, str]]]] = [
        (
            "按月就诊",
            "人次",
            _chart("columns", "人次", months),
            [(month, f"{visits} 人次 · {people} 人") for month, visits, people in found.months],
        )
    ]
    for title, what, kind, shares in (
        ("就诊类别", "人次", "ring", found.kinds),
        ("科室（前 12）", "人次", "bars", found.units),
        ("年龄", "人", "columns", found.ages),
        ("性别", "人", "ring", found.genders),
        ("标记", "人", "bars", found.flags),
        ("诉求种类", "件", "ring", found.sources),
        ("诉求类型（前 12）", "件", "bars", found.types),
        ("推荐意愿（NPS 题）", "份", "ring", found.promoters),
        ("电话访问结果", "次", "bars", found.calls),
    ):
        if shares:
            rows = [(share.label, f"{share.count} {what} · {share.percent:g}%") for share in shares]
            made.append((title, what, _chart(kind, what, _of(shares)), rows))
    return made


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """The figures and the first patients; only the next patients when htmx asks for them."""
    actor = permit(request, Permission.PATIENT_READ)
    wanted, faults = await _wanted(request)
    may_ask = actor.can(Permission.SURVEY_READ)
    after = _after(request.query.get("after", ""))
    if is_part(request) and after is not None:
        rows = await patients_analysis.people(wanted, actor, after=after)
        return await show(request, "console/patients/analysis_rows.html", **_rows(wanted, rows))
    found, rows, trouble = None, patients_analysis.People((), None), ""
    try:
        found = await patients_analysis.analyse(wanted, actor)
        rows = await patients_analysis.people(wanted, actor)
    except TooBroad:
        trouble = "符合条件的就诊太多，没能及时算完。请缩短就诊日期的范围，或加上科室、类别再查。"
    return await show(
        request,
        "console/patients/analysis.html",
        status=TooBroad.status if trouble else 200,
        wanted=wanted,
        faults=faults,
        trouble=trouble,
        found=found,
        charts=charts(found) if found and found.people else [],
        said=[
            pair
            for pair in await patients_analysis_asked.spoken(wanted)
            if not pair[0].startswith("就诊日期")
        ],
        query_text=wanted.query(),
        choices={
            "unit": tuple(await pick.units(actor, Permission.PATIENT_READ)),
            "kind": [(kind.value, label) for kind, label in KIND_LABELS.items()],
            "gender": [(word, word) for word in GENDERS],
            "flag": list(FLAG_WORDS.items()),
            "has": list(HAS.items()),
            "type": [(word, word) for word in TYPES],
            "mood": [(word, word) for word in MOOD],
            "answered": list(ANSWERED.items()),
            "source": list(SOURCE_WORDS.items()),
            "category": tuple((word, word) for word in await case_options.categories()),
            "topic": tuple(
                (str(one.id), one.path.replace("->", " · ")) for one in await categories.open_ones()
            ),
            "nps": list(NPS.items()),
            "call": list(CALL_WORDS.items()),
            "score": await patients_analysis_asked.scores() if may_ask else [],
        },
        may_ask=may_ask,
        doings=profile_timeline.quick_actions(actor),
        may_see_cases=actor.can(Permission.CASE_READ) or actor.can(Permission.TICKET_READ),
        may_export=actor.can(Permission.PATIENT_EXPORT)
        and actor.scope(Permission.PATIENT_EXPORT) == actor.scope(Permission.PATIENT_READ),
        **_rows(wanted, rows),
    )


def _rows(wanted: Wanted, rows: patients_analysis.People) -> dict[str, Any]:
    last = ""
    if rows.next is not None:
        last = urlencode([*wanted.pairs(), ("after", f"{rows.next[0].isoformat()}_{rows.next[1]}")])
    return {"rows": rows.rows, "next": f"{PAGE}?{last}" if last else ""}


@routes.get(f"{PAGE}/sheet")
async def sheet(request: web.Request) -> web.Response:
    """The figures and the patients as a sheet."""
    actor = permit(request, Permission.PATIENT_EXPORT)
    wanted, _ = await _wanted(request)
    made = await patients_analysis_sheet.sheet(wanted, actor)
    return attachment(made.name, made.data)
