"""The five lists of patients: conditions in the address, chips, saved views, more rows as one asks for them.

What is found lies in `patients.search_pages`; sheets are asked for in `console.patients_exports`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console import pick
from console.forms import Options
from console.page import is_part, number, permit, show
from console.saved_views import shelf
from core.actor import Actor, Permission
from core.identity import mask_in_text
from patients import profile_timeline, search_pages, search_sheet
from patients.search import (
    DISPOSITIONS,
    FIELDS,
    FLAG_WORDS,
    LISTS,
    RESULTS,
    SORTS,
    TRIAGE,
    List,
    PatientFilter,
    read,
)
from patients.search import label as label_of
from patients.search_pages import MOST_COUNTED, Page
from patients.search_sql import After
from staff import queries as staff
from staff.queries import OrgTree

routes = web.RouteTableDef()
KINDS = "outpatient|emergency|inside|left|exam"
PATH = f"/patients/{{list:{KINDS}}}"
NEAR = ("name", "phone", "number", "since", "until", "unit")  # the others are folded away until one is in use
HINTS = {
    "name": "字或拼音首字母",
    "phone": "须完整",
    "number": "完整号码",
    "bed": "如 12床",
    "code": "编码开头，如 I10",
    "item": "如 总胆固醇",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the filter in words; `without` is the query of the list without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Control:
    """One condition as it is drawn: `widget` is text, day, one, several or amount; `value` a text or several."""

    name: str
    label: str
    widget: str
    value: str | tuple[str, ...]
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()


WIDGETS = {
    "since": "day", "until": "day", "unit": "one", "ward": "one", "sort": "one", "low": "amount", "high": "amount",
    "flag": "several", "free": "several", "triage": "several", "disposition": "several", "result": "several",
}  # fmt: skip


async def _options(actor: Actor, kind: List) -> dict[str, Options]:
    """What may be chosen."""
    tree, scopes = await staff.tree(), actor.scope(Permission.PATIENT_READ)
    wards = [
        (str(unit.id), tree.label(unit.id))
        for unit in tree.below()
        if unit.kind == "ward" and unit.path.startswith(scopes)
    ]
    return {
        "unit": await pick.units(actor, Permission.PATIENT_READ),
        "ward": wards,
        "flag": list(FLAG_WORDS.items()),
        "free": list(FLAG_WORDS.items()),
        "triage": list(TRIAGE.items()),
        "disposition": list(DISPOSITIONS.items()),
        "result": list(RESULTS.items()),
        "sort": [(name, word) for name, word in SORTS.items() if name != "bed" or kind is List.INSIDE],
    }


def controls(kind: List, wanted: PatientFilter, options: dict[str, Options]) -> list[Control]:
    """The conditions of a list, in the order in which people ask."""
    given = wanted.model_dump(mode="json")
    found = []
    for name in FIELDS[kind]:
        value = given[name]
        shown = tuple(value) if isinstance(value, list) else ("" if value is None else str(value))
        found.append(
            Control(
                name,
                label_of(kind, name),
                WIDGETS.get(name, "text"),
                shown,
                HINTS.get(name, ""),
                tuple(options.get(name, ())),
            )
        )
    return found


def chips(kind: List, wanted: PatientFilter, tree: OrgTree) -> list[Chip]:
    """The parts that are given, in words; a whole phone or identity number is masked."""
    return [
        Chip(
            label_of(kind, name),
            mask_in_text(search_sheet.spoken(name, text, tree.label)),
            wanted.without(kind, name, text).query(),
        )
        for name, text in wanted.pairs()
    ]


def _after(text: str, wanted: PatientFilter) -> After | None:
    """Where the page before ended, "2026-11-02_17" or "12床_17"; None when it is not so."""
    at, _, row = text.rpartition("_")
    place = number(row)
    if place is None:
        return None
    if wanted.sort == "bed":
        return After(at[:20], place)
    try:
        return After(date.fromisoformat(at), place)
    except ValueError:
        return None


@routes.get(PATH)
async def page(request: web.Request) -> web.Response:
    """A list; only the next rows of it when htmx asks for what lies below."""
    actor = permit(request, Permission.PATIENT_READ)
    kind = List(request.match_info["list"])
    tree = await staff.tree()
    wanted, faults = read(kind, request.query.items(), {unit.id for unit in tree.units})
    after = _after(request.query.get("after", ""), wanted)
    if is_part(request) and after is not None:
        found = await search_pages.page(kind, wanted, actor, after=after)
        return await show(request, "console/patients/list_rows.html", **_rows(kind, wanted, found, actor))
    found, trouble = Page((), None), ""
    try:
        found = await search_pages.page(kind, wanted, actor, after=after)
    except search_pages.TooBroad as error:
        trouble = error.message
    own = controls(kind, wanted, await _options(actor, kind))
    query = wanted.query()
    return await show(
        request,
        "console/patients/list.html",
        status=search_pages.TooBroad.status if trouble else 200,
        tabs=[(one.value, word, one is kind) for one, word in LISTS.items()],
        near=[one for one in own if one.name in NEAR],
        far=[one for one in own if one.name not in NEAR],
        open=any(name not in NEAR for name, _ in wanted.pairs()),
        faults=faults,
        trouble=trouble,
        chips=chips(kind, wanted, tree),
        views=await shelf(f"patients-{kind}", query, by=actor),
        query_text=query,
        beginning=after is None,
        may_export=actor.can(Permission.PATIENT_EXPORT),
        **_rows(kind, wanted, found, actor),
    )


def _rows(kind: List, wanted: PatientFilter, found: Page, actor: Actor) -> dict[str, Any]:
    """What the rows are drawn with; `next` is the address of the rows below."""
    last: Sequence[tuple[str, str]] = ()
    if found.next is not None:
        last = [*wanted.pairs(), ("after", f"{found.next.at}_{found.next.id}")]
    return {
        "kind": kind.value,
        "word": LISTS[kind],
        "rows": found.rows,
        "next": f"/patients/{kind}?{urlencode(last)}" if last else "",
        "doings": profile_timeline.quick_actions(actor),
        "triage_words": TRIAGE,
    }


@routes.get(f"{PATH}/count")
async def count(request: web.Request) -> web.Response:
    """How many the list has, in words; asked for after the page has come, since it may take longer."""
    actor = permit(request, Permission.PATIENT_READ)
    kind = List(request.match_info["list"])
    wanted, _ = read(kind, request.query.items(), {unit.id for unit in (await staff.tree()).units})
    total = await search_pages.count(kind, wanted, actor)
    return await show(request, "console/patients/list_count.html", total=total, most=MOST_COUNTED)
