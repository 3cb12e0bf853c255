"""Statistics of cases: figures, charts and tables of a period, the lists behind the numbers, the sheet. Counts nothing."""

from dataclasses import dataclass
from datetime import date

from aiohttp import web

from console.cases_list import types
from console.forms import Options
from console.page import permit, show
from core import clock
from core.actor import Actor, Permission
from core.downloads import attachment
from reports import listing, workbook
from reports.asking import Asked, read
from reports.board import board
from reports.dimensions import DIMENSIONS, Words
from reports.measures import named
from reports.period import LABELS, Span, of_day
from staff import queries as staff
from staff.queries import OrgTree
from tickets.sources import SOURCES

routes = web.RouteTableDef()
PAGE = "/statistics"


@dataclass(frozen=True, slots=True)
class Way:
    """A link of the page's head."""

    label: str
    query: str
    here: bool = False


async def asked_of(request: web.Request) -> tuple[Asked, OrgTree]:
    """What the address asks for, and the organisation."""
    tree = await staff.tree()
    return read(request.query.items(), {unit.id for unit in tree.units}), tree


def places(by: Actor, tree: OrgTree) -> Options:
    """Campuses and departments of which this person reads reports."""
    scopes = by.scope(Permission.REPORT_READ)
    return [
        (str(unit.id), ("　" if unit.kind == "department" else "") + tree.label(unit.id))
        for unit in tree.below()
        if unit.kind in ("campus", "clinic", "department") and unit.path.startswith(scopes)
    ]


def spans(asked: Asked) -> list[Way]:
    """The lengths of a period, each about the same days."""
    today = clock.today()
    day = asked.period.start if not asked.period.start <= today < asked.period.end else today
    return [
        Way(
            LABELS[span],
            asked.model_copy(update={"span": span, "at": day}).query(),
            span is asked.span,
        )
        for span in (Span.MONTH, Span.QUARTER, Span.YEAR)
    ]


def moved(asked: Asked, start: date, end: date) -> str:
    """The query of the same for another period."""
    if asked.span is Span.DAYS:
        return asked.query(since=start, until=date.fromordinal(end.toordinal() - 1))
    return asked.query(at=start)


def climb(asked: Asked, tree: OrgTree, by: Actor) -> list[Way]:
    """The way from the group down to the place that is shown."""
    ways = [Way("全部", asked.model_copy(update={"place": None}).query(), asked.place is None)]
    if asked.place is not None:
        scopes = by.scope(Permission.REPORT_READ)
        ways += [
            Way(unit.short_name or unit.name, asked.query(place=unit.id), unit.id == asked.place)
            for unit in reversed(tree.line(asked.place))
            if unit.parent_id is not None and unit.path.startswith(scopes)
        ]
    return ways


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """The board of a period."""
    actor = permit(request, Permission.REPORT_READ)
    asked, tree = await asked_of(request)
    found = await board(asked, by=actor)
    period = asked.period
    return await show(
        request,
        "console/statistics/page.html",
        asked=asked,
        period=period,
        found=found,
        spans=spans(asked),
        earlier=moved(asked, period.before().start, period.before().end),
        later=moved(asked, period.after().start, period.after().end) if period.end <= clock.today() else "",
        climb=climb(asked, tree, actor),
        choices={
            "place": places(actor, tree),
            "source": [(source.name, source.label) for source in SOURCES.values()],
            "type": types(),
        },
        made_at=clock.now(),
        now_month=of_day(Span.MONTH, clock.today()),
    )


@routes.get(f"{PAGE}/cases")
async def behind(request: web.Request) -> web.Response:
    """The very cases behind a number."""
    actor = permit(request, Permission.REPORT_READ)
    asked, tree = await asked_of(request)
    wanted = listing.read(
        request.query.get("of", ""), request.query.get("by", ""), request.query.get("key", "")
    )
    found = await listing.listed(asked, wanted, by=actor, before=request.query.get("before", ""))
    label = ""
    if wanted.by:
        handlers = [int(wanted.key)] if wanted.by == "handler" and wanted.key.isdigit() else []
        people = await staff.people(handlers) if handlers else {}
        label = DIMENSIONS[wanted.by].label(wanted.key, Words(tree, people))
    of = ",".join(wanted.measures)
    more = {"by": wanted.by, "key": wanted.key} if wanted.by else {}
    return await show(
        request,
        "console/statistics/cases.html",
        asked=asked,
        found=found,
        name=named(wanted.measures),
        label=label,
        back=asked.query(),
        next=asked.query(of=of, before=found.before, **more) if found.before else "",
    )


@routes.get(f"{PAGE}/sheet")
async def sheet(request: web.Request) -> web.Response:
    """The board as an Excel workbook."""
    actor = permit(request, Permission.REPORT_READ)
    asked, _ = await asked_of(request)
    name, data = await workbook.workbook(asked, by=actor)
    return attachment(name, data)
