"""The list of cases: filters and search in the address, chips, saved views, more rows as one asks for them.

What is found lies in `tickets.queries.cases`; taking it out as a sheet in `console.case_exports`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console import pick
from console.forms import Options
from console.page import go, is_part, number, permit, show
from console.saved_views import shelf
from core import audit, db, dictionaries
from core.actor import Actor, Permission
from core.errors import NotFound
from staff import queries as staff
from staff.queries import OrgTree
from tickets.dictionaries import TAG
from tickets.feedback import categories
from tickets.feedback.words import Risk, Severity
from tickets.queries import case_options, cases, waiting
from tickets.queries.case_filter import DUE, MERGED, URGENCIES, CaseFilter, read
from tickets.queries.cases import MOST_COUNTED, Page, TooBroad
from tickets.sources import SOURCES
from tickets.states import CASE_LABELS, OPEN_CASE, CaseState

routes = web.RouteTableDef()
LIST = "cases"
READING = (Permission.CASE_READ, Permission.TICKET_READ)
ALL = "all"  # "?all=1" asks for everything although a view of one's own opens the list


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the filter in words; `without` is the query of the list without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A list that is asked for often."""

    label: str
    query: str
    here: bool


def types() -> Options:
    """The kinds of appeal of all sources."""
    return [
        (name, name) for name in dict.fromkeys(name for one in SOURCES.values() for name in one.appeal_types)
    ]


# The filters that are folded away: their choices are read when they are unfolded, or when one of them is in use.
FAR = frozenset(
    [
        "urgency",
        "campus",
        "handler",
        "source",
        "merged",
        "since",
        "until",
        "category",
        "risk",
        "severity",
        "tag",
        "topic",
        "again",
        "todo",
    ]
)


async def near_options(actor: Actor) -> dict[str, Options]:
    """What may be chosen in the filters that always stand there."""
    return {
        "state": tuple((state.value, CASE_LABELS[state]) for state in CaseState),
        "type": tuple(types()),
        "due": tuple(DUE.items()),
        "unit": tuple(await pick.units(actor)),
    }


async def far_options(actor: Actor, tree: OrgTree) -> dict[str, Options]:
    """What may be chosen in those that are folded away."""
    people = (
        [(str(key), name) for key, name in await case_options.handlers()] if waiting.inside(actor) else []
    )
    return {
        "source": [(source.name, source.label) for source in SOURCES.values()],
        "urgency": [(name, name) for name in URGENCIES],
        "merged": list(MERGED.items()),
        "campus": [
            (str(unit.id), unit.short_name or unit.name)
            for unit in tree.below()
            if unit.kind in ("campus", "clinic")
        ],
        "handler": [("me", "我"), ("none", "无人经办"), *people],
        "topic": [(str(one.id), one.path.replace("->", " · ")) for one in await categories.open_ones()],
        "tag": await dictionaries.options(TAG.name),
        "risk": [(str(name), str(name)) for name in Risk],
        "severity": [(str(name), str(name)) for name in Severity],
        "category": [(name, name) for name in await case_options.categories()],
    }


def chips(wanted: CaseFilter, tree: OrgTree, choices: Mapping[str, Options]) -> list[Chip]:
    """The parts that are given, in words."""
    made = []
    for name, text in wanted.pairs():
        label = CaseFilter.model_fields[name].title or name
        value = dict(choices.get(name, ())).get(text, text)
        if name in ("unit", "campus"):
            value = tree.label(int(text))
        elif name in ("again", "todo"):
            label, value = "", label
        made.append(Chip(label, value, _address(wanted.without(name, text))))
    return made


def _address(wanted: CaseFilter) -> str:
    return wanted.query() or f"{ALL}=1"


def tabs(actor: Actor, wanted: CaseFilter) -> list[Tab]:
    """The usual lists of this person."""
    usual: list[tuple[str, CaseFilter]] = [
        ("全部", CaseFilter()),
        ("待我处理", CaseFilter(todo=True)),
        ("未办结", CaseFilter(state=tuple(state for state in CaseState if state in OPEN_CASE))),
    ]
    if actor.can(Permission.CASE_HANDLE):
        usual.append(("待派单", CaseFilter(state=(CaseState.RECEIVED, CaseState.ACCEPTED))))
    if actor.can(Permission.CASE_REVIEW):
        usual.append(("待审核", CaseFilter(state=(CaseState.UNDER_REVIEW,))))
    usual += [("今天到期", CaseFilter(due="today")), ("已超期", CaseFilter(due="late"))]
    return [Tab(label, _address(given), given == wanted) for label, given in usual]


