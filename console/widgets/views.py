"""Home module: one's named views of the list of cases, each with how many it holds now."""

from urllib.parse import parse_qsl

from console import saved_views
from console.saved_views import View
from console.widgets.cases import amount
from console.widgets.shapes import Content, Line, Lines, Widget
from core.actor import Actor, Permission
from tickets.queries import cases
from tickets.queries.case_filter import read

MOST = 6


async def load(actor: Actor) -> Content:
    """Their own first, then those that others share."""
    found = await saved_views.views("cases", by=actor)
    lines = [await _line(view, actor) for view in found[:MOST]]
    hint = "还没有保存过视图。在诉求列表里筛选后，点“保存为视图”。"
    return Lines(tuple(lines), hint, more="/cases" if not lines or len(found) > MOST else "")


async def _line(view: View, actor: Actor) -> Line:
    wanted, _ = read(parse_qsl(view.query))
    total = await cases.count(wanted, by=actor)
    return Line(
        view.name,
        "" if view.own else "他人共享",
        f"/cases?{view.query}",
        str(amount(total)),
        "todo" if total else "plain",
    )


WIDGET = Widget("views", "我的视图", "bookmark", load, (Permission.CASE_READ, Permission.TICKET_READ))
