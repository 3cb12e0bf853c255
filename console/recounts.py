"""What a change of the working days moved: the recounts, and of each the limits with whose they are. Changes nothing.

Everybody may look; the lines are those of cases they may see.
"""

from aiohttp import web

from console.page import number, permit, show
from core.errors import NotFound
from tickets.queries import recounts

routes = web.RouteTableDef()
PATH = "/settings/holidays/moved"


@routes.get(PATH)
async def listed(request: web.Request) -> web.Response:
    """The last recounts."""
    permit(request)
    return await show(request, "console/recounts.html", recounts=await recounts.latest(), path=PATH)


@routes.get(PATH + "/{recount}")
async def one(request: web.Request) -> web.Response:
    """The limits one recount moved; `?case=&clock=` go on from there."""
    actor = permit(request)
    wanted = number(request.match_info["recount"])
    found = await recounts.one(wanted) if wanted is not None else None
    if found is None:
        raise NotFound("没有这一次重算")
    after = (number(request.query.get("case", "")) or 0, number(request.query.get("clock", "")) or 0)
    rows = await recounts.moved(found.id, actor, after=after)
    return await show(
        request,
        "console/recount.html",
        recount=found,
        rows=rows[: recounts.PAGE],
        last=rows[recounts.PAGE - 1] if len(rows) > recounts.PAGE else None,
        mine=await recounts.count(found.id, actor),
        path=PATH,
    )
