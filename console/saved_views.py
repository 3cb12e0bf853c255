"""Named views of a list: a person keeps the filters of its address under a name, for themselves or for all.

The list itself is drawn elsewhere; only what `PAGES` names can have views.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import asyncpg
from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from core import audit, db
from core.actions import Form
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid, NotFound

routes = web.RouteTableDef()
MOST = 30
SHOWN = 8  # above the list; the others when they are asked for
PAGES: dict[str, str] = {  # name of a list → its path
    "cases": "/cases",
    "patients-outpatient": "/patients/outpatient",
    "patients-emergency": "/patients/emergency",
    "patients-inside": "/patients/inside",
    "patients-left": "/patients/left",
    "patients-exam": "/patients/exam",
}
LEFT_OUT = frozenset({"before", "after", "cursor"})  # where one is in the list is not part of a view


OPENED_WITH = frozenset({"cases"})  # lists that can open with a view


class ViewForm(Form):
    """A view to keep."""

    page: str = Field(title="列表", max_length=40)
    name: str = Field(title="视图名称", min_length=1, max_length=40)
    query: str = Field(default="", title="筛选条件", max_length=2000)
    shared: bool = Field(default=False, title="所有人可见")


@dataclass(frozen=True, slots=True)
class View:
    """A kept view as one person sees it."""

    id: int
    name: str
    query: str
    shared: bool
    own: bool
    opens: bool = False  # their list opens with it


@dataclass(frozen=True, slots=True)
class Shelf:
    """The views of one list that stand above it, and how many more there are."""

    page: str
    views: tuple[View, ...]
    hidden: int = 0

    @property
    def path(self) -> str:
        """Where the list is."""
        return PAGES[self.page]

    @property
    def starred(self) -> bool:
        """Whether the list can open with a view."""
        return self.page in OPENED_WITH


_VIEWS = """
select id, name, query, shared, own, opens, total from (
    select id, name, query, shared, staff_id = $2 as own, staff_id = $2 and opens as opens, count(*) over () as total,
        row_number() over (order by (staff_id = $2 and opens) desc, staff_id = $2 desc, name, id) as place
    from saved_view where page = $1 and (staff_id = $2 or shared)
) v
"""


async def shelf(page: str, here: str, *, by: Actor) -> Shelf:
    """The first views of a list and that of the query `here`: the one it opens with, their own, what others share."""
    rows = await db.fetch(
        f"{_VIEWS} where place <= $3 or query = $4 and $4 <> '' order by place",
        page,
        by.staff_id,
        SHOWN,
        here,
    )
    return Shelf(page, tuple(map(_view, rows)), rows[0]["total"] - len(rows) if rows else 0)


async def views(page: str, *, by: Actor) -> list[View]:
    """All views of a list, in the order of `shelf`."""
    rows = await db.fetch(f"{_VIEWS} order by place", page, by.staff_id)
    return [_view(row) for row in rows]


def _view(row: "asyncpg.Record") -> View:
    return View(row["id"], row["name"], row["query"], row["shared"], row["own"], row["opens"])


async def keep(form: ViewForm, *, by: Actor) -> int:
    """Keep a view; one of the same name is replaced.

    Raises:
        Invalid: no such list, or too many views.
    """
    if by.staff_id is None:
        raise Forbidden
    if form.page not in PAGES:
        raise Invalid("没有这个列表", details=[Fault(field="page", label="列表", reason="没有这个列表")])
    plain = urlencode([(key, value) for key, value in parse_qsl(form.query) if key not in LEFT_OUT])
    async with db.transaction():
        kept = await db.fetchval("select count(*) from saved_view where staff_id = $1", by.staff_id)
        if kept >= MOST:
            raise Invalid(f"最多保存 {MOST} 个视图，请先删除不用的")
        found: int = await db.fetchval(
            "insert into saved_view (staff_id, page, name, query, shared) values ($1, $2, $3, $4, $5)"
            " on conflict (staff_id, page, name) do update set query = $4, shared = $5 returning id",
            by.staff_id,
            form.page,
            form.name,
            plain,
            form.shared,
        )
        if form.shared:
            await audit.record(by, "view.share", "saved_view", found, page=form.page, name=form.name)
    return found


async def forget(view_id: int, *, by: Actor) -> str:
    """Delete one of their own views; the list it belonged to."""
    page: str | None = await db.fetchval(
        "delete from saved_view where id = $1 and staff_id = $2 returning page", view_id, by.staff_id
    )
    if page is None:
        raise NotFound
    return page


@routes.get("/views")
async def others(request: web.Request) -> web.Response:
    """All views of the list that `page` names, for the menu of those that do not stand above it."""
    actor = permit(request)
    page = request.query.get("page", "")
    if page not in PAGES:
        raise NotFound
    kept = Shelf(page, tuple(await views(page, by=actor)))
    return await show(request, "console/saved_views.html", shelf=kept)


@routes.post("/views")
async def keeping(request: web.Request) -> web.Response:
    """Keep the view that the list's page sends."""
    actor = permit(request)
    form = forms.parse(ViewForm, await forms.posted(request, ViewForm))
    await keep(form, by=actor)
    return go(request, f"{PAGES[form.page]}?{form.query}", f"已保存视图“{form.name}”")


@routes.post("/views/{id}/forget")
async def forgetting(request: web.Request) -> web.Response:
    """Delete a view."""
    actor = permit(request)
    page = await forget(number(request.match_info["id"]) or 0, by=actor)
    return go(request, PAGES[page], "视图已删除")