@routes.get("/cases")
async def page(request: web.Request) -> web.Response:
    """The list; only the next rows of it when htmx asks for what lies below `before`."""
    actor = permit(request, *READING)
    if not request.query and (opening := await _opening(actor)):
        return go(request, f"/cases?{opening}")
    tree = await staff.tree()
    wanted, faults = read(request.query.items(), {unit.id for unit in tree.units})
    before = number(request.query.get("before", ""))
    if is_part(request) and before is not None:
        return await show(
            request,
            "console/cases/list_rows.html",
            **_rows(wanted, await cases.page(wanted, by=actor, before=before)),
        )
    found, trouble = Page((), None, None), ""
    try:
        found = await cases.page(wanted, by=actor, before=before)
    except TooBroad as error:
        trouble = error.message
    far = any(name in FAR for name, _ in wanted.pairs())
    choices = await near_options(actor) | (await far_options(actor, tree) if far else {})
    return await show(
        request,
        "console/cases/list.html",
        status=TooBroad.status if trouble else 200,
        wanted=wanted,
        faults=faults,
        trouble=trouble,
        choices=choices,
        far=far,
        chips=chips(wanted, tree, choices),
        tabs=tabs(actor, wanted),
        views=await shelf(LIST, wanted.query(), by=actor),
        query_text=wanted.query(),
        total=found.total,
        most=MOST_COUNTED,
        beginning=before is None,
        may_export=actor.can(Permission.CASE_EXPORT),
        may_export_whole=actor.can(Permission.EXPORT_WHOLE),
        may_register=actor.can(Permission.CASE_REGISTER),
        **_rows(wanted, found),
    )


def _rows(wanted: CaseFilter, found: Page) -> dict[str, Any]:
    """What the rows are drawn with; `next` is the address of the rows below."""
    pairs = [*wanted.pairs(), ("before", str(found.before))]
    return {
        "rows": found.rows,
        "next": f"/cases?{urlencode(pairs)}" if found.before is not None else "",
    }


@routes.get("/cases/filters")
async def filters(request: web.Request) -> web.Response:
    """The filters that were folded away."""
    actor = permit(request, *READING)
    tree = await staff.tree()
    wanted, _ = read(request.query.items(), {unit.id for unit in tree.units})
    return await show(
        request, "console/cases/list_far.html", wanted=wanted, choices=await far_options(actor, tree)
    )


@routes.get("/cases/count")
async def count(request: web.Request) -> web.Response:
    """How many the list has, in words; asked for after the page has come, since it may take longer."""
    actor = permit(request, *READING)
    wanted, _ = read(request.query.items(), {unit.id for unit in (await staff.tree()).units})
    total = await cases.count(wanted, by=actor)
    return await show(request, "console/cases/list_count.html", total=total, most=MOST_COUNTED)


async def _opening(actor: Actor) -> str:
    """The query of the view with which this person's list opens; "" when they chose none."""
    query: str | None = await db.fetchval(
        "select query from saved_view where staff_id = $1 and page = $2 and opens", actor.staff_id, LIST
    )
    return query or ""


@routes.post("/cases/views/{id:\\d+}/opens")
async def open_with(request: web.Request) -> web.Response:
    """Have the list open with one of one's own views, or no longer."""
    actor = permit(request, *READING)
    view = number(request.match_info["id"]) or 0
    async with db.transaction():
        row = await db.fetchrow(
            "select opens, name, query from saved_view where id = $1 and staff_id = $2 and page = $3 for update",
            view,
            actor.staff_id,
            LIST,
        )
        if row is None:
            raise NotFound
        await db.execute(
            "update saved_view set opens = false where staff_id = $1 and page = $2 and opens",
            actor.staff_id,
            LIST,
        )
        if not row["opens"]:
            await db.execute("update saved_view set opens = true where id = $1", view)
        await audit.record(actor, "view.open", "saved_view", view, opens=not row["opens"])
    said = (
        f"打开诉求列表时不再使用“{row['name']}”" if row["opens"] else f"以后打开诉求列表先显示“{row['name']}”"
    )
    return go(request, f"/cases?{row['query'] or f'{ALL}=1'}", said)
